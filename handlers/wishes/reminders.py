"""What the scheduler says about wishes."""

from datetime import datetime, timedelta

from community import Community
from community.parts.notice import Urgency
from community.wishes.outcomes import (
    AskStaff,
    GivenBack,
    Progress,
    RemindClaimer,
    RemindWisher,
    ReviewWaits,
    WishState,
)
from community.wishes.reminders import Due
from handlers.messages import Replies, Reply, ask, say
from handlers.routing import Job
from handlers.wishes.wording import chats, given_back, shows

ANSWERED_WITHIN = timedelta(days=7)


def remind(community: Community, now: datetime) -> Replies:
    """What waits too long: for staff, for claimers, for wishers."""
    return [reply for each in community.wishes.reminders.run(now) for reply in _due(each, community)]


def tell(community: Community, now: datetime) -> Replies:
    """The groups hear how far a crowd wish is."""
    return [reply for each in community.wishes.reminders.tell(now) for reply in _progress(each, community)]


def _due(due: Due, community: Community) -> Replies:
    match due:
        case ReviewWaits(wishes, tell_staff):
            codes = "\u3001".join(each.code for each in wishes)
            return [
                say("wishes.review_reminder", to=each, urgency=Urgency.REMINDER, count=len(wishes), codes=codes)
                for each in tell_staff
            ]
        case RemindClaimer():
            return [_remind_claimer(due)]
        case RemindWisher():
            return [_remind_wisher(due)]
        case GivenBack():
            return given_back(due, community, "")
        case AskStaff():
            return _ask_staff(due)


def _remind_claimer(due: RemindClaimer) -> Reply:
    return say(
        "wishes.remind_claimer",
        to=due.claimer_id,
        urgency=Urgency.REMINDER,
        code=due.wish.code,
        public=due.wish.public_words,
        place=due.wish.address or due.station,
        shows=shows(due.wish, "address") if due.wish.address else (),
    )


def _remind_wisher(due: RemindWisher) -> Reply:
    return ask(
        "wishes.ask_received_again",
        "wishes.received",
        {"wish": due.wish.id},
        to=due.wish.wisher_id,
        open_for=ANSWERED_WITHIN,
        urgency=Urgency.REMINDER,
        fallback_group=due.wish.group,
        code=due.wish.code,
    )


def _ask_staff(due: AskStaff) -> Replies:
    wish = due.wish
    if due.crowd is not None:
        return [*_ask_staff_closing(due), *(_late(each, wish.code) for each in due.givers)]
    if wish.state is WishState.DELIVERED:
        return [
            say("wishes.ask_staff_delivered", to=each, urgency=Urgency.REMINDER, code=wish.code) for each in due.tell
        ]
    return [
        say(
            "wishes.ask_staff_unclaimed",
            to=each,
            urgency=Urgency.REMINDER,
            code=wish.code,
            public=wish.public_words,
        )
        for each in due.tell
    ]


def _ask_staff_closing(due: AskStaff) -> Replies:
    crowd = due.crowd
    if crowd is None:
        return []
    return [
        say(
            "wishes.ask_staff_closing",
            to=each,
            urgency=Urgency.REMINDER,
            code=due.wish.code,
            goal=crowd.goal,
            pledged=crowd.pledged,
            delivered=crowd.delivered,
            unit=due.wish.unit,
        )
        for each in due.tell
    ]


def _late(person_id: str, code: str) -> Reply:
    return say("wishes.closing_for_giver", to=person_id, urgency=Urgency.REMINDER, code=code)


def _progress(progress: Progress, community: Community) -> Replies:
    crowd, wish = progress.crowd, progress.crowd.wish
    return [
        say(
            "wishes.progress",
            to=chat,
            urgency=Urgency.ANNOUNCEMENT,
            code=wish.code,
            goal=crowd.goal,
            unit=wish.unit,
            thing=wish.thing,
            pledged=crowd.pledged,
        )
        for chat in chats(wish, community)
    ]


JOBS = (
    Job("wishes.remind", due=lambda community: community.wishes.reminders.next_due(), run=remind, reminds=True),
    Job("wishes.tell", due=lambda community: community.wishes.reminders.next_telling(), run=tell),
)
