"""Asking a simulated Portal over real HTTP."""

from typing import Any

import httpx

from sentinel.demo.discovery import DATA
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.tables import ALL
from sentinel.demo.tenants import Path
from sentinel.demo.tiers import EXCHANGE_UID

MONDAY = 1_780_300_800.0  # 2026-06-01 08:00 UTC, ten o'clock in Zurich


def client(portal: Portal, auth: tuple[str, str] | None = (USER, PASSWORD), **more: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=portal.url, auth=auth, trust_env=False, timeout=more.pop("timeout", 20.0), **more)


async def get(portal: Portal, *, auth: tuple[str, str] | None = (USER, PASSWORD), **query: Any) -> httpx.Response:
    """One data request; `level` stands for `hierarchy-level`, Exchange Online and JSON are the defaults here."""
    parameters = {"metric": EXCHANGE_UID, "format": "json"} | query
    if "level" in parameters:
        parameters["hierarchy-level"] = parameters.pop("level")
    async with client(portal, auth) as asker:
        return await asker.get(DATA, params={name: value for name, value in parameters.items() if value is not None})


async def rows(portal: Portal, **query: Any) -> list[dict[str, Any]]:
    response = await get(portal, **query)
    assert response.status_code == 200, response.text
    return list(response.json())


def names(answer: list[dict[str, Any]], *levels: str) -> list[Path]:
    return [tuple(row[level] for level in levels) for row in answer]


async def row(portal: Portal, *node: str, **query: Any) -> dict[str, Any]:
    """The row of a node, asked for at the level it stands at."""
    tenant = portal.tenant
    hierarchy = tenant.hierarchy(query.get("hierarchy"))
    assert hierarchy is not None
    levels = hierarchy.levels[: len(node)]
    answer = await rows(portal, level=levels[-1], **query)
    return next(one for one in answer if tuple(one[level] for level in levels) == node and node[-1] != ALL)
