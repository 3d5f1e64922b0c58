"""What the parts of this service share in saying things."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from community import Community
from community.parts.notice import Urgency
from community.privacy import Shown
from community.tasks.outcomes import BackToGrievance, Cancelled, Changed, Public, Standing, Task, TaskState
from handlers.messages import Replies, Reply, say
from handlers.routing import router
from handlers.speaking.texts import day, in_words

NUMBERS = tuple(str(number) for number in range(1, 13))
CIRCLED = "\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468\u2469\u246a\u246b"
BETWEEN = "\u3001"
_PARTS = {(8, 12): "am", (12, 18): "pm", (18, 21): "eve"}
_WHOLE_DAY = (8, 21)


def id_of(code: str) -> int:
    """T045 is 45."""
    return int(code.removeprefix("T"))


def when(task: Task, community: Community) -> str:
    """When it is wanted: 12月3日(周四)上午, 12月3日(周四)15:00–16:00, 尽快, 随时."""
    if task.from_at is None:
        return in_words("tasks.urgent" if task.urgent else "tasks.whenever", community)
    since = task.from_at.astimezone(community.rules.zone)
    until = (task.until_at or task.from_at).astimezone(community.rules.zone)
    hours = (since.hour, until.hour) if (since.minute, until.minute) == (0, 0) else None
    if since.date() < until.date() and until - since > timedelta(days=1):
        return in_words("tasks.days", community, first=day(since), last=day(until))
    if hours == _WHOLE_DAY:
        return in_words("tasks.day", community, day=day(since))
    if hours in _PARTS:
        return in_words(f"tasks.part_{_PARTS[hours]}", community, day=day(since))
    return in_words("tasks.hours", community, day=day(since), since=f"{since:%H:%M}", until=f"{until:%H:%M}")


def public_line(public: Public, community: Community) -> str:
    """A task as anybody may read it: 上门理发,第一网格,12月3日(周四)上午. No name, no address, no phone."""
    task = public.task
    parts = [task.what, public.area, when(task, community)]
    if task.urgent and task.from_at is not None:
        parts.append(in_words("tasks.urgent", community))
    if task.takers > 1:
        parts.append(in_words("tasks.two", community))
    return ",".join(filter(None, parts))


def own_line(public: Public, community: Community) -> str:
    """The same for its orderer and its takers, who may know for whom it is."""
    line, whom = public_line(public, community), public.task.for_whom
    return f"{line},{in_words('tasks.whom', community, whom=whom)}" if whom else line


def contact(task: Task, community: Community) -> str:
    """Address and phone: only for whoever gave them, and for whoever has claimed the task."""
    parts = [in_words("tasks.address", community, address=task.address)] if task.address else []
    parts += [in_words("tasks.phone", community, phone=task.phone)] if task.phone else []
    return ",".join(parts) or in_words("tasks.no_contact", community)


def shows(task: Task, fields: str) -> tuple[Shown, ...]:
    """That somebody is told these fields of it as they are: see `Reply.shows`."""
    return (Shown(f"task:{task.id}", fields),)


def state_words(standing: Standing, community: Community, *, named: bool) -> str:
    """Where it stands; with the names of its takers only for those who may know them."""
    task, names = standing.public.task, BETWEEN.join(standing.takers) if named else ""
    if task.state is TaskState.ORDERED and standing.takers:
        if not names:
            return in_words("tasks.state_second_unnamed", community)
        return in_words("tasks.second_named", community, names=names)
    if task.state is TaskState.CLAIMED:
        if not names:
            return in_words("tasks.state_claimed_unnamed", community)
        return in_words("tasks.claimed_named", community, names=names)
    return in_words(f"tasks.state_{task.state}", community)


def to_each(people: Iterable[str], key: str, **values: Any) -> Replies:
    """The same words to several, who did not ask for them."""
    return [say(key, to=each, urgency=Urgency.NOTICE, **values) for each in people]


@router.words_for(Cancelled)
def cancelled(outcome: Cancelled, community: Community, now: object) -> Replies:
    """To those who promised it, and to its orderer where staff called it off."""
    public = community.tasks.ledger.public(outcome.task)
    number, line, what = outcome.task.number, public_line(public, community), outcome.task.what
    reason = in_words("tasks.reason", community, reason=outcome.reason) if outcome.reason else ""
    return [
        *to_each(outcome.takers, "tasks.cancelled_for_taker", number=number, line=line),
        *to_each(outcome.orderers, "tasks.cancelled_for_orderer", number=number, what=what, reason=reason),
    ]


@router.words_for(Changed)
def changed(outcome: Changed, community: Community, now: object) -> Replies:
    """To those who promised it, with the address where they may know it; to its orderer where staff changed it."""
    task, line = outcome.public.task, own_line(outcome.public, community)
    known = f"{contact(task, community)}\u3002" if outcome.public.takers_missing <= 0 else ""
    seen = shows(task, "address,phone") if known else shows(task, "whom")
    return [
        *to_each(outcome.takers, "tasks.changed_for_taker", number=task.number, line=line, contact=known, shows=seen),
        *to_each(outcome.orderers, "tasks.changed_for_orderer", number=task.number, line=line),
    ]


@router.words_for(BackToGrievance)
def back_to_grievance(outcome: BackToGrievance, community: Community, now: object) -> Replies:
    """To the orderer the number of the case, to those who promised it that they need not go."""
    task, line = outcome.task, public_line(community.tasks.ledger.public(outcome.task), community)
    key = "tasks.your_grievance" if outcome.outcome is not None else "tasks.your_case_goes_on"
    return [
        *to_each([task.orderer_id], key, number=task.number, what=task.what, case=outcome.number),
        *to_each(outcome.takers, "tasks.cancelled_for_taker", number=task.number, line=line),
    ]


def done_of_its_grievance(task: Task, community: Community) -> list[Reply]:
    """To the handler of the grievance that a task came from: it is done, and the case is theirs to finish."""
    handler = community.tasks.ordering.handler_of(task)
    if handler is None:
        return []
    about: dict[str, Any] = {"number": task.number, "what": task.what, "case": task.grievance_number}
    return [say("tasks.task_of_case_done", to=handler, urgency=Urgency.NOTICE, **about)]
