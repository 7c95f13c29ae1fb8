"""From parsed TOML to tables, with every mistake of form at once: what is wrong is noted, left out, and the rest read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sentinel.config.codes import CODES
from sentinel.config.confidential import is_confidential_key
from sentinel.config.naming import variable_part
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.schema import RulesFile
from sentinel.config.unknown_keys import Meant, meant, model_at
from sentinel.domain.metrics import nearest

_ROUNDS = 8
"""Leaving out one thing can make another visible, never for long."""

F = TypeVar("F", bound=RulesFile)

_STAND_INS: Mapping[str, object] = {
    "url": "https://missing.invalid",
    "node": ["missing"],
    "at": "0s",
    "states": {},
    "date": "2000-01-01",
}
"""What stands for a missing key, so that the rest of its table can still be judged; anything else gets `STAND_IN`."""
STAND_IN = "missing"

_KINDS: Mapping[str, str] = {
    "string_type": "must be text, in quotes",
    "list_type": "must be a list, in brackets",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "dict_type": "must be a table",
    "model_type": "must be a table",
}


@dataclass(frozen=True)
class _Read:
    """What is being read: the kind of file, and what it says."""

    file: type[RulesFile]
    tree: dict[str, Any]


def read_tables(raw: Mapping[str, Any], problems: Problems, file: type[F]) -> tuple[F | None, frozenset[Path]]:
    """The tables of a kind of file, with what is wrong with their form added to `problems`.

    Returns:
        The tables without what could not be read, and the paths that were left out or are missing: nothing more is
        to be said about those. None where nothing usable is left.
    """
    tree = _copied(raw)
    absent: set[Path] = set()
    for _ in range(_ROUNDS):
        try:
            return file.model_validate(tree), frozenset(absent)
        except ValidationError as invalid:
            details = sorted(invalid.errors(include_url=False), key=lambda one: one["type"] == "missing")
        misspelt = _misspelt(details, _Read(file, tree))
        absent |= misspelt
        for detail in details:
            path = _existing(tree, detail["loc"])
            if detail["type"] == "missing":
                path = (*path, str(detail["loc"][-1]))
            if path not in absent:
                _tell(detail, path, _Read(file, tree), problems)
        gone: set[Path] = set()
        for detail in details:
            if any(detail["loc"][: len(one)] == one for one in gone):
                continue  # with something around it
            path = _existing(tree, detail["loc"])
            better = _as_meant(detail, path, _Read(file, tree))
            if better is None:
                mended = _mend(detail, tree)
                absent.add(mended)
                gone |= {mended} if detail["type"] != "missing" else set()
            elif better != path:
                problems.positions.alias(path, better)
                absent.discard(better)
    return None, frozenset(absent)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _existing(tree: Any, loc: Iterable[str | int]) -> Path:
    """As much of the path as the file has: a condition written as text has no `breach` key."""
    path: Path = ()
    for step in loc:
        inside = isinstance(tree, dict) and step in tree
        if not inside and not (isinstance(tree, list) and isinstance(step, int) and step < len(tree)):
            break
        tree = tree[step]
        path = (*path, step)
    return path


def _mend(detail: ErrorDetails, tree: dict[str, Any]) -> Path:
    """Fill in what is missing, take out what is wrong; the path of that."""
    path = _existing(tree, detail["loc"])
    if detail["type"] == "missing":
        key = str(detail["loc"][-1])
        if len(path) == len(detail["loc"]) - 1:
            _at(tree, path)[key] = _STAND_INS.get(key, STAND_IN)
        return (*path, key)
    while path and isinstance(path[-1], int):  # a whole list goes: its other elements keep their numbers
        path = path[:-1]
    if path:
        del _at(tree, path[:-1])[path[-1]]
    return path


def _at(tree: Any, path: Path) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def _tell(detail: ErrorDetails, path: Path, read: _Read, problems: Problems) -> None:
    kind, key = detail["type"], _name(detail["loc"])
    context: Mapping[str, Any] = detail.get("ctx") or {}
    if kind == "extra_forbidden":
        _tell_unknown(path, read, problems)
    elif kind == "missing":
        where = model_at(path[:-1], read.file).title
        problems.error("E104", f"{where} has no {key}", path[:-1], hint=_need(key), side="key")
    elif kind in CODES:
        problems.error(kind, f"{key}: {context['message']}", path, hint=str(context.get("hint", "")))
    elif kind in _KINDS:
        _tell_kind(kind, key, path, detail["input"], read, problems)
    elif kind == "literal_error":
        words = str(context["expected"]).replace("''", '""').replace("'", "")
        given = detail["input"]
        near = nearest(given, words.replace(" or ", ", ").split(", ")) if isinstance(given, str) else None
        problems.error("E106", f"{key} must be {words}", path, hint=f"did you mean {near!r}?" if near else "")
    elif kind == "string_pattern_mismatch":
        hint = "at most 100 letters, digits, dots, dashes and underscores, beginning with a letter or digit"
        problems.error("E106", f"{key} has characters that cannot stand in it", path, hint=hint)
    else:
        problems.error("E106", f"{key}: {_sentence(detail)}", path)


def _tell_kind(kind: str, key: str, path: Path, given: object, read: _Read, problems: Problems) -> None:
    """A value of the wrong kind; of tables with the form that was meant."""
    model = model_at(path, read.file)
    message, hint = f"{key} {_KINDS[kind]}", ""
    if kind == "list_type" and _is_one_of_several(path, given, read.file):
        message, hint = f"there may be several of [{model.title[2:-2]}]", f"write {model.title}"
    elif kind in ("model_type", "dict_type"):
        several = isinstance(given, list) and model.title == f"[{key}]"
        message = f"there is only one {model.title}" if several else message
        hint = f"write {model.title}" if several else f"write {key} = {model.example}" if model.example else ""
    elif kind == "list_type":
        hint = "even around a single one"
    elif kind == "string_type" and isinstance(given, list):
        hint = "it takes only one"
    elif kind == "bool_type" and isinstance(given, str):
        hint = "without quotes"
    problems.error("E105", message, path, hint=hint)


def _sentence(detail: ErrorDetails) -> str:
    """Our words for a bound that was passed; the library's own where there are none."""
    context: Mapping[str, Any] = detail.get("ctx") or {}
    told = {
        "greater_than_equal": f"must be at least {context.get('ge')}",
        "less_than_equal": f"must be at most {context.get('le')}",
        "too_short": "must not be empty",
        "too_long": f"has more than {context.get('max_length')} elements",
        "string_too_long": f"has more than {context.get('max_length')} characters",
        "finite_number": "must be a finite number",
    }
    return told.get(detail["type"], detail["msg"])


_NEEDS: Mapping[str, str] = {
    "id": "a rule keeps its history under its id: choose one and never change it",
    "service": 'e.g. service = "Exchange Online", or a list, or a pattern: "*"',
    "hierarchy": 'e.g. hierarchy = "Location"; `sentinel discover` lists what there is',
    "url": 'e.g. url = "https://portal.example.com"',
    "uid": "`sentinel discover` lists the identifiers of services",
    "column": 'e.g. { column = "Login time (s)", unit = "s" }',
    "to": "name the receivers that are told",
    "date": 'e.g. date = "2026-12-31"',
}


def _need(key: str) -> str:
    return _NEEDS.get(key, "")


def _name(loc: Iterable[str | int]) -> str:
    """The last word of a path; of a list's element the list's."""
    return next((step for step in reversed(list(loc)) if isinstance(step, str)), "this")


def _tell_unknown(path: Path, read: _Read, problems: Problems) -> None:
    key = str(path[-1])
    model = model_at(path[:-1], read.file)
    shown = key if key.isprintable() and len(key) <= 60 else repr(key[:60])  # noqa: PLR2004  # a key, not a novel
    if is_confidential_key(key) or path[-2:] == ("slack_webhook", "url"):
        hint = f"set {_variable(path, read.tree)} (or the same with _FILE) instead"
        problems.error("E120", f"{shown}: credentials do not belong into this file", path, hint=hint, side="key")
    else:
        what = "a key" if len(path) > 1 or not isinstance(read.tree[key], dict | list) else "a table"
        message = f"{model.title} has no key {shown}" if what == "a key" else f"there is no table {shown}"
        hint = TESTS if _is_of_tests(path, read) else _meant(path, read).advice
        problems.error("E103", message, path, hint=hint, side="key")


TESTS = "this looks like a file of rule tests: `sentinel test` reads those"


def _is_of_tests(path: Path, read: _Read) -> bool:
    """Whether a rules file has what only a file of rule tests has."""
    return len(path) == 1 and path[0] in ("test", "rules") and "test" in read.tree and read.file is RulesFile


def _meant(path: Path, read: _Read) -> Meant:
    """What an unknown key at this path was meant to be."""
    return meant(str(path[-1]), model_at(path[:-1], read.file), frozenset(_at(read.tree, path[:-1])))


def _as_meant(detail: ErrorDetails, path: Path, read: _Read) -> Path | None:
    """Put right what was surely meant otherwise, so that its contents are judged as well: its path then, else None."""
    if path != detail["loc"]:
        return None  # another mend took it away
    if detail["type"] == "missing":
        return path  # another mend put it right
    if detail["type"] == "list_type" and _is_one_of_several(path, detail["input"], read.file):
        _at(read.tree, path[:-1])[path[-1]] = [detail["input"]]
        return (*path, 0)
    if detail["type"] == "extra_forbidden":
        found = _meant(path, read)
        if found.key is not None and found.sure:
            table = _at(read.tree, path[:-1])
            table[found.key] = table.pop(path[-1])
            return (*path[:-1], found.key)
    return None


def _is_one_of_several(path: Path, given: object, file: type[RulesFile]) -> bool:
    """Whether `[rule]` stands where `[[rule]]` is meant."""
    return isinstance(given, dict) and isinstance(path[-1], str) and model_at(path, file).title.startswith("[[")


def _misspelt(details: Iterable[ErrorDetails], read: _Read) -> set[Path]:
    """The paths that unknown keys were meant for: nothing is missing there."""
    found: set[Path] = set()
    for detail in details:
        path = _existing(read.tree, detail["loc"])
        if detail["type"] == "extra_forbidden" and (key := _meant(path, read).key) is not None:
            found.add((*path[:-1], key))
    return found


def _variable(path: Path, tree: dict[str, Any]) -> str:
    """The variable that a credential at this path belongs into."""
    table: Any = _at(tree, path[:-1])
    name = table.get("name", "NAME") if isinstance(table, dict) else "NAME"
    name = variable_part(name) if isinstance(name, str) and len(name) <= 60 else "NAME"  # noqa: PLR2004  # a name, not a novel
    if path[0] == "source":
        return f"SENTINEL_SOURCE_{name}_{'USERNAME' if 'user' in str(path[-1]).lower() else 'PASSWORD'}"
    channel = path[2] if len(path) > 3 else ""  # noqa: PLR2004  # ("receiver", 0, "slack", "token")
    by_channel = {
        "slack": "SENTINEL_SLACK_BOT_TOKEN",
        "slack_webhook": f"SENTINEL_SLACK_WEBHOOK_{name}",
        "webhook": f"SENTINEL_WEBHOOK_{name}_SECRET",
        "email": "SENTINEL_SMTP_PASSWORD",
    }
    return by_channel.get(str(channel), "the SENTINEL_* variable it belongs to")
