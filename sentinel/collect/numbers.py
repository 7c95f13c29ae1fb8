"""Cells to figures: float64 in base units, NaN for whatever is no figure, and what was wrong with the rest."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from sentinel.collect.quality import shown
from sentinel.domain.metrics import Unit
from sentinel.domain.reading import Floats

BLANKS = frozenset({"", "-", "–", "—"})

UNITS: Mapping[str, tuple[Unit, float]] = {
    "us": (Unit.TIME, 0.001),
    "µs": (Unit.TIME, 0.001),
    "μs": (Unit.TIME, 0.001),
    "ms": (Unit.TIME, 1.0),
    "s": (Unit.TIME, 1000.0),
    "min": (Unit.TIME, 60_000.0),
    "h": (Unit.TIME, 3_600_000.0),
    "%": (Unit.RATIO, 0.01),
    "B": (Unit.BYTES, 1.0),
    "kB": (Unit.BYTES, 1e3),
    "KB": (Unit.BYTES, 1e3),
    "MB": (Unit.BYTES, 1e6),
    "GB": (Unit.BYTES, 1e9),
    "TB": (Unit.BYTES, 1e12),
    "KiB": (Unit.BYTES, 2.0**10),
    "MiB": (Unit.BYTES, 2.0**20),
    "GiB": (Unit.BYTES, 2.0**30),
    "TiB": (Unit.BYTES, 2.0**40),
}
"""Suffix -> what it measures and how many base units it is."""

_SAMPLE = 500
"""Cells looked at, spread evenly, to tell a column of figures from one of names."""

_PLAIN = frozenset("0123456789.-+eE")
_NUMBER = re.compile(
    r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,4})?)(?P<space>[ \u00a0\u202f]?)(?P<unit>[A-Za-zµμ%]*)",
    re.ASCII,
)
# Separators stand for thousands without doubt when there are two of them, or one of another kind than the decimal
# point, or the Swiss apostrophe. "1,234" may be one and a bit, "95,5" is no figure we would bet an alert on.
_GROUPED = re.compile(
    r"([-+]?)(?:(\d{1,3}(?:,\d{3}){2,}|\d{1,3},\d{3}(?=\.))(\.\d+)?|(\d{1,3}(?:\.\d{3}){2,})|(\d{1,3}(?:['’]\d{3})+)(\.\d+)?)",
    re.ASCII,
)
_GROUPED_HEAD = re.compile(r"[-+\d.,'’]+", re.ASCII)


@dataclass(frozen=True)
class Measured:
    """A column as figures. `problems`: what was wrong -> row of the first case and how many; `numbers` were good."""

    figures: Floats
    problems: Mapping[str, tuple[int, int]]


def measured(
    cells: list[object], kinds: frozenset[type], unit: Unit, *, scale: float = 1.0, negative: bool = False
) -> Measured:
    """The figures of a column.

    Args:
        cells: JSON values or text.
        kinds: their types.
        unit: what the metric measures; a cell with a suffix of something else is no figure. ANY takes all.
        scale: base units per number without a suffix of its own.
        negative: whether figures below zero make sense.
    """
    problems: dict[str, tuple[int, int]] = {}
    figures = _fast(cells, kinds)
    if figures is None:
        figures = _one_by_one(cells, unit, scale, problems)
    elif scale != 1.0:
        figures = figures * scale
    _drop(figures, ~np.isfinite(figures) & ~_blank(cells, figures), "no finite number", cells, problems)
    if not negative:
        with np.errstate(invalid="ignore"):
            _drop(figures, figures < 0, "below zero", cells, problems)
    return Measured(figures, problems)


def looks_numeric(cells: list[object], kinds: frozenset[type]) -> bool:
    """Whether most of the filled cells are numbers, with or without a unit; a column without any is not."""
    if kinds <= {int, float, type(None)}:
        return kinds != {type(None)}
    if str not in kinds:
        return bool(kinds & {int, float})
    some = cells[:: max(1, len(cells) // _SAMPLE)]
    share = _numeric_share(some)
    return (_numeric_share(cells) if share is None else share) or False


def _numeric_share(cells: list[object]) -> bool | None:
    """Whether numbers are the majority; None where no cell is filled."""
    counted = Counter(cell for cell in cells if isinstance(cell, str) and cell.strip() not in BLANKS)
    good = sum(count for text, count in counted.items() if not isinstance(_parsed(text, Unit.ANY, 1.0), str))
    plain = sum(type(cell) in (int, float) for cell in cells)
    filled = counted.total() + plain
    return None if not filled else 2 * (good + plain) > filled


def _fast(cells: list[object], kinds: frozenset[type]) -> Floats | None:
    """The whole column at once, where all cells are numbers or missing; None where some need a closer look."""
    if kinds <= {int, float, type(None)}:
        try:
            if type(None) not in kinds:
                return np.fromiter(cast("list[float]", cells), np.float64, len(cells))
            return np.array(cells, np.float64)
        except OverflowError:
            return None
    if kinds == {str}:
        texts = cast("list[str]", cells)
        if set("".join(texts)) <= _PLAIN:
            try:
                return np.array([float(text) if text else math.nan for text in texts])
            except ValueError:
                return None
    return None


def _blank(cells: list[object], figures: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where the cell is missing in so many words, or has had its remark already."""
    blank = np.zeros(figures.size, bool)
    for row in np.flatnonzero(~np.isfinite(figures)):
        cell = cells[row]
        blank[row] = cell is None or (not isinstance(cell, float) and bool(np.isnan(figures[row])))
    return blank


def _drop(
    figures: Floats,
    here: np.ndarray[tuple[int], np.dtype[np.bool_]],
    what: str,
    cells: list[object],
    problems: dict[str, tuple[int, int]],
) -> None:
    rows = np.flatnonzero(here)
    if rows.size:
        problems[f"{what}, as {shown(cells[rows[0]])}"] = (int(rows[0]), rows.size)
        figures[rows] = np.nan


def _one_by_one(cells: list[object], unit: Unit, scale: float, problems: dict[str, tuple[int, int]]) -> Floats:
    figures = np.full(len(cells), np.nan)
    known: dict[str, float | str] = {}
    first: dict[str, tuple[int, int, object]] = {}
    for row, cell in enumerate(cells):
        if type(cell) is str:
            found = known.get(cell)
            if found is None:
                found = known[cell] = _parsed(cell, unit, scale)
        else:
            found = _plain_value(cell, scale)
        if isinstance(found, str):
            where, count, example = first.get(found, (row, 0, cell))
            first[found] = (where, count + 1, example)
        else:
            figures[row] = found
    for what, (row, count, example) in first.items():
        problems[f"{what}, as {shown(example)}"] = (row, count)
    return figures


def _plain_value(cell: object, scale: float) -> float | str:
    if cell is None:
        return math.nan
    if isinstance(cell, bool):
        return "true or false instead of a number"
    if isinstance(cell, (int, float)):
        try:
            return float(cell) * scale
        except OverflowError:
            return "a number too large to be a figure"
    return "no number"


def _parsed(text: str, unit: Unit, scale: float) -> float | str:
    """The figure in base units, or what is wrong with the text."""
    stripped = text.strip()
    if stripped in BLANKS:
        return math.nan
    if len(stripped) > 64:  # noqa: PLR2004 - no figure is that long
        return "text instead of a number"
    match = _NUMBER.fullmatch(_ungrouped(stripped))
    if match is None:
        return "text instead of a number"
    suffix = match["unit"]
    number = float(match["number"])
    if not suffix:
        return number * scale if not match["space"] else "text instead of a number"
    if suffix not in UNITS:
        return "an unknown unit"
    measures, size = UNITS[suffix]
    return number * size if _fits(measures, unit) else "a unit that does not fit"


def _fits(measures: Unit, wanted: Unit) -> bool:
    return wanted in (measures, Unit.ANY)


def _ungrouped(text: str) -> str:
    """The text without thousands separators, where they can be nothing else."""
    head = _GROUPED_HEAD.match(text)
    if head is None or _GROUPED.fullmatch(head.group()) is None:
        return text
    number = head.group()
    if number.count(".") > 1:
        number = number.replace(".", "")
    return re.sub("[,'’]", "", number) + text[head.end() :]


Located = Callable[[int], str]
"""Row -> how people call it."""


def told(column: str, found: Measured, where: Located) -> tuple[str, ...]:
    """The problems as remarks."""
    return tuple(
        f"{column}: {_cells(count)} {what} (first at {where(row)}); counted as missing"
        for what, (row, count) in found.problems.items()
    )


def _cells(count: int) -> str:
    return "1 cell holds" if count == 1 else f"{count} cells hold"
