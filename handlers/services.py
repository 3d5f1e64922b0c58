"""Every service, imported so that it writes itself into the router, and the jobs they bring."""

from handlers import grievances, groups, help, later, people, phone_list, tree

JOBS = (*grievances.JOBS,)

__all__ = ["JOBS", "grievances", "groups", "help", "later", "people", "phone_list", "tree"]
