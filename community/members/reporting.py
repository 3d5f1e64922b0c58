"""Reporting in (报到): from which unit, who confirms it, moving, leaving; and lists that units hand in."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from community.members.outcomes import (
    Confirmed,
    LeftUnit,
    Listed,
    Member,
    Moved,
    NotOurs,
    Reported,
    SheetMember,
    SheetTaken,
    Unanswered,
    Unit,
)
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tree import Tree
from community.volunteers.outcomes import Told
from community.volunteers.register import Register
from community.volunteers.skills import canonical_all
from storage import members, questions, volunteers
from storage.database import Store

REMIND_AFTER = timedelta(days=7)
"""How long whoever is to confirm a member has, before they are reminded and the community hears of it."""

SHORTEST_PART = 2
"""Characters from which part of a unit's name may stand for it."""


def units_named(said: str, units: Iterable[Unit]) -> list[Unit]:
    """The units that words may mean: those named in full in them, the longest name first, else those of whose name
    they are a part."""
    found = list(units)
    in_full = [each for each in found if each.name in said]
    if in_full:
        longest = max(len(each.name) for each in in_full)
        return [each for each in in_full if len(each.name) == longest]
    said = said.strip()
    return [each for each in found if len(said) >= SHORTEST_PART and said in each.name]


@dataclass(frozen=True, slots=True)
class Reporting:
    """Who has reported in, within one transaction."""

    store: Store
    tree: Tree
    rules: Rules
    register: Register

    # --- units ------------------------------------------------------------------------------------------------

    def units(self, node_id: str) -> list[Unit]:
        """From which units one can report in to a community: its own, those within it, and those above it."""
        above = {node.id for node in self.tree.upwards(node_id)}
        return [
            each
            for each in members.all_units(self.store)
            if each.node_id in above or self.tree.lies_in(each.node_id, node_id)
        ]

    def unit(self, unit_id: str) -> Unit:
        """Raises `Refused` where there is none, or not any more."""
        found = next((each for each in members.all_units(self.store) if each.id == unit_id), None)
        if found is None:
            raise Refused("members.unit_gone")
        return found

    # --- one's own --------------------------------------------------------------------------------------------

    def report(self, person: Person, group_node: str | None, unit_id: str, told: Told, now: datetime) -> Reported:
        """Somebody reports in, and is in the register of volunteers from now on. Whoever was of another unit leaves it.

        Raises `Refused` for those who have reported in from this unit already.
        """
        volunteers.lock_person(self.store, person.id)
        members.lock_unit(self.store, unit_id)
        unit = self.unit(unit_id)
        before = members.of_person(self.store, person.id)
        if before is not None and before.unit_id == unit_id:
            raise Refused("members.already_here", unit=unit.name)
        moved = self._leave_for_another(before, now) if before is not None else None
        rows = self._on_sheet(unit_id, told.name, person.name)
        if len(rows) == 1:
            told = replace(told, skills=told.skills or rows[0].skills, free=told.free or rows[0].free)
        entry = self.register.join(person, group_node, told, now).volunteer
        member = Member(
            id=rows[0].id if len(rows) == 1 else self._next_ids(unit_id, 1)[0],
            person_id=person.id,
            unit_id=unit_id,
            unit=unit.name,
            node_id=entry.node_id,
            name=told.name,
            nickname="",
            from_sheet=len(rows) == 1,
            skills=entry.skills,
            free=entry.free,
            since=rows[0].since if len(rows) == 1 else now,
            reported_at=rows[0].reported_at if len(rows) == 1 else now,
            confirmed_at=None,
            confirmed_by=None,
            left_at=None,
            remind_at=self._remind_at(now),
        )
        self._write(member, is_new=len(rows) != 1)
        contact = unit.contact_id if unit.contact_id != person.id else None
        return Reported(member, contact, self._workers(member), rows if len(rows) > 1 else (), moved)

    def leave(self, person: Person, now: datetime) -> LeftUnit:
        """They take part no more; a volunteer they stay. Raises `Refused` for who has not reported in."""
        volunteers.lock_person(self.store, person.id)
        member = members.of_person(self.store, person.id)
        if member is None:
            raise Refused("members.not_one")
        self._end(member, now)
        return LeftUnit(member, self._answers(member))

    # --- confirming -------------------------------------------------------------------------------------------

    def waiting(self, actor: Person, name: str = "") -> list[Listed]:
        """Those whom a unit's contact, or a worker, is to confirm: all, or those of this name. Raises `Refused`."""
        units = {each.id: each for each in members.all_units(self.store)}
        open_members = members.of_units(self.store, list(units))
        mine = [each for each in open_members if each.person_id and self._may_confirm(actor, each, units[each.unit_id])]
        if not mine and not self._looks_after(actor, units.values()):
            raise Refused("help.not_for_you")
        found = [each for each in mine if not name or each.name == name]
        if name and not found:
            raise Refused("members.nobody_called", name=name)
        waiting = [each for each in found if not each.confirmed]
        if name and not waiting:
            raise Refused("members.confirmed_already", name=name)
        others = [each for each in waiting if each.person_id != actor.id]
        if waiting and not others:
            raise Refused("members.not_oneself")
        return [self._listed(each) for each in others]

    def confirm(self, member_id: str, actor: Person, now: datetime, row_id: str | None = None) -> Confirmed:
        """They are of the unit, and the community knows them as a volunteer too.

        `row_id`: which line of the unit's sheet is theirs, where several have the name. Raises `Refused`.
        """
        member = self._to_confirm(member_id, actor)
        values = {"confirmed_at": now, "confirmed_by": actor.id, "remind_at": None}
        row = members.by_id(self.store, row_id) if row_id else None
        if row is not None and row.person_id is None and row.left_at is None and row.unit_id == member.unit_id:
            members.change(self.store, member.id, left_at=now, remind_at=None)
            members.change(
                self.store,
                row.id,
                person_id=member.person_id,
                skills=list(member.skills or row.skills),
                free=list(member.free or row.free),
                **values,
            )
        else:
            members.change(self.store, member.id, **values)
        self._confirm_volunteer(str(member.person_id), actor, now)
        self._close_questions(member, now)
        return Confirmed(replace(member, confirmed_at=now, confirmed_by=actor.id, remind_at=None))

    def refuse(self, member_id: str, actor: Person, now: datetime) -> NotOurs:
        """They are not of the unit. A line of its sheet that they claimed waits for somebody else. Raises `Refused`."""
        member = self._to_confirm(member_id, actor)
        if member.from_sheet:
            members.change(self.store, member.id, person_id=None, remind_at=None)
        else:
            members.change(self.store, member.id, left_at=now, remind_at=None)
        self._close_questions(member, now)
        return NotOurs(member, str(member.person_id))

    def next_reminder(self) -> datetime | None:
        """When somebody is next to be reminded of members whom they have not confirmed."""
        return members.next_due(self.store)

    def remind(self, now: datetime) -> list[Unanswered]:
        """Of whom nobody has heard for days, by unit. Each is told once."""
        groups: dict[tuple[str, str | None], list[Member]] = defaultdict(list)
        contacts = {each.id: each.contact_id for each in members.all_units(self.store)}
        for each in members.due(self.store, now):
            members.change(self.store, each.id, remind_at=None)
            contact = contacts.get(each.unit_id)
            groups[each.unit_id, contact if contact != each.person_id else None].append(each)
        return [
            Unanswered(found[0].unit, contact, self._workers(found[0]), tuple(found))
            for (_, contact), found in groups.items()
        ]

    # --- a unit's list ----------------------------------------------------------------------------------------

    def take_over(self, unit_id: str, sheet: Sequence[SheetMember], now: datetime) -> SheetTaken:
        """Makes the unit's list part of what is known. Doing it again changes nothing; whoever has left stays away,
        and whoever is not on it stays. Raises `Refused`."""
        members.lock_unit(self.store, unit_id)
        unit = self.unit(unit_id)
        community = self.tree.community_of(unit.node_id)
        known: dict[tuple[str, str], Member] = {}
        ever = members.ever_of_unit(self.store, unit_id)
        for each in sorted(ever, key=lambda each: each.left_at is None):
            known[each.name, each.nickname] = each
            known.setdefault((each.name, ""), each)
        linked = {each.name: each for each in ever if each.left_at is None and each.person_id}
        added: list[SheetMember] = []
        changed: list[Member] = []
        left: list[str] = []
        same = 0
        for line in sheet:
            row = known.get((line.name, line.nickname)) or (linked.get(line.name) if not line.nickname else None)
            if row is None:
                added.append(line)
                continue
            if row.left_at is not None:
                left.append(line.name)
                continue
            wanted = replace(row, skills=canonical_all(line.skills) or row.skills, free=line.free or row.free)
            if row.person_id is None and wanted != row:
                changed.append(wanted)
            else:
                same += 1
        node_id = community.id if community else unit.node_id
        ids = self._next_ids(unit_id, len(added))
        members.add(
            self.store, [self._of_line(line, unit, node_id, each, now) for line, each in zip(added, ids, strict=True)]
        )
        members.change_told(self.store, changed)
        return SheetTaken(len(added), len(changed), same, tuple(left))

    def _of_line(self, line: SheetMember, unit: Unit, node_id: str, member_id: str, now: datetime) -> Member:
        return Member(
            id=member_id,
            person_id=None,
            unit_id=unit.id,
            unit=unit.name,
            node_id=node_id,
            name=line.name,
            nickname=line.nickname,
            from_sheet=True,
            skills=canonical_all(line.skills),
            free=line.free,
            since=now,
            reported_at=now,
            confirmed_at=None,
            confirmed_by=None,
            left_at=None,
            remind_at=None,
        )

    # --- inside -----------------------------------------------------------------------------------------------

    def _remind_at(self, now: datetime) -> datetime:
        """At one hour of the day, so that one reminder tells of all who reported in that day."""
        day = (now + REMIND_AFTER).astimezone(self.rules.zone).date()
        return datetime.combine(day, self.rules.follow_up_at, self.rules.zone)

    def _on_sheet(self, unit_id: str, name: str, nickname: str) -> tuple[Member, ...]:
        """The lines of a unit's sheet with this name that nobody has claimed: the one with the nickname, else all."""
        found = [
            each for each in members.of_units(self.store, [unit_id]) if each.person_id is None and each.name == name
        ]
        by_nickname = [each for each in found if each.nickname and each.nickname == nickname]
        return tuple(by_nickname if len(by_nickname) == 1 else found)

    def _next_ids(self, unit_id: str, wanted: int) -> list[str]:
        """Ids for new rows of a unit; no row is ever deleted."""
        first = members.count(self.store, unit_id) + 1
        return [f"{unit_id}/{number}" for number in range(first, first + wanted)]

    def _write(self, member: Member, *, is_new: bool) -> None:
        if is_new:
            members.add(self.store, [member])
            return
        members.change(
            self.store,
            member.id,
            person_id=member.person_id,
            node_id=member.node_id,
            skills=list(member.skills),
            free=list(member.free),
            confirmed_at=None,
            confirmed_by=None,
            remind_at=member.remind_at,
        )

    def _leave_for_another(self, before: Member, now: datetime) -> Moved:
        self._end(before, now)
        return Moved(before.unit, self._answers(before))

    def _end(self, member: Member, now: datetime) -> None:
        members.change(self.store, member.id, left_at=now, remind_at=None)
        self._close_questions(member, now)

    def _to_confirm(self, member_id: str, actor: Person) -> Member:
        member = members.by_id(self.store, member_id)
        if member is None or member.left_at is not None or member.person_id is None:
            raise Refused("members.gone")
        volunteers.lock_person(self.store, member.person_id)
        members.lock_unit(self.store, member.unit_id)
        if not self._may_confirm(actor, member, self.unit(member.unit_id)):
            raise Refused("help.not_for_you")
        if member.person_id == actor.id:
            raise Refused("members.not_oneself")
        member = members.by_id(self.store, member_id)
        if member is None or member.left_at is not None:
            raise Refused("members.gone")
        if member.confirmed:
            raise Refused("members.confirmed_already", name=member.name)
        return member

    def _may_confirm(self, actor: Person, member: Member, unit: Unit) -> bool:
        return unit.contact_id == actor.id or self.tree.works_at(actor.id, member.node_id)

    def _looks_after(self, actor: Person, units: Iterable[Unit]) -> bool:
        return any(unit.contact_id == actor.id or self.tree.works_at(actor.id, unit.node_id) for unit in units)

    def _listed(self, member: Member) -> Listed:
        rows = () if member.from_sheet else self._on_sheet(member.unit_id, member.name, "")
        return Listed(member, rows if len(rows) > 1 else ())

    def _workers(self, member: Member) -> tuple[str, ...]:
        return tuple(each for each in self.tree.workers_for(member.node_id) if each != member.person_id)

    def _answers(self, member: Member) -> tuple[str, ...]:
        """Who looks after a unit's members: its contact, else the workers."""
        contact = next((each.contact_id for each in members.all_units(self.store) if each.id == member.unit_id), None)
        return (contact,) if contact and contact != member.person_id else self._workers(member)

    def _confirm_volunteer(self, person_id: str, actor: Person, now: datetime) -> None:
        entry = self.register.known(person_id)
        if entry is not None and entry.confirmed_at is None:
            volunteers.change(self.store, person_id, confirmed_at=now, confirmed_by=actor.id)

    def _close_questions(self, member: Member, now: datetime) -> None:
        """Nobody needs to say any more whether they are of the unit."""
        for person_id in sorted({*self._answers(member), *self._workers(member)}):
            for each in questions.open_for(self.store, person_id, now):
                if each.kind == "members.confirm" and each.about.get("member") == member.id:
                    questions.close(self.store, each.id, now)
