"""An answer's table before anything is made of it: titles and columns of plain values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from sentinel.domain.reading import Reason


class Unreadable(Exception):
    """The body is no table. Carries the reason and the sentence of the failure; never leaves this package."""

    def __init__(self, reason: Reason, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.hint = hint


@dataclass(frozen=True)
class RawTable:
    """`columns[j][i]` is the cell of row i under `titles[j]`; cells are JSON values or, from CSV, text.

    `shape` says what was recognised: `rows`, `envelope`, `columns`, `csv`.
    """

    shape: str
    titles: tuple[str, ...]
    columns: tuple[list[object], ...]
    remarks: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.columns[0]) if self.columns else 0

    @cached_property
    def kinds(self) -> tuple[frozenset[type], ...]:
        """The types of the cells of each column."""
        return tuple(frozenset(map(type, column)) for column in self.columns)


def check_titles(titles: tuple[str, ...]) -> None:
    """Refuse a table that names one column twice: nobody could say which one counts.

    Raises:
        Unreadable: it does.
    """
    twice = [title for title, count in Counter(titles).items() if count > 1]
    if twice:
        raise Unreadable(Reason.NOT_A_TABLE, f"the column {twice[0][:80]!r} stands in the table more than once")
