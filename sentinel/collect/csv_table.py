"""CSV bodies: a header line, then one line per row; separated by commas, semicolons or tabs."""

from __future__ import annotations

import csv
import io

from sentinel.collect.quality import shown
from sentinel.collect.table import RawTable, Unreadable, check_titles
from sentinel.domain.reading import Reason

_DELIMITERS = (",", ";", "\t")
_LONGEST_CELL = 2**20


def read_csv(text: str) -> RawTable:
    """The table of a CSV text, without byte order mark. All cells are text.

    Raises:
        Unreadable: broken CSV (with its line), a ragged row, no header, no row.
    """
    csv.field_size_limit(_LONGEST_CELL)
    first_line = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        what = f"broken CSV at line {reader.line_num}: {error}"
        raise Unreadable(Reason.NOT_A_TABLE, what) from None
    if not rows:
        raise Unreadable(Reason.EMPTY, "the CSV has no line")
    titles = tuple(title.strip() for title in rows[0])
    _check_header(titles)
    del rows[0]
    if not rows:
        raise Unreadable(Reason.EMPTY, "the table has no row")
    ragged = next((number for number, row in enumerate(rows, 2) if len(row) != len(titles)), None)
    if ragged is not None:
        what = f"line {ragged} of the CSV has {len(rows[ragged - 2])} cells for {len(titles)} columns"
        raise Unreadable(Reason.NOT_A_TABLE, what)
    return RawTable("csv", titles, tuple(map(list, zip(*rows, strict=True))))


def _check_header(titles: tuple[str, ...]) -> None:
    if len(titles) == 1:
        raise Unreadable(Reason.NOT_A_TABLE, f"the text is no CSV table; it begins with {shown(titles[0])}")
    check_titles(titles)
    if any(not title or title[0].isdigit() for title in titles):
        odd = next(title for title in titles if not title or title[0].isdigit())
        raise Unreadable(Reason.NOT_A_TABLE, f"the CSV has no header line: {shown(odd)} is no column title")
