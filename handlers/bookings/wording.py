"""What the parts of this service share in saying things."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from community import Community
from community.bookings.outcomes import Booked, Choice, Listed, Offered, Place, Waits
from community.parts.notice import Urgency
from community.privacy import Shown
from community.rota import DutyKind, Reception
from handlers.hearing.behalf import relation
from handlers.messages import Plain, Replies, Reply, ask, say
from handlers.speaking.texts import day, in_words, load

Pick = Literal["book", "change", "wait"]
"""What a number that is asked for does."""

CIRCLED = "\u2460\u2461\u2462\u2463\u2464"
"""Numbers that do not run into the date behind them."""

REASON_WITHIN = timedelta(minutes=30)
"""How long a sentence after a booking is taken for what it is about."""


def id_of(code: str) -> int:
    """The number of a booking that people call B012."""
    return int(code.lstrip("B"))


def who(reception: Reception) -> str:
    """Who receives: 人大代表王建华."""
    return who_of(reception.kind, reception.person_name)


def who_of(kind: DutyKind, name: str) -> str:
    """A kind and a name."""
    return f"{load()[f'rota.kind_{kind}']}{name}"


def shows(booking_id: int, fields: str) -> tuple[Shown, ...]:
    """That somebody is told these fields of it as they are: see `Reply.shows`."""
    return (Shown(f"booking:{booking_id}", fields),)


def clock(moment: datetime, community: Community) -> str:
    """A time as a question may keep it: 12月9日(周三)14:00."""
    local = moment.astimezone(community.rules.zone)
    return f"{day(local)}{local:%H:%M}"


def hours(reception: Reception, community: Community) -> str:
    """From when to when: 12月9日(周三)14:00–16:00."""
    return f"{clock(reception.begins_at, community)}–{reception.ends_at.astimezone(community.rules.zone):%H:%M}"


def left(choice: Choice) -> str:
    """What is left: 剩2个, or 约满."""
    if choice.left:
        return load()["bookings.left"].format(left=choice.left)
    return load()["bookings.full"]


def choice_line(sign: str, choice: Choice, community: Community, *, with_station: bool) -> str:
    """One line to choose from, with its number."""
    return load()["bookings.choice" if with_station else "bookings.choice_there"].format(
        number=sign,
        starts_at=clock(choice.starts_at, community),
        who=who(choice.reception),
        station=choice.station.name,
        left=left(choice),
    )


def ask_which(
    key: str,
    choices: Sequence[Choice],
    community: Community,
    about: dict[str, Plain],
    *,
    to: str = "",
    group: str | None = None,
    pick: Pick = "book",
    **values: Any,
) -> Reply:
    """Receptions to choose from by number; their station once, where it is the same.

    `to`: somebody who did not ask, but is offered them; `group`: in which they booked.
    """
    stations = {each.station.name for each in choices}
    one = next(iter(stations)) if len(stations) == 1 else ""
    values["where"] = in_words("bookings.at_station", community, station=one) if one else ""
    numbered = [
        choice_line(sign, each, community, with_station=not one) for sign, each in zip(CIRCLED, choices, strict=False)
    ]
    many = in_words(f"bookings.pick_{pick}", community)
    lines = "\n".join([*numbered, in_words(f"bookings.pick_{pick}_one", community) if len(choices) == 1 else many])
    about |= {f"reception{number}": each.reception.id for number, each in enumerate(choices, start=1)}
    if to:
        urgency = Urgency.NOTICE
        return ask(key, "bookings.choose", about, to=to, urgency=urgency, fallback_group=group, lines=lines, **values)
    return ask(key, "bookings.choose", about, lines=lines, **values)


def place_values(place: Place) -> dict[str, Any]:
    """What is said of a booking: number, time, place, person."""
    return {
        "code": place.booking.code,
        "starts_at": place.booking.starts_at,
        "station": place.station.name,
        "who": who(place.reception),
    }


def asked_values(place: Place, community: Community) -> dict[str, Any]:
    """The same where a question keeps them: as words."""
    return {
        "code": place.booking.code,
        "starts_at": clock(place.booking.starts_at, community),
        "station": place.station.name,
        "who": who(place.reception),
    }


def booked(outcome: Booked, community: Community, hour: datetime | None = None) -> Replies:
    """It is theirs: said back whole, and asked, without need, what it is about. Those who waited hear too.

    `hour`: the one that was wished for.
    """
    place = outcome.place
    about: dict[str, Plain] = {"booking": place.booking.id}
    details = _details(place, community, hour)
    if outcome.instead_of is None:
        said = ask(
            "bookings.booked",
            "bookings.reason",
            about,
            open_for=REASON_WITHIN,
            details=details,
            **asked_values(place, community),
        )
    else:
        before = clock(outcome.instead_of.booking.starts_at, community)
        said = ask(
            "bookings.moved",
            "bookings.reason",
            about,
            open_for=REASON_WITHIN,
            details=details,
            before=before,
            **asked_values(place, community),
        )
    return [said, *offers(outcome.offers, community)]


def waits(outcome: Waits) -> Reply:
    """All is taken: they are on the waiting list."""
    turn, before = outcome.ahead + 1, outcome.instead_of
    if before is not None:
        return say("bookings.waits_to_move", turn=turn, before=before.code, **place_values(outcome.place))
    return say("bookings.waits", turn=turn, **place_values(outcome.place))


def offers(given: Sequence[Offered], community: Community) -> Replies:
    """To those for whom a place is kept now."""
    return [_offer(each, community) for each in given]


def listed(each: Listed, community: Community) -> str:
    """One of a resident's bookings, in a line."""
    place = each.place
    words = load()[f"bookings.state_{place.booking.state}"].format(turn=each.ahead + 1)
    if place.booking.for_whom:
        words += "," + load()["bookings.for_whom"].format(whom=relation(place.booking.for_whom))
    return load()["bookings.listed"].format(
        code=place.booking.code,
        starts_at=clock(place.booking.starts_at, community),
        who=who(place.reception),
        station=place.station.name,
        state=words,
    )


def _offer(offered: Offered, community: Community) -> Reply:
    place, before = offered.place, offered.instead_of
    give_up = in_words("bookings.offer_gives_up", community, code=before.code) if before is not None else ""
    return ask(
        "bookings.offer",
        "bookings.offer",
        {"booking": place.booking.id},
        to=place.booking.resident_id,
        open_for=offered.until - place.booking.changed_at,
        urgency=Urgency.REMINDER,
        fallback_group=place.booking.group,
        until=clock(offered.until, community),
        give_up=give_up,
        **asked_values(place, community),
    )


def _details(place: Place, community: Community, hour: datetime | None) -> str:
    """Whether it is the hour that was wished for, where exactly, and what to bring."""
    starts_at = place.booking.starts_at.astimezone(community.rules.zone)
    parts = [place.station.address]
    if hour is not None and hour != starts_at and hour.date() == starts_at.date():
        parts.insert(0, in_words("bookings.nearest_hour", community, hour=f"{hour:%H:%M}"))
    if place.reception.bring:
        parts.append(load()["bookings.bring"].format(bring=place.reception.bring))
    if place.booking.for_whom:
        parts.append(load()["bookings.for_whom"].format(whom=relation(place.booking.for_whom)))
    return "".join(f"{part}\u3002" for part in parts if part)
