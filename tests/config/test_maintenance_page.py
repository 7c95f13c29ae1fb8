"""What docs/how-to/maintenance.md says of its example is so: when its windows are, and when its calendar is open."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel.config.loader import load
from sentinel.config.rule_test_loader import load_tests
from sentinel.domain.calendars import DAY, Maintenance, Weekly
from sentinel.domain.rehearsal_verdict import judge

PAGE = (Path(__file__).parents[2] / "docs/how-to/maintenance.md").read_text(encoding="utf-8")
EXAMPLE, TESTS = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
BOOK = load(text=EXAMPLE).rulebook


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    text = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| 2")]
    assert lines
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_example_has_not_even_a_warning() -> None:
    assert load(text=EXAMPLE).warnings == ()


def test_the_rule_test_of_the_page_passes_and_would_not_without_the_window(tmp_path: Path) -> None:
    (tmp_path / "tests.toml").write_text(TESTS, encoding="utf-8")
    (tmp_path / "rules.toml").write_text(EXAMPLE, encoding="utf-8")
    found = load_tests(tmp_path / "tests.toml")
    assert found.warnings == ()
    (test,) = found.tests
    assert judge(test).passed
    (tmp_path / "rules.toml").write_text(EXAMPLE.replace('to = "04:00"', 'to = "02:00"'), encoding="utf-8")
    (test,) = load_tests(tmp_path / "tests.toml").tests
    assert not judge(test).passed


def test_the_nights_of_the_page_are_those_of_its_window() -> None:
    (patching,) = (one for one in BOOK.maintenance if one.name == "Sunday patching")
    for night, begins, ends, lasts in rows("On the two nights on which the clock is set"):
        midnight = int(
            datetime.fromisoformat(night.split(",")[0]).replace(tzinfo=ZoneInfo("Europe/Zurich")).timestamp()
        )
        spans = patching.spans(midnight, midnight + DAY)
        (pair,) = spans.pairs()
        assert [f"{datetime.fromtimestamp(edge, UTC):%Y-%m-%d %H:%M}" for edge in pair] == [begins, ends]
        assert f"{spans.seconds // 3600} h" == lasts


def test_the_days_of_the_page_are_those_of_its_calendar() -> None:
    (office,) = BOOK.calendars
    zone = ZoneInfo(office.timezone)
    for day, opens, closes in rows("When a service is promised"):
        midnight = datetime.fromisoformat(day.split(",")[0]).replace(tzinfo=zone)
        pairs = office.open(int(midnight.timestamp()), int((midnight + timedelta(days=1)).timestamp())).pairs()
        shown = [f"{datetime.fromtimestamp(edge, zone):%H:%M}" for pair in pairs for edge in pair]
        assert shown == [time for time in (opens, closes) if time], day


def test_what_the_page_says_of_days_of_the_month_holds() -> None:
    def days(weekly: Weekly) -> list[str]:
        every = Maintenance(name="m", matchers=BOOK.maintenance[0].matchers, timezone="UTC", weekly=weekly)
        year = [int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2026, 2027)]
        return [f"{datetime.fromtimestamp(start, UTC):%m-%d %a}" for start, _ in every.spans(*year).pairs()]

    assert len(days(Weekly(days_of_month=((31, 31),), start=0, end=60))) == 7
    assert len(days(Weekly(days_of_month=((-1, -1),), start=0, end=60))) == 12
    second_sundays = days(Weekly(days=frozenset({6}), days_of_month=((8, 14),), start=0, end=60))
    assert len(second_sundays) == 12
    assert {day[-3:] for day in second_sundays} == {"Sun"}
