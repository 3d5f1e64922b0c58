"""What we know of people: who looked at it, what they may ask of us, and when it is forgotten."""

from community.privacy.audit import Audit, Shown
from community.privacy.requests import Requests
from community.privacy.retention import Retention

__all__ = ["Audit", "Requests", "Retention", "Shown"]
