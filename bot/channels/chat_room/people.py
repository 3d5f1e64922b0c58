"""Who may be played in the chat room, and how a person looks: a role's words, a circle, a character."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

RESIDENT = "居民"
NICKNAME_LENGTH = 20

_TONES = ("居民", "志愿者", "楼长", "网格", "社区", "书记", "代表", "委员", "单位", "管理员")
"""Words that roles begin or end with; the place in this list is the colour of the circle (see the style sheet)."""

_NEW_RESIDENT = re.compile(r"new-resident-[0-9a-z]{4,32}")
_BEFORE_SURNAME = "老小大阿"
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody whom a tab may act as. `role` is in Chinese words, such as 网格长(1–4号楼)."""

    id: str
    name: str
    role: str

    @property
    def tone(self) -> int:
        """The number of the circle's colour."""
        return next((number for number, word in enumerate(_TONES) if word in self.role), len(_TONES))

    @property
    def initial(self) -> str:
        """The one character in the circle."""
        return initial(self.name)


@dataclass(frozen=True, slots=True)
class ChatGroup:
    """A group that everybody in the room is in. `about` is where it belongs, such as 幸福社区."""

    id: str
    name: str
    about: str


def initial(name: str) -> str:
    """The surname's character, also where 老, 小 or 阿 stands before it."""
    skip = 1 if len(name) > 1 and name[0] in _BEFORE_SURNAME else 0
    return name[skip : skip + 1] or "?"


def plain(text: str) -> str:
    """The text without characters that are no text, such as null bytes; line breaks and tabs stay."""
    return _NOT_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def new_resident_id() -> str:
    """An id for somebody who is not among the personas."""
    return f"new-resident-{secrets.token_hex(4)}"


def find(personas: Iterable[Persona], asked: str, nickname: str) -> Persona | None:
    """The person that a page's address names; a new resident is whoever the address says."""
    known = next((persona for persona in personas if persona.id == asked), None)
    if known or not _NEW_RESIDENT.fullmatch(asked):
        return known
    name = " ".join(plain(nickname).split())[:NICKNAME_LENGTH]
    return Persona(asked, name or "新居民", RESIDENT)


def by_role(personas: Iterable[Persona]) -> dict[str, list[Persona]]:
    """The personas under their role's word (网格长 for 网格长(1–4号楼)), in the order in which they came."""
    grouped: dict[str, list[Persona]] = {}
    for persona in personas:
        word = re.split(r"[(\uff08]", persona.role, maxsplit=1)[0].strip()
        grouped.setdefault(word or "其他", []).append(persona)
    return grouped
