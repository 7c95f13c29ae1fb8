"""What a rule test expected, beside what came."""

from __future__ import annotations

import pytest

from sentinel.domain.alerts import State
from sentinel.domain.hierarchy import Node
from sentinel.domain.rehearsal import Performance, Said
from sentinel.domain.rehearsal_verdict import ExpectedNotice, aligned, by_node, worst
from sentinel.domain.rehearsal_verdict import _differing as differing

PARIS: Node = ("Europe", "Paris")
LYON: Node = ("Europe", "Lyon")


def said(at: float, kind: str = "degraded", node: Node = PARIS) -> Said:
    return Said(at=at, kind=kind, severity="critical", service="Mail", node=node, rule="errors")


def want(at: float | None = None, kind: str | None = None, node: Node | None = None) -> ExpectedNotice:
    return ExpectedNotice(at=at, kind=kind, node=node)


def test_only_what_is_said_is_compared() -> None:
    assert want().fits(said(0))
    assert ExpectedNotice(at=0, kind="degraded", severity="critical", node=PARIS, service="Mail", rule="errors").fits(
        said(0)
    )
    for other in (
        {"at": 1.0},
        {"kind": "closed"},
        {"severity": "warning"},
        {"node": LYON},
        {"service": "A"},
        {"rule": "b"},
    ):
        assert not ExpectedNotice(**other).fits(said(0))  # type: ignore[arg-type]


def test_a_list_is_complete_and_in_order() -> None:
    told = (said(60), said(120, "recovered"))
    assert differing((want(60), want(120, "recovered")), told) == ()
    assert differing((want(60),), told) != ()
    assert differing((want(120), want(60)), told) != ()
    assert differing((), told) != ()
    assert differing(None, told) == ()
    assert differing((), ()) == ()


def test_the_order_within_one_instant_does_not_count() -> None:
    told = (said(60, node=LYON), said(60, node=PARIS), said(120, "recovered"))
    assert differing((want(60, node=PARIS), want(60), want(120)), told) == ()
    assert differing((want(60, node=PARIS), want(60, node=PARIS), want(120)), told) != ()


def test_as_many_notices_as_possible_stand_beside_what_fits_them() -> None:
    told = (said(60), said(90, "escalated"), said(120, "recovered"))
    pairs = aligned((want(60), want(120, "recovered"), want(180)), told)
    assert pairs == ((want(60), told[0]), (None, told[1]), (want(120, "recovered"), told[2]), (want(180), None))


def test_a_missed_notice_stands_beside_what_came_instead() -> None:
    told = (said(60), said(110, "recovered"))
    assert aligned((want(60), want(120, "recovered")), told)[1] == (want(120, "recovered"), told[1])


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        (["ok", "warning", "critical"], "critical"),
        (["unknown", "warning"], "warning"),
        (["ok", "unknown", "pending"], "unknown"),
        (["ok", "pending"], "pending"),
    ],
)
def test_a_node_shows_the_worst_of_its_alerts(states: list[str], shown: str) -> None:
    assert worst(State(state) for state in states) is State(shown)


def test_the_alerts_of_a_node_make_one_timeline() -> None:
    story = {
        ("a", "Mail", PARIS): ((0, State.UNKNOWN), (1, State.OK), (3, State.CRITICAL), (5, State.OK)),
        ("b", "Mail", PARIS): ((0, State.OK), (4, State.PENDING), (6, State.OK)),
    }
    done = Performance(8, 60.0, story, (), ())
    expected = ((0, State.UNKNOWN), (1, State.OK), (3, State.CRITICAL), (5, State.PENDING), (6, State.OK))
    assert by_node(done) == {"Europe/Paris": expected}
    assert [done.state(("a", "Mail", PARIS), at).value for at in (0, 59, 60, 179, 180, 1e6)] == [
        "unknown", "unknown", "ok", "ok", "critical", "ok",
    ]  # fmt: skip
