"""Clocks compared: with the calendar, the database and the sources."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sentinel.clock import EARLIEST, SystemClock
from sentinel.doctor.clocks import note
from sentinel.findings import Finding, Findings, State

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC).timestamp()


def noted(now: float = NOW, **ahead: float | None) -> dict[str, Finding]:
    found = Findings()
    note(now, ahead, found)
    return {one.check: one for one in found}


def test_clocks_that_agree_are_well() -> None:
    found = noted(portal=-0.4, database=12.0)
    assert [one.text for one in found.values()] == [
        "it is 2027-06-01 12:00:00 UTC",
        "agrees within 1 s",
        "agrees within 12 s",
    ]
    assert {one.state for one in found.values()} == {State.OK}


@pytest.mark.parametrize(
    ("seconds", "state", "text"),
    [
        (31.0, State.WARNING, "its clock is 31 s ahead of this machine's"),
        (-45.0, State.WARNING, "its clock is 45 s behind this machine's"),
        (120.0, State.FAILED, "its clock is 120 s ahead of this machine's"),
        (-900.0, State.FAILED, "its clock is 15 min behind this machine's"),
        (-7200.0, State.FAILED, "its clock is 2 h behind this machine's"),
    ],
)
def test_clocks_that_differ_say_by_how_much(seconds: float, state: State, text: str) -> None:
    found = noted(portal=seconds)["portal"]
    assert (found.state, found.text) == (state, text)
    assert "synchronisation" in found.mend


def test_a_machine_without_a_battery_for_its_clock_is_noticed() -> None:
    found = noted(60.0)["year"]
    assert (found.state, found.text) == (
        State.FAILED,
        "it is 1970-01-01 by this machine's clock, before this program was made",
    )
    assert noted(EARLIEST)["year"].state is State.OK


def test_a_clock_that_nobody_told_of_is_not_compared() -> None:
    assert noted(portal=None)["portal"].state is State.SKIPPED


def test_this_machines_clock_is_later_than_the_build() -> None:
    assert SystemClock().now() > EARLIEST
