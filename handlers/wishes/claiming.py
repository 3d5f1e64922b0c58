"""Claiming and bringing: 「认领 W05」, 「送到 W05」, 「收到 W05」, and the questions in between."""

import re
from datetime import timedelta

from community import Community
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from community.wishes.outcomes import Claimed, Delivered, Missed, Placed
from handlers import affairs
from handlers.answering import group_node, privately
from handlers.messages import Message, Replies, Reply, ask, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import in_words
from handlers.wishes.lists import wall_page
from handlers.wishes.wording import fulfilled, id_of, is_service, shows

ANSWERED_WITHIN = timedelta(days=7)
LONGEST_NAME = 40

_TEAM = re.compile("队|小组")
_UNIT = re.compile("(?:我们|本|我)?(?:单位|公司)[\\s:\uff1a]*(?:来|要|想)?(?:认领|领)?\\s*(?P<name>\\S.*)?")


@router.command("wishes.claim")
@privately
def claim(message: Message, community: Community, wish: str = "", words: str = "") -> Replies | Reply:
    """「认领 W05」, for oneself, a team that one leads, or a unit. Without a number: what there is."""
    if not wish:
        return wall_page(message, community, group_node(message))
    wish_id, now = id_of(wish), message.received_at
    claimed_for = _for_whom(wish_id, words or message.text.partition(wish)[2] or message.text, message, community)
    outcome = community.wishes.claiming.claim(wish_id, message.person, group_node(message), claimed_for, now)
    return [say_in_group("wishes.claimed_in_group", code=outcome.wish.code), *_claimed(outcome, community)]


@router.answer("wishes.place", "station", "home")
def place(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """Where the wisher wants it."""
    wish_id = int(question.about["wish"])
    if choice == "home":
        return ask("wishes.ask_address", "wishes.address", {"wish": wish_id}, open_for=ANSWERED_WITHIN)
    outcome = community.wishes.claiming.place(wish_id, message.person, "", message.received_at)
    service = is_service(outcome.wish)
    return [
        say("wishes.place_station_of_service" if service else "wishes.place_station", station=outcome.station),
        *_to_claimer(outcome),
    ]


@router.answer("wishes.address")
def address(message: Message, community: Community, question: Question, words: str) -> Replies:
    """The address, which goes to the claimer and to nobody else."""
    wish_id = int(question.about["wish"])
    outcome = community.wishes.claiming.place(wish_id, message.person, words, message.received_at)
    return [say("wishes.place_home"), *_to_claimer(outcome)]


@router.command("wishes.delivered")
@privately
def delivered(message: Message, community: Community, wish: str) -> Replies:
    """「送到 W05」 by the claimer or by staff: the wisher is asked."""
    outcome = community.wishes.claiming.deliver(id_of(wish), message.person, message.received_at)
    return _delivered(outcome, message, community)


@router.command("wishes.received")
@privately
def received(message: Message, community: Community, wish: str) -> Replies:
    """「收到 W05」, 「没收到 W05」 by the wisher, or by staff for them."""
    return (_missed if "没" in message.text else _received)(id_of(wish), message, community)


@router.answer("wishes.received", "received", "missed")
def received_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """What the wisher says when asked."""
    wish_id = int(question.about["wish"])
    return (_received if choice == "received" else _missed)(wish_id, message, community)


@router.answer("wishes.thanks", "named", "unnamed", optional=True)
def thanks(message: Message, community: Community, question: Question, choice: str) -> Reply:
    """Whether the claimer is thanked by name. Asked once."""
    wish_id, named = int(question.about["wish"]), choice == "named"
    community.wishes.claiming.consent(wish_id, message.person, by_name=named, now=message.received_at)
    return say("wishes.thanks_named" if named else "wishes.thanks_unnamed")


@router.when_dropped("wishes.thanks")
def thanks_dropped(message: Message, community: Community, question: Question) -> Replies:
    """「取消」 after claiming means the claim, or whatever else one has."""
    return affairs.cancel(message, community)


def ask_received(outcome: Delivered, community: Community) -> Reply:
    """The wisher is asked whether it has come."""
    wish = outcome.wish
    station = community.wishes.ledger.station(wish.node_id)
    where = "" if wish.address or is_service(wish) else in_words("wishes.at_station", community, station=station)
    return ask(
        "wishes.ask_helped" if is_service(wish) else "wishes.ask_received",
        "wishes.received",
        {"wish": wish.id},
        to=wish.wisher_id,
        open_for=2 * ANSWERED_WITHIN,
        urgency=Urgency.NOTICE,
        fallback_group=wish.group,
        code=wish.code,
        where=where,
    )


def _for_whom(wish_id: int, words: str, message: Message, community: Community) -> str:
    """The team or unit for which somebody claims; empty: for themselves. Raises `Refused`."""
    if _TEAM.search(words):
        return community.wishes.claiming.team_of(wish_id, message.person, words).name
    found = _UNIT.search(words)
    if found is None:
        return ""
    name = (found["name"] or "").strip()[:LONGEST_NAME] or community.wishes.claiming.unit_of(message.person)
    if not name:
        raise Refused("wishes.which_unit", code=community.wishes.ledger.existing(wish_id).code)
    return name


def _claimed(outcome: Claimed, community: Community) -> Replies:
    wish = outcome.wish
    team = in_words("wishes.claimed_team", community, team=wish.claimed_for) if wish.claimed_for else ""
    service = is_service(wish)
    return [
        ask(
            "wishes.claimed_service" if service else "wishes.claimed",
            "wishes.thanks",
            {"wish": wish.id},
            open_for=2 * ANSWERED_WITHIN,
            code=wish.code,
            team=team,
            public=wish.public_words,
            station=outcome.station,
        ),
        ask(
            "wishes.ask_place_of_service" if service else "wishes.ask_place",
            "wishes.place",
            {"wish": wish.id},
            to=wish.wisher_id,
            open_for=ANSWERED_WITHIN,
            urgency=Urgency.NOTICE,
            fallback_group=wish.group,
            code=wish.code,
        ),
    ]


def _to_claimer(outcome: Placed) -> Replies:
    code, address = outcome.wish.code, outcome.wish.address
    if address:
        seen = shows(outcome.wish, "address")
        return [say("wishes.place_for_claimer", to=outcome.claimer_id, code=code, address=address, shows=seen)]
    if is_service(outcome.wish):
        return [say("wishes.place_for_claimer_station", to=outcome.claimer_id, code=code, station=outcome.station)]
    return []


def _delivered(outcome: Delivered, message: Message, community: Community) -> Replies:
    code = outcome.wish.code
    by_claimer = outcome.claimer_id == message.person.id
    claimer = [] if by_claimer else [say("wishes.delivered_claimer", to=outcome.claimer_id, code=code)]
    return [say("wishes.delivered", code=code), *claimer, ask_received(outcome, community)]


def _received(wish_id: int, message: Message, community: Community) -> Replies:
    outcome = community.wishes.claiming.receive(wish_id, message.person, message.received_at)
    key = "wishes.received" if outcome.wish.wisher_id == message.person.id else "wishes.received_staff"
    return [say(key, code=outcome.wish.code), *fulfilled(outcome, community)]


def _missed(wish_id: int, message: Message, community: Community) -> Replies:
    outcome: Missed = community.wishes.claiming.miss(wish_id, message.person, message.received_at)
    code = outcome.wish.code
    return [
        say("wishes.missed", code=code),
        say("wishes.missed_claimer", to=outcome.claimer_id, code=code),
        *(say("wishes.missed_staff", to=each, code=code) for each in outcome.tell if each != message.person.id),
    ]
