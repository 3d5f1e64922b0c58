"""How residents say each command to the bot: `hearing/ways.yaml`, one way a line."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from handlers import phrasebook
from handlers.hearing.listening import Unclear
from handlers.hearing.normalise import normalise
from handlers.hearing.phrases import Heard

FEWEST = 40
FEWEST_OF_STAFF = 8
MOST_UNCLEAR = 0.05
_STAFF_VERBS = (
    *(
        "area",
        "ask",
        "assign",
        "classify",
        "give_back",
        "correct",
        "help",
        "hide_name",
        "merge",
        "mine",
        "move",
        "overdue",
        "record",
    ),
    *("search", "split", "report_by_category", "report_by_handler", "report_by_node", "report_figures"),
)
_REGISTER_VERBS = (
    *("rename", "skills", "free", "confirm", "list", "form_team", "add_to_team", "members", "bind_team"),
)
_HOURS_VERBS = (
    *("correct", "issue_certificate", "refuse_certificate", "certificates_waiting", "verify", "honour", "no_honour"),
)
_TASK_VERBS = ("look_up", "cancel", "change", "list", "order_for", "from_grievance", "to_grievance", "pair", "alone")
_DISPATCH_VERBS = ("accept_more", "give", "give_how", "done_more", "not_come", "block", "keep_apart")
_WISH_VERBS = (
    *("approve", "send_back", "to_review", "unmet", "crowd", "tick_off", "givers", "prolong", "shrink", "end"),
)
_MEMBER_VERBS = ("confirm", "refuse", "unit_report", "rate")
_DAY_VERBS = (*("mark_in", "mark_out", "mark_missed", "all_in", "all_out", "roll", "show_code", "count_numbers"),)
_CHANGE_VERBS = (
    *("postpone", "cancel_event", "change_event", "add_stall", "change_stall", "remove_stall"),
    *("change_series", "end_series"),
)
SHORTHAND = frozenset(
    {
        "alarm",
        "groups.listen",
        "market.record_chain",
        *(f"grievances.{verb}" for verb in _STAFF_VERBS),
        *(f"market.{verb}" for verb in (*_DAY_VERBS, *_CHANGE_VERBS)),
        *(f"volunteers.{verb}" for verb in (*_REGISTER_VERBS, *_HOURS_VERBS)),
        *(f"members.{verb}" for verb in _MEMBER_VERBS),
        *(f"tasks.{verb}" for verb in (*_TASK_VERBS, *_DISPATCH_VERBS)),
        *(f"wishes.{verb}" for verb in _WISH_VERBS),
    }
)
"""Staff's shorthand, which is taught and not guessed at, and the alarm, whose cries are in tests of their own."""

OF_STAFF = frozenset(
    {f"rota.{verb}" for verb in ("add", "swap", "absent", "close", "end")}
    | {f"bookings.{verb}" for verb in ("call", "missed", "list", "record", "to_grievance", "to_mediation", "figures")}
    | {"market.figures", "market.figures_picture", "tasks.figures", "wishes.figures"}
    | {f"market.{verb}" for verb in ("open", "publish", "drop")}
    | {f"undelivered.{verb}" for verb in ("show", "resend", "drop")}
    | {f"quizzes.{verb}" for verb in ("start", "plan", "stop", "hand_out", "prize_list")}
)
"""What only staff say: they say it every day, and nearly always in the same words."""

REFERENCES = ("number", "task", "wish", "booking", "code", "stall", "amount")


def read_ways() -> Mapping[str, list[tuple[str, str]]]:
    """For each command the ways with what they refer to; empty: not said."""
    content = yaml.safe_load((Path(__file__).with_name("hearing") / "ways.yaml").read_text(encoding="utf-8"))
    return {command: [_split(line) for line in lines.splitlines()] for command, lines in content.items()}


def understood(text: str) -> tuple[Heard, ...]:
    """One reading, or those between which the person is asked."""
    listener = phrasebook.load().listener
    heard = listener.command(normalise(text)) or listener.guess(normalise(text))
    if isinstance(heard, Unclear):
        return heard.readings
    return (heard,) if heard else ()


def _split(line: str) -> tuple[str, str]:
    text, _, reference = line.partition(" →")
    return text, reference.strip()


def _refers_to(heard: Heard) -> str:
    return " ".join(str(heard.arguments[name]) for name in REFERENCES if name in heard.arguments)


def _fewest(command: str) -> int:
    return FEWEST_OF_STAFF if command in OF_STAFF else FEWEST


WAYS = read_ways()


def test_every_command_has_its_ways() -> None:
    assert set(WAYS) == phrasebook.load().names - SHORTHAND
    few = {command: len(set(ways)) for command, ways in WAYS.items() if len(set(ways)) < _fewest(command)}
    assert not few


@pytest.mark.parametrize("command", WAYS)
def test_ways(command: str) -> None:
    wrong, unclear = [], []
    for text, reference in WAYS[command]:
        readings = understood(text)
        meant = [heard for heard in readings if heard.command == command]
        if not meant:
            wrong.append(f"{text}: {[heard.command for heard in readings]}")
        elif len(readings) > 1:
            unclear.append(text)
        elif reference and _refers_to(meant[0]) != reference:
            wrong.append(f"{text}: {dict(meant[0].arguments)}")
    assert not wrong
    assert len(unclear) <= MOST_UNCLEAR * len(WAYS[command]), unclear
