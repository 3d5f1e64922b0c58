"""Every text is said by somebody, and every `say`, `ask` and `Refused` gives its text the values that it shows."""

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from handlers import phrasebook
from handlers.routing import router
from handlers.speaking import texts
from storage.tables import Role

ROOT = Path(__file__).parents[1]
KEY_AT = {
    "say": 0,
    "say_in_group": 0,
    "ask": 0,
    "Refused": 0,
    "to_resident": 1,
    "to_each": 1,
    "_to_followers": 2,
    "render": 0,
    "worded": 0,
    "in_words": 0,
    "tell": 0,
    "ask_which": 0,
    "_ask_which_of_mine": 0,
    "_to_visitor": 0,
    "_in_its_group": 2,
    "_to_starter": 1,
    "tell_one": 1,
    "_ask_rating": 0,
}
"""Calls that say something, and which of their arguments is the key."""

ADDED_BY = {
    "tell_one": {"number"},
    "_ask_rating": {"number", "what", "names"},
    "_to_followers": {"number", "named", "resolve_by"},
    "ask_which": {"lines", "where"},
    "_ask_which_of_mine": {"lines"},
}
"""Values that a call passes on by itself."""

Function = ast.FunctionDef | ast.AsyncFunctionDef

NOT_VALUES = {"without", "to", "urgency", "fallback_group", "group", "pictures", "open_for", "not_before", "shows"}
NOT_VALUES |= {"good_until"}
SAID_BY_ROLE = {f"roles.{role}" for role in Role}
LOOKED_UP = re.compile(
    r"bookings\.(?:choice|choice_there|left|full|bring|for_whom|listed|state_\w+|no_reason|no_record|mediation_words)"
    r"|rota\.(?:line|kind_\w+)"
    r"|undelivered\.(?:why_\w+|a_group|somebody)"
    r"|phone_list\.why_\w+|photos\.\w+|roles\.\w+|commands\.\w+|grievances\.(?:state|step|log|list|on_behalf|anonymous|mark|whom)\w*"
)
"""Texts that are looked up by a name which is not written in a call: the channel's problem, a role, a reason."""


@dataclass(frozen=True, slots=True)
class Said:
    """One call: where it is, the keys it may say, the values it gives, and whether these are all."""

    place: str
    pattern: str
    values: frozenset[str]
    exact: bool

    @property
    def keys(self) -> list[str]:
        return [key for key in texts.load() if re.fullmatch(self.pattern, key)]


def calls() -> list[Said]:
    files = [
        file
        for folder in ("bot", "handlers", "community")
        for file in (ROOT / folder).rglob("*.py")
        if "channels" not in file.parts
    ]
    return [said for file in files for said in _calls_in(file)]


def _calls_in(file: Path) -> Iterator[Said]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, Function):
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and (said := _said(call, function, tree, file)):
                    yield said


def _said(call: ast.Call, function: Function, tree: ast.Module, file: Path) -> Said | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
    if name == "tell" and not isinstance(call.func, ast.Attribute):
        return None  # the command line's, which says its words itself
    if name not in KEY_AT or len(call.args) <= KEY_AT[name]:
        return None
    pattern = _key_pattern(call.args[KEY_AT[name]], function)
    if pattern is None:
        return None
    given = {keyword.arg for keyword in call.keywords if keyword.arg} - NOT_VALUES
    given |= ADDED_BY.get(name, set())
    spread = [keyword.value for keyword in call.keywords if keyword.arg is None]
    for value in spread:
        given |= _spread_keys(value, function, tree)
    exact = not spread and name not in ("render", *ADDED_BY) and "\\w" not in pattern
    return Said(f"{file.name}:{call.lineno}", pattern, frozenset(given), exact)


def _key_pattern(node: ast.expr, function: Function) -> str | None:
    """A pattern for the keys that an expression may be; None for one that is passed on from elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in node.values)
        return "".join(parts)
    if isinstance(node, ast.IfExp):
        return f"{_key_pattern(node.body, function)}|{_key_pattern(node.orelse, function)}"
    if isinstance(node, ast.Name):
        for assigned in ast.walk(function):
            if isinstance(assigned, ast.Assign) and getattr(assigned.targets[0], "id", None) == node.id:
                return _key_pattern(assigned.value, function)
    return None


def _spread_keys(node: ast.expr, function: Function, tree: ast.Module) -> set[str]:
    """The keys of `**values` or `**_case(...)`, read from the dictionary that is written out nearby."""
    if isinstance(node, ast.Name):
        places: list[ast.AST] = [function]
        wanted = node.id
        dictionaries = [
            assigned.value
            for place in places
            for assigned in ast.walk(place)
            if isinstance(assigned, ast.Assign | ast.AnnAssign)
            and getattr(assigned.targets[0] if isinstance(assigned, ast.Assign) else assigned.target, "id", "")
            == wanted
        ]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        called = node.func.id
        dictionaries = [
            returned.value
            for other in _functions()
            if other.name == called
            for returned in ast.walk(other)
            if isinstance(returned, ast.Return)
        ]
    else:
        return set()
    found = set().union(*(_dictionary_keys(each, function, tree) for each in dictionaries))
    return found | (_added_later(node.id, function) if isinstance(node, ast.Name) else set())


def _dictionary_keys(node: ast.expr | None, function: Function, tree: ast.Module) -> set[str]:
    """The keys of a dictionary that is written out, also of those that are spread in it."""
    if not isinstance(node, ast.Dict):
        return set()
    found = {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
    spread = [value for key, value in zip(node.keys, node.values, strict=True) if key is None]
    return found.union(*(_spread_keys(value, function, tree) for value in spread))


def _added_later(name: str, function: Function) -> set[str]:
    """The keys that are put into a dictionary after it was made: `values["details"] = ...`."""
    return {
        str(target.slice.value)
        for assigned in ast.walk(function)
        if isinstance(assigned, ast.Assign)
        for target in assigned.targets
        if isinstance(target, ast.Subscript)
        and getattr(target.value, "id", None) == name
        and isinstance(target.slice, ast.Constant)
    }


@cache
def _functions() -> tuple[ast.FunctionDef, ...]:
    """Every function of the handlers: dictionaries of values are often made in another file."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / "handlers").rglob("*.py")]
    return tuple(node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def shown(key: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(texts.load()[key]) if name}


@pytest.mark.parametrize("said", calls(), ids=lambda said: f"{said.place} {said.pattern}")
def test_a_call_gives_what_its_text_shows(said: Said) -> None:
    assert said.keys, f"{said.place}: there is no text {said.pattern}"
    for key in said.keys:
        missing = shown(key) - said.values
        assert not missing, f"{said.place}: {key} shows {sorted(missing)}, which is not given"
    if said.exact:
        unused = said.values - set().union(*map(shown, said.keys))
        assert not unused, f"{said.place}: {said.pattern} does not show {sorted(unused)}"


def test_every_text_is_said() -> None:
    said = {key for call in calls() for key in call.keys} | SAID_BY_ROLE
    unsaid = {key for key in texts.load() if key not in said and not LOOKED_UP.fullmatch(key)}
    assert not unsaid


def test_every_text_is_short_and_plain() -> None:
    for key, words in texts.load().items():
        assert words.count("\n") < 3, f"{key}: at most three lines"
        assert "!!" not in words, f"{key}: no exclamation marks in a row"
        assert "您好!亲爱的" not in words, key


def test_every_role_has_a_word() -> None:
    assert set(texts.load()) >= SAID_BY_ROLE


def test_every_command_has_a_name_to_choose_by() -> None:
    from handlers import services  # fills the router

    assert services.JOBS
    chosen_by_signs = phrasebook.load().listener.signs.commands
    assert {f"commands.{command.replace('.', '_')}" for command in chosen_by_signs} <= set(texts.load())


def test_every_phrase_has_a_handler_and_every_command_a_phrase() -> None:
    from handlers import services  # fills the router

    assert services.JOBS
    known = phrasebook.load()
    assert set(known.names) == set(router.commands)
    for kind, options in known.answers.items():
        assert set(options) == set(router.answers[kind].options), kind
