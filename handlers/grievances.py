"""Grievances in conversation: reporting, accepting, finishing, the resident's word, looking up."""

from datetime import datetime
from typing import Any

from community import Community
from community.grievances import (
    Accepted,
    DeadlineClass,
    Escalated,
    Grievance,
    PhotosAdded,
    PlaceMissing,
    Progress,
    Reminded,
    Reported,
    Satisfaction,
    State,
    Step,
    Where,
)
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from handlers import phrasebook
from handlers.hearing.normalise import normalise
from handlers.hearing.places import find_place
from handlers.messages import Message, Replies, Reply, ask, say, say_in_group
from handlers.routing import Job, router
from handlers.speaking.texts import shorten

QUOTE = 60
"""Characters of the resident's words in a notice; whoever accepts gets all of them."""

MORE_THAN_A_PLACE = 2
"""Characters beside the place from which an answer to 「在哪里」 also says what is the matter."""


@router.command("grievances.report", takes_photos=True)
def report(message: Message, community: Community, words: str = "") -> Replies:
    """Takes in what the resident says, in their own words."""
    if message.in_group and message.group is None:
        return [say_in_group("groups.unbound")]
    said = _as_typed(message, words)
    if not said:
        return [ask("grievances.ask_words", "grievances.words", {})]
    told = normalise(said)
    outcome = community.grievances.report(
        message.person, message.group, said, _where(told), _deadline_class(told), message.photos, message.received_at
    )
    if isinstance(outcome, PlaceMissing):
        return [say_in_group("grievances.taken_in_group", number=outcome.grievance.number), *_ask_place(outcome)]
    return [
        say_in_group("grievances.taken_in_group", number=outcome.grievance.number),
        _told_to_resident(outcome),
        *_told_to_staff(outcome),
    ]


@router.answer("grievances.words")
def words_given(message: Message, community: Community, _question: Question, words: str) -> Replies:
    """What it is about, said after 「反映」 alone or after a photo."""
    return report(message, community, words)


@router.answer("grievances.place")
def place_given(message: Message, community: Community, question: Question, words: str) -> Replies:
    """Where it is. A number alone is a building."""
    told = normalise(words)
    where = Where(words, int(told)) if told.isdigit() and len(told) <= 3 else _where(told, otherwise=words)
    outcome = community.grievances.locate(
        question.about["number"],
        message.person,
        where,
        message.received_at,
        more=words if len(told) > len(where.words) + MORE_THAN_A_PLACE else "",
        insist=bool(question.about["again"]),
    )
    if isinstance(outcome, PlaceMissing):
        return _ask_place(outcome)
    return [_told_to_resident(outcome), *_told_to_staff(outcome)]


@router.when_dropped("grievances.place")
def place_dropped(message: Message, community: Community, question: Question) -> Reply:
    """The resident does not want to go on."""
    dropped = community.grievances.withdraw_draft(question.about["number"], message.person, message.received_at)
    return say("grievances.withdrawn", number=dropped.number)


@router.photos
def photos(message: Message, community: Community) -> Replies:
    """Photos without words."""
    outcome = community.grievances.add_photos(message.person, message.photos, message.received_at)
    if isinstance(outcome, PhotosAdded):
        values: dict[str, Any] = {"number": outcome.grievance.number, "photos": outcome.grievance.photos}
        to_staff = [
            say("grievances.photo_for_staff", to=each, urgency=Urgency.NOTICE, **values) for each in outcome.tell
        ]
        return [say("grievances.photo_added", **values), *to_staff]
    return [ask("grievances.photo_kept", "grievances.words", {})]


@router.command("grievances.accept")
def accept(message: Message, community: Community, number: int) -> Replies:
    """A responsible person takes it."""
    outcome: Accepted = community.grievances.accept(number, message.person, message.received_at)
    grievance = outcome.grievance
    resident = community.people.by_id(grievance.resident_id)
    return [
        say(
            "grievances.yours_now",
            number=number,
            place=grievance.place,
            words=grievance.words,
            resident=resident.name if resident else "",
            resolve_by=grievance.resolve_by,
            pictures=outcome.photos,
        ),
        _to_resident(
            grievance, "grievances.accepted", number=number, handler=outcome.handler, resolve_by=grievance.resolve_by
        ),
    ]


@router.command("grievances.finish")
def finish(message: Message, community: Community, number: int, words: str = "") -> Replies:
    """The handler has done it; the resident is asked."""
    outcome = community.grievances.finish(number, message.person, _as_typed(message, words), message.received_at)
    return [
        say("grievances.finished", number=number),
        ask(
            "grievances.ask_verdict",
            "grievances.verdict",
            {"number": number},
            to=outcome.grievance.resident_id,
            open_for=community.rules.verdict_open,
            urgency=Urgency.NOTICE,
            fallback_group=outcome.grievance.group,
            number=number,
            note=shorten(outcome.note, QUOTE),
        ),
    ]


@router.answer("grievances.verdict", Step.SOLVED, Step.PARTLY, Step.UNSOLVED)
def verdict(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The resident's word."""
    number = question.about["number"]
    outcome = community.grievances.judge(number, message.person, Step(choice), message.received_at)
    if choice == Step.SOLVED:
        return [
            ask("grievances.ask_rating", "grievances.rating", {"number": number}, open_for=community.rules.verdict_open)
        ]
    tell = getattr(outcome, "tell", ())
    to_staff = [
        say(
            f"grievances.reopened_{choice}",
            to=each,
            urgency=Urgency.NOTICE,
            number=number,
            place=outcome.grievance.place,
            words=shorten(outcome.grievance.words, QUOTE),
        )
        for each in tell
    ]
    return [say("grievances.reopened", number=number), *to_staff]


@router.answer("grievances.rating", *(mark.name.lower() for mark in Satisfaction))
def rating(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The resident's mark closes it."""
    number = question.about["number"]
    outcome = community.grievances.rate(number, message.person, Satisfaction[choice.upper()], message.received_at)
    replies = [say("grievances.closed", number=number)]
    if outcome.grievance.handler_id:
        replies.append(
            say(f"grievances.closed_{choice}", to=outcome.grievance.handler_id, urgency=Urgency.NOTICE, number=number)
        )
    return replies


@router.when_back("grievances.rating")
def think_again(message: Message, community: Community, question: Question) -> Reply:
    """Back from the mark to the question before it."""
    grievance = community.grievances.take_back(question.about["number"], message.person, message.received_at)
    return _ask_verdict_again(grievance, community)


@router.command("grievances.look_up")
def look_up(message: Message, community: Community, number: int | None = None) -> Replies:
    """Who has it, at which step, until when; without a number, the newest of one's own."""
    if number is None:
        latest = community.grievances.latest(message.person, message.received_at)
        if latest is None:
            raise Refused("grievances.none_yet")
        return [say_in_group("grievances.look_up_in_group"), *_progress(latest, community)]
    progress = community.grievances.look_up(number, message.person)
    return [say_in_group("grievances.look_up_in_group"), *_progress(progress, community)]


def chase(community: Community, now: datetime) -> Replies:
    """Reminds those who have not accepted in time, then goes up a level. Run by the scheduler."""
    replies: list[Reply] = []
    for outcome in community.grievances.chase(now):
        if isinstance(outcome, Reported):
            replies += [
                _to_resident(outcome.grievance, "grievances.taken_without_place", number=outcome.grievance.number)
            ]
            replies += _told_to_staff(outcome)
        else:
            replies += _chased(outcome)
    return replies


JOBS = (Job("grievances.chase", due=lambda community: community.grievances.next_chase(), run=chase),)


def _told_to_resident(outcome: Reported) -> Reply:
    grievance = outcome.grievance
    values: dict[str, Any] = {
        "number": grievance.number,
        "place": grievance.place,
        "respond_by": grievance.respond_by,
    }
    if outcome.responsible is None:
        return say("grievances.taken_by_nobody", **values)
    return say("grievances.taken", holder=outcome.responsible.people[0], resolve_by=grievance.resolve_by, **values)


def _told_to_staff(outcome: Reported) -> Replies:
    return [
        say("grievances.dispatched", to=each, urgency=Urgency.NOTICE, **_case(outcome.grievance))
        for each in (outcome.responsible.ids if outcome.responsible else ())
    ]


def _chased(outcome: Reminded | Escalated) -> Replies:
    key = "grievances.reminded" if isinstance(outcome, Reminded) else "grievances.escalated"
    replies = [
        say(key, to=each, urgency=Urgency.REMINDER, **_case(outcome.grievance)) for each in outcome.responsible.ids
    ]
    if isinstance(outcome, Escalated):
        replies.append(
            _to_resident(
                outcome.grievance,
                "grievances.escalated_to_resident",
                urgency=Urgency.REMINDER,
                number=outcome.grievance.number,
                holder=outcome.responsible.people[0],
            )
        )
    return replies


def _case(grievance: Grievance) -> dict[str, Any]:
    """What a notice to staff says of a grievance."""
    return {
        "number": grievance.number,
        "place": grievance.place,
        "words": shorten(grievance.words, QUOTE),
        "photos": grievance.photos,
        "respond_by": grievance.respond_by,
        "resolve_by": grievance.resolve_by,
    }


def _ask_place(outcome: PlaceMissing) -> Replies:
    number, building = outcome.grievance.number, outcome.unknown_building
    if building is None:
        return [ask("grievances.ask_place", "grievances.place", {"number": number, "again": False}, number=number)]
    about = {"number": number, "again": True}
    return [ask("grievances.ask_place_again", "grievances.place", about, number=number, building=building)]


def _ask_verdict_again(grievance: Grievance, community: Community) -> Reply:
    about = {"number": grievance.number}
    return ask(
        "grievances.ask_verdict_again",
        "grievances.verdict",
        about,
        open_for=community.rules.verdict_open,
        number=grievance.number,
    )


def _progress(progress: Progress, community: Community) -> Replies:
    grievance = progress.grievance
    if progress.is_own and grievance.state is State.HANDLED:
        return [_ask_verdict_again(grievance, community)]
    if progress.is_own and grievance.state is State.DRAFT:
        return _ask_place(PlaceMissing(grievance))
    holder = progress.holder or "社区"
    return [
        say(
            f"grievances.progress_{grievance.state}",
            number=grievance.number,
            place=grievance.place,
            holder=holder,
            respond_by=grievance.respond_by,
            resolve_by=grievance.resolve_by,
        )
    ]


def _to_resident(grievance: Grievance, key: str, *, urgency: Urgency = Urgency.NOTICE, **values: Any) -> Reply:
    return say(key, to=grievance.resident_id, urgency=urgency, fallback_group=grievance.group, **values)


def _where(told: str, otherwise: str = "") -> Where:
    place = find_place(told)
    return Where(place.words, place.building) if place else Where(otherwise)


def _deadline_class(told: str) -> DeadlineClass:
    words = phrasebook.load().words
    if any(word in told for word in words["life"]):
        return DeadlineClass.LIFE
    return DeadlineClass.UTILITY if any(word in told for word in words["utility"]) else DeadlineClass.ORDINARY


def _as_typed(message: Message, words: str) -> str:
    """Words from a slot as the person typed them: slots are cut from the normalised text."""
    typed = message.words[-len(words) :] if words else ""
    return typed if normalise(typed) == words else words
