"""A second instance: refused on a SQLite file, a standby on Postgres that takes over and repeats nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sentinel.demo.workspace_faults import http_status
from sentinel.store.database import Database
from tests.e2e.audit import Audit, audit
from tests.e2e.stage import Stage, stage
from tests.fakes.postgres import Postgres, running_postgres
from tests.fakes.program import Program, eventually
from tests.fakes.wire import wire

pytestmark = pytest.mark.process

ODD = "tests.e2e.odd_machine"
PATIENT = {"SENTINEL_LEASE_SECONDS": "8"}
"""Long enough that a busy machine does not make a leader lose the lease that nobody takes from it."""


@pytest.fixture
def postgres_url(postgres: Postgres, migrated_postgres: str) -> str:
    return postgres.create(template=migrated_postgres)


@contextmanager
def two(it: Stage, leader: Program, standby: Program) -> Iterator[None]:
    """One leads and has told of a bad site, the other stands by."""
    with leader, standby:
        leader.start(until="polling")
        standby.start(until="serving")
        it.bad = {it.sites[0]}
        eventually(lambda: it.kinds == ["posted"], "the opening")
        eventually(lambda: standby.checks("/readyz").get("role") == (True, "standby"), "the other stands by")
        yield


def recovered(it: Stage, lines: int = 1) -> None:
    """Everything gets well, and that is told, by whoever leads; nothing was lost or told twice.

    `lines`: of the thread, the recovery's among them. What Sentinel tells about itself meanwhile is in another channel.
    """
    it.bad = set()
    eventually(lambda: "recovered" in it.slack.roots("#team-aland")[0].text.lower(), "the recovery")
    eventually(lambda: told(it) >= 1 + lines, "its line")
    it.polled(2)
    assert (len(it.slack.roots("#team-aland")), told(it)) == (1, 1 + lines)
    database = Database.open(it.given["SENTINEL_DATABASE_URL"])
    looks: list[Audit] = []

    def told_all() -> bool:
        """What Sentinel tells about itself may still be on its way, and more may come: one look says both."""
        looks.append(audit(it, database))
        return looks[-1].undelivered == 0

    eventually(told_all, "everything is told")
    database.close()
    assert (looks[-1].lost, looks[-1].repeated) == ((), ())


def told(it: Stage) -> int:
    """Messages and lines about the sites."""
    return len(it.slack.messages("#team-aland"))


def stopped(program: Program) -> bool:
    """Whether the kernel has stopped it."""
    return Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


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


@pytest.mark.postgres
@pytest.mark.promise("P1", "P2", "P5")
@pytest.mark.fault(114)
def test_a_standby_takes_over_when_the_leader_is_killed_and_repeats_nothing(postgres_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, postgres_url, given=PATIENT) as it:
        leader, standby = it.program(), it.program(name="standby")
        with two(it, leader, standby):
            assert leader.checks("/readyz")["role"] == (True, "leader")
            assert standby.checks("/readyz") == {"status": 200, "store": (True, "answers"), "role": (True, "standby")}
            once = it.program("run", "--once", name="once").start()
            leader.kill()
            assert once.finish() == 4
            assert "another instance leads" in once.log
            standby.says("leading")
            it.polled(2)
            assert standby.checks("/readyz")["role"] == (True, "leader")
            recovered(it)
            assert standby.terminate() == 0


@pytest.mark.postgres
@pytest.mark.promise("P2")
@pytest.mark.fault(114)
def test_a_leader_that_was_frozen_writes_and_sends_nothing_more(postgres_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, postgres_url, given=PATIENT) as it, it.program() as frozen, it.program(name="new") as standby:
        frozen.start(until="polling")
        standby.start(until="serving")
        with frozen.paused():
            standby.says("leading")
            it.bad = {it.sites[0]}
            eventually(lambda: it.kinds == ["posted"], "the opening, by the new leader")
            it.bad = {it.sites[0], it.sites[1]}
            eventually(lambda: len(it.lines) == 1, "the widening, by the new leader")
            before = len(it.kinds)
        frozen.says("lease lost")
        eventually(lambda: frozen.checks("/readyz").get("role") == (True, "standby"), "it stands by")
        it.polled(3)
        assert it.kinds[before:] == []
        assert "Traceback" not in frozen.log
        assert standby.terminate() == 0
        assert frozen.terminate() == 0


@pytest.mark.fault(7)
@pytest.mark.postgres
@pytest.mark.promise("P1", "P2")
@pytest.mark.fault(114)
@pytest.mark.parametrize("kind", ["frozen", pytest.param("suspended", marks=pytest.mark.long)])
def test_a_leader_stopped_between_its_attempt_and_its_call_leaves_the_telling_to_the_next(
    kind: str, postgres_url: str, tmp_path: Path
) -> None:
    """Suspended with its machine it believes that no time has passed: only the database knows better."""
    with stage(tmp_path, postgres_url, given=PATIENT) as it:
        sleeper, standby = it.program(module=ODD, SENTINEL_TEST_STOP=kind), it.program(name="standby")
        with sleeper, standby:
            sleeper.start(until="polling")
            standby.start(until="serving")
            it.bad = {it.sites[0]}
            eventually(lambda: stopped(sleeper), "it sleeps at the worst moment")
            assert it.kinds == []
            with sleeper.paused():
                standby.says("leading")
                eventually(lambda: it.kinds == ["posted"], "the opening, by the new leader")
            sleeper.says("lease")  # lost, or not to be told under any more: whichever of its tasks runs first
            eventually(lambda: sleeper.checks("/readyz").get("role") == (True, "standby"), "it stands by")
            recovered(it)
            assert "Traceback" not in sleeper.log
            assert standby.terminate() == 0
            assert sleeper.terminate() == 0


@pytest.mark.postgres
@pytest.mark.promise("P1", "P2")
@pytest.mark.fault(114, 38)
@pytest.mark.parametrize("how", ["cut", pytest.param("hold", marks=pytest.mark.long)])
def test_a_leader_cut_off_from_the_database_but_not_from_slack_stops_acting(
    how: str, postgres_url: str, tmp_path: Path
) -> None:
    with stage(tmp_path, postgres_url, given=PATIENT) as it, wire(postgres_url) as line:
        alone, standby = it.program(SENTINEL_DATABASE_URL=line.url), it.program(name="standby")
        with two(it, alone, standby):
            line.cut() if how == "cut" else line.hold()
            it.bad = {it.sites[0], it.sites[1]}
            standby.says("leading")
            eventually(lambda: told(it) == 2, "the widening, by the new leader")
            line.mend()
            eventually(lambda: alone.checks("/readyz").get("role") == (True, "standby"), "it stands by")
            recovered(it, lines=2)
            assert "Traceback" not in alone.log
            assert standby.terminate() == 0


@pytest.mark.postgres
@pytest.mark.promise("P5")
@pytest.mark.fault(7)
def test_one_that_is_told_to_stop_while_the_database_says_nothing_ends_in_time(
    postgres_url: str, tmp_path: Path
) -> None:
    with stage(tmp_path, postgres_url, given=PATIENT) as it, wire(postgres_url) as line:
        with it.program(SENTINEL_DATABASE_URL=line.url) as program:
            program.start(until="polling")
            it.bad = {it.sites[0]}
            eventually(lambda: it.kinds == ["posted"], "the opening")
            line.hold()
            it.polled()
            assert program.terminate() == 4
            assert "not ended in time" in program.log
        line.mend()
        with it.program(name="next") as successor:
            successor.start(until="leading")
            recovered(it)
            assert successor.terminate() == 0


@pytest.mark.postgres
@pytest.mark.promise("P1", "P2", "P7")
@pytest.mark.fault(115)
@pytest.mark.parametrize(
    ("first", "second"),
    [pytest.param("300", "-300", id="ahead"), pytest.param("-300", "300", id="behind", marks=pytest.mark.long)],
)
def test_instances_whose_clocks_differ_by_minutes_take_over_by_the_clock_of_the_database(
    first: str, second: str, postgres_url: str, tmp_path: Path
) -> None:
    with stage(tmp_path, postgres_url, given=PATIENT) as it:
        leader = it.program(module=ODD, SENTINEL_TEST_CLOCK=first)
        standby = it.program(module=ODD, name="standby", SENTINEL_TEST_CLOCK=second)
        with two(it, leader, standby):
            it.polled(5)
            assert "leading" not in standby.log
            it.slack.inject("*", http_status(503), times=None)
            it.bad = {it.sites[0], it.sites[1]}
            leader.says("told later")
            leader.kill()
            standby.says("leading")
            it.slack.clear_faults()
            eventually(lambda: told(it) == 2, "what waited, by the new leader")
            recovered(it, lines=2)
            assert standby.terminate() == 0


@pytest.mark.postgres
@pytest.mark.fault(7)
def test_a_leader_that_stops_hands_over_at_once(postgres_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, postgres_url, given={"SENTINEL_LEASE_SECONDS": "30"}) as it:
        leader, other = it.program(), it.program(name="other")
        with two(it, leader, other):
            assert leader.terminate() == 0
            other.says("leading", within=18.0)  # the lease would last for 20 seconds at least, were it not let go of
            recovered(it)


@pytest.mark.postgres
@pytest.mark.promise("P1", "P2")
@pytest.mark.fault(37, 38)
def test_a_restart_of_the_database_costs_nothing_but_time(tmp_path: Path) -> None:
    with running_postgres(own=True) as server, stage(tmp_path, server.create(), given=PATIENT) as it:
        leader, standby = it.program(), it.program(name="standby")
        with two(it, leader, standby):
            server.stop()
            it.bad = {it.sites[0], it.sites[1]}
            leader.says("tick held")
            leader.says("lease not renewed")
            assert it.kinds == ["posted"]
            server.start()
            eventually(lambda: told(it) == 2, "the widening, late")
            recovered(it, lines=2)
            roles = {one.checks("/readyz").get("role") for one in (leader, standby)}
            assert roles <= {(True, "leader"), (True, "standby")}
