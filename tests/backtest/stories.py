"""Any rulebook and any record of it: several rules, sources, levels and paths, steps of nothing, shorter answers, restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from sentinel.domain.asking import Asked, needed
from sentinel.domain.hierarchy import NodeList, parse_node
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason, slot_of
from sentinel.domain.rules import Rule, Rulebook, Service, SourceTraits
from sentinel.engine.tick import Ticker
from sentinel.store.database import Database
from tests.backtest.test_live_and_backtest import looking_back
from tests.domain.polls import START
from tests.domain.test_stories_anything import ROUTES, SITES, Poll, any_rule, polls_of
from tests.fakes.clock import FakeClock

SERVICES = tuple(Service(source, name, "") for source in ("portal", "other") for name in ("Mail", "SAP"))
WAITS = st.sampled_from([1.0, 60.0, 600.0, 600.0, 601.0, 1200.0, 7200.0, 90000.0])


@dataclass(frozen=True)
class Step:
    """One poll: which of the queries, what it brings, the seconds to the next, and whether Sentinel is started anew."""

    query: int
    poll: Poll
    wait: float
    anew: bool


def _placed(rule: Rule, levels: tuple[str, ...], source: str, every: float, retire_after: float) -> Rule:
    path = ("CH",) if not levels else None
    return replace(rule, levels=levels, path=path, source=source, every=every, retire_after=retire_after)


def rulebooks() -> st.SearchStrategy[Rulebook]:
    """One to three rules over two sources."""
    rule = st.builds(
        _placed,
        any_rule() | looking_back(),
        st.sampled_from([("Site",), ("Country", "Site"), ("Country",), ()]),
        st.sampled_from(["portal", "other"]),
        st.sampled_from([60.0, 300.0, 600.0]),
        st.sampled_from([600.0, 14400.0]),
    )

    def with_sources(rules: list[Rule], step: float, share: float) -> Rulebook:
        named = tuple(replace(one, id=f"rule-{number}") for number, one in enumerate(rules))
        sources = (
            SourceTraits(name="portal", step=step, max_missing_share=share),
            SourceTraits(name="other", step=600.0, max_missing_share=share),
        )
        return Rulebook(rules=named, routes=ROUTES, sources=sources)

    shares, steps = st.sampled_from([0.1, 0.4, 0.8]), st.sampled_from([0.0, 300.0, 600.0])
    return st.builds(with_sources, st.lists(rule, min_size=1, max_size=3), steps, shares)


def _cut(poll: Poll, kept: int) -> Poll:
    """The answer with the first nodes only."""
    figures = poll.figures or {}
    return replace(poll, figures={node: figures[node] for node in list(figures)[:kept]}) if figures else poll


STEPS = st.builds(
    Step,
    st.integers(0, 99),
    st.builds(_cut, polls_of(SITES), st.sampled_from([6, 6, 6, 1, 2, 3])),
    WAITS,
    st.integers(0, 9).map(lambda n: n == 0),
)


def a_reading(query: Query, poll: Poll, at: float, step: float) -> Reading:
    """The answer that a poll brings, at any level."""
    depth = 1 if query.level == "Country" else 2
    found = {parse_node(node)[:depth]: figure for node, figure in (poll.figures or {}).items() if figure is not None}
    if not found:
        return Reading(query, at, slot_of(at, step), None, Failure(Reason.SERVER_ERROR, "the Portal said 500"))
    columns = {"value": np.array(list(found.values()))}
    return Reading(query, at, slot_of(at, step), Figures(NodeList.of(list(found)), columns))


def readings_of(rulebook: Rulebook, asked: Sequence[Asked], story: Sequence[Step]) -> list[Reading]:
    """What the polls of the story bring, oldest first."""
    found, at = [], START
    for step in story:
        query = asked[step.query % len(asked)].query
        found.append(a_reading(query, step.poll, at, rulebook.source(query.source).step))
        at += step.wait
    return found


def lived(db: Database, rulebook: Rulebook, story: Sequence[Step]) -> Ticker:
    """A live run of it."""
    asked = needed(rulebook, SERVICES)
    by_query = {one.query: one for one in asked}
    ticker = Ticker(db, rulebook, FakeClock(START))

    async def run() -> None:
        await ticker.adapt(asked)
        for step, reading in zip(story, readings_of(rulebook, asked, story), strict=True):
            if step.anew:
                ticker.forget()
            await ticker.record(by_query[reading.query], reading)

    asyncio.run(run())
    return ticker
