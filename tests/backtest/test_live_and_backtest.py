"""What a live run told, a backtest of its recorded readings tells again: the same notices at the same instants."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sentinel.backtest.difference import changes
from sentinel.backtest.outcome import Outcome
from sentinel.backtest.run import cast, run
from sentinel.domain.asking import Asked, needed
from sentinel.domain.hierarchy import NodeList, parse_node
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason, slot_of
from sentinel.domain.rules import Rule, Rulebook, Service, SourceTraits
from sentinel.engine.tick import Ticker
from sentinel.store import archiving, readings
from sentinel.store.archive import Archive
from sentinel.store.database import Database
from sentinel.store.tables import incidents, notices
from tests.domain.polls import START, threshold
from tests.domain.test_stories_anything import ROUTES, SITES, Poll, any_rule, polls_of
from tests.effort import effort
from tests.fakes.clock import FakeClock

SERVICES = (Service("portal", "Mail", ""), Service("portal", "SAP", ""))
EVER = (0.0, 4e9)
STEP = 600.0

Told = tuple[object, ...]
Asking = tuple[str, Poll, bool]
"""Service, what its poll brings, whether Sentinel is started anew before it."""

ASKINGS = st.tuples(
    st.sampled_from([one.name for one in SERVICES]),
    polls_of(SITES).filter(lambda poll: poll.wait > 0),  # a record in order is what is replayed: no clock set back
    st.integers(0, 9).map(lambda n: n == 0),
)


def a_rulebook(rule: Rule) -> Rulebook:
    traits = SourceTraits(name="portal", step=STEP, max_missing_share=0.8)
    return Rulebook(rules=(rule,), routes=ROUTES, sources=(traits,))


def a_reading(query: Query, poll: Poll, at: float) -> Reading:
    """The answer that a poll brings."""
    found = {parse_node(node): figure for node, figure in (poll.figures or {}).items() if figure is not None}
    if not found:
        return Reading(query, at, slot_of(at, STEP), None, Failure(Reason.SERVER_ERROR, "the Portal said 500"))
    return Reading(
        query, at, slot_of(at, STEP), Figures(NodeList.of(list(found)), {"value": np.array(list(found.values()))})
    )


def live(db: Database, rulebook: Rulebook, askings: Sequence[Asking]) -> None:
    """Poll, judge and record as `sentinel run` does."""
    asked: dict[str, Asked] = {one.query.service: one for one in needed(rulebook, SERVICES)}
    clock = FakeClock(START)
    ticker = Ticker(db, rulebook, clock)

    async def story() -> None:
        for service, poll, anew in askings:
            if anew:
                ticker.forget()
            await ticker.record(asked[service], a_reading(asked[service].query, poll, clock.now()))
            clock.advance(poll.wait)

    asyncio.run(story())


def told_live(db: Database) -> list[Told]:
    """Every notice that the record says was to be sent."""
    both = select(notices, incidents.c.rule, incidents.c.service).join(incidents, incidents.c.id == notices.c.incident)
    with db.reading() as connection:
        rows = connection.execute(both.where(notices.c.state != "not_told")).all()
    return sorted(
        (row.at, row.kind, row.incident, row.rule, row.service or "", row.receiver, row.channel_to, row.line)
        for row in rows
    )


def told_again(outcome: Outcome) -> list[Told]:
    return sorted(
        (one.at, one.kind, one.incident, one.rule, one.service, one.receiver, one.channel.partition(":")[2], one.line)
        for one in outcome.told
    )


def looking_back() -> st.SearchStrategy[Rule]:
    """Any rule whose critical condition looks back as well, over windows with and without buckets."""
    conditions = st.sampled_from(
        [
            "value > 1.2 * baseline(value, 40m) or value > 40",
            "max(value, 30m) > 20 and change(value, 20m) > -5",
            "value > avg(value, 2d) and value > 12",
        ]
    )

    def with_past(rule: Rule, text: str) -> Rule:
        assert rule.criteria.critical is not None
        critical = replace(rule.criteria.critical, breach=threshold(text).breach)
        return replace(rule, criteria=replace(rule.criteria, critical=critical))

    return st.builds(with_past, any_rule(), conditions)


@given(rule=any_rule() | looking_back(), askings=st.lists(ASKINGS, min_size=1, max_size=40))
@effort(60)
def test_a_backtest_tells_to_the_notice_what_the_live_run_told(
    rule: Rule, askings: list[Asking], migrated_sqlite: Path
) -> None:
    """From the database and from an archive of it, across restarts."""
    rulebook = a_rulebook(rule)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sentinel.db"
        shutil.copyfile(migrated_sqlite, path)
        with closing(Database.open(f"sqlite:///{path}")) as db:
            live(db, rulebook, askings)
            chosen = cast(rulebook, (), readings.recorded_queries(db))
            wanted = [one.query for one in chosen.asked]
            replayed = run(rulebook, chosen, readings.stream(db, wanted, *EVER, page=7), 0.0)
            expected = told_live(db)
            archiving.write(Path(folder) / "history.npz", readings.stream(db, wanted, *EVER))
        archive = Archive.open(Path(folder) / "history.npz")
        from_archive = run(rulebook, chosen, archive.stream(wanted, *EVER), 0.0)
        archive.close()
    assert told_again(replayed) == expected
    assert replayed.readings == len(askings)
    assert from_archive == replayed
    assert {one.sign for one in changes(replayed, from_archive)} <= {"="}
