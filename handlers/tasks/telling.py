"""What those concerned hear of pushing, promising, doing and ending: each outcome in words."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from community import Community
from community.parts.notice import GroupChat, Urgency
from community.tasks.happened import (
    Asked,
    Claimed,
    Declined,
    DoneSaid,
    Due,
    GaveUp,
    GivenBack,
    NotCome,
    Overdue,
    Pushed,
    Rated,
    Reminded,
    TimePassed,
)
from community.tasks.outcomes import Public, Takers, Task
from handlers.messages import Plain, Replies, Reply, ask, say
from handlers.routing import router
from handlers.speaking.amounts import in_hours
from handlers.speaking.texts import in_words
from handlers.tasks.wording import BETWEEN, contact, done_of_its_grievance, own_line, public_line, shows, when

RATED_WITHIN = timedelta(days=3)
"""How long the orderer may answer how it was."""

BAD = 3
"""The worst rating, of which the workers hear."""


def told(due: Sequence[Due], community: Community, now: datetime) -> Replies:
    """All that the scheduler did."""
    return [reply for each in due for reply in told_one(each, community, now)]


def told_one(due: Due, community: Community, now: datetime) -> Replies:
    """One thing that the scheduler did."""
    match due:
        case Pushed():
            return pushed(due, community)
        case TimePassed():
            return time_passed(due, community)
        case GaveUp():
            return gave_up(due, community)
        case GivenBack():
            return given_back(due, community, now)
        case Reminded(takers):
            return [_reminder(each.person_id, takers.task, community) for each in takers.claims]
        case Overdue(takers):
            return [_ask_done(each.person_id, takers.task) for each in takers.claims]
        case Asked(takers, ear):
            return [_ask_rating("tasks_dispatch.ask_rating_again", takers, ear)]
        case Rated():
            return rated(due, community, now)


# --- pushed -------------------------------------------------------------------------------------------------


def pushed(outcome: Pushed, community: Community) -> Replies:
    """To those who are asked; in groups without name and address; to the workers with how many were asked."""
    task, line = outcome.public.task, public_line(outcome.public, community)
    span = in_hours(task.minutes)
    said = [_push(each, outcome, line, span) for each in outcome.people]
    said += [
        say(
            "tasks_dispatch.push_in_group",
            to=chat,
            urgency=_urgency(task),
            number=task.number,
            line=line,
            span=span,
            missing=outcome.public.takers_missing,
        )
        for chat in _chats(outcome.groups, community)
    ]
    said += [_open(each, outcome, line, community) for each in outcome.workers]
    if outcome.ear:
        said.append(tell_one(outcome.ear, "tasks_dispatch.still_looking", task, what=task.what))
    return said


def _push(person_id: str, outcome: Pushed, line: str, span: str) -> Reply:
    task = outcome.public.task
    about: dict[str, Plain] = {"task": task.id}
    return ask(
        "tasks_dispatch.push_given" if outcome.given else "tasks_dispatch.push",
        "tasks.push",
        about,
        to=person_id,
        urgency=_urgency(task),
        number=task.number,
        line=line,
        span=span,
    )


def _open(worker: str, outcome: Pushed, line: str, community: Community) -> Reply:
    task = outcome.public.task
    if outcome.again:
        return tell_one(worker, "tasks_dispatch.open_again", task, line=line)
    count = community.tasks.dispatch.asked_count(task)
    asked = in_words("tasks_dispatch.asked_some", community, count=count)
    if not count:
        asked = in_words("tasks_dispatch.asked_nobody", community)
    return tell_one(worker, "tasks_dispatch.open_for_workers", task, line=line, asked=asked)


def time_passed(outcome: TimePassed, community: Community) -> Replies:
    """The orderer is asked for another time; the workers hear of it, and who waited for a second."""
    task, line = outcome.public.task, public_line(outcome.public, community)
    return [
        tell_one(outcome.ear, "tasks_dispatch.time_over", task, what=task.what),
        *(tell_one(each, "tasks_dispatch.time_over_for_workers", task, line=line) for each in outcome.workers),
        *(tell_one(each, "tasks_dispatch.time_over_for_partner", task, line=line) for each in outcome.partners),
    ]


def gave_up(outcome: GaveUp, community: Community) -> Replies:
    """Honestly: nobody was found."""
    task, line = outcome.public.task, public_line(outcome.public, community)
    return [
        tell_one(outcome.ear, "tasks_dispatch.gave_up", task, what=task.what),
        *(tell_one(each, "tasks_dispatch.gave_up_for_workers", task, line=line) for each in outcome.workers),
    ]


def next_asked(outcome: Pushed | TimePassed | None, community: Community) -> Replies:
    """What comes of a no: who is asked instead; nothing where that waits for the end of the quiet hours."""
    if outcome is None:
        return []
    return pushed(outcome, community) if isinstance(outcome, Pushed) else time_passed(outcome, community)


def declined(outcome: Declined, community: Community) -> Replies:
    """Those whom staff had named hear of the no; then the next are asked."""
    task = outcome.task
    return [
        *(tell_one(each, "tasks_dispatch.given_declined", task, name=outcome.name) for each in outcome.tell),
        *next_asked(outcome.pushed, community),
    ]


# --- promised -----------------------------------------------------------------------------------------------


@router.words_for(Claimed)
def claimed(outcome: Claimed, community: Community, now: datetime) -> Replies:
    """To everybody whom it concerns but not to whoever took it: that is `for_taker`."""
    task = outcome.task
    said: list[Reply] = []
    if outcome.full:
        takers = community.tasks.ledger.takers(task)
        said += [for_taker(task, takers, each, community) for each in outcome.together_with]
        said += [_gone(each, task, community, now) for each in outcome.others]
        said += [
            say("tasks_dispatch.taken_in_group", to=chat, number=task.number, urgency=Urgency.NOTICE)
            for chat in _chats(outcome.groups, community)
        ]
        said.append(_comes(outcome, takers, community))
    names = community.volunteers.register.names_of([outcome.claim.person_id])
    name = names.get(outcome.claim.person_id, "")
    return [*said, *(tell_one(each, "tasks_dispatch.given_claimed", task, name=name) for each in outcome.givers)]


def for_taker(task: Task, takers: Takers, person_id: str, community: Community) -> Reply:
    """What a taker must know: where, whom to call, who comes along. Nobody goes alone where two are wanted."""
    public = community.tasks.ledger.public(task)
    line = own_line(public, community)
    if public.takers_missing > 0:
        return tell_one(person_id, "tasks_dispatch.taken_first", task, line=line)
    names = community.volunteers.register.names_of([task.orderer_id])
    values: dict[str, Any] = {
        "line": line,
        "contact": in_words("tasks_dispatch.contact_of", community, contact=contact(task, community)),
        "orderer": in_words("tasks_dispatch.orderer", community, name=names.get(task.orderer_id, "")),
        "shows": shows(task, "orderer,address,phone"),
    }
    pairs = zip(takers.claims, takers.names, strict=True)
    partners = [name for each, name in pairs if each.person_id != person_id]
    if partners:
        return tell_one(person_id, "tasks_dispatch.taken_together", task, partners=BETWEEN.join(partners), **values)
    return tell_one(person_id, "tasks_dispatch.taken", task, **values)


def _gone(person_id: str, task: Task, community: Community, now: datetime) -> Reply:
    """Somebody was faster; what else there is."""
    free = community.tasks.dispatch.instead(person_id, task, now)
    others = ""
    if free:
        others = in_words("tasks_dispatch.gone_others", community, others=BETWEEN.join(free), first=free[0])
    return tell_one(person_id, "tasks_dispatch.gone", task, others=others)


def _comes(outcome: Claimed, takers: Takers, community: Community) -> Reply:
    """The orderer hears who comes, before they come."""
    task = outcome.task
    teams = outcome.teams or ("",) * len(takers.names)
    named = [_with_team(name, team, community) for name, team in zip(takers.names, teams, strict=True)]
    comes = in_words("tasks_dispatch.comes_soon", community)
    if task.from_at is not None:
        comes = in_words("tasks_dispatch.comes_at", community, when=when(task, community))
    if not task.phone and not task.address:
        comes = in_words("tasks_dispatch.comes_unknowing", community, number=task.number)
    ear, seen = community.tasks.dispatch.ear(task), shows(task, "takers")
    return tell_one(
        ear, "tasks_dispatch.comes", task, what=task.what, names=BETWEEN.join(named), when=comes, shows=seen
    )


def _with_team(name: str, team: str, community: Community) -> str:
    return in_words("tasks_dispatch.with_team", community, team=team, name=name) if team else name


# --- given back ---------------------------------------------------------------------------------------------


@router.words_for(GivenBack)
def given_back(outcome: GivenBack, community: Community, now: datetime) -> Replies:
    """To the orderer who had heard that they come, to who goes with them, to the workers where it is late; then the
    next are asked."""
    task, line = outcome.public.task, public_line(outcome.public, community)
    said: list[Reply] = []
    if outcome.silent:
        said.append(tell_one(outcome.person_id, "tasks_dispatch.taken_back", task))
    if outcome.away:
        said.append(tell_one(outcome.person_id, "tasks_dispatch.taken_away", task))
    if outcome.ear and not isinstance(outcome.pushed, TimePassed):
        said.append(_for_orderer(outcome))
    said += [
        tell_one(each, "tasks_dispatch.given_back_for_partner", task, name=outcome.name) for each in outcome.partners
    ]
    said += [_late(each, outcome, line, community) for each in outcome.workers]
    return [*said, *next_asked(outcome.pushed, community)]


def _for_orderer(outcome: GivenBack) -> Reply:
    task = outcome.public.task
    if outcome.silent:
        return tell_one(outcome.ear, "tasks_dispatch.taken_back_for_orderer", task, what=task.what)
    if outcome.away:
        return tell_one(outcome.ear, "tasks_dispatch.taken_away_for_orderer", task, what=task.what)
    return tell_one(outcome.ear, "tasks_dispatch.given_back_for_orderer", task, what=task.what, name=outcome.name)


def _late(worker: str, outcome: GivenBack, line: str, community: Community) -> Reply:
    task = outcome.public.task
    if outcome.silent:
        return tell_one(worker, "tasks_dispatch.taken_back_for_workers", task, line=line, name=outcome.name)
    reason = in_words("tasks_dispatch.because", community, reason=outcome.reason) if outcome.reason else ""
    seen = shows(task, "taker,reason")
    return tell_one(
        worker, "tasks_dispatch.given_back_late", task, line=line, name=outcome.name, reason=reason, shows=seen
    )


# --- reminded, done, rated ----------------------------------------------------------------------------------


def _reminder(person_id: str, task: Task, community: Community) -> Reply:
    public = community.tasks.ledger.public(task)
    where = in_words("tasks_dispatch.contact_of", community, contact=contact(task, community))
    line = own_line(public, community)
    return say(
        "tasks_dispatch.reminder",
        to=person_id,
        urgency=_urgency(task),
        number=task.number,
        line=line,
        contact=where,
        shows=shows(task, "address,phone"),
    )


def _ask_done(person_id: str, task: Task) -> Reply:
    about: dict[str, Plain] = {"task": task.id}
    return ask(
        "tasks_dispatch.overdue",
        "tasks.overdue",
        about,
        to=person_id,
        urgency=_urgency(task),
        number=task.number,
        what=task.what,
    )


def done(outcome: DoneSaid, community: Community, *, own: bool) -> Replies:
    """The orderer is asked how it was; who was there as well hears that it is said; and whose case it came from.

    `own`: the orderer said so.
    """
    task, span = outcome.takers.task, in_hours(outcome.minutes)
    asked = _ask_rating("tasks_dispatch.ask_rating", outcome.takers, outcome.ear)
    if own:
        asked = _ask_rating("tasks_dispatch.ask_rating_own", outcome.takers, outcome.ear)
    return [
        asked,
        *(tell_one(each, "tasks_dispatch.done_for_partner", task, span=span) for each in outcome.partners),
        *done_of_its_grievance(task, community),
    ]


def _ask_rating(key: str, takers: Takers, ear: str) -> Reply:
    task = takers.task
    about: dict[str, Plain] = {"task": task.id}
    return ask(
        key,
        "tasks.rating",
        about,
        to=ear,
        open_for=RATED_WITHIN,
        urgency=Urgency.REMINDER,
        number=task.number,
        what=task.what,
        names=BETWEEN.join(takers.names),
    )


def rated(outcome: Rated, community: Community, now: datetime) -> Replies:
    """To those who did it, with the hours; of a bad one to the workers; and who has a star now."""
    task, names = outcome.takers.task, BETWEEN.join(outcome.takers.names)
    stars = [said for each in outcome.stars for said in router.words_of(each, community, now)]
    doers = [_for_doer(each.person_id, outcome, community) for each in outcome.takers.claims]
    line = public_line(Public(task, community.tasks.ledger.area(task), 0), community)
    words = in_words("tasks_dispatch.said", community, words=outcome.words) if outcome.words else ""
    seen = shows(task, "takers,rated_words")
    return [
        *doers,
        *stars,
        *(
            tell_one(each, "tasks_dispatch.bad_for_workers", task, line=line, names=names, words=words, shows=seen)
            for each in outcome.workers
        ),
    ]


def _for_doer(person_id: str, outcome: Rated, community: Community) -> Reply:
    """Nobody hears from the bot that they were bad: people talk about that."""
    task, span = outcome.takers.task, in_hours(outcome.minutes)
    if outcome.rating is None or outcome.rating == BAD:
        return tell_one(person_id, "tasks_dispatch.you_did", task, what=task.what, span=span)
    rating = in_words(f"tasks_dispatch.rating_{outcome.rating}", community)
    if outcome.words:
        rating += in_words("tasks_dispatch.said", community, words=outcome.words)
    seen = shows(task, "rated_words") if outcome.words else ()
    return tell_one(
        person_id, "tasks_dispatch.you_were_rated", task, what=task.what, rating=rating, span=span, shows=seen
    )


def not_come(outcome: NotCome, community: Community) -> Replies:
    """The workers look at it; whoever promised it is asked to call."""
    task, names = outcome.takers.task, BETWEEN.join(outcome.takers.names)
    line = public_line(community.tasks.ledger.public(task), community)
    return [
        *(
            tell_one(
                each,
                "tasks_dispatch.not_come_for_workers",
                task,
                line=line,
                orderer=outcome.orderer,
                names=names,
                shows=shows(task, "orderer,takers"),
            )
            for each in outcome.workers
        ),
        *(
            tell_one(each.person_id, "tasks_dispatch.not_come_for_taker", task, what=task.what)
            for each in outcome.takers.claims
        ),
    ]


# --- inside -------------------------------------------------------------------------------------------------


def _urgency(task: Task) -> Urgency:
    """What is urgent does not wait for the end of the quiet hours."""
    return Urgency.NOTICE if task.urgent else Urgency.REMINDER


def tell_one(person_id: str, key: str, task: Task, **values: Any) -> Reply:
    """Words about a task to somebody, who need not have asked."""
    return say(key, to=person_id, urgency=Urgency.NOTICE, number=task.number, **values)


def _chats(groups: Sequence[tuple[str, str]], community: Community) -> list[GroupChat]:
    accounts = community.notices.channels
    return [GroupChat(channel, accounts[channel], group) for channel, group in groups if channel in accounts]
