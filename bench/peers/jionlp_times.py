"""Jionlp over phrases of time, in an environment of its own. For each line of input: one round, its seconds printed.

Each phrase is given alone to `parse_time`, which is jionlp's quickest way: it need not look for it in a sentence.
"""

# mypy: ignore-errors

import gc
import json
import os
import sys
import time
from pathlib import Path

import jionlp


def read(phrase, base):
    """The start as jionlp says it; None where it finds no time."""
    try:
        return jionlp.parse_time(phrase, time_base=base)["time"][0]
    except (ValueError, LookupError, TypeError):  # raised where it reads nothing
        return None


def main():
    """One round a line of input, until its end."""
    asked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    base, phrases = asked["base"], asked["phrases"]
    for _ in sys.stdin:
        gc.collect()
        began = time.perf_counter()
        starts = [read(phrase, base) for phrase in phrases]
        seconds = time.perf_counter() - began
        print("jionlp: " + json.dumps({"seconds": seconds, "starts": starts}), flush=True)


main()
os._exit(0)
