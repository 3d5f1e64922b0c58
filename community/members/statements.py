"""The yearly statements (双报告): to each member what they did, to each unit's contact what its members did."""

from dataclasses import dataclass
from datetime import date, datetime, time

from community.members.figures import Figures, UnitFigures
from community.members.outcomes import Member, TaskCounts
from community.parts.figures import Period
from community.people import Person
from community.refused import Refused
from community.volunteers.hours import Account, Hours
from storage import announcements, members

YEARLY = "members.statements"
ON_DAY, AT = (12, 1), time(10)
"""When the statements of a year go out."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one member did in a year."""

    member: Member
    year: int
    tasks: TaskCounts
    account: Account


@dataclass(frozen=True, slots=True)
class UnitStatement:
    """What a unit's members did in a year, and for whom that is."""

    contact: str
    year: int
    figures: UnitFigures


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements within one transaction."""

    figures: Figures
    hours: Hours

    def of(self, person: Person, year: int, now: datetime) -> Statement:
        """One's own. Raises `Refused` for who has not reported in, and for a year to come."""
        member = members.of_person(self.figures.store, person.id)
        if member is None:
            raise Refused("members.not_one")
        period = self.figures.year(year, now)
        return self._statement(member, period, self.figures.tasks_of(member, period))

    def next_due(self) -> datetime | None:
        """When the next ones go out; None before anybody has reported in."""
        seen_to = announcements.last(self.figures.store, YEARLY)
        since = seen_to or members.first_reported(self.figures.store)
        if since is None:
            return None
        local = since.astimezone(self.figures.rules.zone)
        due = self._due(local.year)
        return due if since < due else self._due(local.year + 1)

    def run(self, now: datetime) -> list[Statement | UnitStatement]:
        """The statements that are due, once. Those of a year that is over by now are noted as missed."""
        due = self.next_due()
        if due is None or due > now:
            return []
        year = now.astimezone(self.figures.rules.zone).year
        while self._due(due.year + 1) <= now:
            due = self._due(due.year + 1)
        in_time = due.astimezone(self.figures.rules.zone).year == year
        announcements.note(self.figures.store, YEARLY, due, now if in_time else None)
        return self._all(year, now) if in_time else []

    def _all(self, year: int, now: datetime) -> list[Statement | UnitStatement]:
        period = self.figures.year(year, now)
        found: list[Statement | UnitStatement] = []
        for unit in self.figures.everywhere(period):
            found += [
                self._statement(each.member, period, each.tasks)
                for each in unit.members
                if each.member.person_id is not None and each.member.confirmed
            ]
            if unit.unit.contact_id is not None and unit.members:
                found.append(UnitStatement(unit.unit.contact_id, year, unit))
        return found

    def _statement(self, member: Member, period: Period, tasks: TaskCounts) -> Statement:
        account = self.hours.account(str(member.person_id), period.first, period.last)
        return Statement(member, period.first.year, tasks, account)

    def _due(self, year: int) -> datetime:
        return datetime.combine(date(year, *ON_DAY), AT, self.figures.rules.zone)
