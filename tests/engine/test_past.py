"""Functions over the past in a live run: the same with restarts, held ticks, reloads and in a replay."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from sentinel.domain.asking import Asked, needed
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.memory import Replay
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason, slot_of
from sentinel.domain.records import Plan
from sentinel.domain.rules import Rule, Rulebook, Service, SourceTraits
from sentinel.engine import tick as ticking
from sentinel.engine.tick import Ticker
from sentinel.store import readings as stored
from sentinel.store.database import Database
from sentinel.store.tables import transitions
from tests.domain.polls import START, a_route, a_rule
from tests.engine.test_held_ticks import failing
from tests.fakes.clock import FakeClock

SLOT = 600.0
LOOKING = "value > 1.5 * baseline(value, 2h) or change(value, 30m) > 8 or max(value, 40m) < 5 or avg(value, 2d) > 12"
NODES = ("a", "b", "c", "d", "e", "f")


@dataclass
class Bench:
    """A ticker on a real database, fed by hand; `restart` begins anew with what the database knows."""

    db: Database
    rule: Rule = field(default_factory=lambda: a_rule(LOOKING))
    plans: list[Plan] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        book = Rulebook(rules=(self.rule,), routes=(a_route(),), sources=(SourceTraits(name="portal"),))
        self.ticker = Ticker(self.db, book, FakeClock())

    def edit(self, rule: Rule) -> None:
        """A reload: the rules change under the running ticker."""
        self.rule = rule
        self.ticker.rulebook = Rulebook(rules=(rule,), routes=(a_route(),), sources=(SourceTraits(name="portal"),))

    @property
    def asked(self) -> Asked:
        (asked,) = needed(self.ticker.rulebook, [Service("portal", "Mail", "uid")])
        return asked

    async def feed(self, at: float, table: Mapping[str, float] | None) -> Plan | None:
        done = await self.ticker.record(self.asked, reading(self.asked.query, at, table))
        if done is not None:
            self.plans.append(done)
        return done

    @property
    def past(self) -> dict[str, bytes]:
        """What each function gave for the rows of the last answer that counted, to the bit."""
        (known,) = self.ticker._pasts.values()
        told = known.told()
        return {f"{one.function} {one.text}": told[one].tobytes() for one in known.needs.functions if told}


def reading(query: Query, at: float, table: Mapping[str, float] | None) -> Reading:
    if table is None:
        return Reading(query, at, slot_of(at, SLOT), None, Failure(Reason.TIMEOUT, "no answer"))
    rows = NodeList.of([(name,) for name in table])
    return Reading(query, at, slot_of(at, SLOT), Figures(rows, {"value": np.array(list(table.values()), float)}))


Polls = list[tuple[float, Mapping[str, float] | None]]


def story(seed: int, length: int = 60) -> Polls:
    """Polls with failures, gaps, slots asked again, nodes that come and go, and answers that are held back."""
    dice, at, found = random.Random(seed), START, []
    for _ in range(length):
        at += dice.choice([SLOT] * 6 + [60.0, 3 * SLOT])
        kind = dice.random()
        if kind < 0.1:
            found.append((at, None))
            continue
        lost = 5 if kind < 0.2 else dice.choice([0, 0, 0, 1])
        shown = dice.sample(NODES, len(NODES) - lost)
        table = {name: round(dice.gauss(10, 4), 1) for name in (sorted(shown) if dice.random() < 0.7 else shown)}
        found.append((at, table))
    return found


def decided(plans: Sequence[Plan]) -> list[Any]:
    """What people see of plans, in no order within one: transitions with their words, kinds of notices."""
    return [
        (
            plan.at,
            sorted((one.node, one.before.value, one.after.value, one.value, one.why) for one in plan.transitions),
            sorted((one.kind.value, one.incident) for one in plan.notices),
        )
        for plan in plans
    ]


def recorded(db: Database) -> list[tuple[Any, ...]]:
    """Every transition on record."""
    columns = (
        transitions.c.at,
        transitions.c.node_digest,
        transitions.c.before,
        transitions.c.after,
        transitions.c.why,
    )
    with db.reading() as connection:
        return sorted(tuple(row) for row in connection.execute(select(*columns)))


@pytest.fixture
def benches(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Callable[[], Bench]]:
    """Benches, each with a database of its own."""
    made: list[Bench] = []

    def another() -> Bench:
        path = tmp_path / f"{len(made)}.db"
        shutil.copyfile(migrated_sqlite, path)
        made.append(Bench(Database.open(f"sqlite:///{path}")))
        return made[-1]

    yield another
    for bench in made:
        bench.db.close()


@pytest.mark.promise("P5")
@pytest.mark.parametrize("seed", range(4))
async def test_restarts_change_nothing_and_a_replay_says_the_same(benches: Callable[[], Bench], seed: int) -> None:
    steady, often = benches(), benches()
    replay, replayed = Replay(steady.ticker.rulebook, [steady.asked]), []
    for at, table in story(seed):
        await steady.feed(at, table)
        often.restart()
        await often.feed(at, table)
        replayed.append(replay.feed(reading(steady.asked.query, at, table)))
        if often.ticker._pasts and table is not None and steady.plans[-1].query.failure is None:
            assert often.past == steady.past
    assert decided(often.plans) == decided(steady.plans) == decided([one for one in replayed if one is not None])
    assert any(plan.notices for plan in steady.plans), "the story tells something"
    held = [one for one in stored.between(steady.db, steady.asked.query.key, START, START + 1e6) if one.is_held]
    assert held, "and something was held back"


@pytest.mark.promise("P5")
@pytest.mark.fault(27, 39)
@pytest.mark.parametrize("after", [False, True], ids=["nothing was written", "the answer was lost"])
async def test_a_held_tick_moves_the_past_once(
    benches: Callable[[], Bench], monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    calm, troubled = benches(), benches()
    for number, (at, table) in enumerate(story(7, 30)):
        await calm.feed(at, table)
        with monkeypatch.context() as patch:
            if number % 3 == 0:
                patch.setattr(ticking, "commit", failing(2, after=after))
            await troubled.feed(at, table)
        if table is not None and calm.plans[-1].query.failure is None:
            assert troubled.past == calm.past
    assert recorded(troubled.db) == recorded(calm.db)


async def test_a_tick_that_is_given_up_leaves_no_sample(
    benches: Callable[[], Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    calm, troubled = benches(), benches()
    polls = [(START + n * SLOT, {"a": float(n), "b": 10.0 * n}) for n in range(12)]
    for number, (at, table) in enumerate(polls):
        if number == 6:
            with monkeypatch.context() as patch:
                patch.setattr(ticking, "commit", failing(100, after=False))
                assert await troubled.feed(at, {"a": 1e6, "b": 1e6}) is None
            continue
        await calm.feed(at, table)
        await troubled.feed(at, table)
        assert troubled.past == calm.past


async def test_the_past_is_read_from_the_record_once_after_a_start_and_not_again_for_a_held_tick(
    benches: Callable[[], Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, asked = benches(), []
    stream = stored.stream

    def counted(*args: Any, **options: Any) -> Iterator[Reading]:
        asked.append(args[2:4])
        return stream(*args, **options)

    monkeypatch.setattr(stored, "stream", counted)
    for n in range(4):
        await bench.feed(START + n * SLOT, {"a": 1.0})
    assert len(asked) == 1, "before the first sample; there is nothing yet"
    bench.restart()
    await bench.feed(START + 4 * SLOT, {"a": 1.0})
    with monkeypatch.context() as patch:
        patch.setattr(ticking, "commit", failing(2, after=False))
        await bench.feed(START + 5 * SLOT, {"a": 1.0})
    await bench.feed(START + 6 * SLOT, None)
    await bench.feed(START + 7 * SLOT, {"a": 1.0})
    assert len(asked) == 2
    assert asked[1][1] == START + 4 * SLOT
    bench.ticker.forget()
    await bench.feed(START + 8 * SLOT, {"a": 1.0})
    assert len(asked) == 3, "somebody else may have led"


async def test_a_reload_that_looks_back_further_knows_what_was_recorded_before_it(
    benches: Callable[[], Bench],
) -> None:
    bench = benches()
    bench.edit(a_rule("value > 100"))
    for n in range(12):
        await bench.feed(START + n * SLOT, {"a": 10.0})
    assert bench.ticker._pasts == {}, "no rule looks back, so nothing is remembered"
    bench.edit(a_rule("value > 2 * baseline(value, 2h)"))
    done = await bench.feed(START + 12 * SLOT, {"a": 21.0})
    assert done is not None
    assert [one.after.value for one in done.transitions] == ["critical"]
    assert done.transitions[0].why == "21, limit > 2 * baseline(value, 2h), now 20"
    bench.edit(a_rule("min(value, 130m) > 20"))
    done = await bench.feed(START + 13 * SLOT, {"a": 30.0})
    assert done is not None
    assert [one.after.value for one in done.transitions] == ["ok"], "ten is still in the longer window"
    bench.edit(a_rule("value > 100"))
    await bench.feed(START + 14 * SLOT, {"a": 10.0})
    assert bench.ticker._pasts == {}


async def test_another_leader_in_between_is_noticed(benches: Callable[[], Bench]) -> None:
    first = benches()
    second = Bench(first.db)
    for n in range(12):
        await first.feed(START + n * SLOT, {"a": 10.0})
    await second.feed(START + 12 * SLOT, {"a": 50.0})
    first.ticker._remembered = None  # as after a store that was gone for a moment
    await first.feed(START + 13 * SLOT, {"a": 10.0})
    again = Bench(first.db)
    await again.feed(START + 14 * SLOT, {"a": 10.0})
    await first.feed(START + 14 * SLOT, {"a": 10.0})
    assert first.past == again.past


async def test_a_mistake_in_looking_back_fails_the_reading_and_not_the_ticker(
    benches: Callable[[], Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = benches()
    await bench.feed(START, {"a": 10.0})
    with monkeypatch.context() as patch:
        patch.setattr("sentinel.domain.past.evaluate", lambda *_: 1 / 0)
        done = await bench.feed(START + SLOT, {"a": 10.0})
    assert done is not None
    assert done.query.failure is not None
    assert "could not judge" in done.query.failure.text
    done = await bench.feed(START + 2 * SLOT, {"a": 10.0})
    assert done is not None
    assert done.query.failure is None


async def test_a_clock_set_back_by_hours_begins_with_what_was_recorded_by_then(benches: Callable[[], Bench]) -> None:
    bench = benches()
    for n in range(24):
        await bench.feed(START + n * SLOT, {"a": float(n)})
    await bench.feed(START + 12 * SLOT + 60, {"a": 100.0})
    (known,) = bench.ticker._pasts.values()
    baseline = next(one for one in known.needs.functions if one.function == "baseline")
    assert known.told()[baseline].tolist() == [sum(range(12)) / 12]
