"""Instants in the rule's own zone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.deliver.times import iso, local, local_day, local_near

AT = 1_795_442_520.0  # 2026-11-23 14:02 UTC


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "14:02 UTC"),
        ("Europe/Zurich", "15:02 UTC+1 (Zurich)"),
        ("America/New_York", "09:02 UTC−5 (New York)"),
        ("Asia/Kathmandu", "19:47 UTC+5:45 (Kathmandu)"),
        ("Europe/London", "14:02 UTC (London)"),
        ("No/Such_Zone", "14:02 UTC"),
        ("../../etc/passwd", "14:02 UTC"),
    ],
)
def test_a_time_names_its_offset_and_its_place(zone: str, shown: str) -> None:
    assert local(AT, zone) == shown


def test_a_day_is_named_where_it_is_another_one() -> None:
    assert local_day(AT, "Europe/Zurich") == "Mon 23 Nov 2026, 15:02 UTC+1 (Zurich)"
    assert local_near(AT, AT + 3600, "UTC") == "14:02 UTC"
    assert local_near(AT, AT + 86400, "UTC") == "Mon 23 Nov 2026, 14:02 UTC"


def test_summer_time_shows_in_the_offset() -> None:
    assert local(1_782_914_400.0, "Europe/Zurich") == "16:00 UTC+2 (Zurich)"


def test_machines_get_iso_8601_in_utc() -> None:
    assert iso(AT) == "2026-11-23T14:02:00Z"


@given(st.floats(-1e12, 1e15), st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Niue", ""]))
def test_no_instant_breaks_a_message(at: float, zone: str) -> None:
    assert local_day(at, zone)
    assert iso(at).endswith("Z")
