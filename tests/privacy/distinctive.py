"""Made-up personal data that stand out, and the search for them in whatever a disk holds."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ahocorasick import Automaton

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
"""GB 11643: what the last place of an ID number must be, by the weighted sum of the others modulo 11."""

REASONS = ("家里欠了赌债", "婆婆不肯吃药", "孩子抑郁在家", "被前夫跟踪过", "查出肝硬化了", "低保被人停了")


@dataclass(frozen=True, slots=True)
class Distinctive:
    """One person's: as they would type it, and `traces`, what may be left of it anywhere."""

    mobile: str
    landline: str
    identity: str
    room: str
    reason: str
    traces: tuple[str, ...]

    @property
    def words(self) -> str:
        """Everything in one breath."""
        return f"{self.reason},住{self.room},电话{self.mobile}或{self.landline},身份证{self.identity}"


def distinctive(chance: Random) -> Distinctive:
    """A new one; no two have anything in common but their reason."""
    mobile = chance.choice(("138", "159", "186", "199")) + _digits(chance, 8)
    area, local = chance.choice(("0756", "010", "0571")), chance.choice("2568") + _digits(chance, 7)
    identity = identity_number(chance)
    building, unit, number = chance.randint(1, 6), chance.randint(1, 3), chance.randint(101, 2999)
    spaced = f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}"
    dashed = f"{mobile[:3]}-{mobile[3:7]}-{mobile[7:]}"
    rooms = (f"{building}号楼{unit}单元{number}", f"{building}-{unit}-{number}", f"{building}栋{number}室")
    reason = chance.choice(REASONS)
    return Distinctive(
        mobile=chance.choice((mobile, spaced, dashed)),
        landline=chance.choice((f"{area}-{local}", local)),
        identity=identity,
        room=chance.choice(rooms),
        reason=reason,
        traces=(mobile, spaced, dashed, local, identity, identity[:-1], *rooms, f"单元{number}", reason),
    )


def identity_number(chance: Random) -> str:
    """Eighteen places of which the last is right."""
    first = f"4404{chance.randint(1, 99):02}19{chance.randint(30, 99)}{chance.randint(1, 12):02}"
    first += f"{chance.randint(1, 28):02}{_digits(chance, 3)}"
    return first + CHECKS[sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True)) % 11]


def found_in(paths: Iterable[Path], people: Iterable[Distinctive]) -> list[str]:
    """Where something of somebody can be read, in a file or in a file's name: as UTF-8, escaped for JSON, or UTF-16."""
    needles = Automaton()
    for trace in {trace for person in people for trace in person.traces}:
        for spelling in _spellings(trace):
            needles.add_word(spelling.decode("latin-1"), trace)
    needles.make_automaton()
    found = set()
    for path in paths:
        content = path.read_bytes().lower() + b"\0" + str(path).encode()
        found |= {f"{trace} in {path.name}" for _, trace in needles.iter(content.decode("latin-1"))}
    return sorted(found)


def _spellings(trace: str) -> Iterator[bytes]:
    yield trace.lower().encode()
    yield json.dumps(trace)[1:-1].lower().encode()
    yield trace.lower().encode("utf-16-le")
    yield trace.lower().encode("utf-16-be")


def _digits(chance: Random, count: int) -> str:
    return "".join(chance.choices("0123456789", k=count))
