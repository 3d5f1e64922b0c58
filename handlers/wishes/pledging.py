"""Crowd wishes in conversation: 「众筹 W09 20床被子 到12月20日」, 「W09 出2床」, 「W09 收到 王芳 2床」."""

import re
from datetime import date, datetime

from community import Community
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from community.wishes.outcomes import Crowd, Giver, Pledged, TickedOff, Told, Wanted, WhichGiver, Wish
from community.wishes.steps import Step
from handlers import affairs
from handlers.answering import group_node, privately
from handlers.hearing.wishes import (
    Amount,
    CrowdWanted,
    fits_unit,
    hear_crowd,
    hear_wish,
    is_change,
    names_money,
    read_amount,
)
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import router
from handlers.speaking.texts import in_words
from handlers.wishes.wording import NUMBERS, chats, days, ended, fulfilled, how, id_of, lists, missing, post, sayable

MONEY_HERE = ("钱", "红包", "现金")
_AMOUNT_AT_END = re.compile(
    r"(?P<name>.+?)(?:[\s,:的]+(?P<amount>-?[\d一二两三四五六七八九十百千半].*)|(?P<digits>-?\d.*))"
)
"""王芳 2床, 王芳2床; but 王五 is a name."""


# --- opening one ----------------------------------------------------------------------------------------------


@router.command("wishes.crowd")
@privately
def open_crowd(message: Message, community: Community, wish: str = "", words: str = "") -> Replies | Reply:
    """A wish for many: one that there is, or a new one. Staff see the words for everybody before they go out."""
    heard = hear_crowd(words, message.received_at.astimezone(community.rules.zone))
    if heard.is_money or names_money(words, lists("wish_money")):
        raise Refused("wishes.money")
    now = message.received_at
    if wish:
        found = community.wishes.reviewing.check(id_of(wish), message.person, Step.CROWD)
        opened = community.wishes.pledging.open(found.id, message.person, _wanted(heard, community, now), now)
        return _opened(opened, community)
    if not community.tree.works_at(
        message.person.id, community.wishes.asking.node(message.person, group_node(message))
    ):
        raise Refused("wishes.staff_only")
    wanted = _wanted(heard, community, now)
    purpose = _purpose(heard, wanted, community)
    told = _told(purpose, community)
    asked = community.wishes.asking.ask(message.person, group_node(message), told, message.incoming.group, now)
    return _opened(community.wishes.pledging.open(asked.wish.id, message.person, wanted, now), community)


@router.answer("wishes.post_crowd", "yes", "no")
def post_crowd(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """Whether a crowd wish goes out in these words."""
    wish_id, now = int(question.about["wish"]), message.received_at
    if choice == "no":
        found = community.wishes.reviewing.check(wish_id, message.person, Step.POST)
        return say("wishes.crowd_kept", code=found.code)
    posted = community.wishes.reviewing.post(wish_id, message.person, "", now)
    return [say("wishes.crowd_opened", code=posted.code, unit=posted.unit), *post(posted, community)]


# --- pledging -------------------------------------------------------------------------------------------------


@router.command("wishes.pledge")
@privately
def pledge(message: Message, community: Community, wish: str, amount: str = "", words: str = "") -> Replies | Reply:
    """「W09 出2床」, 「W09 改成1床」: things or hours, never money."""
    now, said = message.received_at, amount or words
    crowd = community.wishes.pledging.crowd(id_of(wish), message.person, group_node(message), now)
    whole = _whole(read_amount(said), said, crowd.wish)
    if is_change(message.text):
        if whole == 0:
            outcome = community.wishes.pledging.withdraw(crowd.wish.id, message.person, now)
            return say("wishes.pledge_withdrawn", code=outcome.crowd.wish.code)
        outcome = community.wishes.pledging.change(crowd.wish.id, message.person, group_node(message), whole, now)
        return _pledged(outcome, community)
    if 0 < crowd.left < whole <= crowd.goal:
        about: dict[str, Plain] = {"wish": crowd.wish.id, "amount": crowd.left, "node": group_node(message)}
        return ask("wishes.ask_rest", "wishes.rest", about, code=crowd.wish.code, left=crowd.left, unit=crowd.wish.unit)
    outcome = community.wishes.pledging.pledge(crowd.wish.id, message.person, group_node(message), whole, now)
    return _pledged(outcome, community)


@router.answer("wishes.rest", "yes", "no", optional=True)
def rest(message: Message, community: Community, question: Question, choice: str) -> Reply:
    """Whether they give what is still missing, which is less than they said."""
    about, now = question.about, message.received_at
    wish_id = int(about["wish"])
    if choice == "no":
        return say("wishes.not_rest", code=community.wishes.ledger.existing(wish_id).code)
    amount = int(about["amount"])
    return _pledged(community.wishes.pledging.pledge(wish_id, message.person, about["node"], amount, now), community)


@router.answer("wishes.givers_thanks", "named", "unnamed", optional=True)
def thanks(message: Message, community: Community, question: Question, choice: str) -> Reply:
    """Whether a giver is thanked by name. Asked once."""
    named = choice == "named"
    community.wishes.pledging.consent(
        int(question.about["wish"]), message.person, by_name=named, now=message.received_at
    )
    return say("wishes.thanks_named" if named else "wishes.thanks_unnamed")


@router.when_dropped("wishes.givers_thanks")
def thanks_dropped(message: Message, community: Community, question: Question) -> Replies:
    """「取消」 after pledging means the pledge, or whatever else one has."""
    return affairs.cancel(message, community)


# --- for staff ------------------------------------------------------------------------------------------------


@router.command("wishes.givers")
@privately
def givers(message: Message, community: Community, wish: str) -> Reply:
    """「W09 名单」: who gives what, for staff alone."""
    crowd, found = community.wishes.pledging.givers(id_of(wish), message.person)
    if not found:
        return say("wishes.givers_none", code=crowd.wish.code)
    lines = "\n".join(_giver_line(number, each, crowd.wish, community) for number, each in enumerate(found, start=1))
    return say(
        "wishes.givers",
        code=crowd.wish.code,
        goal=crowd.goal,
        unit=crowd.wish.unit,
        pledged=crowd.pledged,
        delivered=crowd.delivered,
        lines=lines,
    )


@router.command("wishes.tick_off")
@privately
def tick_off(message: Message, community: Community, wish: str, words: str) -> Replies | Reply:
    """「W09 收到 王芳 2床」; without an amount all that she still owes."""
    crowd, _ = community.wishes.pledging.givers(id_of(wish), message.person)
    found = _AMOUNT_AT_END.fullmatch(words.strip())
    name = (found["name"] if found else words).strip(" ,:的")
    said = (found["amount"] or found["digits"]) if found else ""
    amount = _whole(read_amount(said), said, crowd.wish) if said else None
    giver = community.wishes.pledging.giver(crowd.wish.id, message.person, name)
    if isinstance(giver, WhichGiver):
        return _which(giver, amount, community)
    return _tick_off(crowd.wish.id, giver.person_id, amount, message, community)


@router.answer("wishes.which_giver", *NUMBERS, stays_open=True, optional=True)
def giver_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """The one that was meant."""
    about = question.about
    if f"person{choice}" not in about:
        return ask(question.prompt_key, question.kind, about, **question.prompt_values)
    amount = int(about["amount"]) if about["amount"] is not None else None
    return _tick_off(int(about["wish"]), str(about[f"person{choice}"]), amount, message, community)


@router.command("wishes.shrink")
@privately
def shrink(message: Message, community: Community, wish: str, words: str) -> Replies | Reply:
    """「W09 缩到 15床」."""
    crowd, _ = community.wishes.pledging.givers(id_of(wish), message.person)
    goal = _whole(read_amount(words), words, crowd.wish)
    outcome = community.wishes.pledging.shrink(crowd.wish.id, message.person, goal, message.received_at)
    if isinstance(outcome, TickedOff):
        return _completed(outcome, message, community)
    return say(
        "wishes.crowd_shrunk",
        code=outcome.wish.code,
        goal=outcome.goal,
        unit=outcome.wish.unit,
        missing=missing(outcome.left, outcome.wish.unit, community),
    )


@router.command("wishes.end")
@privately
def end(message: Message, community: Community, wish: str) -> Replies:
    """「W09 结束」: it does not get there."""
    outcome = community.wishes.pledging.end(id_of(wish), message.person, message.received_at)
    crowd = outcome.crowd or Crowd(outcome.wish, 0, 0)
    return [
        say(
            "wishes.ended",
            code=outcome.wish.code,
            pledged=crowd.pledged,
            goal=crowd.goal,
            unit=outcome.wish.unit,
        ),
        *ended(outcome, message.person.id),
    ]


def prolong_crowd(wish_id: int, until: date, message: Message, community: Community) -> Replies:
    """「W09 延到 1月10日」."""
    crowd = community.wishes.pledging.prolong(wish_id, message.person, until, message.received_at)
    code, unit, left = crowd.wish.code, crowd.wish.unit, missing(crowd.left, crowd.wish.unit, community)
    return [
        say("wishes.crowd_prolonged", code=code, closes_on=until, missing=left),
        *(
            say(
                "wishes.crowd_prolonged_in_group",
                to=chat,
                urgency=Urgency.ANNOUNCEMENT,
                code=code,
                closes_on=until,
                missing=left,
                unit=unit,
            )
            for chat in chats(crowd.wish, community)
        ),
    ]


# --- inside ---------------------------------------------------------------------------------------------------


def _wanted(heard: CrowdWanted, community: Community, now: datetime) -> Wanted:
    """Raises `Refused` for what is missing or cannot be."""
    if heard.goal is None or heard.closes_on is None or not heard.unit:
        raise Refused("wishes.crowd_how")
    wanted = Wanted(heard.goal, heard.unit, heard.thing[:20], heard.closes_on)
    community.wishes.pledging.check_wanted(wanted, now)
    return wanted


def _purpose(heard: CrowdWanted, wanted: Wanted, community: Community) -> str:
    if not heard.purpose:
        return heard.thing
    if not wanted.thing:
        return heard.purpose
    return in_words("wishes.crowd_needs", community, purpose=heard.purpose, thing=wanted.thing)


def _told(purpose: str, community: Community) -> Told:
    """Staff's own words go to everybody as they are, unless they tell too much. Raises `Refused`."""
    names = community.wishes.asking.names()
    heard = hear_wish(purpose, "", names, (), lists("wish_categories"))
    if not purpose:
        raise Refused("wishes.crowd_how")
    return Told(heard.words, "", heard.who, heard.category, purpose)


def _opened(wish: Wish, community: Community) -> Replies | Reply:
    if wish.posted_at is not None:
        return [say("wishes.crowd_opened", code=wish.code, unit=wish.unit), *post(wish, community)]
    if not wish.public_words:
        raise Refused("wishes.say_publicly", code=wish.code)
    sayable(wish, wish.public_words, community)
    return ask(
        "wishes.crowd_proposed",
        "wishes.post_crowd",
        {"wish": wish.id},
        code=wish.code,
        public=wish.public_words,
        goal=wish.goal,
        unit=wish.unit,
        closes_on=days(wish.closes_on),
    )


def _whole(amount: Amount, said: str, wish: Wish) -> int:
    """How many, in the unit of the wish. Raises `Refused`."""
    code, unit = wish.code, wish.unit
    if amount.is_money or any(each in said for each in MONEY_HERE):
        raise Refused("wishes.money_in_pledge", code=code, unit=unit)
    if amount.whole is None:
        raise Refused("wishes.how_much", code=code, unit=unit)
    if not fits_unit(amount.rest, unit):
        raise Refused("wishes.wrong_unit", code=code, unit=unit)
    if amount.halved:
        raise Refused("wishes.whole_ones", code=code, unit=unit)
    return amount.whole


def _pledged(outcome: Pledged, community: Community) -> Reply:
    wish = outcome.crowd.wish
    left, unit = missing(outcome.crowd.left, wish.unit, community), wish.unit
    if outcome.asks_name:
        return ask(
            "wishes.pledged_asks_name",
            "wishes.givers_thanks",
            {"wish": wish.id},
            code=wish.code,
            own=outcome.own,
            unit=unit,
            missing=left,
            how=how(unit, community),
        )
    return say("wishes.pledged", code=wish.code, own=outcome.own, unit=unit, missing=left, how=how(unit, community))


def _giver_line(number: int, giver: Giver, wish: Wish, community: Community) -> str:
    there = ""
    if giver.delivered == giver.pledged:
        there = in_words("wishes.giver_all_there", community)
    elif giver.delivered:
        there = in_words("wishes.giver_there", community, delivered=giver.delivered, unit=wish.unit)
    return in_words(
        "wishes.giver_line",
        community,
        number=number,
        name=giver.name,
        pledged=giver.pledged,
        unit=wish.unit,
        there=there,
    )


def _which(which: WhichGiver, amount: int | None, community: Community) -> Reply:
    about: dict[str, Plain] = {"wish": which.wish.id, "amount": amount}
    lines = []
    for number, each in zip(NUMBERS, which.givers, strict=False):
        about[f"person{number}"] = each.person_id
        lines.append(_giver_line(int(number), each, which.wish, community))
    return ask("wishes.which_giver", "wishes.which_giver", about, lines="\n".join(lines))


def _tick_off(
    wish_id: int, giver_id: str, amount: int | None, message: Message, community: Community
) -> Replies | Reply:
    outcome = community.wishes.pledging.tick_off(wish_id, message.person, giver_id, amount, message.received_at)
    if outcome.fulfilled is not None:
        return _completed(outcome, message, community)
    crowd = outcome.crowd
    return say(
        "wishes.ticked_off",
        code=crowd.wish.code,
        name=outcome.giver.name,
        amount=outcome.amount,
        unit=crowd.wish.unit,
        delivered=crowd.delivered,
        goal=crowd.goal,
    )


def _completed(outcome: TickedOff, message: Message, community: Community) -> Replies:
    wish = outcome.crowd.wish
    said: list[Reply] = [say("wishes.completed", code=wish.code, goal=wish.goal, unit=wish.unit)]
    if wish.wisher_id != message.person.id:
        said.append(say("wishes.crowd_for_wisher", to=wish.wisher_id, fallback_group=wish.group, code=wish.code))
    return [*said, *(fulfilled(outcome.fulfilled, community) if outcome.fulfilled else [])]
