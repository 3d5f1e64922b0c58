"""The resident's side: solved or not, the mark, looking up, urging, withdrawing."""

from typing import Any

from community import Community
from community.grievances import Grievance, Outcome
from community.grievances.outcomes import PlaceMissing, Progress, Reopened
from community.grievances.steps import Satisfaction, State, Step
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.phone_list import Reason
from handlers.grievances.intake import ask_confirm, ask_place
from handlers.grievances.wording import QUOTE, ask_verdict, no_longer_asked, to_each
from handlers.messages import Message, Replies, Reply, ask, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import shorten


@router.answer("grievances.verdict", Step.SOLVED, Step.PARTLY, Step.UNSOLVED)
def verdict(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The resident's word."""
    number = question.about["number"]
    outcome = community.grievances.verdicts.judge(number, message.person, Step(choice), message.received_at)
    if not isinstance(outcome, Reopened):
        return [_ask_rating(number, community)]
    values: dict[str, Any] = {
        "number": number,
        "place": outcome.grievance.place,
        "words": shorten(outcome.grievance.words, QUOTE),
    }
    return [
        say("grievances.reopened", number=number),
        *to_each(outcome.tell, f"grievances.reopened_{choice}", **values),
        *to_each(outcome.joined, "grievances.reopened_joined", number=number),
    ]


@router.answer("grievances.rating", *(mark.name.lower() for mark in Satisfaction))
def rating(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The resident's mark closes it; those who joined are told and may rate too."""
    number, mark = question.about["number"], Satisfaction[choice.upper()]
    if question.about.get("joined"):
        community.grievances.verdicts.rate_joined(number, message.person, mark, message.received_at)
        return [say("grievances.thanks")]
    outcome = community.grievances.verdicts.rate(number, message.person, mark, message.received_at)
    replies = [
        say("grievances.closed", number=number),
        *to_each(outcome.tell, f"grievances.closed_{choice}", number=number),
        *(ask_rating_joined(number, each, community) for each in outcome.joined),
    ]
    if outcome.call_back:
        community.phone_list.add(message.person, Reason.DISSATISFIED, message.received_at)
        replies += to_each(outcome.call_back, "grievances.call_back", number=number, resident=message.person.name)
    return replies


@router.when_back("grievances.rating")
def think_again(message: Message, community: Community, question: Question) -> Reply:
    """Back from the mark to the question before it."""
    grievance = community.grievances.verdicts.take_back(question.about["number"], message.person, message.received_at)
    return ask_verdict(grievance, community)


@router.command("grievances.look_up")
def look_up(message: Message, community: Community, number: int | None = None) -> Replies:
    """Who has it, at which step, until when; without a number, the newest of one's own."""
    if number is None:
        progress = community.grievances.verdicts.latest(message.person, message.received_at)
    else:
        progress = community.grievances.verdicts.look_up(number, message.person)
    in_group = [] if progress.grievance.private else [say_in_group("grievances.look_up_in_group")]
    return [*in_group, *_progress(progress, community)]


@router.command("grievances.urge")
def urge(message: Message, community: Community, number: int | None = None) -> Replies:
    """「催 0012」: once a day."""
    outcome = community.grievances.verdicts.urge(number, message.person, message.received_at)
    grievance = outcome.grievance
    values: dict[str, Any] = {
        "number": grievance.number,
        "place": grievance.place,
        "resolve_by": grievance.resolve_by,
    }
    key = "grievances.urge_passed_up" if outcome.above else "grievances.urge_passed_on"
    return [
        say(key, number=grievance.number),
        *to_each(outcome.handlers, "grievances.urged", **values),
        *to_each(outcome.above, "grievances.urged_above", **values),
    ]


@router.command("grievances.withdraw")
def withdraw(message: Message, community: Community, number: int | None = None) -> Replies:
    """「撤回 0012」."""
    outcome = community.grievances.verdicts.withdraw(number, message.person, message.received_at)
    no_longer_asked(outcome.grievance, community, message.received_at)
    values: dict[str, Any] = {"number": outcome.grievance.number}
    return [say("grievances.withdrawn", **values), *to_each(outcome.tell, "grievances.withdrawn_for_staff", **values)]


def ask_rating_joined(number: int, person_id: str, community: Community, *, urgency: Urgency = Urgency.NOTICE) -> Reply:
    """Somebody who joined may rate too, once it is closed."""
    return ask(
        "grievances.ask_rating_joined",
        "grievances.rating",
        {"number": number, "joined": True},
        to=person_id,
        open_for=community.rules.verdict_open,
        urgency=urgency,
        number=number,
    )


def _ask_rating(number: int, community: Community) -> Reply:
    return ask("grievances.ask_rating", "grievances.rating", {"number": number}, open_for=community.rules.verdict_open)


def _progress(progress: Progress, community: Community) -> Replies:
    grievance = progress.grievance
    if progress.is_own and grievance.state is State.HANDLED:
        return [_ask_here(grievance, community)]
    if progress.is_own and grievance.state is State.DRAFT:
        return [ask_confirm(grievance)] if grievance.place_id else ask_place(PlaceMissing(grievance))
    place = grievance.place if progress.knows_place else _area(grievance, community)
    if grievance.outcome is Outcome.UNANSWERED:
        return [say("grievances.progress_unanswered", number=grievance.number, place=place)]
    return [
        say(
            f"grievances.progress_{grievance.state}",
            number=grievance.number,
            place=place,
            holder=progress.holder or "社区",
            respond_by=grievance.respond_by,
            resolve_by=grievance.resolve_by,
            into=grievance.merged_into or 0,
        )
    ]


def _area(grievance: Grievance, community: Community) -> str:
    """Where it is, without a neighbour's door."""
    node = community.tree.nodes.get(grievance.place_id or grievance.community_id)
    return node.name if node else ""


def _ask_here(grievance: Grievance, community: Community) -> Reply:
    return ask(
        "grievances.ask_verdict_again",
        "grievances.verdict",
        {"number": grievance.number},
        open_for=community.rules.verdict_open,
        number=grievance.number,
    )
