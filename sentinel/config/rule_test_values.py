"""The short form of rule tests: `0 0 30x15 0x30` for figures, `.x12 E ?` for how a source answered."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from sentinel.domain.reading import Floats

LONGEST = 1_000_000
"""Polls of one test: at one a minute nearly two years."""

_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_WORD = re.compile(rf"(?P<first>[-+]?{_NUMBER}|_)(?:(?P<step>[-+]{_NUMBER}))?(?:x(?P<times>[0-9]+))?")
_ANSWERS = re.compile(r"(?P<letter>[.E?])(?:x(?P<times>[0-9]+))?")
_FORMS = (
    "a figure, N, NxM for M times N, A+BxM or A-BxM for M figures from A in steps of B, _ or _xM where it is missing"
)
_LETTERS = "one letter for each poll: . good, E error, ? stale, and .x12 for twelve times the same"


class ValuesError(ValueError):
    """Something that is no value: characters `start` to `end` of the text."""

    def __init__(self, message: str, start: int, end: int, hint: str) -> None:
        self.message = message
        self.start = start
        self.end = end
        self.hint = hint
        super().__init__(message)


def parse_values(text: str) -> Floats:
    """The figures of a series, one for each poll; NaN where it is missing from a good answer.

    Raises:
        ValuesError: a word of it has none of the forms, or there are more than `LONGEST`.
    """
    parts: list[Floats] = []
    count = 0
    for start, word in _words(text):
        match = _WORD.fullmatch(word)
        step = match["step"] if match else None
        if match is None or (step and match["first"] == "_"):
            raise ValuesError(f'"{_short(word)}" is no value', start, start + len(word), _FORMS)
        times = _times(match["times"], start + match.start("times"), start + len(word))
        if step and match["times"] is None:
            raise ValuesError("a step needs to be told how many values there are", start, start + len(word), _FORMS)
        count = _counted(count + times, start, start + len(word))
        first = np.nan if match["first"] == "_" else float(match["first"])
        values = np.full(times, first, np.float64)
        if step is not None:
            values += float(step) * np.arange(times)
        if np.isinf(values).any():
            raise ValuesError(f'"{_short(word)}" is too large', start, start + len(word), _FORMS)
        parts.append(values)
    if not parts:
        raise ValuesError("there are no values", 0, max(1, len(text)), _FORMS)
    return np.concatenate(parts)


def parse_answers(text: str) -> str:
    """How a source answered, one letter for each poll.

    Raises:
        ValuesError: something in it is no such letter, or there are more than `LONGEST`.
    """
    parts: list[str] = []
    count = 0
    for start, word in _words(text):
        position = 0
        while position < len(word):
            match = _ANSWERS.match(word, position)
            at = start + position
            if match is None:
                raise ValuesError(f'"{_short(word[position:])}" is no answer', at, start + len(word), _LETTERS)
            times = _times(match["times"], start + match.start("times"), start + match.end())
            count = _counted(count + times, at, start + match.end())
            parts.append(match["letter"] * times)
            position = match.end()
    if not parts:
        raise ValuesError("there are no answers", 0, max(1, len(text)), _LETTERS)
    return "".join(parts)


def _words(text: str) -> Iterator[tuple[int, str]]:
    return ((match.start(), match.group()) for match in re.finditer(r"\S+", text))


def _times(written: str | None, start: int, end: int) -> int:
    if written is None:
        return 1
    times = int(written) if len(written) < 20 else LONGEST + 1  # noqa: PLR2004  # int() of a novel takes its time
    if times < 1:
        raise ValuesError("must be at least 1", start, end, "leave it out where there is nothing")
    return times


def _counted(count: int, start: int, end: int) -> int:
    if count > LONGEST:
        raise ValuesError(f"more than {LONGEST} polls", start, end, "make the story shorter, or every longer")
    return count


def _short(word: str) -> str:
    return word if len(word) <= 40 else word[:39] + "…"  # noqa: PLR2004  # a word, not a novel
