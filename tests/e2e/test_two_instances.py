"""A second instance: refused on a SQLite file, a standby on Postgres that takes over and repeats nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.stage import stage
from tests.fakes.postgres import Postgres
from tests.fakes.program import eventually

pytestmark = pytest.mark.process


@pytest.fixture
def postgres_url(postgres: Postgres, migrated_postgres: str) -> str:
    return postgres.create(template=migrated_postgres)


@pytest.mark.fault(14)
def test_a_second_one_on_the_same_file_is_refused_and_names_the_first(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program() as first, it.program(name="second") as second:
        first.start(until="polling")
        assert second.start().finish() == 4
        assert f"already running, pid {first.pid}" in second.log
        once = it.program("run", "--once", name="once")
        assert once.start().finish() == 4
        assert f"already running, pid {first.pid}" in once.log
        it.polled()
        assert first.running


@pytest.mark.promise("P1", "P2", "P5")
@pytest.mark.fault(114)
@pytest.mark.postgres
def test_a_standby_takes_over_when_the_leader_is_killed_and_repeats_nothing(postgres_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, postgres_url) as it, it.program() as leader, it.program(name="standby") as standby:
        leader.start(until="leading")
        standby.start(until="serving")
        it.bad = {it.sites[0]}
        eventually(lambda: it.kinds == ["posted"], "the opening")
        assert leader.checks("/readyz")["role"] == (True, "leader")
        assert standby.checks("/readyz") == {"status": 200, "store": (True, "answers"), "role": (True, "standby")}
        once = it.program("run", "--once", name="once").start()
        leader.kill()
        assert once.finish() == 4
        assert "another instance leads" in once.log

        standby.says("leading")
        it.polled(2)
        assert standby.checks("/readyz")["role"] == (True, "leader")
        it.bad = set()
        eventually(lambda: len(it.lines) == 1, "the recovery")
        assert it.kinds == ["posted", "edited", "replied"]
        assert standby.terminate() == 0


@pytest.mark.promise("P2")
@pytest.mark.fault(114)
@pytest.mark.postgres
def test_a_leader_that_was_frozen_writes_and_sends_nothing_more(postgres_url: str, tmp_path: Path) -> None:
    # Long enough that a busy machine does not make the new leader lose the lease in its turn.
    given = {"SENTINEL_LEASE_SECONDS": "8"}
    with stage(tmp_path, postgres_url, given=given) as it, it.program() as frozen, it.program(name="new") as standby:
        frozen.start(until="polling")
        standby.start(until="serving")
        with frozen.paused():
            standby.says("leading")
            it.bad = {it.sites[0]}
            eventually(lambda: it.kinds == ["posted"], "the opening, by the new leader")
            it.bad = {it.sites[0], it.sites[1]}
            eventually(lambda: len(it.lines) == 1, "the widening, by the new leader")
            told = len(it.kinds)
        frozen.says("lease lost")
        eventually(lambda: frozen.checks("/readyz").get("role") == (True, "standby"), "it stands by")
        it.polled(3)
        assert it.kinds[told:] == []
        assert "Traceback" not in frozen.log
        assert standby.terminate() == 0
        assert frozen.terminate() == 0


@pytest.mark.fault(7)
@pytest.mark.postgres
def test_a_leader_that_stops_hands_over_at_once(postgres_url: str, tmp_path: Path) -> None:
    given = {"SENTINEL_LEASE_SECONDS": "6"}
    with stage(tmp_path, postgres_url, given=given) as it, it.program() as leader, it.program(name="other") as other:
        leader.start(until="leading")
        other.start(until="serving")
        assert leader.terminate() == 0
        other.says("leading", within=20.0)
        it.polled()
