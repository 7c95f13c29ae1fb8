"""Cut a condition into words, numbers with units, and signs."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from sentinel.domain.metrics import Unit

LONGEST = 2000
"""Characters in one condition at most."""


class ExpressionError(ValueError):
    """What is wrong with a condition, and where: `start` and `end` are character offsets in its text."""

    def __init__(self, message: str, start: int, end: int, *, hint: str = "", code: str = "syntax") -> None:
        self.message = message
        self.start = start
        self.end = max(end, start + 1)
        self.hint = hint
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, name, sign or end; a number has its value in base units."""

    kind: str
    text: str
    start: int
    end: int
    value: float = 0.0
    unit: Unit = Unit.COUNT


UNITS: dict[str, tuple[Unit, float]] = {
    "": (Unit.COUNT, 1.0),
    "%": (Unit.RATIO, 0.01),
    "us": (Unit.TIME, 0.001),
    "ms": (Unit.TIME, 1.0),
    "s": (Unit.TIME, 1000.0),
    "m": (Unit.TIME, 60_000.0),
    "min": (Unit.TIME, 60_000.0),
    "h": (Unit.TIME, 3_600_000.0),
    "d": (Unit.TIME, 86_400_000.0),
    "B": (Unit.BYTES, 1.0),
    "kB": (Unit.BYTES, 1e3),
    "MB": (Unit.BYTES, 1e6),
    "GB": (Unit.BYTES, 1e9),
    "TB": (Unit.BYTES, 1e12),
}

_SPELT: dict[str, tuple[str, ...]] = {
    "%": ("percent", "pct", "per"),
    "ms": ("msec", "millisecond", "milli"),
    "s": ("sec", "second"),
    "min": ("minute",),
    "h": ("hr", "hour"),
    "d": ("day",),
    "B": ("byte",),
    "kB": ("kib", "kilobyte"),
    "MB": ("mib", "megabyte"),
    "GB": ("gib", "gigabyte"),
}
"""How people write units, in small letters and in the singular."""

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s?(%|[A-Za-z]+\b)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGN = re.compile(r"<=|>=|==|!=|[-+*/<>()=,]")
_FRACTION = re.compile(r",([0-9]+)")
WORDS = frozenset({"and", "or", "not"})
"""The words that join conditions."""

_INSTEAD = {
    "&": "write and",
    "|": "write or",
    "!": "write not",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "×": "write *",
    "÷": "write /",
    ".": "write 0.5 with its zero",
    "%": "a percentage is a number: 5%",
}


def tokens(text: str) -> list[Token]:
    """All tokens of a condition, with a last one of kind `end`.

    Raises:
        ExpressionError: a character or a unit that the language does not have, or too long a text.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"a condition has at most {LONGEST} characters", LONGEST, len(text))
    found: list[Token] = []
    position = _skip(text, 0)
    while position < len(text):
        token = _number(text, position) or _word(text, position) or _sign(text, position)
        if token is None:
            char = text[position]
            raise ExpressionError(f"{char!r} has no meaning here", position, position + 1, hint=_INSTEAD.get(char, ""))
        found.append(token)
        position = _skip(text, token.end)
    return [*found, Token("end", "", len(text), len(text))]


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _number(text: str, position: int) -> Token | None:
    match = _NUMBER.match(text, position)
    if match is None:
        return None
    digits, suffix = match.group(1), match.group(2) or ""
    if suffix.lower() in WORDS:
        suffix = ""
    end = match.end() if suffix else match.end(1)
    if suffix not in UNITS:
        raise ExpressionError(
            f"unknown unit {suffix!r}", match.start(2), end, hint=_unit_hint(digits, suffix), code="unknown_unit"
        )
    if fraction := _FRACTION.match(text, end):
        hint = f"write {digits}.{fraction[1]} or {digits}{fraction[1]}"
        raise ExpressionError("a number has a decimal point, not a comma", end, end + 1, hint=hint)
    unit, factor = UNITS[suffix]
    value = float(digits) * factor
    if math.isinf(value):
        raise ExpressionError("this number is too large", position, end, code="constant")
    return Token("number", text[position:end], position, end, value, unit)


def _unit_hint(digits: str, suffix: str) -> str:
    """The unit that differs in case only, or is spelt out, else all of them: `5KB` is meant as `5kB`."""
    same = [name for name in UNITS if len(name) > 1 and name.lower() == suffix.lower()]
    same += [unit for unit, words in _SPELT.items() if suffix.lower().removesuffix("s") in words]
    return f"write {digits}{same[0]}" if same else f"units are {', '.join(name for name in UNITS if name)}"


def _word(text: str, position: int) -> Token | None:
    match = _NAME.match(text, position)
    return Token("name", match.group(), position, match.end()) if match else None


def _sign(text: str, position: int) -> Token | None:
    match = _SIGN.match(text, position)
    return Token("sign", match.group(), position, match.end()) if match else None
