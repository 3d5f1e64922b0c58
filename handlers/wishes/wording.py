"""What the parts of this service share in saying things."""

from datetime import date
from typing import Any

from community import Community
from community.parts.notice import GroupChat, Urgency
from community.privacy import Shown
from community.refused import Refused
from community.wishes.outcomes import Crowd, Ended, Fulfilled, GivenBack, Wish, WishState
from handlers.hearing.wishes import LONGEST_PUBLIC, is_telling
from handlers.messages import Replies, Reply, say
from handlers.phrasebook import load as phrases
from handlers.speaking.texts import day, in_words

__all__ = [
    "NUMBERS",
    "chats",
    "days",
    "ended",
    "fulfilled",
    "given_back",
    "how",
    "id_of",
    "is_service",
    "lists",
    "missing",
    "post",
    "sayable",
    "state_words",
    "whom",
]

NUMBERS = tuple("123456789")
HOURS = "小时"


def id_of(code: str) -> int:
    """The number of a wish that people call W05."""
    return int(code.lstrip("W") or 0)


def lists(name: str) -> tuple[str, ...]:
    """A list of words from the phrases."""
    return phrases().words[name]


def is_service(wish: Wish) -> bool:
    """Whether it is company or a helping hand, which nobody brings to a station."""
    return wish.category in lists("wish_services")


def whom(wish: Wish, community: Community) -> str:
    """For whom, where it is not for the wisher."""
    return in_words("wishes.review_whom", community, whom=wish.for_whom) if wish.for_whom else ""


def shows(wish: Wish, fields: str) -> tuple[Shown, ...]:
    """That somebody is told these fields of it as they are: see `Reply.shows`."""
    return (Shown(f"wish:{wish.id}", fields),)


def days(closes_on: date | None) -> str:
    """The last day of a crowd wish, as words: a question may keep them."""
    return day(closes_on) if closes_on is not None else ""


def state_words(wish: Wish, community: Community) -> str:
    """Where a wish stands."""
    if wish.goal is not None and wish.state is WishState.POSTED:
        return in_words("wishes.state_crowd", community)
    return in_words(f"wishes.state_{wish.state}", community)


def missing(left: int, unit: str, community: Community) -> str:
    """What a crowd wish still needs, as words."""
    if left == 0:
        return in_words("wishes.nothing_missing", community)
    return in_words("wishes.missing", community, left=left, unit=unit)


def how(unit: str, community: Community) -> str:
    """What a giver does with things, and what with hours."""
    return in_words("wishes.bring_hours" if unit == HOURS else "wishes.bring_things", community)


def chats(wish: Wish, community: Community) -> list[GroupChat]:
    """The groups that hear of a wish, of those that can be reached now."""
    accounts = community.notices.channels
    return [
        GroupChat(each.channel, accounts[each.channel], each.external_id)
        for each in community.wishes.asking.groups(wish)
        if each.channel in accounts
    ]


def post(wish: Wish, community: Community) -> Replies:
    """Everybody hears of a wish; nobody hears whose it is."""
    values: dict[str, Any] = {"code": wish.code, "public": wish.public_words}
    if wish.goal is None:
        return [
            say("wishes.posted", to=chat, urgency=Urgency.ANNOUNCEMENT, category=wish.category, **values)
            for chat in chats(wish, community)
        ]
    return [
        say(
            "wishes.posted_crowd",
            to=chat,
            urgency=Urgency.ANNOUNCEMENT,
            goal=wish.goal,
            unit=wish.unit,
            closes_on=wish.closes_on,
            how=how(wish.unit, community),
            **values,
        )
        for chat in chats(wish, community)
    ]


def fulfilled(outcome: Fulfilled, community: Community) -> Replies:
    """It came true: thanks to those who gave, and by name in the groups only to those who want it."""
    wish = outcome.wish
    names = "\u3001".join(outcome.thanks)
    who = names or in_words("wishes.kind_people", community)
    if names and outcome.unnamed:
        who += in_words("wishes.and_kind_people", community, count=outcome.unnamed)
    key = "wishes.thanked" if wish.goal is None else "wishes.crowd_thanked"
    return [
        *(say(key, to=each, code=wish.code) for each in outcome.givers if each),
        *(
            say("wishes.fulfilled", to=chat, urgency=Urgency.ANNOUNCEMENT, code=wish.code, who=who)
            for chat in chats(wish, community)
        ),
    ]


def given_back(outcome: GivenBack, community: Community, actor_id: str) -> Replies:
    """It is up again: staff hear why, the wisher that somebody else is looked for."""
    wish = outcome.wish
    told = [each for each in outcome.tell if each != actor_id]
    if outcome.claimer_id:
        staff = [say("wishes.claim_over_staff", to=each, code=wish.code) for each in told]
    elif outcome.reason:
        staff = [
            say("wishes.given_back_staff", to=each, code=wish.code, reason=outcome.reason, shows=shows(wish, "reason"))
            for each in told
        ]
    else:
        staff = [say("wishes.given_back_silently", to=each, code=wish.code) for each in told]
    return [
        say("wishes.given_back_wisher", to=wish.wisher_id, fallback_group=wish.group, code=wish.code),
        *(say("wishes.claim_over_claimer", to=each, code=wish.code) for each in [outcome.claimer_id] if each),
        *staff,
    ]


def ended(outcome: Ended, actor_id: str) -> Replies:
    """It cannot be met: the wisher hears it with the reason, those who help only that it is over."""
    wish, crowd = outcome.wish, outcome.crowd
    said: list[Reply] = []
    if wish.wisher_id != actor_id:
        said.append(_ended_for_wisher(wish, crowd))
    key = "wishes.ended_for_giver" if crowd is not None else "wishes.unmet_helper"
    return [*said, *(say(key, to=each, code=wish.code) for each in outcome.tell if each != wish.wisher_id)]


def _ended_for_wisher(wish: Wish, crowd: Crowd | None) -> Reply:
    if crowd is not None and not wish.reason:
        return say(
            "wishes.ended_for_wisher",
            to=wish.wisher_id,
            fallback_group=wish.group,
            code=wish.code,
            pledged=crowd.pledged,
            goal=crowd.goal,
            unit=wish.unit,
        )
    return say("wishes.unmet_for_you", to=wish.wisher_id, fallback_group=wish.group, code=wish.code, reason=wish.reason)


def sayable(wish: Wish, words: str, community: Community) -> str:
    """Words of the staff that go to everybody. Raises `Refused` where they tell too much."""
    if is_telling(words, community.wishes.asking.names()):
        raise Refused("wishes.public_telling", code=wish.code)
    if len(words) > LONGEST_PUBLIC:
        raise Refused("wishes.public_too_long", most=LONGEST_PUBLIC, code=wish.code)
    return words
