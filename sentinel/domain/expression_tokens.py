"""Cut a condition into words, numbers with units, and signs."""

from __future__ import annotations

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

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s?(%|[A-Za-z]+\b)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGN = re.compile(r"<=|>=|==|!=|[-+*/<>()=,]")
_WORDS = frozenset({"and", "or", "not"})


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
            raise ExpressionError(f"{text[position]!r} has no meaning here", position, position + 1)
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
    if suffix in _WORDS:
        suffix = ""
    end = match.end() if suffix else match.end(1)
    if suffix not in UNITS:
        near = ", ".join(name for name in UNITS if name)
        raise ExpressionError(f"unknown unit {suffix!r}", match.start(2), end, hint=f"units are {near}", code="unit")
    if text[end : end + 1] == "," and text[end + 1 : end + 2].isdigit():
        raise ExpressionError("a number has a decimal point, not a comma", end, end + 1, hint="write 95.5")
    unit, factor = UNITS[suffix]
    return Token("number", text[position:end], position, end, float(digits) * factor, unit)


def _word(text: str, position: int) -> Token | None:
    match = _NAME.match(text, position)
    return Token("name", match.group(), position, match.end()) if match else None


def _sign(text: str, position: int) -> Token | None:
    match = _SIGN.match(text, position)
    return Token("sign", match.group(), position, match.end()) if match else None
