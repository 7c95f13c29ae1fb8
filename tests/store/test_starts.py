"""Starts of the program and how they ended, on both databases."""

from __future__ import annotations

from sentinel.store import starts
from sentinel.store.database import Database

AT = 1_772_438_400.0


def test_a_start_without_an_end_is_a_crash_on_its_own_host_for_as_long_as_it_is_of_late(database: Database) -> None:
    first = starts.begin(database, "here", AT)
    starts.begin(database, "here", AT + 60.0)
    starts.begin(database, "there", AT + 61.0)
    starts.end(database, first, AT + 30.0)
    assert starts.crashed(database, "here", AT) == (AT + 60.0,)
    assert starts.crashed(database, "there", AT) == (AT + 61.0,)
    assert starts.crashed(database, "here", AT + 61.0) == ()


def test_old_starts_are_forgotten(database: Database) -> None:
    starts.begin(database, "here", AT)
    starts.begin(database, "here", AT + starts.KEPT + 1.0)
    assert starts.crashed(database, "here", 0.0) == (AT + starts.KEPT + 1.0,)
