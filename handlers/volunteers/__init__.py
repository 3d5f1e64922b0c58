"""The register of volunteers and their hours in conversation. Importing this fills the router."""

from handlers.volunteers import certificates, honours, hours, register, teams

JOBS = honours.JOBS

__all__ = ["JOBS", "certificates", "honours", "hours", "register", "teams"]
