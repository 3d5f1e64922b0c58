"""The market and other events in conversation. Importing this fills the router."""

from handlers.routing import Job

JOBS: tuple[Job, ...] = ()

__all__ = ["JOBS"]
