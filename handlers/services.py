"""Every service, imported so that it writes itself into the router, and the jobs they bring."""

from handlers import (
    alarms,
    bookings,
    grievances,
    groups,
    help,
    later,
    market,
    members,
    months,
    people,
    phone_list,
    quizzes,
    tasks,
    tree,
    volunteers,
    wishes,
)

JOBS = (
    *grievances.JOBS,
    *bookings.JOBS,
    *market.JOBS,
    *members.JOBS,
    *volunteers.JOBS,
    *quizzes.JOBS,
    *tasks.JOBS,
    *months.JOBS,
    *wishes.JOBS,
)

__all__ = [
    "JOBS",
    "alarms",
    "bookings",
    "grievances",
    "groups",
    "help",
    "later",
    "market",
    "members",
    "months",
    "people",
    "phone_list",
    "quizzes",
    "tasks",
    "tree",
    "volunteers",
    "wishes",
]
