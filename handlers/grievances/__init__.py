"""Grievances in conversation. Importing this fills the router."""

from handlers.grievances import chasing, handling, intake, lists, reports, verdicts

JOBS = (*chasing.JOBS, *reports.JOBS)

__all__ = ["JOBS", "handling", "intake", "lists", "reports", "verdicts"]
