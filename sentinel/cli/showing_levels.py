"""The demonstration's last screen: what the outage just seen made of the SLA, and the page about it."""

from __future__ import annotations

import os
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

from sentinel.cli.screen import aligned
from sentinel.config.definitions import Loaded
from sentinel.domain.attained_text import objective_text, percent_text
from sentinel.domain.hierarchy import Node, is_under
from sentinel.errors import SentinelError
from sentinel.history.sla import report
from sentinel.history.sla_report import Report, Row, Section
from sentinel.slareport.page import page as page_of
from sentinel.slareport.table import minutes
from sentinel.slareport.verdict import headline, in_doubt, word
from sentinel.store.database import Database

HEADS = ("VERDICT", "NODE", "ATTAINED", "BAD", "BUDGET LEFT")


def figures(db: Database, loaded: Loaded, at: float) -> Report:
    """What `sentinel sla report` says at that instant.

    Raises:
        StoreError: the record cannot be read.
    """
    return report(db, loaded, at)


def lines(found: Report, since: float, width: int) -> Iterator[str]:
    """The affected nodes with their figures, worst first, and how the figure of the worst is made.

    Affected: at, above or below the place of an incident that began after `since`, Unix seconds.
    """
    for section in found.sections:
        rows = _affected(section, since)
        yield ""
        whole = section.whole
        yield (
            f"The SLA of {section.service}: good for {objective_text(whole.objective)} of {section.period_name}, "
            "each site as often as it has devices"
        )
        yield headline(whole)
        yield ""
        yield from aligned(HEADS, [_cells(row) for row in (*rows, whole)], width)
        yield ""
        if any(in_doubt(row) for row in (*rows, whole)):
            yield "kept?: as far as is known. Had the unknown time been bad, it would be missed."
        for row in rows[:1]:
            yield from textwrap.wrap(f"{row.node[-1]}: {row.formula}", width, subsequent_indent="  ")


def write(found: Report, file: Path | None) -> Path:
    """The page, into that file or a new one among the temporary ones; where it lies.

    Raises:
        SentinelError: it cannot be written.
    """
    content = page_of(found).encode()
    try:
        if file is None:
            number, name = tempfile.mkstemp(prefix="sentinel-demo-", suffix=".html")
            os.close(number)
            file = Path(name)
        file.write_bytes(content)
    except OSError as broken:
        raise SentinelError(
            f"the SLA page cannot be written: {broken.strerror or broken}", hint="--page FILE names another place"
        ) from None
    return file.resolve()


def _affected(section: Section, since: float) -> list[Row]:
    """The nodes of the latest incidents with bad time, and what lies above them."""
    places = [one.node for one in section.incidents if one.opened_at >= since]
    return [
        row
        for row in section.rows
        if row.node and row.bad_seconds and any(_touches(row.node, place) for place in places)
    ]


def _touches(one: Node, other: Node) -> bool:
    return is_under(one, other) or is_under(other, one)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        word(row),
        " / ".join(row.node) or "all",
        percent_text(row.availability, row.objective),
        minutes(row.bad_seconds),
        f"{minutes(row.budget_left_seconds, left=True)} of {minutes(row.budget_seconds, left=True)}",
    )
