"""Collects what is wrong with a rules file, each with its place."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from sentinel.config.positions import Path, Place, Positions
from sentinel.errors import Problem

Side = Literal["key", "value"]


class Problems:
    """The problems of one file. Places are looked up only when there is something to say.

    `absent` are the paths that were left out because their form was wrong, or that are missing.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.absent: frozenset[Path] = frozenset()
        self._wrong: set[Path] = set()
        self._found: dict[tuple[str, int, int, str], Problem] = {}

    @cached_property
    def positions(self) -> Positions:
        """Where things stand."""
        return Positions(self.text)

    def error(self, code: str, message: str, path: Path, *, hint: str = "", side: Side = "value") -> None:
        """Something that makes the file unusable."""
        self._wrong.add(path)
        self.at(code, message, self._place(path, side), hint=hint)

    def warning(self, code: str, message: str, path: Path, *, hint: str = "", side: Side = "value") -> None:
        """Something that is probably not meant."""
        self.at(code, message, self._place(path, side), hint=hint, severity="warning")

    def inside(self, code: str, message: str, path: Path, start: int, end: int, *, hint: str = "") -> None:
        """An error in a part of a text value: its characters from `start` to `end`."""
        self._wrong.add(path)
        self.at(code, message, self.positions.inside(path, start, end), hint=hint)

    def doubt(self, code: str, message: str, path: Path, start: int, end: int, *, hint: str = "") -> None:
        """A warning about a part of a text value."""
        self.at(code, message, self.positions.inside(path, start, end), hint=hint, severity="warning")

    def at(self, code: str, message: str, place: Place, *, hint: str = "", severity: str = "error") -> None:
        """A problem at a known place. The same one twice is told once."""
        problem = Problem(
            file=self.file,
            line=place.line,
            column=place.column,
            code=code,
            message=message,
            hint=hint,
            severity=severity,
            span=place.span,
        )
        self._found.setdefault((code, place.line, place.column, message), problem)

    def touches(self, path: Path) -> bool:
        """Whether something is wrong at this path or below it, or was left out there."""
        length = len(path)
        return any(one[:length] == path for paths in (self._wrong, self.absent) for one in paths)

    @property
    def all(self) -> tuple[Problem, ...]:
        """Every problem, from the top of the file down; errors before warnings at the same place."""
        return tuple(sorted(self._found.values(), key=lambda one: (one.line, one.column, one.severity, one.code)))

    @property
    def errors(self) -> bool:
        """Whether the file is unusable."""
        return any(problem.severity == "error" for problem in self._found.values())

    def _place(self, path: Path, side: Side) -> Place:
        return self.positions.key(path) if side == "key" else self.positions.value(path)
