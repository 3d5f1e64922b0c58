"""Certificates in conversation: asked for, issued or refused by the community, checked by anybody."""

import re
from datetime import datetime

from community import Community
from community.parts.figures import Period
from community.privacy import Shown
from community.refused import Refused
from community.volunteers.certificates import Asked, Certificate, Issued, read_number
from handlers.answering import privately
from handlers.messages import Message, Replies, Reply, say
from handlers.periods import in_days, read_period
from handlers.routing import router
from handlers.speaking.amounts import in_hours
from handlers.speaking.names import masked

PICTURE = "certificate"
"""The kind of drawing that `bot/drawings.py` knows a certificate by."""

MOST_LISTED = 10

_DAYS = re.compile(r"\d|[今去前本明后]年|[本上]个?月|这个?月|[一二三四五六七八九十]月|季度|[上下]半年|[本上这]周")
_BARE_YEAR = re.compile(r"20\d\d")


def named_days(words: str) -> str:
    """Words that name days; a bare year as a year. Empty where they name none: 开证明 谢谢."""
    words = words.strip()
    if _BARE_YEAR.fullmatch(words):
        return f"{words}年"
    return words if _DAYS.search(words) else ""


@router.command("volunteers.certificate")
@privately
def certificate(message: Message, community: Community, words: str = "") -> Replies:
    """「开证明」 「志愿证明 2026年1月到6月」: without days this year."""
    return ask_for_certificate(message, community, words)


def ask_for_certificate(message: Message, community: Community, words: str) -> Replies:
    """The community is asked to confirm somebody's hours."""
    now = message.received_at.astimezone(community.rules.zone)
    period = read_period(named_days(words) or "今年", now, texts="certificates")
    outcome = community.volunteers.certificates.ask(message.person, period, now)
    if isinstance(outcome, Issued):
        return [_issued(outcome, now)]
    return _asked(outcome, now)


@router.command("volunteers.certificates_waiting")
@privately
def waiting(message: Message, community: Community) -> Replies:
    """「待发证明」: what waits for the community."""
    return _list(community.volunteers.certificates.waiting(message.person), message.received_at, community)


@router.command("volunteers.issue_certificate")
@privately
def issue(message: Message, community: Community, number: int | None = None) -> Replies:
    """「发证明 3」; without a number where only one waits."""
    now = message.received_at.astimezone(community.rules.zone)
    if number is None:
        found = community.volunteers.certificates.waiting(message.person)
        if len(found) != 1:
            return _list(found, now, community)
        number = found[0].id
    outcome = community.volunteers.certificates.issue(message.person, number, now)
    certified = outcome.certificate
    return [
        say("certificates.issued_for", number=certified.number, name=certified.name, hours=in_hours(certified.minutes)),
        _issued(outcome, now, to=certified.person_id),
    ]


@router.command("volunteers.refuse_certificate")
@privately
def refuse(message: Message, community: Community, number: int | None = None, words: str = "") -> Replies:
    """「不发证明 3 原因」."""
    if number is None:
        raise Refused("certificates.which")
    outcome = community.volunteers.certificates.refuse(message.person, number, words, message.received_at)
    refused = outcome.certificate
    return [
        say("certificates.refused_for", name=refused.name),
        say("certificates.refused", to=refused.person_id, reason=outcome.reason),
    ]


@router.command("volunteers.verify")
@privately
def verify(message: Message, community: Community, words: str = "") -> Replies:
    """「核验 ZY2026-0001」: whether it is valid, for whom by the first character, which days, how much."""
    number = read_number(words)
    if number is None:
        raise Refused("certificates.which_number")
    now = message.received_at.astimezone(community.rules.zone)
    found = community.volunteers.certificates.by_number(number)
    name, hours = masked(found.name), in_hours(found.minutes)
    return [say("certificates.valid", number=number, name=name, days=_days(found, now), hours=hours)]


def _asked(outcome: Asked, now: datetime) -> Replies:
    asked = outcome.certificate
    days, hours = _days(asked, now), in_hours(asked.minutes)
    if not outcome.is_new:
        return [say("certificates.asked_already", days=days, hours=hours)]
    return [
        say("certificates.asked", days=days, hours=hours),
        *(
            say(
                "certificates.to_confirm",
                to=each,
                number=asked.id,
                name=asked.name,
                days=days,
                hours=hours,
                shows=shows(asked),
            )
            for each in outcome.tell
        ),
    ]


def _issued(outcome: Issued, now: datetime, to: str | None = None) -> Reply:
    """With the picture of it."""
    issued = outcome.certificate
    number, days, hours = issued.number, _days(issued, now), in_hours(issued.minutes)
    pictures = (f"{PICTURE}:{number}",)
    if to is None:
        return say("certificates.issued", pictures=pictures, number=number, days=days, hours=hours)
    return say("certificates.issued", to=to, pictures=pictures, number=number, days=days, hours=hours)


def _list(found: list[Certificate], now: datetime, community: Community) -> Replies:
    if not found:
        return [say("certificates.none_wait")]
    local = now.astimezone(community.rules.zone)
    return [
        say(
            "certificates.waits",
            number=each.id,
            name=each.name,
            days=_days(each, local),
            hours=in_hours(each.minutes),
            shows=shows(each),
        )
        for each in found[:MOST_LISTED]
    ]


def shows(certificate: Certificate) -> tuple[Shown, ...]:
    """Whose name is told: see `Reply.shows`."""
    return (Shown(f"certificate:{certificate.id}", "name"),)


def _days(each: Certificate, now: datetime) -> str:
    return in_days(Period(each.first_day, each.last_day), now)
