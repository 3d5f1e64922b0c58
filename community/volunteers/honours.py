"""The honour list of the month (光荣榜): who gave most, and only those who agreed to be named."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from community.parts.figures import Period
from community.parts.notice import Urgency, may_go_out_at
from community.people import Person
from community.refused import Refused
from community.tree import Group, Members
from community.volunteers.register import Register
from storage import announcements, hours, people
from storage.hours import Given

__all__ = ["AskHonour", "Given", "HonourList", "Honours"]

MONTHLY = "volunteers.honours"
MONTHLY_AT = time(9)
LONGEST_LIST = 10
STILL_NEWS = timedelta(days=3)
"""The list of last month is told until so late; after that it is noted as missed."""


@dataclass(frozen=True, slots=True)
class HonourList:
    """Who is named in a community's groups for a month. Never empty."""

    groups: tuple[Group, ...]
    month: date
    named: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class AskHonour:
    """Somebody who gave much in that month and has not said whether they want to be named. Asked once."""

    person_id: str
    month: date
    minutes: int


@dataclass(frozen=True, slots=True)
class Honours:
    """The honour list within one transaction."""

    register: Register

    def decide(self, person: Person, wanted: bool, now: datetime) -> bool:
        """Whether somebody may be named. Gives whether that is new. Raises `Refused` for those not in the register."""
        if self.register.known(person.id) is None:
            raise Refused("hours.honour_not_registered")
        self.register.ensure(person, now)
        before = hours.honour(self.register.store, person.id)
        hours.set_honour(self.register.store, person.id, wanted, now)
        return before is not wanted

    def next_due(self) -> datetime | None:
        """The first day of the month that `run` has not seen to. None before anybody gave hours."""
        seen_to = announcements.last(self.register.store, MONTHLY)
        if seen_to is None:
            first = hours.first_at(self.register.store)
            return self._first_after(first) if first else None
        return self._first_after(seen_to)

    def run(self, now: datetime) -> list[HonourList | AskHonour]:
        """What is to be told and asked of the month that is over, once."""
        due = self._first_of(now)
        in_time = may_go_out_at(now, Urgency.ANNOUNCEMENT, self.register.rules) - due <= STILL_NEWS
        announcements.note(self.register.store, MONTHLY, due, now if in_time else None)
        if not in_time:
            return []
        last = due.date() - timedelta(days=1)
        month = Period(last.replace(day=1), last)
        happened: list[HonourList | AskHonour] = []
        for groups in self._groups().values():
            happened += self._community(groups, month, now)
        return happened

    def _community(self, groups: tuple[Group, ...], month: Period, now: datetime) -> list[HonourList | AskHonour]:
        register = self.register
        community = register.tree.community_of(groups[0].node_id)
        nodes = [each for each in register.tree.nodes if community and register.tree.lies_in(each, community.id)]
        most = hours.most(register.store, nodes, month.first, month.last)
        named = tuple(each for each in most if each.honour)[:LONGEST_LIST]
        asked = [each for each in most[:LONGEST_LIST] if not each.asked and self._may_ask(each, now)]
        told = [HonourList(groups, month.first, named)] if named else []
        return [*told, *(AskHonour(each.person_id, month.first, each.minutes) for each in asked)]

    def _may_ask(self, given: Given, now: datetime) -> bool:
        """Notes that somebody of the register is asked; others are not."""
        person = people.by_id(self.register.store, given.person_id)
        if person is None or self.register.known(person.id) is None:
            return False
        self.register.ensure(person, now)
        hours.note_asked(self.register.store, person.id, now)
        return True

    def _groups(self) -> dict[str, tuple[Group, ...]]:
        """The groups of residents of each community."""
        found: dict[str, tuple[Group, ...]] = {}
        for group in self.register.tree.groups.values():
            community = self.register.tree.community_of(group.node_id)
            if community is not None and group.members is Members.RESIDENTS:
                found[community.id] = (*found.get(community.id, ()), group)
        return found

    def _first_of(self, moment: datetime) -> datetime:
        """The first of its month at nine; before that, of the month before."""
        local = moment.astimezone(self.register.rules.zone)
        first = datetime.combine(local.date().replace(day=1), MONTHLY_AT, self.register.rules.zone)
        if first <= local:
            return first
        return (first - timedelta(days=1)).replace(day=1)

    def _first_after(self, moment: datetime) -> datetime:
        local = moment.astimezone(self.register.rules.zone)
        first = datetime.combine(local.date().replace(day=1), MONTHLY_AT, self.register.rules.zone)
        return (first + timedelta(days=32)).replace(day=1)
