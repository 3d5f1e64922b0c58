"""Tasks in conversation. Importing this fills the router."""

from handlers.tasks import claiming, dispatch, doing, lists, ordering, safety

JOBS = dispatch.JOBS

__all__ = ["JOBS", "claiming", "dispatch", "doing", "lists", "ordering", "safety"]
