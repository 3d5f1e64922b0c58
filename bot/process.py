"""What this process is called among those that share a database."""

import hashlib
import os
import secrets
import socket
from functools import cache
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
SPACE = Path("/proc/self/ns/pid")
"""What tells apart two starts of a machine, and two containers on it: in each the same number is another process."""


@cache
def name() -> str:
    """The same as long as the process lives, and no other's, on whatever machine. The machine's name is not in it."""
    return f"{_machine()}-{os.getpid()}-{secrets.token_hex(3)}"


def is_gone(other: str) -> bool:
    """Whether this is surely a process of this very machine that lives no more. Of others nothing is known."""
    machine, _, rest = other.partition("-")
    number = rest.partition("-")[0]
    if machine != _machine() or not number.isdecimal() or other == name():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return int(number) == os.getpid()


@cache
def _machine() -> str:
    """This machine since it was started, and the space in which its processes are numbered."""
    boot = BOOT.read_text(encoding="ascii") if BOOT.exists() else ""
    space = str(SPACE.readlink()) if SPACE.exists() else ""
    return hashlib.sha256("\n".join((socket.gethostname(), boot, space)).encode()).hexdigest()[:8]
