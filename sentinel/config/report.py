"""Problems for people, for programs, and for the annotations of a code review. Nothing confidential is ever shown."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from sentinel.config.confidential import HIDDEN, masked
from sentinel.errors import Problem

_WIDEST = 160
"""Characters of a source line that are shown; of a longer one the part around the mistake."""

_CREDENTIAL = "E120"
_BOLD, _RED, _YELLOW, _BLUE, _PLAIN = "\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[0m"


def as_text(problems: Sequence[Problem], sources: Mapping[str, str], *, colour: bool = False) -> str:
    """Each problem with its line and a caret under the mistake, as compilers show them; empty for no problems.

    Args:
        problems: in the order in which they are shown.
        sources: file -> its text. Without it, or without a place, only the message is shown.
        colour: with ANSI colours.
    """
    hidden = {(p.file, p.line): p for p in reversed(problems) if p.code == _CREDENTIAL}  # the leftmost of a line
    lines = {file: text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n") for file, text in sources.items()}
    blocks: list[str] = []
    for problem in problems:
        known = lines.get(problem.file, [])
        line = known[problem.line - 1] if 0 < problem.line <= len(known) else None
        blocks.append(_block(problem, line, hidden.get((problem.file, problem.line)), _Paint(colour)))
    return "\n".join(blocks)


def as_json(problems: Sequence[Problem]) -> str:
    """A JSON array of objects with file, line, column, span, code, severity, message and hint."""
    keys = ("file", "line", "column", "span", "code", "severity", "message", "hint")
    return json.dumps([{key: getattr(problem, key) for key in keys} for problem in problems], indent=2)


def as_github(problems: Sequence[Problem]) -> str:
    """One workflow command a line, which GitHub shows beside the line of the file (GitHub Docs, workflow commands)."""
    return "".join(_annotation(problem) + "\n" for problem in problems)


def summary(problems: Iterable[Problem]) -> str:
    """How many there are: `3 errors, 1 warning`."""
    severities = [problem.severity for problem in problems]
    counted = [(severities.count("error"), "error"), (severities.count("warning"), "warning")]
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count) or "no problems"


class _Paint:
    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, code: str) -> str:
        return f"{code}{text}{_PLAIN}" if self._colour else text


def _block(problem: Problem, line: str | None, credential: Problem | None, paint: _Paint) -> str:
    mark = _RED if problem.severity == "error" else _YELLOW
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    head = paint(f"{problem.severity}[{problem.code}]", mark)
    rows = [f"{paint(_printable(place), _BOLD)}: {head}: {paint(_printable(problem.message), _BOLD)}"]
    number = str(problem.line)
    margin = " " * len(number)
    if line is not None:
        shown, before, width = _excerpt(line, problem, credential)
        bar = paint("|", _BLUE)
        rows.append(f"{margin} {bar}")
        rows.append(f"{paint(number, _BLUE)} {bar} {shown}")
        rows.append(f"{margin} {bar} {' ' * before}{paint('^' * width, mark)}")
    if problem.hint:
        equals = paint("=", _BLUE)
        rows.append(f"{margin if line is not None else ' '} {equals} help: {_printable(problem.hint)}")
    return "\n".join(rows) + "\n"


def _excerpt(line: str, problem: Problem, credential: Problem | None) -> tuple[str, int, int]:
    """What is shown of a line, the columns of a terminal before the carets, and the number of carets."""
    if credential is not None:
        start, kept = credential.column - 1, credential.column - 1 + credential.span
        at_key = re.match(r"\s*=", line[kept:])
        line = f"{line[:kept]} = {HIDDEN}" if at_key else f"{line[:start]}{HIDDEN}"
    line, column, span = masked(line, problem.column, problem.span)
    start = min(column - 1, len(line))
    span = max(1, min(span, len(line) - start))
    shown = _printable(line)
    if len(shown) > _WIDEST:
        first = max(0, min(start - _WIDEST // 4, len(shown) - _WIDEST))
        last = min(len(shown), first + _WIDEST)
        span = max(1, min(span, last - start))
        before = shown[first:start]
        lead = "…" if first else ""
        tail = "…" if last < len(shown) else ""
        return lead + shown[first:last] + tail, len(lead) + _width(before), max(1, _width(shown[start : start + span]))
    return shown.rstrip(), _width(shown[:start]), max(1, _width(shown[start : start + span]))


def _printable(text: str) -> str:
    """Text that cannot steer a terminal; each character keeps its place."""
    return "".join(char if char.isprintable() else " " if char == "\t" else "�" for char in text)


def _width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _annotation(problem: Problem) -> str:
    kind = "error" if problem.severity == "error" else "warning"
    facts = {"file": problem.file}
    if problem.line:
        end = problem.column + problem.span
        facts |= {"line": str(problem.line), "col": str(problem.column), "endColumn": str(end)}
    facts["title"] = problem.code
    told = ",".join(f"{key}={_property(value)}" for key, value in facts.items())
    message = f"{problem.message}. {problem.hint}" if problem.hint else problem.message
    return f"::{kind} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
