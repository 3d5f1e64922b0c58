"""What is known of other processes on this machine: only that one is gone, and only where that is sure."""

import os
import subprocess
import sys

import pytest

from bot.process import is_gone, name


def _as(number: int | str) -> str:
    """A process of this machine with this number, started at another time."""
    machine = name().partition("-")[0]
    return f"{machine}-{number}-abcdef"


def test_one_that_has_ended_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert is_gone(_as(ended.pid))


def test_one_that_had_our_number_before_us_is_gone() -> None:
    assert is_gone(_as(os.getpid()))


@pytest.mark.parametrize("other", ["", "-", "--", "nonsense", "a-b-c", f"00000000-{2**22 + 1}-abcdef"])
def test_of_others_nothing_is_known(other: str) -> None:
    assert not is_gone(other)


@pytest.mark.parametrize("number", ["", "-1", "1.5", "x"])
def test_what_is_no_number_is_nobody(number: str) -> None:
    assert not is_gone(_as(number))


def test_this_one_and_its_parent_live() -> None:
    assert not is_gone(name())
    assert not is_gone(_as(os.getppid()))
