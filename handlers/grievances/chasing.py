"""What the scheduler says: reminders, half-time, going up a level, asking again, lapsing."""

from datetime import datetime
from typing import Any

from community import Community
from community.grievances import Outcome
from community.grievances.outcomes import AskedAgain, Chased, Escalated, Lapsed, Pressed, Reported, Vacated, WentOn
from community.grievances.steps import State
from community.parts.notice import Urgency
from handlers.grievances.handling import ask_for_handler
from handlers.grievances.verdicts import ask_rating_joined
from handlers.grievances.wording import ask_verdict, case, named, pressing, sent_out, to_each, to_resident
from handlers.messages import Replies
from handlers.routing import Job


def chase(community: Community, now: datetime) -> Replies:
    """Everything that is due by now."""
    return [reply for chased in community.grievances.chasing.chase(now) for reply in _words(chased, community, now)]


def _words(chased: Chased, community: Community, now: datetime) -> Replies:
    grievance = chased.grievance
    number, urgency = grievance.number, pressing(grievance)
    match chased:
        case Reported():
            told = to_resident(grievance, "grievances.taken_unfinished", urgency=urgency, number=number)
            return [told, *sent_out(chased, community, now, urgency=urgency)]
        case Vacated():
            return _vacated(chased)
        case WentOn(_, tell):
            values: dict[str, Any] = {"number": number, "resolve_by": grievance.resolve_by}
            return to_each(tell, "grievances.went_on", urgency=urgency, **values)
        case Pressed(_, tell, milestone):
            return to_each(tell, f"grievances.pressed_{milestone.name.lower()}", urgency=urgency, **case(grievance))
        case Escalated():
            return _escalated(chased)
        case AskedAgain(_, words):
            if words:
                return [ask_for_handler(grievance, words, community, urgency=urgency)]
            return [ask_verdict(grievance, community, urgency=Urgency.REMINDER)]
        case Lapsed():
            return _lapsed(chased, community)
        case _:
            return to_each(chased.tell, "grievances.reminded", urgency=urgency, **case(grievance))


def _lapsed(lapsed: Lapsed, community: Community) -> Replies:
    """The end without the resident's word, or without their mark."""
    grievance, urgency = lapsed.grievance, Urgency.REMINDER
    number = grievance.number
    joined = [ask_rating_joined(grievance, each, community, urgency=urgency) for each in lapsed.joined]
    if grievance.outcome is Outcome.SOLVED:
        return [*to_each(lapsed.tell, "grievances.closed_unrated", urgency=urgency, number=number), *joined]
    return [
        to_resident(grievance, "grievances.lapsed", urgency=urgency, number=number),
        *to_each(lapsed.tell, "grievances.lapsed_for_staff", urgency=urgency, number=number),
        *joined,
    ]


def _vacated(vacated: Vacated) -> Replies:
    grievance, urgency = vacated.grievance, pressing(vacated.grievance)
    told = to_each(vacated.tell, "grievances.vacated", urgency=urgency, **case(grievance))
    if vacated.holder is None:
        return told
    values: dict[str, Any] = {
        "number": grievance.number,
        "holder": vacated.holder,
        "resolve_by": grievance.resolve_by,
    }
    others = vacated.followers[1:]
    return [
        *told,
        to_resident(grievance, "grievances.vacated_resident", urgency=urgency, **values),
        *to_each(others, "grievances.vacated_resident", urgency=urgency, **values),
    ]


def _escalated(chased: Escalated) -> Replies:
    grievance, holder = chased.grievance, chased.responsible.people[0]
    overdue = grievance.state is State.ACCEPTED
    above = "grievances.overdue_above" if overdue else "grievances.escalated"
    resident = "grievances.overdue_resident" if overdue else "grievances.escalated_to_resident"
    late = [each for each in chased.late if overdue and each not in chased.responsible.ids]
    urgency = pressing(grievance)
    told: dict[str, Any] = {"named": named(grievance), "holder": holder}
    first = [to_resident(grievance, resident, urgency=urgency, **told)] if chased.followers else []
    return [
        *to_each(chased.responsible.ids, above, urgency=urgency, **case(grievance)),
        *to_each(late, "grievances.pressed_overdue", urgency=urgency, **case(grievance)),
        *first,
        *to_each(chased.followers[1:], resident, urgency=urgency, **told),
    ]


JOBS = (
    Job("grievances.chase", due=lambda community: community.grievances.chasing.next_chase(), run=chase, reminds=True),
)
