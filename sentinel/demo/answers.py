"""A table written as an answer: JSON in three shapes, CSV with or without units, or an HTML table.

The vendor documents the three formats and what they contain, not the JSON layout or the column titles. So the layout
is a switch, and the titles are a mapping.
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from sentinel.demo.asking import Format
from sentinel.demo.metrics import UNITS
from sentinel.demo.tables import Table

Shape = Literal["rows", "envelope", "columns"]
"""`rows`: a list of objects. `envelope`: an object that holds that list. `columns`: `headers` and `data`."""

HTML = "text/html;charset=UTF-8"


@dataclass(slots=True)
class Answer:
    """An HTTP answer: status, Content-Type, body and further headers."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is inferred about the answer's form.

    Attributes:
        shape: of JSON.
        titles: canonical metric (or `service`) to column title; what is not named keeps its canonical name.
        csv_units: whether CSV and HTML cells carry units, as in "38.2 ms".
        csv_delimiter: between CSV cells.
        csv_bom: whether CSV begins with a byte order mark.
    """

    shape: Shape = "rows"
    titles: Mapping[str, str] = field(default_factory=dict)
    csv_units: bool = False
    csv_delimiter: str = ","
    csv_bom: bool = False

    def title(self, name: str) -> str:
        """The title of a column."""
        return self.titles.get(name, name)


def written(table: Table, wanted: Format, layout: Layout) -> Answer:
    """The answer in the format that was asked for."""
    if wanted == "json":
        return Answer(200, "application/json;charset=UTF-8", _json(table, layout))
    if wanted == "csv":
        return Answer(200, "text/csv;charset=UTF-8", _csv(table, layout))
    return Answer(200, HTML, _html(table, layout))


def page(status: int, title: str, text: str) -> Answer:
    """A small HTML page, as an application server shows it."""
    body = f"<!DOCTYPE html><html><head><title>{escape(title)}</title></head><body><h1>{escape(title)}</h1><p>{escape(text)}</p></body></html>"
    return Answer(status, HTML, body.encode())


def _headers(table: Table, layout: Layout) -> list[str]:
    return [layout.title("service"), *table.levels, *(layout.title(name) for name in table.metrics), *table.extra]


def _cells(table: Table) -> list[list[object]]:
    return [
        [table.service, *table.names(row), *(row.cells.get(name) for name in table.metrics), *table.extra.values()]
        for row in table.rows
    ]


def _json(table: Table, layout: Layout) -> bytes:
    headers, cells = _headers(table, layout), _cells(table)
    content: object
    if layout.shape == "columns":
        content = {"headers": headers, "data": cells}
    else:
        content = [dict(zip(headers, row, strict=True)) for row in cells]
    if layout.shape == "envelope":
        content = {"service": table.service, "hierarchy": table.hierarchy, "scope": table.scope, "rows": content}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _csv(table: Table, layout: Layout) -> bytes:
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=layout.csv_delimiter, lineterminator="\r\n")
    writer.writerow(_headers(table, layout))
    writer.writerows(_texts(table, layout))
    return sink.getvalue().encode("utf-8-sig" if layout.csv_bom else "utf-8")


def _html(table: Table, layout: Layout) -> bytes:
    head = "".join(f"<th>{escape(title)}</th>" for title in _headers(table, layout))
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in _texts(table, layout)
    )
    title = escape(table.service)
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></body></html>"
    ).encode()


def _texts(table: Table, layout: Layout) -> list[list[str]]:
    first = 1 + len(table.levels)
    units = {first + n: UNITS[name] for n, name in enumerate(table.metrics) if layout.csv_units and name in UNITS}
    return [
        [_text(cell) + (f" {units[n]}" if n in units and cell is not None else "") for n, cell in enumerate(row)]
        for row in _cells(table)
    ]


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)
