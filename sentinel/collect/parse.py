"""A body to figures: which format it is in truth, its table, its columns, its nodes."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sentinel.collect.csv_table import read_csv
from sentinel.collect.json_table import read_json
from sentinel.collect.mapping import Mapped, MetricColumn, mapped
from sentinel.collect.nodes import Named, named
from sentinel.collect.numbers import measured, told
from sentinel.collect.pages import describe_page
from sentinel.collect.quality import Remarks, shown
from sentinel.collect.table import RawTable, Unreadable
from sentinel.domain.hierarchy import Node, node_text
from sentinel.domain.reading import Figures, Floats, Query, Reason

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Expected:
    """What the body should be: the format asked for, the column titles, the hierarchy's levels as far as known."""

    query: Query
    format: str = "json"
    titles: Mapping[str, str] = field(default_factory=dict)
    levels: Node = ()


@dataclass(frozen=True)
class Parsed:
    """The figures with everything that was recognised on the way; `before` for the next answer is `names`."""

    figures: Figures
    table: RawTable
    mapped: Mapped
    names: Named
    remarks: tuple[str, ...]


def parse(body: bytes, content_type: str, expected: Expected, before: Named | None = None) -> Parsed:
    """The figures of an answer with status 200.

    Raises:
        Unreadable: there are none, and why.
    """
    remarks = Remarks()
    table = read(body, content_type, expected.format, remarks)
    remarks.extend(table.remarks)
    found = mapped(table, expected.query, expected.levels, expected.titles)
    remarks.extend(found.remarks)
    if not found.metrics:
        titles = ", ".join(shown(title, 30) for title in table.titles[:12])
        text = f"no column of the table holds figures; its columns are {titles}"
        raise Unreadable(Reason.NOT_A_TABLE, text, "name the Portal's titles under columns")
    names = named([table.columns[index] for index in found.levels], expected.query, table.size, before)
    remarks.extend(names.remarks)
    columns = {column.metric: _figures(table, column, names, remarks) for column in found.metrics}
    return Parsed(Figures(names.rows, columns), table, found, names, remarks.told())


def _figures(table: RawTable, column: MetricColumn, names: Named, remarks: Remarks) -> Floats:
    cells = table.columns[column.index]
    found = measured(cells, table.kinds[column.index], column.unit, scale=column.scale, negative=not column.known)
    if found.problems:
        remarks.extend(told(column.metric, found, lambda row: _place_of(row, names)))
    figures = found.figures if names.take is None else found.figures[names.take]
    if names.ambiguous.size:
        figures[names.ambiguous] = np.nan
    return figures


def _place_of(row: int, names: Named) -> str:
    node = tuple(column[row] for column in names.names)
    return shown(node_text(node), 120) if node else f"row {row + 1}"


def read(body: bytes, content_type: str, wanted: str, remarks: Remarks) -> RawTable:
    """The table of a body, by what its first character says rather than its Content-Type.

    Raises:
        Unreadable: it is a page, or no table.
    """
    kind = content_type.partition(";")[0].strip().lower()
    body, charset = _charset(body, content_type)
    if charset != "utf-8":
        body = _decoded(body, charset, remarks).encode("utf-8", "replace")
    first = body[:4096].lstrip()[:1]
    if not first:
        raise Unreadable(Reason.EMPTY, "the answer has no content")
    if first == b"<":
        raise Unreadable(Reason.HTML, *describe_page(body.decode("utf-8", "replace"), wanted))
    if first in b"[{" or (wanted == "json" and "csv" not in kind):
        if wanted != "json":
            remarks.add(f"asked for {wanted}, the answer is JSON")
        elif "json" not in kind:
            remarks.add(f"the answer is JSON but calls itself {shown(kind)}")
        return read_json(body, lambda: _decoded(body, "utf-8", remarks))
    if wanted != "csv":
        remarks.add(f"asked for {wanted}, the answer is CSV")
    elif "csv" not in kind:
        remarks.add(f"the answer is CSV but calls itself {shown(kind)}")
    return read_csv(_decoded(body, "utf-8", remarks))


def _charset(body: bytes, content_type: str) -> tuple[bytes, str]:
    """The body without byte order mark, and its encoding: the mark's, else the declared one, else UTF-8.

    ISO 8859-1 is what application servers declare when nobody said anything; what is UTF-8 in truth is read so.
    """
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :], charset
    declared = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    try:
        name = codecs.lookup(declared).name if declared else "utf-8"
    except LookupError:
        return body, "utf-8"
    return body, _utf8_or(name, body) if name in ("utf-8", "ascii", "iso8859-1") else name


def _utf8_or(name: str, body: bytes) -> str:
    if name != "iso8859-1":
        return "utf-8"
    try:
        body.decode()
    except UnicodeDecodeError:
        return name
    return "utf-8"


def _decoded(body: bytes, charset: str, remarks: Remarks) -> str:
    try:
        return body.decode(charset)
    except UnicodeDecodeError:
        text = body.decode(charset, "replace")
        remarks.add(f"{text.count(chr(0xFFFD))} places of the answer are not {charset}; they are shown as �")
        return text
