"""Times as people write and read them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from sentinel.cli.moments import Times, instant, precise, span

NOON = 1_772_452_800.0  # 2026-03-02T12:00:00Z, 13:00 in Zurich
DAY = 86400.0


@pytest.fixture(autouse=True)
def in_zurich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Zurich")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", NOON),
        ("30s", NOON - 30),
        ("90m", NOON - 5400),
        ("2h", NOON - 7200),
        ("1.5h", NOON - 5400),
        ("7d", NOON - 7 * DAY),
        ("2W", NOON - 14 * DAY),
        ("today", NOON - 13 * 3600),
        ("yesterday", NOON - 37 * 3600),
        ("2026-03-02", NOON - 13 * 3600),
        ("10:05", NOON - 2 * 3600 - 3300),
        ("9:00", NOON - 4 * 3600),
        ("13:00", NOON),
        ("23:59", NOON - 13 * 3600 - 60),
        ("2026-03-02T08:00:00Z", NOON - 4 * 3600),
        ("2026-03-02T08:00+01:00", NOON - 5 * 3600),
        ("2026-03-02 08:00", NOON - 5 * 3600),
        ("99999999d", 0.0),
        ("2 Mar 10:05", NOON - 2 * 3600 - 3300),
        ("1 mar", NOON - 37 * 3600),
        ("2 Mar 13:01", NOON - 365 * DAY + 60),
        ("2 Mar 2025 13:00", NOON - 365 * DAY),
    ],
)
def test_times_people_write(text: str, at: float) -> None:
    assert instant(text, NOON) == at


@pytest.mark.parametrize(
    "text", ["", "soon", "7 fortnights", "2026-13-01", "-7d", "7", "nan", "31 Feb 10:00", "2 Mai", "2 Mar 25:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        instant(text, NOON)


@pytest.mark.parametrize("ago", [0, 3600, 3 * DAY, 100 * DAY, 365 * DAY])
def test_an_instant_that_a_listing_shows_can_be_asked_about(ago: float) -> None:
    assert instant(Times(NOON).of(NOON - ago), NOON) == NOON - ago


def test_yesterday_before_a_change_of_clocks_begins_at_its_own_midnight() -> None:
    after_change = 1_774_780_200.0  # 2026-03-29T12:30+02:00; that night had 23 hours
    assert instant("today", after_change) == after_change - 11.5 * 3600
    assert instant("yesterday", after_change) == after_change - 35.5 * 3600


def test_times_people_read() -> None:
    times = Times(NOON)
    assert times.of(NOON - 3600) == "12:00"
    assert times.of(NOON - DAY) == "1 Mar 13:00"
    assert times.of(NOON - 365 * DAY) == "2 Mar 2025 13:00"
    assert times.of(None) == ""
    assert times.since(NOON - 4320) == "11:48 (1h 12m)"
    assert Times(NOON, utc=True).of(NOON) == "12:00"
    assert Times(NOON, terse=False).since(NOON) == "2026-03-02T13:00:00+01:00"
    assert precise(NOON) == "2026-03-02 13:00:00 +01:00"
    assert precise(NOON, utc=True) == "2026-03-02 12:00:00 +00:00"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (40, "40s"), (780, "13m"), (4320, "1h 12m"), (3600, "1h"), (93780, "1d 02h"), (-5, "0s")],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text
