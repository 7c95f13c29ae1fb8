"""An error budget under a real store: restarts, reloads and planned work that was declared on the spot."""

from __future__ import annotations

import random

import numpy as np
import pytest

from sentinel.config.loader import load
from sentinel.domain.asking import needed
from sentinel.domain.matchers import Matchers
from sentinel.domain.mutes import Silence
from sentinel.domain.reading import Reading
from sentinel.domain.records import Plan
from sentinel.domain.rules import Service
from sentinel.engine.tick import Ticker
from sentinel.store import silences
from sentinel.store.database import Database
from tests.domain.budgets import BAD, BERN, GOOD, QUERY, RULES, Watched
from tests.fakes.clock import FakeClock

SERVICES = [Service("portal", "Mail", "u")]
KEY = ("mail", "Mail", QUERY.key)


class Live:
    """A ticker that is fed readings, and may be started anew between any two."""

    def __init__(self, db: Database, text: str = RULES) -> None:
        self.db, self.book = db, load(text=text).rulebook
        self.plans: list[Plan] = []
        self.restart()

    def restart(self) -> None:
        """As after a crash: nothing is remembered but what the record knows."""
        self.ticker = Ticker(self.db, self.book, FakeClock())

    async def feed(self, *readings: Reading) -> None:
        """A tick each."""
        (asked,) = needed(self.book, SERVICES)
        for reading in readings:
            done = await self.ticker.record(asked, reading)
            assert done is not None
            self.plans.append(done)


def told(plans: list[Plan]) -> list[tuple[float, str, str]]:
    """When what was told, and the sentence."""
    return [(plan.at, one.kind.value, one.line) for plan in plans for one in plan.notices if one.told]


def a_story(seed: int) -> Watched:
    """Two days of good and bad hours."""
    dice = random.Random(seed)
    it = Watched()
    while len(it.readings) < 200:
        it.sites(dice.choice([GOOD, GOOD, BAD]), GOOD, times=dice.randrange(1, 12))
    return it


@pytest.mark.parametrize("seed", [1, 2])
async def test_restarts_change_no_rate_and_no_notice(database: Database, seed: int) -> None:
    """The latest stretch of the ledger is looked up again: every figure is that of a run without a restart."""
    dice, story, live = random.Random(seed), a_story(seed), Live(database)
    for reading, expected in zip(story.readings, story.plans, strict=True):
        if dice.random() < 0.1:
            live.restart()
        await live.feed(reading)
        mine, theirs = live.plans[-1].judged, expected.judged
        assert mine is not None
        assert mine.figures is not None
        assert theirs is not None
        assert theirs.figures is not None
        for name, column in theirs.figures.columns.items():
            np.testing.assert_array_equal(mine.figures.column(name), column, err_msg=name)
    assert told(live.plans) == told(story.plans)
    assert told(live.plans), "the story has something to tell"


async def test_an_alarm_that_a_reload_brings_looks_back_over_what_is_on_record(database: Database) -> None:
    """The budget was not watched while it burned; the first tick after the edit knows all the same."""
    story = Watched()
    story.sites(GOOD, GOOD, times=12)
    story.sites(BAD, GOOD, times=6)
    before = Live(database, RULES.replace("burn_alerts = true", "burn_alerts = false"))
    await before.feed(*story.readings[:-1])
    assert told(before.plans) == []
    before.book = load(text=RULES).rulebook
    before.ticker.rulebook = before.book
    await before.ticker.adapt(needed(before.book, SERVICES))
    await before.feed(story.readings[-1])
    assert [kind for _, kind, _ in told(before.plans)] == ["degraded"]


async def test_planned_work_that_was_declared_on_the_spot_does_not_burn(database: Database) -> None:
    """Neither while it lasts nor afterwards."""
    story = Watched()
    story.sites(GOOD, GOOD, times=12)
    begin = story.at
    story.sites(BAD, GOOD, times=6)
    end = story.at
    story.sites(GOOD, GOOD, times=12)
    work = Silence(
        id="sl-1",
        matchers=Matchers(),
        author="ana",
        reason="moving the server",
        created_at=begin,
        starts_at=begin,
        ends_at=end,
        maintenance=True,
    )
    silences.add(database, work)
    live = Live(database)
    await live.feed(*story.readings)
    assert told(live.plans) == []
    assert [kind for _, kind, _ in told(story.plans)][:1] == ["degraded"], "without it, it burned"
    assert live.ticker.open_incidents() == []
    assert BERN in live.plans[-1].ledgers[KEY].nodes
