"""The last look: a machine may be suspended at any moment of a send, and nothing is told twice or lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from sqlalchemy import update

from sentinel.engine import desk
from sentinel.engine.dispatch import Dispatcher
from sentinel.engine.offload import offload
from sentinel.engine.pacing import Pacing
from sentinel.engine.samples import sample_story
from sentinel.engine.trials import enqueue_tests
from sentinel.errors import LeaseLost
from sentinel.store import lease, outbox, tables
from sentinel.store.database import Database
from tests.engine.town import ALERTS, Town, town

T = TypeVar("T")


@dataclass
class Machine:
    """Leads until it is suspended, without noticing, before or after its n-th piece of store work.

    While it sleeps another one takes over and tells everything; then it wakes in the middle of what it was doing.
    """

    it: Town
    suspended_at: int
    epoch: int | None
    steps: int = 0
    successor: Dispatcher | None = None
    asleep: bool = False
    first: Dispatcher = field(init=False)

    def __post_init__(self) -> None:
        self.first = replace(self.it.dispatcher, epoch=lambda: self.epoch, samples=sample_story)

    async def offload(self, work: Callable[[], T]) -> T:
        """Store work of either of the two."""
        await self._step()
        done = await offload(work)
        if not isinstance(done, bool):
            # Only the last look answers with a truth value: right behind it nothing can help, as decision 0002 says.
            await self._step()
        return done

    async def _step(self) -> None:
        if self.asleep or self.successor is not None:
            return
        self.steps += 1
        if self.steps == self.suspended_at:
            self.asleep = True
            run_out(self.it.ticker.db)
            epoch = lease.acquire(self.it.ticker.db, "successor", 600, "rules")
            self.successor = replace(
                self.it.dispatcher, epoch=lambda: epoch, pacing=Pacing(), samples=sample_story, _busy={}
            )
            await drained(self.it, self.successor)
            self.asleep = False


def run_out(database: Database) -> None:
    """The lease ends by the database's clock."""
    with database.transaction() as connection:
        past = lease.database_time(connection) - 1
        connection.execute(update(tables.lease).values(expires_at=past))


async def drained(it: Town, dispatcher: Dispatcher) -> None:
    """Everything is told, look-ups included."""
    for _ in range(40):
        if not await dispatcher.drain():
            depth = outbox.depth(it.ticker.db, it.clock.now())
            if not depth.waiting and not depth.unclear:
                return
            it.clock.advance(5.0)


async def story(it: Town, monkeypatch: pytest.MonkeyPatch, suspended_at: int) -> tuple[list[str], bool]:
    """An opening, a test, a wider scope, figures that move, a recovery: what was told, and whether one slept."""
    it.clock.advance(3600.0)
    began = len(it.story)
    machine = Machine(it, suspended_at, lease.acquire(it.ticker.db, f"before {suspended_at}", 600, "rules"))
    monkeypatch.setattr(desk, "offload", machine.offload)
    for sites, share in (((0,), 0.3), ((0, 1, 2), 0.3), ((0, 1, 2), 0.9), ((), 0.0)):
        it.degrade(*sites, share=share)
        it.clock.advance(600.0)
        await it.poll()
        if sites == (0,):
            enqueue_tests(it.ticker.db, [ALERTS], it.clock.now())
        try:
            await drained(it, machine.successor or machine.first)
        except LeaseLost:
            assert machine.successor is not None
            await drained(it, machine.successor)
    run_out(it.ticker.db)
    return it.story[began:], machine.successor is not None


@pytest.mark.long
@pytest.mark.promise("P1", "P2", "P3")
@pytest.mark.fault(114)
async def test_a_machine_suspended_at_any_moment_of_a_story_repeats_and_loses_nothing(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(sqlite_url)  # never claimed, so the lease decides as it does on Postgres
    async with town(database) as it:
        undisturbed, _ = await story(it, monkeypatch, 0)
        assert undisturbed == ["posted", "posted", "edited", "replied", "edited", "edited", "replied"]
        for at in range(1, 200):
            told, slept = await story(it, monkeypatch, at)
            if not slept:
                assert at > 30
                assert told == undisturbed
                database.close()
                return
            assert [one for one in told if one != "edited"] == ["posted", "posted", "replied", "replied"], at
    raise AssertionError("the story never ends")
