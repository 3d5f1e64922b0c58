"""Every service, imported so that it writes itself into the router, and the jobs they bring."""

from handlers import alarms, grievances, groups, help, later, people, phone_list, tree

JOBS = (*grievances.JOBS,)

__all__ = ["JOBS", "alarms", "grievances", "groups", "help", "later", "people", "phone_list", "tree"]
