"""The past of the simulated company: which months it has, and what goes wrong in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sentinel.cli.lived import ZONE, last_month, outages, this_month
from sentinel.config.loader import load
from sentinel.demo.script import rules


def unix(text: str) -> float:
    """An instant on the company's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


@pytest.mark.parametrize(
    ("end", "this", "last"),
    [
        ("2026-11-28T20:10", "2026-11-01T00:00", "2026-10-01T00:00"),
        ("2026-04-02T10:00", "2026-03-19T09:00", "2026-03-01T00:00"),
        ("2027-01-01T00:00", "2026-12-18T00:00", "2026-12-01T00:00"),
        ("2028-03-31T23:59", "2028-03-01T00:00", "2028-02-01T00:00"),
    ],
)
def test_a_past_is_a_month_and_never_less_than_two_weeks(end: str, this: str, last: str) -> None:
    assert this_month(unix(end)) == unix(this)
    assert last_month(unix(end)) == unix(last)


@pytest.mark.parametrize("end", ["2026-11-28T20:10", "2026-04-02T10:00", "2026-03-30T00:00", "2026-11-29T03:00"])
def test_all_is_well_again_when_the_show_begins(end: str) -> None:
    """Figures cover an hour: what ended less than an hour before would still be seen."""
    begin = this_month(unix(end))
    found = outages(begin, unix(end))
    assert found
    assert all(begin <= one.start and one.end + 3600 < unix(end) for one in found)
    patched = [one for one in found if one.node == ("Europe", "Germany")]
    starts = [datetime.fromtimestamp(one.start, ZONE) for one in patched]
    assert {start.isoweekday() for start in starts} == {7}
    first = datetime.fromtimestamp(begin, ZONE).date()
    days = [first + timedelta(days=n) for n in range((datetime.fromisoformat(end).date() - first).days)]
    assert {start.date() for start in starts} == {day for day in days if day.isoweekday() == 7}


@pytest.mark.parametrize("mail", [False, True])
def test_check_has_nothing_to_say_about_the_rules_of_the_show(tmp_path: Path, mail: bool) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(rules("https://portal.example.com", mail=mail))
    loaded = load(file)
    assert [one.message for one in loaded.warnings] == []
    assert [one.id for one in loaded.rulebook.slas] == ["exchange-sites"]
