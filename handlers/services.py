"""Every service, imported so that it writes itself into the router, and the jobs they bring."""

from handlers import alarms, bookings, grievances, groups, help, later, people, phone_list, tree

JOBS = (*grievances.JOBS, *bookings.JOBS)

__all__ = ["JOBS", "alarms", "bookings", "grievances", "groups", "help", "later", "people", "phone_list", "tree"]
