"""Memory per series (node x rule) that Sentinel holds between two ticks, against one Python object per alert in a dict.

Run: python -m benchmarks.memory
"""

from __future__ import annotations

import asyncio
import gc
import logging
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import structlog

from benchmarks.deciding import LIMITS, NODES, QUERY, Alert
from benchmarks.serving import LEVELS, body, node_rows
from benchmarks.ticking import Sentinel
from sentinel.collect.nodes import Named
from sentinel.collect.parse import Expected, parse
from sentinel.domain.hierarchy import Node
from sentinel.domain.reading import Reading

TICKS = 3
RULES = tuple((f"rule-{number}", limit) for number, limit in enumerate(LIMITS))


def held_by(work: Callable[[], object]) -> int:
    """Bytes that are still there after the work, with what it gave back kept alive."""
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    kept = work()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    del kept
    return after - before


def ticked(bodies: list[bytes]) -> object:
    """What is alive after some ticks: the ticker's memory and what the source keeps of the last answer's names."""
    with tempfile.TemporaryDirectory() as directory:
        sentinel = Sentinel(1, Path(directory))
        names = asyncio.run(_ticks(sentinel, bodies))
        sentinel.db.close()
    return sentinel.ticker, names


async def _ticks(sentinel: Sentinel, bodies: list[bytes]) -> Named | None:
    names: Named | None = None
    for one in bodies:
        sentinel.clock.at += 600.0
        parsed = parse(one, "application/json", Expected(QUERY, levels=LEVELS), names)
        names = parsed.names
        reading = Reading(QUERY, sentinel.clock.at, sentinel.clock.at, parsed.figures)
        assert await sentinel.ticker.record(sentinel.asked, reading) is not None
    await sentinel.source.close()
    return names


def objects(nodes: list[list[str]]) -> dict[tuple[str, Node], Alert]:
    """The reference: rule and node -> one object."""
    return {(rule, node): Alert(limit) for node in map(_own_node, nodes) for rule, limit in RULES}


def _own_node(names: list[str]) -> Node:
    """A node whose names are texts of its own, as a parser makes them."""
    return tuple("".join(list(name)) for name in names)


def main() -> None:
    """Print bytes per series and the ratio."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rows = node_rows()
    bodies = [body(rows, seed) for seed in range(TICKS)]
    names = [list(node) for node in rows.nodes]
    del rows
    ticked([])  # imports and caches that come with the first database
    tracemalloc.start()
    ours = held_by(lambda: ticked(bodies))
    nodes = held_by(lambda: parse(bodies[0], "application/json", Expected(QUERY, levels=LEVELS)).names)
    theirs = held_by(lambda: objects(names))
    tracemalloc.stop()
    series = NODES * len(LIMITS)
    print(f"memory held between ticks, {NODES:,} nodes x {len(LIMITS)} rules, 1 % breaching")
    print(f"  an object per alert : {theirs / series:8.1f} bytes per series")
    print(f"  Sentinel            : {ours / series:8.1f} bytes per series   {theirs / ours:.1f} times less")
    print(f"    of it the node names: {nodes / series:8.1f} bytes per series")


if __name__ == "__main__":
    main()
