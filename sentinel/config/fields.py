"""Kinds of values in rules.toml: durations, names, thresholds. Messages never repeat the value."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from sentinel.config.durations import PATTERN, duration_text, parse_duration

_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def refused(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """The error of a validator here: its type is the problem's code."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})


def _duration(value: object) -> float:
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError as wrong:
            raise refused("E124", str(wrong), "write 30s, 10m, 4h or 7d") from None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    hint = "put it in quotes, with its unit" if number else "write 30s, 10m, 4h or 7d, in quotes"
    raise refused("E124", "a duration is text: a number with a unit", hint)


def _at_least(least: float) -> Callable[[float], float]:
    def check(seconds: float) -> float:
        if seconds < least:
            raise refused("E106", f"must be at least {duration_text(least)}")
        return seconds

    return check


_DURATION = {"type": "string", "pattern": PATTERN, "examples": ["10m"]}

Duration = Annotated[float, BeforeValidator(_duration), WithJsonSchema(_DURATION)]
"""Seconds, 0 allowed."""

SomeTime = Annotated[float, AfterValidator(_at_least(1.0)), BeforeValidator(_duration), WithJsonSchema(_DURATION)]
"""Seconds, at least one."""


def _printable(text: str) -> str:
    if any(unicodedata.category(char) in _UNPRINTABLE for char in text):
        raise refused("E106", "must not contain line breaks or other control characters")
    if not text.strip():
        raise refused("E106", "must not be empty")
    return text


Text = Annotated[str, AfterValidator(_printable), Field(max_length=500)]
"""One line of text that says something."""

LongText = Annotated[str, Field(max_length=5000)]
"""A condition or a URL; what is wrong with it is told where it is read."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_TEXT = {"type": "string"}
Names = Annotated[
    list[Text],
    Field(min_length=1, max_length=1000),
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}),
]
"""One text, or a list of them."""


def _condition_or_false(value: object) -> object:
    if value is False or isinstance(value, str):
        return value
    raise refused("E105", "must be a condition in quotes, or false to ask nothing")


ConditionOrFalse = Annotated[
    Any, BeforeValidator(_condition_or_false), WithJsonSchema({"anyOf": [_TEXT, {"const": False}]})
]
