"""One answer explained: what was asked, what came, what was recognised; for a first look at a real Portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np

from sentinel.collect.nexthink import Examined, NexthinkSource
from sentinel.collect.settings import DATA
from sentinel.domain.hierarchy import Node
from sentinel.domain.reading import Failure, Query

FIRST_ROWS = 5


@dataclass(frozen=True, slots=True)
class ProbedRow:
    """A row as it was understood; None where there is no figure."""

    node: Node
    aggregate: bool
    figures: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The account. Sizes in bytes; `url` carries no credentials. Column lists hold the Portal's own titles.

    `metrics` and `extra` map canonical keys to titles. `beginning` is the start of a body that was not understood.
    """

    url: str
    at: float
    status: int | None = None
    content_type: str = ""
    raw_bytes: int = 0
    unpacked_bytes: int = 0
    shape: str = ""
    titles: tuple[str, ...] = ()
    service_column: str | None = None
    levels: tuple[str, ...] = ()
    metrics: Mapping[str, str]
    extra: Mapping[str, str]
    ignored: tuple[str, ...] = ()
    row_count: int = 0
    rows: tuple[ProbedRow, ...] = ()
    remarks: tuple[str, ...] = ()
    failure: Failure | None = None
    beginning: str = ""


async def probe(source: NexthinkSource, query: Query) -> Probe:
    """Ask once and tell everything about it; the source's failures are in the account."""
    return account_of(source, await source.examine(query))


def account_of(source: NexthinkSource, found: Examined) -> Probe:
    """The account of an answer that was examined."""
    url = source.settings.address(DATA) + (f"?{urlencode(found.parameters)}" if found.parameters else "")
    answer, parsed = found.answer, found.parsed
    seen = {
        "status": answer.status if answer else None,
        "content_type": answer.headers.get("content-type", "") if answer else "",
        "raw_bytes": answer.raw_bytes if answer else 0,
        "unpacked_bytes": len(answer.body) if answer else 0,
    }
    if parsed is None:
        beginning = answer.body[:400].decode("utf-8", "replace") if answer else ""
        return Probe(url=url, at=found.at, metrics={}, extra={}, failure=found.failure, beginning=beginning, **seen)  # type: ignore[arg-type]  # each entry has its field's type
    titles, mapped = parsed.table.titles, parsed.mapped
    return Probe(
        url=url,
        at=found.at,
        shape=parsed.table.shape,
        titles=titles,
        service_column=None if mapped.service is None else titles[mapped.service],
        levels=tuple(titles[index] for index in mapped.levels),
        metrics={column.metric: titles[column.index] for column in mapped.metrics if column.known},
        extra={column.metric: titles[column.index] for column in mapped.metrics if not column.known},
        ignored=tuple(titles[index] for index in mapped.ignored),
        row_count=parsed.table.size,
        rows=_first_rows(found),
        remarks=parsed.remarks,
        **seen,  # type: ignore[arg-type]  # each entry has its field's type
    )


def _first_rows(found: Examined) -> tuple[ProbedRow, ...]:
    assert found.parsed is not None
    figures = found.parsed.figures
    return tuple(
        ProbedRow(
            node,
            bool(figures.rows.aggregate[row]),
            {
                metric: None if np.isnan(column[row]) else float(column[row])
                for metric, column in figures.columns.items()
            },
        )
        for row, node in enumerate(figures.rows.nodes[:FIRST_ROWS])
    )
