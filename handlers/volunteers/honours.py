"""The honour list of the month in conversation: only who agreed is named."""

from datetime import datetime

from community import Community
from community.parts.notice import GroupChat, Urgency
from community.parts.questions import Question
from community.volunteers.honours import AskHonour, HonourList
from handlers.answering import privately
from handlers.messages import Message, Replies, Reply, ask, say
from handlers.routing import Job, router
from handlers.speaking.amounts import in_hours


@router.command("volunteers.honour")
@privately
def honour(message: Message, community: Community) -> Replies:
    """「上光荣榜」."""
    return [_decided(message, community, wanted=True)]


@router.command("volunteers.no_honour")
@privately
def no_honour(message: Message, community: Community) -> Replies:
    """「不上光荣榜」."""
    return [_decided(message, community, wanted=False)]


@router.answer("volunteers.honour", "yes", "no", optional=True)
def whether(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """What somebody who gave much answers."""
    return [_decided(message, community, wanted=choice == "yes")]


def _decided(message: Message, community: Community, *, wanted: bool) -> Reply:
    community.volunteers.honours.decide(message.person, wanted, message.received_at)
    return say("hours.honour_yes" if wanted else "hours.honour_no")


def tell(community: Community, now: datetime) -> Replies:
    """On the first of the month: who is named, and who is asked."""
    said: list[Reply] = []
    for happened in community.volunteers.honours.run(now):
        match happened:
            case HonourList():
                said += _list(happened, community)
            case AskHonour(person_id, month, minutes):
                said.append(
                    ask(
                        "hours.ask_honour",
                        "volunteers.honour",
                        {},
                        to=person_id,
                        open_for=community.rules.verdict_open,
                        urgency=Urgency.REMINDER,
                        month=month.month,
                        hours=in_hours(minutes),
                    )
                )
    return said


def _list(happened: HonourList, community: Community) -> Replies:
    accounts = community.notices.channels
    named = "、".join(f"{each.name}{in_hours(each.minutes)}" for each in happened.named)
    return [
        say(
            "hours.honours",
            to=GroupChat(group.channel, accounts[group.channel], group.external_id),
            urgency=Urgency.ANNOUNCEMENT,
            month=happened.month.month,
            named=named,
        )
        for group in happened.groups
        if group.channel in accounts
    ]


JOBS = (Job("volunteers.honours", due=lambda community: community.volunteers.honours.next_due(), run=tell),)
