"""Runs all measurements, or those named, and prints one JSON line a figure."""

import logging
import sys
from collections.abc import Mapping, Sequence

import structlog

from bench import (
    chatter,
    city_day,
    flood,
    gateway,
    grievances,
    hearing,
    memory,
    recovery,
    reminders,
    reports,
    simulated_month,
    start,
    tasks,
)
from bench.figures import Measurement, as_line

MEASUREMENTS: Mapping[str, Measurement] = {
    "chatter": chatter.measure,
    "hearing": hearing.measure,
    "reports": reports.measure,
    "recovery": recovery.measure,
    "flood": flood.measure,
    "reminders": reminders.measure,
    "gateway": gateway.measure,
    "city_day": city_day.measure,
    "grievances": grievances.measure,
    "tasks": tasks.measure,
    "start": start.measure,
    "memory": memory.measure,
    "simulated_month": simulated_month.measure,
}


def main(wanted: Sequence[str]) -> None:
    """Measures. Ends with a message where a name is unknown or a measurement did not do what it counts."""
    unknown = [name for name in wanted if name not in MEASUREMENTS]
    if unknown:
        sys.exit(f"没有 / no such measurement: {', '.join(unknown)}; 有 / there are: {', '.join(MEASUREMENTS)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    for name in wanted or MEASUREMENTS:
        for result in MEASUREMENTS[name]():
            print(as_line(result), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
