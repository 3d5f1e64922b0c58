"""What the scheduler says about bookings and receptions."""

from datetime import datetime
from typing import Any

from community import Community
from community.bookings.outcomes import (
    Affected,
    AskHelped,
    Choice,
    DutyList,
    Offered,
    OfferLapsed,
    Place,
    ReceptionClosed,
    Reminded,
    WaitedInVain,
)
from community.parts.notice import GroupChat, Urgency
from community.rota import Announced
from community.tree import Members
from handlers.bookings.day import duty_list
from handlers.bookings.wording import ask_which, asked_values, clock, hours, left, offers, who
from handlers.messages import Plain, Replies, Reply, ask, say
from handlers.routing import Job
from handlers.speaking.texts import day, load


def remind(community: Community, now: datetime) -> Replies:
    """Reminders, offers that have lapsed, and whether it helped."""
    return [reply for due in community.bookings.reminders.run(now) for reply in _due(due, community, now)]


def run_rota(community: Community, now: datetime) -> Replies:
    """Announcements, lists for those on duty, and the end of waiting."""
    said: list[Reply] = []
    for happened in community.rota.run(now):
        match happened:
            case Announced():
                said += _announced(happened, community)
            case DutyList():
                said += [duty_list(happened, community, to=each) for each in happened.tell]
            case WaitedInVain():
                said.append(_waited_in_vain(happened, community))
            case ReceptionClosed():
                said += closed(happened, community)
    return said


def plan(community: Community, now: datetime) -> Replies:
    """Makes receptions of the rules; those whose rule is gone close, and whoever booked is told."""
    said: list[Reply] = []
    for happened in community.rota.plan(now):
        said += offers([happened], community) if isinstance(happened, Offered) else closed(happened, community)
    return said


def closed(outcome: ReceptionClosed, community: Community) -> Replies:
    """Everybody who booked hears that it does not take place, with the next ones to choose from."""
    return [_closed_for(each, community) for each in outcome.affected]


def _due(due: Reminded | OfferLapsed | AskHelped, community: Community, now: datetime) -> Replies:
    match due:
        case Reminded(place):
            return [_reminder(place, community, now)]
        case OfferLapsed(place, offered):
            return [_lapsed(place, community), *offers(offered, community)]
        case AskHelped(place):
            return [
                ask(
                    "bookings.ask_helped",
                    "bookings.helped",
                    {"booking": place.booking.id},
                    to=place.booking.resident_id,
                    open_for=community.rules.verdict_open,
                    urgency=Urgency.REMINDER,
                    fallback_group=place.booking.group,
                    day=day(place.booking.starts_at.astimezone(community.rules.zone)),
                    who=who(place.reception),
                )
            ]


def _lapsed(place: Place, community: Community) -> Reply:
    """Who comes too late may still say that they want it."""
    booking = place.booking
    about = _about(place) | {"reception": booking.reception_id}
    values: dict[str, Any] = {
        "code": booking.code,
        "starts_at": clock(booking.starts_at, community),
        "who": who(place.reception),
    }
    return ask(
        "bookings.offer_lapsed",
        "bookings.lapsed",
        about,
        to=booking.resident_id,
        urgency=Urgency.REMINDER,
        fallback_group=booking.group,
        **values,
    )


def _about(place: Place) -> dict[str, Plain]:
    """What must be known of a booking that came to nothing when another is taken for it."""
    booking = place.booking
    return {"whom": booking.for_whom, "group": booking.group, "moved_from": booking.moved_from}


def _reminder(place: Place, community: Community, now: datetime) -> Reply:
    booking = place.booking
    bring = f"{load()['bookings.bring'].format(bring=place.reception.bring)}\u3002" if place.reception.bring else ""
    return ask(
        "bookings.reminder",
        "bookings.coming",
        {"booking": booking.id},
        to=booking.resident_id,
        open_for=booking.starts_at - now,
        urgency=Urgency.REMINDER,
        good_until=booking.starts_at,
        fallback_group=booking.group,
        bring=bring,
        **asked_values(place, community),
    )


def _announced(announced: Announced, community: Community) -> Replies:
    """In every group of residents that the station is for."""
    accounts, tree, station = community.notices.channels, community.tree, announced.station
    chats = [
        GroupChat(group.channel, accounts[group.channel], group.external_id)
        for group in tree.groups.values()
        if group.channel in accounts
        and group.members is Members.RESIDENTS
        and tree.lies_in(group.node_id, station.node_id)
    ]
    lines = "\n".join(announced_line(each, community) for each in announced.choices)
    values: dict[str, Any] = {"station": station.name, "address": station.address, "lines": lines}
    over_at = max(each.reception.ends_at for each in announced.choices)
    return [
        say("rota.announced", to=chat, urgency=Urgency.ANNOUNCEMENT, good_until=over_at, **values) for chat in chats
    ]


def announced_line(choice: Choice, community: Community) -> str:
    """One reception: when, who, and what is left."""
    reception = choice.reception
    return load()["rota.line"].format(hours=hours(reception, community), who=who(reception), left=left(choice))


def _closed_for(affected: Affected, community: Community) -> Reply:
    place, instead = affected.place, affected.instead
    resident, group = place.booking.resident_id, place.booking.group
    if not instead:
        return say("bookings.closed_for_good", to=resident, fallback_group=group, **lost_values(place, community))
    about = _about(place)
    return ask_which(
        "bookings.closed", instead, community, about, to=resident, group=group, **lost_values(place, community)
    )


def _waited_in_vain(waited: WaitedInVain, community: Community) -> Reply:
    place, instead = waited.place, waited.instead
    resident, group = place.booking.resident_id, place.booking.group
    offered = place.booking.place is not None
    if not instead and offered:
        return say("bookings.offer_over", to=resident, fallback_group=group, code=place.booking.code)
    if not instead:
        return say("bookings.waited_for_nothing", to=resident, fallback_group=group, **lost_values(place, community))
    about = _about(place)
    key = "bookings.offer_unanswered" if offered else "bookings.waited_in_vain"
    return ask_which(key, instead, community, about, to=resident, group=group, **lost_values(place, community))


def lost_values(place: Place, community: Community) -> dict[str, Any]:
    """What is said of a booking that comes to nothing."""
    booking = place.booking
    return {"code": booking.code, "starts_at": clock(booking.starts_at, community), "who": who(place.reception)}


JOBS = (
    Job("rota.plan", due=lambda community: community.rota.next_plan(), run=plan),
    Job("rota.run", due=lambda community: community.rota.next_due(), run=run_rota),
    Job("bookings.remind", due=lambda community: community.bookings.reminders.next_due(), run=remind, reminds=True),
)
