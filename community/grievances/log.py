"""What the log says: the state and the clocks, computed from events. The columns beside it are a copy for speed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from community.grievances.steps import ENDED, LEGAL, PAUSES, RESUMES, State, Step
from community.parts import clock
from community.parts.clock import Allowance, Deadlines, Pause
from community.rules import Rules
from storage.grievances import Event
from storage.tables import DeadlineClass

__all__ = ["Event", "Replayed", "allowance", "corrected", "deadlines", "replay"]

CONTACTS = frozenset({Step.ACCEPT, Step.ASSIGN, Step.FINISH})
"""With the first of these somebody has it, whose name the resident hears."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A grievance as its log tells it. The times mean the same as those of `Grievance`."""

    state: State
    handler_id: str | None
    reported_at: datetime
    deadline_class: DeadlineClass
    pauses: tuple[Pause, ...]
    contacted_at: datetime | None = None
    handled_at: datetime | None = None
    ended_at: datetime | None = None


def replay(events: Iterable[Event]) -> Replayed:
    """Plays a log from its beginning, each event at its corrected time. Raises `ValueError` for a log of nothing."""
    found: Replayed | None = None
    for event in corrected(events):
        if found is None:
            first_class = DeadlineClass(event.subject) if event.subject else DeadlineClass.ORDINARY
            found = Replayed(State.DRAFT, None, event.at, first_class, _pauses((), Step.DRAFT, event.at))
        else:
            found = _play(found, event)
    if found is None:
        raise ValueError("a grievance begins with an event")
    return found


def corrected(events: Iterable[Event]) -> list[Event]:
    """The events in the order in which they came, with the times that were put right later."""
    listed = list(events)
    times = {event.corrects: datetime.fromisoformat(event.subject) for event in listed if event.corrects is not None}
    return [replace(event, at=times.get(event.id, event.at)) for event in listed if event.corrects is None]


def _play(before: Replayed, event: Event) -> Replayed:
    step = Step(event.step)
    state = LEGAL.get(step, {}).get(before.state, before.state)
    handler, kind = before.handler_id, before.deadline_class
    if step is Step.ACCEPT or (step is Step.FINISH and state is not before.state):
        handler = event.actor_id
    elif step is Step.ASSIGN:
        handler = event.subject
    elif step in (Step.GIVE_BACK, Step.VACATE, Step.SPLIT, Step.MOVE):
        handler = None
    elif step is Step.CLASSIFY:
        kind = DeadlineClass(event.note)
    contacted = before.contacted_at or (event.at if step in CONTACTS else None)
    handled = event.at if step is Step.FINISH else before.handled_at
    ended = before.ended_at or event.at if state in ENDED else None
    pauses = () if step is Step.REPORT else _pauses(before.pauses, step, event.at)  # then nothing had to be asked
    return Replayed(state, handler, before.reported_at, kind, pauses, contacted, handled, ended)


def _pauses(pauses: Sequence[Pause], step: Step, at: datetime) -> tuple[Pause, ...]:
    stands_still = bool(pauses) and pauses[-1].end is None
    if step in PAUSES and not stands_still:
        return (*pauses, Pause(at, None))
    if step in RESUMES and stands_still:
        return (*pauses[:-1], Pause(pauses[-1].begin, max(at, pauses[-1].begin)))
    return tuple(pauses)


def allowance(deadline_class: DeadlineClass, rules: Rules) -> Allowance:
    """How long a class may take. Only ordinary and hard cases count working days."""
    match deadline_class:
        case DeadlineClass.LIFE:
            return Allowance(rules.accept_within, rules.life_within)
        case DeadlineClass.UTILITY:
            return Allowance(rules.accept_within, rules.utility_within)
        case DeadlineClass.ORDINARY:
            return Allowance(rules.accept_within, None, rules.ordinary_days, rules.office_closes)
        case DeadlineClass.HARD:
            return Allowance(rules.accept_within, None, rules.hard_days, rules.office_closes)


def deadlines(replayed: Replayed, rules: Rules) -> Deadlines:
    """The clocks of a grievance as its log has it."""
    return clock.read(replayed.reported_at, replayed.pauses, allowance(replayed.deadline_class, rules), rules.zone)
