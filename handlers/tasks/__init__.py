"""Tasks in conversation. Importing this fills the router."""

from handlers.tasks import claiming, dispatch, doing, figures, lists, ordering, safety

JOBS = dispatch.JOBS

__all__ = ["JOBS", "claiming", "dispatch", "doing", "figures", "lists", "ordering", "safety"]
