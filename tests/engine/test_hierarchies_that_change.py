"""Nodes that come, go and are renamed, and hierarchies as large as they get: told once, and truthfully."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from sentinel.domain.hierarchy import Node, NodeList
from sentinel.domain.reading import Figures, Reading
from sentinel.history.record import reading
from sentinel.store.database import Database
from sentinel.store.memory import load
from tests.engine.town import Town, town


async def answered(it: Town, nodes: Iterable[Node], bad: set[Node]) -> None:
    """A slot later the source shows these nodes, a third of the devices of the bad ones in error."""
    it.clock.advance(600.0)
    rows = NodeList.of(list(nodes))
    count = len(rows.nodes)
    errors = np.fromiter((30.0 if node in bad else 0.0 for node in rows.nodes), float, count)
    figures = Figures(rows, {"devices": np.full(count, 100.0), "devices_with_errors": errors})
    at = it.clock.now()
    await it.ticker.record(it.asked[0], Reading(it.asked[0].query, at, at, figures))
    await it.tell()


def sites(*names: str) -> list[Node]:
    return [("CH", name) for name in names]


@pytest.mark.fault(76)
async def test_a_new_node_that_is_bad_at_once_is_told_like_any_other(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        await answered(it, sites("Bern", "Chur", "Genf"), set())
        new = ("CH", "Zug")
        await answered(it, [*sites("Bern", "Chur", "Genf"), new], {new})
        assert it.story == ["posted"]
        assert "Zug" in it.headline
    database.close()


@pytest.mark.fault(74)
async def test_a_renamed_node_is_remarked_on_and_its_trouble_is_not_taken_for_mended(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        before, after = ("CH", "Zuerich"), ("CH", "Zürich")
        await answered(it, [*sites("Bern", "Chur", "Genf"), before], {before})
        await answered(it, [*sites("Bern", "Chur", "Genf"), after], {after})
        await answered(it, [*sites("Bern", "Chur", "Genf"), after], {after})
        with reading(database) as record:
            remarks = [one for (one,) in record.rows("SELECT remarks FROM readings ORDER BY at", {})]
        assert ["looks like a rename" in str(one) for one in remarks] == [False, True, False]
        assert "ecovered" not in it.headline
        assert sum(len(book.open_incidents) for book in load(database).books.values()) == 2
    database.close()


@pytest.mark.fault(81)
async def test_fifty_thousand_nodes_are_judged_recorded_and_told_as_one_incident(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        nodes = [(f"Country {n // 2000}", f"Site {n}") for n in range(50_000)]
        bad = set(nodes[:2000])
        await answered(it, nodes, set())
        await answered(it, nodes, bad)
        assert it.story == ["posted"]
        (root,) = it.slack.roots("#workplace-alerts")
        assert "2000 of 2000 nodes affected" in str(root.versions[-1].attachments)
        await answered(it, nodes, set())
        assert len(it.slack.roots("#workplace-alerts")) == 1
        assert "ecovered" in it.headline
        assert load(database).queries[it.asked[0].query.key].known is not None
    database.close()
