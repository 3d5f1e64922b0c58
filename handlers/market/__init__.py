"""The market and other events in conversation. Importing this fills the router."""

from handlers.market import calling, chains, changing, day, figures, opening, roll_calls, rolling, signing_up
from handlers.routing import Job

JOBS = (
    Job("market.plan", due=lambda community: community.market.opening.next_plan(), run=opening.plan),
    Job("market.rolling", due=lambda community: community.market.rolling.next_due(), run=rolling.tell),
    Job("market.run", due=lambda community: community.market.calling.next_event(), run=calling.run),
    Job(
        "market.remind", due=lambda community: community.market.calling.next_sign_up(), run=calling.remind, reminds=True
    ),
)

__all__ = ["JOBS", "calling", "chains", "changing", "day", "figures", "opening", "roll_calls", "rolling", "signing_up"]
