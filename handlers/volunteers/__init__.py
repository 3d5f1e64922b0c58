"""The register of volunteers and their hours in conversation. Importing this fills the router."""

from handlers.routing import Job

JOBS: tuple[Job, ...] = ()

__all__ = ["JOBS"]
