"""Sentinel looks at itself: what it finds becomes an incident, told and closed once, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from sentinel.demo.workspace_faults import http_status, refused
from sentinel.domain.incidents import Incident
from sentinel.domain.rules import Severity
from sentinel.domain.selfcheck import Sighting, Symptom
from sentinel.engine.looks import Polling, Telling
from sentinel.engine.machine import Disk, Handles, Restarts, WallClock, disk_sighting, handles, pause_after
from sentinel.engine.selfwatch import Look, SelfWatch
from sentinel.errors import StoreBusy
from sentinel.store import incidents, lease
from sentinel.store.database import Database
from tests.engine.town import Town, town

GB = 1e9


def a_watch(it: Town) -> SelfWatch:
    return SelfWatch(it.ticker, it.clock, lambda: ())


def recorded(database: Database) -> list[Incident]:
    """Incidents about Sentinel itself, as they stand in the record."""
    with database.reading() as connection:
        return [one for one in incidents.load(connection, 0.0) if one.source == "sentinel"]


def states(database: Database) -> list[tuple[str, str, bool]]:
    return [(one.rule, one.node[0], one.is_open) for one in recorded(database)]


@pytest.mark.promise("P1", "P6")
async def test_notices_that_do_not_leave_within_two_minutes_are_one_incident_until_they_do(database: Database) -> None:
    async with town(database) as it:
        watch, look = a_watch(it), Telling(database, it.clock)
        it.slack.inject("*", http_status(503), times=None)
        it.degrade(0)
        await it.turn()
        await watch.look([look])
        assert states(database) == []
        it.clock.advance(121.0)
        for _ in range(3):
            await watch.look([look])
        assert states(database) == [("sentinel/outbox", "slack", True)]
        (late,) = watch.open
        assert "1 in slack:#workplace-alerts" in late.facts.detail
        assert "503" in late.facts.detail
        assert late.severity is Severity.CRITICAL
        it.slack.clear_faults()
        for _ in range(40):
            it.clock.advance(60.0)
            await it.tell()
        await watch.look([look])
        assert states(database) == [("sentinel/outbox", "slack", False)]
        assert watch.open == ()


@pytest.mark.promise("P1")
@pytest.mark.fault(99)
async def test_an_abandoned_notice_is_an_incident_with_what_the_channel_said(database: Database) -> None:
    async with town(database) as it:
        watch, look = a_watch(it), Telling(database, it.clock)
        it.slack.inject("chat.postMessage", refused("is_archived"), times=1)
        it.degrade(0)
        await it.turn()
        for _ in range(3):
            await watch.look([look])
            it.ticker.forget()
        (given_up,) = recorded(database)
        assert (given_up.rule, given_up.node) == ("sentinel/abandoned", ("slack",))
        assert "is_archived" in given_up.facts.detail
        assert "notices retry" in given_up.facts.hint
        assert given_up.audience == ()


@pytest.mark.promise("P6")
async def test_a_query_without_a_tick_for_three_intervals_is_missed_until_it_has_one(database: Database) -> None:
    async with town(database) as it:
        watch, look = a_watch(it), Polling(it.ticker, it.clock, lambda: it.asked)
        await it.turn()
        await watch.look([look])
        it.clock.advance(1700.0)
        await watch.look([look])
        assert states(database) == []
        it.clock.advance(200.0)
        await watch.look([look])
        assert states(database) == [("sentinel/ticks", "portal", True)]
        await it.poll()
        await watch.look([look])
        assert states(database) == [("sentinel/ticks", "portal", False)]


@pytest.mark.promise("P4")
async def test_after_a_restart_missed_ticks_are_over_only_with_the_first_tick(database: Database) -> None:
    async with town(database) as it:
        watch, look = a_watch(it), Polling(it.ticker, it.clock, lambda: it.asked)
        await it.turn()
        await watch.look([look])
        it.clock.advance(1900.0)
        await watch.look([look])
        it.ticker.ticked.clear()
        again = Polling(it.ticker, it.clock, lambda: it.asked)
        await watch.look([Polling(it.ticker, it.clock, tuple)])
        await watch.look([again])
        assert states(database) == [("sentinel/ticks", "portal", True)]
        it.clock.advance(1.0)
        await it.poll()
        await watch.look([again])
        assert states(database) == [("sentinel/ticks", "portal", False)]


@pytest.mark.fault(19)
@pytest.mark.parametrize(("jump", "words"), [(-3600.0, "set back by 1 h"), (3600.0, "jumped forward by 1 h")])
async def test_a_jump_of_the_clock_is_told_and_is_over_by_itself(sqlite_url: str, jump: float, words: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        watch, look = a_watch(it), WallClock(it.clock, "host")
        it.clock.advance(60.0)
        await watch.look([look])
        assert states(database) == []
        it.clock.jump(jump)
        await watch.look([look])
        it.clock.advance(300.0)
        await watch.look([look])
        (jumped,) = recorded(database)
        assert (jumped.rule, jumped.is_open) == ("sentinel/clock", True)
        assert words in jumped.facts.detail
        it.clock.advance(400.0)
        await watch.look([look])
        assert [one.is_open for one in recorded(database)] == [False]
    database.close()


@pytest.mark.parametrize(
    ("free", "total", "verdict"),
    [
        (50 * GB, 100 * GB, "well"),
        (9 * GB, 100 * GB, "ill"),
        (11 * GB, 100 * GB, "unknown"),
        (90 * GB, 10_000 * GB, "well"),
        (9 * GB, 10_000 * GB, "ill"),
        (0.4 * GB, 1 * GB, "ill"),
        (0.55 * GB, 1 * GB, "unknown"),
        (0.7 * GB, 1 * GB, "well"),
    ],
)
def test_a_disk_is_low_below_a_tenth_or_half_a_gigabyte(free: float, total: float, verdict: str) -> None:
    found = disk_sighting("/data", free, total)
    assert ("ill" if found.symptoms else "unknown" if found.unknown else "well") == verdict


async def test_the_disk_is_that_of_the_database_file(sqlite_url: str, tmp_path: Path) -> None:
    database = Database.open(sqlite_url)
    assert database.folder == tmp_path
    assert [one.rule for one in await Disk(database.folder)()] == ["sentinel/disk"]
    gone = await Disk(tmp_path / "gone")()
    assert [one.unknown for one in gone] == [frozenset({str(tmp_path / "gone")})]
    database.close()


async def test_file_handles_that_run_out_are_told_while_there_are_some_left() -> None:
    used, allowed = handles() or (0, 0)
    assert 3 < used < allowed
    for share, ill in ((0.5, False), (0.8, True)):
        (found,) = await Handles("host", lambda share=share: (int(1000 * share), 1000))()  # type: ignore[misc]
        assert bool(found.symptoms) is ill
    assert list(await Handles("host", lambda: None)()) == []


@pytest.mark.promise("P6")
@pytest.mark.fault(9)
async def test_three_crashes_in_ten_minutes_are_told_once_however_often_it_starts_again(database: Database) -> None:
    async with town(database) as it:
        crashes: list[float] = []
        for number in range(1, 7):
            it.clock.advance(60.0)
            watch = a_watch(it)
            it.ticker.forget()
            await watch.look([Restarts(it.clock, "host", tuple(crashes))])
            assert len(states(database)) == (1 if number > 3 else 0)
            crashes.append(it.clock.now())
        await it.tell()
        assert it.story == ["posted"]
        it.clock.advance(600.0)
        await watch.look([Restarts(it.clock, "host", tuple(crashes))])
        assert states(database) == [("sentinel/restarts", "host", False)]


@pytest.mark.fault(9)
def test_each_start_after_crashes_waits_a_little_longer_and_never_long() -> None:
    assert [pause_after(number) for number in (0, 3, 5, 6, 7, 100)] == [0.0, 0.0, 0.0, 0.5, 1.0, 2.0]


async def test_what_others_raise_lasts_until_they_end_it_or_a_restart(database: Database) -> None:
    async with town(database) as it:
        watch = a_watch(it)
        rejected = Symptom(rule="sentinel/reload", subject="rules.toml", summary="Rules rejected", detail="line 3")
        watch.raise_symptom(rejected)
        watch.raise_symptom(rejected)
        await watch.look([])
        await watch.look([])
        assert states(database) == [("sentinel/reload", "rules.toml", True)]
        watch.end("sentinel/reload", "rules.toml")
        watch.end("sentinel/reload", "rules.toml")
        await watch.look([])
        assert states(database) == [("sentinel/reload", "rules.toml", False)]
        watch.raise_symptom(rejected)
        await watch.look([])
        await a_watch(it).look([])
        assert states(database) == [("sentinel/reload", "rules.toml", False)]
        await it.tell()
        assert len(it.slack.roots("#workplace-alerts")) == 1


@pytest.mark.promise("P4")
async def test_a_look_that_cannot_see_concludes_nothing_and_the_others_go_on(database: Database) -> None:
    symptom = Symptom(rule="sentinel/token", subject="slack", summary="Token refused", detail="invalid_auth")

    async def sees() -> Iterable[Sighting]:
        return (Sighting(rule="sentinel/token", symptoms=(symptom,)),)

    async def busy() -> Iterable[Sighting]:
        raise StoreBusy

    async def breaks() -> Iterable[Sighting]:
        raise ZeroDivisionError

    looks: tuple[Look, ...] = (busy, breaks, sees)
    async with town(database) as it:
        await a_watch(it).look(looks)
        assert states(database) == [("sentinel/token", "slack", True)]
        await a_watch(it).look((busy, breaks))
        assert states(database) == [("sentinel/token", "slack", True)]


@pytest.mark.promise("P5")
@pytest.mark.fault(114)
async def test_an_instance_that_lost_the_lease_records_nothing_about_itself(database: Database) -> None:
    async with town(database) as it:
        mine = lease.acquire(database, "me", 60.0, "")
        it.ticker.epoch = lambda: mine
        with database.transaction() as connection:
            connection.exec_driver_sql("UPDATE lease SET epoch = epoch + 1")
        watch = a_watch(it)
        watch.raise_symptom(Symptom(rule="sentinel/reload", subject="rules.toml", summary="Rules", detail="line 3"))
        await watch.look([])
        assert states(database) == []
