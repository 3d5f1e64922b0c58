"""Members of units who report in, in conversation. Importing this fills the router."""

from handlers.members import confirming, figures, reporting

JOBS = (*confirming.JOBS, *figures.JOBS)

__all__ = ["JOBS", "confirming", "figures", "reporting"]
