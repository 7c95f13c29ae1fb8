"""JSON bodies in the three layouts a Portal may use: a list of rows, an envelope around it, headers and data."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NoReturn, cast

import numpy as np
import orjson

from sentinel.collect.quality import shown
from sentinel.collect.table import RawTable, Unreadable, check_titles
from sentinel.domain.reading import Reason

_ROWS_KEYS = ("rows", "data", "items", "results", "result", "values", "entries")
_HEADER_KEYS = ("headers", "columns", "header", "titles")
_MOST_DIGITS = 18
_COLON = ord(":")


def read_json(body: bytes, text: Callable[[], str]) -> RawTable:
    """The table of a JSON body.

    Args:
        body: UTF-8, without byte order mark.
        text: the body decoded leniently; called only when the fast parser does not take it.

    Raises:
        Unreadable: broken JSON (with its place), a key twice in one object, no table, no row.
    """
    remarks: tuple[str, ...] = ()
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content, remarks = _strictly(text())
        table, _ = _table(content)
    else:
        table, rows = _table(content)
        if _colons(body) != _expected_colons(content, table, rows) or _hides_colons(body):
            content, remarks = _strictly(text())
            table, _ = _table(content)
    return replace(table, remarks=remarks) if remarks else table


def _colons(body: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == _COLON))


def _hides_colons(body: bytes) -> bool:
    r"""Whether a colon may be written as `\u003a`: then counting colons proves nothing."""
    return b"\\" in body and b"\\u003" in body  # one byte is found many times faster than five, and is rarely there


def _expected_colons(content: object, table: RawTable, rows: list[Any]) -> int:
    """How many colons the text must have if no object names a key twice.

    A parser drops all but one of equal keys without a word. Every key brings one colon and text brings its own, so
    with equal keys the text has more colons than what was parsed accounts for.
    """
    count = 0
    if isinstance(content, dict):
        for key, value in content.items():
            count += 1 + key.count(":") + (0 if value is rows else _colons_within(value))
    if table.shape != "columns":
        if sum(map(len, rows)) != len(table.titles) * table.size:
            return count + _colons_within(rows)
        count += table.size * sum(1 + title.count(":") for title in table.titles)
    return count + sum(map(_colons_in_cells, table.columns, table.kinds))


def _colons_in_cells(column: list[object], kinds: frozenset[type]) -> int:
    if not kinds & {str, list, dict}:
        return 0
    if kinds == {str}:
        return "\n".join(cast("list[str]", column)).count(":")
    return sum(map(_colons_within, column))


def _colons_within(value: object) -> int:
    if isinstance(value, str):
        return value.count(":")
    if isinstance(value, list):
        return sum(map(_colons_within, value))
    if isinstance(value, dict):
        return sum(1 + key.count(":") + _colons_within(part) for key, part in value.items())
    return 0


def _strictly(text: str) -> tuple[object, tuple[str, ...]]:
    """What the standard library's parser makes of it: slower, but it knows NaN, huge numbers and equal keys."""
    literals: list[str] = []

    def constant(word: str) -> float:
        literals.append(word)
        return float("nan")

    try:
        content = json.loads(
            text, parse_constant=constant, parse_int=_whole, object_pairs_hook=_unequal_keys, strict=False
        )
    except json.JSONDecodeError as error:
        _broken(error, text)
    except RecursionError:
        raise Unreadable(Reason.NOT_A_TABLE, "the JSON is nested too deeply to be a table") from None
    if not literals:
        return content, ()
    words = ", ".join(sorted(set(literals)))
    return content, (f"{len(literals)} figures are written as {words}; they count as missing",)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _unequal_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Unreadable(
            Reason.NOT_A_TABLE,
            f"an object of the JSON names the key {shown(twice)} twice, so its figures cannot be trusted",
        )
    return content


def _broken(error: json.JSONDecodeError, text: str) -> NoReturn:
    near = text[max(0, error.pos - 20) : error.pos + 20]
    if error.pos >= len(text.rstrip()):
        what = f"the JSON ends in the middle, at line {error.lineno}, column {error.colno}"
        raise Unreadable(Reason.NOT_A_TABLE, what) from None
    what = f"broken JSON at line {error.lineno}, column {error.colno}: {error.msg.lower()}, near {shown(near)}"
    raise Unreadable(Reason.NOT_A_TABLE, what) from None


def _table(content: object) -> tuple[RawTable, list[Any]]:
    """The table, and the list within `content` that holds its rows."""
    if isinstance(content, list):
        return _of_rows(content, "rows"), content
    if not isinstance(content, dict):
        raise Unreadable(Reason.NOT_A_TABLE, f"the JSON is no table but {shown(content)}")
    header = next((key for key in _HEADER_KEYS if _is_header(content.get(key))), None)
    if header is not None:
        return _of_header(content, header)
    lists = [key for key, value in content.items() if isinstance(value, list)]
    chosen = next((key for key in _ROWS_KEYS if key in lists), None)
    if chosen is None and len(lists) == 1:
        chosen = lists[0]
    if chosen is None:
        _no_rows(content)
    return _of_rows(content[chosen], "envelope"), content[chosen]


def _is_header(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(title, str) for title in value)


def _no_rows(content: dict[str, object]) -> NoReturn:
    for key in ("message", "error", "detail", "description"):
        if isinstance(content.get(key), str):
            raise Unreadable(Reason.NOT_A_TABLE, f"the answer is no table but a message: {shown(content[key], 200)}")
    keys = ", ".join(shown(key, 30) for key in list(content)[:8]) or "nothing"
    raise Unreadable(Reason.NOT_A_TABLE, f"the JSON object holds no list of rows; it holds {keys}")


def _of_header(content: dict[str, Any], header: str) -> tuple[RawTable, list[Any]]:
    titles = tuple(content[header])
    check_titles(titles)
    key = next((key for key in _ROWS_KEYS if isinstance(content.get(key), list)), None)
    if key is None:
        raise Unreadable(Reason.NOT_A_TABLE, f"the JSON has {shown(header)} but no list of rows beside it")
    rows: list[Any] = content[key]
    if rows and set(map(type, rows)) == {dict}:
        return _of_rows(rows, "envelope"), rows
    if set(map(type, rows)) - {list}:
        raise Unreadable(Reason.NOT_A_TABLE, f"{shown(key)} holds something that is not a row")
    odd = next((number for number, row in enumerate(rows, 1) if len(row) != len(titles)), None)
    if odd is not None:
        text = f"row {odd} has {len(rows[odd - 1])} cells for {len(titles)} columns"
        raise Unreadable(Reason.NOT_A_TABLE, text)
    if not rows:
        raise Unreadable(Reason.EMPTY, "the table has no row")
    return RawTable("columns", titles, tuple(map(list, zip(*rows, strict=True)))), rows


def _of_rows(rows: list[Any], shape: str) -> RawTable:
    if not rows:
        raise Unreadable(Reason.EMPTY, "the table has no row")
    if set(map(type, rows)) != {dict}:
        number, odd = next((number, row) for number, row in enumerate(rows, 1) if type(row) is not dict)
        raise Unreadable(Reason.NOT_A_TABLE, f"row {number} is no object but {shown(odd)}")
    titles = tuple(rows[0])
    if not titles:
        raise Unreadable(Reason.NOT_A_TABLE, "row 1 is an empty object")
    if set(map(len, rows)) == {len(titles)}:
        columns = _columns(rows, titles)
        if columns is not None:
            return RawTable(shape, titles, columns)
    titles = tuple(dict.fromkeys(key for row in rows for key in row))
    return RawTable(shape, titles, tuple([row.get(title) for row in rows] for title in titles))


def _columns(rows: Sequence[dict[str, Any]], titles: tuple[str, ...]) -> tuple[list[object], ...] | None:
    """The cells by column when every row has the same keys in the same order, else None."""
    if list(chain.from_iterable(rows)) != list(titles) * len(rows):
        return None
    cells = list(chain.from_iterable(map(dict.values, rows)))
    return tuple(cells[index :: len(titles)] for index in range(len(titles)))
