"""A Portal for benchmarks: a process of its own that serves large answers, made beforehand, on 127.0.0.1."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.connection import Connection

import numpy as np
import orjson
from aiohttp import web

from benchmarks.deciding import METRICS, NODES, answer
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.metrics import CATALOGUE, Unit

BODIES = 4
"""Different answers, served in turn: the same nodes, other figures."""

LEVELS = ("Region", "Country", "Site")


def node_rows(nodes: int = NODES) -> NodeList:
    """Sites of 50 regions, 2,000 countries."""
    return NodeList.of([(f"region{n % 50}", f"country{n % 2000}", f"site{n}") for n in range(nodes)])


def body(rows: NodeList, seed: int) -> bytes:
    """One answer as a Portal writes it: a JSON list with an object per node; counts whole, other figures rounded."""
    columns = [
        np.rint(column).astype(np.int64).tolist()
        if CATALOGUE[name].unit is Unit.COUNT
        else np.round(column, 1).tolist()
        for name, column in answer(rows, seed).columns.items()
    ]
    titles = (*LEVELS, *METRICS)
    return orjson.dumps(
        [dict(zip(titles, (*node, *cells), strict=True)) for node, *cells in zip(rows.nodes, *columns, strict=True)]
    )


@contextmanager
def portal() -> Iterator[int]:
    """The port of a running server; each path has its own turn through the bodies."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection) -> None:
    rows = node_rows()
    bodies = [body(rows, seed) for seed in range(BODIES)]
    asyncio.run(_answer_for_ever(bodies, pipe))


async def _answer_for_ever(bodies: list[bytes], pipe: Connection) -> None:
    turns: dict[str, Iterator[int]] = {}

    async def serve(request: web.Request) -> web.Response:
        turn = next(turns.setdefault(request.path, count()))
        return web.Response(body=bodies[turn % len(bodies)], content_type="application/json", charset="utf-8")

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    pipe.send(runner.addresses[0][1])
    await asyncio.Event().wait()
