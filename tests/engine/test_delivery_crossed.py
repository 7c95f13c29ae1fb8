"""Telling while clocks, processes and the store get into each other's way."""

from __future__ import annotations

import pytest

from sentinel.demo.workspace_faults import rate_limited, silent
from sentinel.engine import dispatch
from sentinel.engine.backoff import Patience
from sentinel.errors import StoreBusy
from sentinel.store import lease, outbox
from sentinel.store.database import Database
from tests.engine.office import office, until
from tests.engine.town import SLOT, Town, town
from tests.store.records import due_lanes


@pytest.mark.fault(19)
@pytest.mark.promise("P7")
@pytest.mark.parametrize("busy", [False, True], ids=["", "while the store is busy"])
async def test_a_clock_set_back_keeps_no_notice_waiting_for_its_old_time(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, busy: bool
) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        it.slack.inject("chat.postMessage", rate_limited(retry_after=30))
        await it.turn()
        it.clock.jump(-7200.0)
        it.dispatcher.clock_set_back()
        it.clock.advance(31.0)
        if busy:
            with monkeypatch.context() as patched:
                patched.setattr(dispatch.outbox, "offer_now", _busy)
                with pytest.raises(StoreBusy):
                    await it.dispatcher.drain()
        await it.tell()
        assert len(it.slack.roots("#workplace-alerts")) == 1
    database.close()


async def _tell_for(it: Town, seconds: int) -> None:
    for _ in range(seconds // 5):
        it.clock.advance(5.0)
        await it.tell()


def _busy(*_: object, **__: object) -> int:
    raise StoreBusy("busy")


@pytest.mark.fault(21, 114)
@pytest.mark.promise("P2")
async def test_an_attempt_of_another_process_after_our_own_is_looked_for_from_when_it_is_seen(sqlite_url: str) -> None:
    """Our own was made long ago. The other one's post may have left just now, and history lags."""
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        it.slack.inject("chat.postMessage", silent(accepted=False))
        await it.turn()
        [lane] = due_lanes(database, it.clock.now() + 3600)
        it.clock.advance(300.0)
        ids = [one.id for one in outbox.lane(database, lane)]
        outbox.begin(database, ids, it.clock.now(), None)
        await _tell_for(it, 45)
        assert len(it.slack.calls("chat.postMessage")) == 1
        await _tell_for(it, 60)
        assert len(it.slack.roots("#workplace-alerts")) == 1
    database.close()


async def _widened(it: Town, *, after_death: bool) -> None:
    """More sites are bad, and whoever tells it has only just begun to lead."""
    it.degrade(0, 1, 2)
    it.clock.advance(SLOT)
    await it.poll()
    it.dispatcher.take_over(after_death=after_death)
    await it.tell()


@pytest.mark.fault(1, 114)
@pytest.mark.promise("P5")
@pytest.mark.parametrize("digest", [False, True], ids=["a message of its own", "a digest"])
async def test_an_edit_of_a_dead_predecessor_that_comes_after_ours_is_put_right(sqlite_url: str, digest: bool) -> None:
    """Seed 60262: killed with an edit under way, started again at once, and the newer state was overtaken."""
    database = Database.open(sqlite_url)
    async with town(database, patience=Patience(storm_after=0) if digest else None) as it:
        it.degrade(0)
        await it.turn()
        it.degrade(0, share=0.5)
        await it.turn()
        await _widened(it, after_death=True)
        true = it.headline
        older = it.slack.calls("chat.update")[0].params
        it.slack.answer("chat.update", older)
        assert it.headline != true
        await _tell_for(it, 60)
        assert it.headline == true
        edits = len(it.slack.calls("chat.update"))
        await _tell_for(it, 120)
        assert len(it.slack.calls("chat.update")) == edits
    database.close()


@pytest.mark.parametrize("died", [True, False])
async def test_an_instance_edits_again_where_it_took_the_lease_of_a_dead_one(sqlite_url: str, died: bool) -> None:
    database = Database.open(sqlite_url)
    epoch = lease.acquire(database, "the one before", 60.0, None)
    if not died:
        assert epoch is not None
        lease.release(database, epoch)
    async with office(database) as whole:
        whole.it.degrade(0)
        await whole.bells.ring()
        await until(lambda: len(whole.plans) == len(whole.instance.asked))
        await whole.quiet()
        messages = len(whole.it.story)
        assert messages > 0
        for _ in range(20):
            whole.it.clock.advance(10.0)
            looks = whole.instance.told_at
            await until(lambda seen=looks: whole.instance.told_at > seen)
        await whole.instance.drain()
        assert whole.it.story == ["posted"] * messages + ["edited"] * (messages if died else 0)
    database.close()


async def test_after_one_that_ended_well_nothing_is_edited_twice(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        await _widened(it, after_death=False)
        edits = len(it.slack.calls("chat.update"))
        await _tell_for(it, 120)
        assert len(it.slack.calls("chat.update")) == edits
    database.close()
