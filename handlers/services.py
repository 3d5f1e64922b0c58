"""Every service, imported so that it writes itself into the router, and the jobs they bring."""

from handlers import (
    alarms,
    bookings,
    grievances,
    groups,
    help,
    later,
    market,
    people,
    phone_list,
    quizzes,
    tree,
    volunteers,
)

JOBS = (*grievances.JOBS, *bookings.JOBS, *market.JOBS, *volunteers.JOBS, *quizzes.JOBS)

__all__ = [
    "JOBS",
    "alarms",
    "bookings",
    "grievances",
    "groups",
    "help",
    "later",
    "market",
    "people",
    "phone_list",
    "quizzes",
    "tree",
    "volunteers",
]
