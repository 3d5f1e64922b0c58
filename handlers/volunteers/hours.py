"""Hours in conversation: one's own, somebody's, corrected by leaders; and a new star."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from community import Community
from community.parts.figures import Period
from community.parts.questions import Question
from community.privacy import Shown
from community.refused import Refused
from community.volunteers.hours import Account, Change, Corrected, Named, StarReached
from handlers.answering import privately
from handlers.hearing.amounts import HoursWanted, read_hours
from handlers.hearing.personal import mask
from handlers.messages import Message, Replies, Reply, ask, say
from handlers.periods import in_days, read_period
from handlers.routing import router
from handlers.speaking.amounts import in_hours
from handlers.speaking.texts import in_words
from handlers.volunteers.certificates import ask_for_certificate, named_days

NUMBERS = ("1", "2", "3", "4", "5")
STARS = "一二三四五六七八九十"
KINDS_SHOWN = 3
NO_REASON = frozenset({"没有", "没", "无", "没理由", "没有理由", "不知道", "没原因"})


@router.command("volunteers.hours")
@privately
def show(message: Message, community: Community, words: str = "") -> Replies:
    """「我的时长」 「我的时长 2026」; for those who look after volunteers also 「时长 王芳」."""
    if "证明" in message.text:
        return ask_for_certificate(message, community, words)
    now = message.received_at.astimezone(community.rules.zone)
    if days := named_days(words):
        return _in_days(message, community, days, now)
    if words and (found := community.volunteers.hours.looked_after(message.person, words, now)):
        return [_of_somebody(each, community, now) for each in found[: len(NUMBERS)]]
    if words and _looks_after_somebody(message, community):
        raise Refused("hours.nobody_called", name=words)
    account = _this_year(message.person.id, community, now)
    if account.total == 0:
        return [say("hours.none_yet")]
    values = {"total": in_hours(account.total), "year": in_hours(account.in_days)}
    first = in_words("hours.total", community, star=_star(account, community), **values)
    return [say("hours.mine", lines="\n".join([first + _next(account, community), *_parts(account, community)]))]


def _in_days(message: Message, community: Community, days: str, now: datetime) -> Replies:
    period = read_period(days, now, texts="hours")
    account = community.volunteers.hours.account(message.person.id, period.first, period.last)
    first = in_words("hours.in_days", community, days=in_days(period, now), hours=in_hours(account.in_days))
    return [say("hours.mine", lines="\n".join([first, *_parts(account, community)]))]


def _looks_after_somebody(message: Message, community: Community) -> bool:
    return any(community.tree.works_at(message.person.id, each) for each in community.tree.nodes)


def _of_somebody(named: Named, community: Community, now: datetime) -> Reply:
    account = _this_year(named.person_id, community, now)
    star, home = _star(account, community), _home(named, community)
    values: dict[str, Any] = {"total": in_hours(account.total), "year": in_hours(account.in_days)}
    seen = [Shown(f"person:{named.person_id}", "hours")]
    return say("hours.of_somebody", name=named.name, star=star, home=home, shows=seen, **values)


def _this_year(person_id: str, community: Community, now: datetime) -> Account:
    year = Period(date(now.year, 1, 1), date(now.year, 12, 31))
    return community.volunteers.hours.account(person_id, year.first, year.last)


def _star(account: Account, community: Community) -> str:
    return in_words("hours.with_star", community, stars=STARS[account.stars - 1]) if account.stars else ""


def _next(account: Account, community: Community) -> str:
    if account.next is None:
        return ""
    stars, missing = STARS[account.next.stars - 1], in_hours(account.next.missing)
    return in_words("hours.next_star", community, stars=stars, missing=missing)


def _parts(account: Account, community: Community) -> list[str]:
    """What it is made of: a line by kind, and one by team."""
    other = in_words("hours.other", community)
    lines = [_in_one_line([(name or other, minutes) for name, minutes in account.kinds], other)]
    if account.teams:
        teams = _in_one_line(account.teams, other)
        lines.append(in_words("hours.by_team", community, teams=teams))
    return [line for line in lines if line]


def _in_one_line(parts: Sequence[tuple[str, int]], other: str) -> str:
    shown = list(parts) if len(parts) <= KINDS_SHOWN else list(parts[: KINDS_SHOWN - 1])
    rest = sum(minutes for _, minutes in parts[len(shown) :])
    pairs = [*shown, (other, rest)] if rest else shown
    return "、".join(f"{name}{in_hours(minutes)}" for name, minutes in pairs)


# --- corrected ----------------------------------------------------------------------------------------------


@router.command("volunteers.correct")
@privately
def correct(message: Message, community: Community, words: str = "") -> Replies:
    """「改时长 王芳 +1.5 忘了签到」 「改时长 E012 王芳 2小时 忘了签退」: never one's own."""
    wanted = read_hours(words)
    if wanted is None:
        raise Refused("hours.what_change")
    if wanted.to_be and message.text.startswith("补"):
        wanted = replace(wanted, to_be=False)
    now = message.received_at
    found = community.volunteers.hours.meant(message.person, wanted.name, wanted.event, now)[: len(NUMBERS)]
    if len(found) == 1:
        return _go_on(found[0], wanted, message, community)
    about = _about(wanted) | {"people": "\n".join(each.person_id for each in found)}
    lines = "\n".join(_choice(number, each, community) for number, each in zip(NUMBERS, found, strict=False))
    return [ask("hours.which_person", "volunteers.which_person", about, name=wanted.name, lines=lines)]


@router.answer("volunteers.which_person", *NUMBERS, stays_open=True, optional=True)
def this_one(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which of those with the same name."""
    wanted, ids = _wanted(question), str(question.about["people"]).split("\n")
    if int(choice) > len(ids):
        raise Refused("hours.no_such_choice")
    found = community.volunteers.hours.meant(message.person, wanted.name, wanted.event, message.received_at)
    chosen = [each for each in found if each.person_id == ids[int(choice) - 1]]
    if not chosen:
        raise Refused("hours.nobody_called", name=wanted.name)
    return _go_on(chosen[0], wanted, message, community)


@router.answer("volunteers.reason", optional=True)
def because(message: Message, community: Community, question: Question, words: str) -> Replies:
    """Why hours are corrected. Asked for once."""
    if words.strip(" 。,.!") in NO_REASON:
        raise Refused("hours.no_reason")
    about = question.about
    event = int(about["chosen_event"]) if about["chosen_event"] is not None else None
    named = Named(str(about["person"]), str(about["named"]), str(about["node"]), event)
    return _go_on(named, replace(_wanted(question), reason=words), message, community)


def _go_on(named: Named, wanted: HoursWanted, message: Message, community: Community) -> Replies:
    """Corrects, once there is a reason: an amount that cannot be is refused before anybody thinks of one."""
    change, now = Change(wanted.minutes, wanted.to_be), message.received_at
    minutes = community.volunteers.hours.check(message.person, named, change, now)
    if not wanted.reason:
        about = _about(wanted) | {
            "person": named.person_id,
            "named": named.name,
            "node": named.node_id,
            "chosen_event": named.event_id,
        }
        return [
            ask(
                "hours.ask_reason",
                "volunteers.reason",
                about,
                name=named.name,
                change=_more_or_less(minutes, community),
            )
        ]
    outcome = community.volunteers.hours.correct(message.person, named, change, mask(wanted.reason), now)
    star = router.words_of(outcome.star, community, now) if outcome.star else []
    return [*_corrected(outcome, community), *star]


def _corrected(outcome: Corrected, community: Community) -> Replies:
    change, total = _more_or_less(outcome.minutes, community), in_hours(outcome.total)
    what = in_words("hours.at_event", community, what=outcome.what) if outcome.what else ""
    return [
        say("hours.corrected", name=outcome.name, what=what, change=change, total=total),
        say(
            "hours.corrected_for_you",
            to=outcome.person_id,
            what=what,
            change=change,
            reason=outcome.reason,
            total=total,
        ),
    ]


def _more_or_less(minutes: int, community: Community) -> str:
    key = "hours.more" if minutes > 0 else "hours.less"
    return in_words(key, community, hours=in_hours(abs(minutes)))


def _about(wanted: HoursWanted) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "event": wanted.event,
        "minutes": wanted.minutes,
        "to_be": wanted.to_be,
        "why": wanted.reason,
    }


def _wanted(question: Question) -> HoursWanted:
    about = question.about
    return HoursWanted(about["event"], about["name"], about["minutes"], about["to_be"], about["why"])


def _choice(number: str, named: Named, community: Community) -> str:
    total = in_hours(community.volunteers.hours.total(named.person_id))
    return in_words(
        "hours.choice", community, number=number, name=named.name, home=_home(named, community), total=total
    )


def _home(named: Named, community: Community) -> str:
    """Where somebody lives, to tell those of one name apart: (3号楼); nothing where it is not known."""
    person = community.people.by_id(named.person_id)
    node = community.tree.nodes.get(person.node_id or "") if person else None
    return in_words("hours.home", community, home=node.name) if node else ""


# --- a star -------------------------------------------------------------------------------------------------


@router.words_for(StarReached)
def new_star(outcome: StarReached, community: Community, now: datetime) -> Replies:
    """The volunteer hears it at once, and the workers."""
    stars, total = STARS[outcome.stars - 1], in_hours(outcome.total)
    return [
        say("hours.star", to=outcome.person_id, stars=stars, total=total),
        *(say("hours.star_of", to=each, name=outcome.name, stars=stars, total=total) for each in outcome.tell),
    ]
