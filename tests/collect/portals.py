"""What the tests of the source share: settings, a source against any server, bodies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from sentinel.collect.nexthink import NexthinkSource
from sentinel.collect.settings import NexthinkSettings
from sentinel.domain.hierarchy import Node
from sentinel.domain.reading import Failure, Figures, Query, Reading
from tests.fakes.clock import FakeClock
from tests.fakes.raw_server import Behaviour, RawServer, answering, raw_server

UID = "1f6f3a52-5d4e-4c0a-9a55-0b7f3f6f2d11"
SERVICE = "Exchange Online"
PASSWORD = "hunter2-canary"
QUERY = Query("portal", SERVICE, "Location", level="Site")


def settings(url: str, **changes: Any) -> NexthinkSettings:
    values: dict[str, Any] = {
        "name": "portal",
        "url": url,
        "username": "sentinel",
        "password": SecretStr(PASSWORD),
        "services": {SERVICE: UID},
        "timeout": 5.0,
    }
    return NexthinkSettings(**(values | changes))


@asynccontextmanager
async def source_at(url: str, clock: FakeClock | None = None, **changes: Any) -> AsyncIterator[NexthinkSource]:
    source = NexthinkSource(settings(url, **changes), clock or FakeClock(), jitter=lambda: 0.5)
    try:
        yield source
    finally:
        await source.close()


@asynccontextmanager
async def portal_that(behave: Behaviour, **changes: Any) -> AsyncIterator[tuple[RawServer, NexthinkSource, FakeClock]]:
    """A server that always does the same, and a source that asks it."""
    clock = FakeClock()
    async with raw_server(behave) as server, source_at(server.url, clock, **changes) as source:
        yield server, source, clock


def row(country: str, site: str, **figures: Any) -> dict[str, Any]:
    return {"service": SERVICE, "Country": country, "Site": site, "devices": 10, "devices_with_errors": 1} | figures


TWO_SITES = [row("CH", "all", devices=30), row("CH", "Zürich"), row("CH", "Bern", devices=20)]


def body(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")


async def reading_of(
    content: bytes, *, query: Query = QUERY, content_type: str = "application/json", **changes: Any
) -> Reading:
    """What a source makes of an answer with this body."""
    async with portal_that(answering(content, content_type=content_type), **changes) as (_, source, _clock):
        return await source.ask(query)


def figures(reading: Reading) -> Figures:
    assert reading.figures is not None, reading.failure
    assert reading.failure is None
    return reading.figures


def failure(reading: Reading) -> Failure:
    assert reading.failure is not None, reading
    assert reading.figures is None
    return reading.failure


def by_node(reading: Reading, metric: str = "devices") -> dict[Node, float]:
    found = figures(reading)
    return dict(zip(found.rows.nodes, found.column(metric).tolist(), strict=True))


def remarked(reading: Reading, *words: str) -> bool:
    """Whether one remark holds all these words."""
    return any(all(word in remark for word in words) for remark in reading.remarks)
