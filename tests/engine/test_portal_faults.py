"""Whatever the Portal does: unknown with its reason, one incident about the source, never a recovery."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sentinel.demo import faults, faults_wire
from sentinel.demo.faults import Fault
from sentinel.domain.alerts import STATES, State
from sentinel.domain.rules import SOURCE_RULE
from sentinel.store.database import Database
from sentinel.store.memory import load
from tests.engine.town import SITES, Town, town

WHOLE_ANSWER: list[tuple[str, Callable[[], Fault]]] = [
    ("forbidden", lambda: faults.Status(403)),
    ("not_found", lambda: faults.Status(404)),
    ("not_found", lambda: faults.Status(410)),
    ("server_error", lambda: faults.Status(500)),
    ("server_error", lambda: faults.Status(503)),
    ("html", faults.LoginPage),
    ("redirected", lambda: faults.Redirect("https://elsewhere.example.com/")),
    ("empty", faults.EmptyList),
    ("incomplete", lambda: faults.Shorter(share=0.5)),
    ("not_a_table", faults.Truncated),
    ("not_a_table", faults.DuplicateKeys),
    ("not_a_table", lambda: faults.deep_nesting(5_000)),
    ("not_a_table", lambda: faults.Body(b'{"what": "is this"}')),
    ("truncated", faults_wire.WrongLength),
    ("truncated", faults_wire.ResetMidBody),
    ("too_large", lambda: faults_wire.HugeBody(size=40_000_000)),
    ("too_large", lambda: faults_wire.GzipBomb(size=100_000_000)),
    ("stale", lambda: faults.Cached(7200)),
    ("stale", lambda: faults.Cached(7200, told=False)),
    ("timeout", faults.Hang),
    ("timeout", lambda: faults_wire.SlowLoris(interval=0.05)),
]

ONE_CELL: list[tuple[str, Fault]] = [
    ("null", faults.Cells("devices_with_errors", None, SITES[0])),
    ("text", faults.Cells("devices_with_errors", "95,5", SITES[0])),
    ("spaced", faults.Cells("devices_with_errors", "1 234", SITES[0])),
    ("other digits", faults.Cells("devices_with_errors", "٩٥", SITES[0])),
    ("boolean", faults.Cells("devices_with_errors", True, SITES[0])),
    ("negative", faults.Cells("devices_with_errors", -5, SITES[0])),
    ("not a number", faults.Cells("devices_with_errors", float("nan"), SITES[0])),
    ("infinite", faults.Cells("devices_with_errors", float("inf"), SITES[0])),
    ("no column", faults.WithoutColumn("devices_with_errors")),
    ("row twice", faults.DuplicateRows(count=8, cells={"devices_with_errors": 0})),
]


def state_of(database: Database, site: int) -> State:
    for book in load(database).books.values():
        for alerts in book.alerts.values():
            if SITES[site] in alerts.nodes:
                return STATES[int(alerts.shown[alerts.nodes.index(SITES[site])])]
    return State.OK


def recoveries(it: Town) -> list[str]:
    """Root messages about services that say recovered."""
    texts = [message.text for message in it.slack.roots("#workplace-alerts")]
    return [text for text in texts if "ecovered" in text and "portal" not in text.lower()]


@pytest.mark.fault(46, 48, 49, 50, 51, 54, 55, 57, 58, 64, 72, 77, 80)
@pytest.mark.promise("P4", "P6")
@pytest.mark.parametrize(
    ("reason", "fault"), [pytest.param(r, f, id=f"{n}-{r}") for n, (r, f) in enumerate(WHOLE_ANSWER)]
)
async def test_a_whole_answer_that_is_no_use(sqlite_url: str, reason: str, fault: Callable[[], Fault]) -> None:
    database = Database.open(sqlite_url)
    async with town(database, portal_timeout=0.6 if reason == "timeout" else 20.0) as it:
        it.degrade(0)
        while state_of(database, 0) is State.OK:  # where the time-out is short a busy machine may miss a good answer
            await it.turn()
        it.degrade()
        it.portal.fault(fault())
        for _ in range(3):
            await it.turn()
        remembered = load(database)
        (query,) = remembered.queries.values()
        assert query.failure is not None
        assert query.failure.reason.value == reason
        assert query.failure.text
        troubles = [i for b in remembered.books.values() for i in b.open_incidents if i.rule == SOURCE_RULE]
        assert len(troubles) == 1
        assert recoveries(it) == []
        assert state_of(database, 0) is State.UNKNOWN
        it.portal.clear_faults()
        it.clock.advance(3600)
        await it.turn()
        assert len(recoveries(it)) == 1
        assert state_of(database, 0) is State.OK
    database.close()


@pytest.mark.fault(65, 66, 67, 68, 69, 70, 71, 83)
@pytest.mark.promise("P4")
@pytest.mark.parametrize("fault", [pytest.param(fault, id=name) for name, fault in ONE_CELL])
async def test_one_figure_that_is_no_use(sqlite_url: str, fault: Fault) -> None:
    """The node freezes and is shown as unknown after half an hour; the others are judged; nobody is told a recovery."""
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        it.degrade()
        it.portal.fault(fault)
        for _ in range(4):
            await it.turn()
        assert state_of(database, 0) is State.UNKNOWN
        assert recoveries(it) == []
        (query,) = load(database).queries.values()
        assert query.failure is None
    database.close()


@pytest.mark.fault(53)
@pytest.mark.promise("P6")
async def test_a_wrong_password_costs_one_failed_login_and_is_told_at_once(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database, password="wrong") as it:
        for _ in range(3):
            await it.turn(after=60.0)
        refused = [entry for entry in it.portal.log if entry.status == 401]
        assert len(refused) == 1
        assert len(it.slack.roots("#workplace-alerts")) == 1
    database.close()
