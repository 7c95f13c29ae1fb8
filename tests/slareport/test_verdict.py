"""Was it kept, by how much, why not, what was unknown: in words that can be read out in a meeting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from sentinel.domain.attained import Seconds
from sentinel.history.sla_report import Section
from sentinel.slareport.table import told
from sentinel.slareport.verdict import Verdict, by_how_much, exactly, headline, period_of, unknown, verdict
from tests.slareport import months

DAY = months.DAY


@pytest.mark.parametrize(
    ("story", "lines"),
    [
        (
            months.missed,
            [
                "Missed: 99.41 % attained, 99.5 % agreed",
                (
                    "99.41 % = (352 976 - 2 100) / 352 976 min of 8 nodes; 304 min of 8 nodes unknown excluded; "
                    "4 320 min of 8 nodes maintenance excluded"
                ),
                "4 h 22 min 30 s of a budget of 3 h 40 min 48 s used: 41 min 42 s too much.",
                (
                    "5 of 8 nodes had bad time in 2 incidents; the worst: Europe / France / Paris (12 h 20 min), "
                    "Europe / France / Lyon (10 h 40 min), Europe / Germany / München (4 h)."
                ),
                (
                    "38 min unknown (0.09 %), left out of the figure. Had it all been bad: 99.32 %, missed; "
                    "all good: 99.41 %, missed."
                ),
            ],
        ),
        (
            months.kept,
            [
                "Kept: 99.97 % attained, 99.5 % agreed",
                "99.97 % = (357 600 - 90) / 357 600 min of 8 nodes",
                "11 min 15 s of a budget of 3 h 43 min 30 s used: 3 h 32 min 15 s left (94.9 %).",
                "1 of 8 nodes had bad time in 1 incident; all of it at Europe / Switzerland / Zürich (1 h 30 min).",
                "Nothing was unknown: the figure covers all of the service time.",
            ],
        ),
        (
            months.at_risk,
            [
                "At risk: 99.13 % attained, 99.5 % agreed",
                "99.13 % = (138 240 - 1 200) / 138 240 min of 8 nodes",
                (
                    "2 h 30 min of a budget of 3 h 43 min 30 s used: 1 h 13 min 30 s left (32.8 %); it burns at 1.74 times "
                    "the even pace and will be gone about Sun 18 Oct."
                ),
                (
                    "8 of 8 nodes had bad time; the worst: America / United States / New York (2 h 30 min), "
                    "Asia / Japan / 東京 (2 h 30 min), Asia / Singapore / Singapore (2 h 30 min)."
                ),
                "Nothing was unknown: the figure covers all of the service time.",
            ],
        ),
        (
            months.over_budget,
            [
                "Missed already: 97.11 % attained, 99.5 % agreed",
                "97.11 % = (138 240 - 4 000) / 138 240 min of 8 nodes",
                "8 h 20 min of a budget of 3 h 43 min 30 s used: 4 h 36 min 30 s too much.",
                (
                    "8 of 8 nodes had bad time; the worst: America / United States / New York (8 h 20 min), "
                    "Asia / Japan / 東京 (8 h 20 min), Asia / Singapore / Singapore (8 h 20 min)."
                ),
                "Nothing was unknown: the figure covers all of the service time.",
            ],
        ),
        (
            months.all_unknown,
            [
                "No data: nothing was measured, so nothing can be said about 99.5 %",
                "no data: nothing was judged; 357 600 min of 8 nodes unknown excluded",
                "The budget is 3 h 43 min 30 s; nothing of it was seen to be used.",
                "31 d 1 h unknown (100.00 %): no figure came at all.",
            ],
        ),
        (
            months.no_data,
            [
                "No data: nothing was measured, so nothing can be said about 99.5 %",
                "no data: no service time",
                "The budget is 3 h 43 min 30 s; nothing of it was seen to be used.",
                "There was no service time.",
            ],
        ),
        (
            months.half_unknown,
            [
                "Kept, as far as is known: 100.00 % attained, 99.5 % agreed",
                "100.00 % = (323 040 - 0) / 323 040 min of 8 nodes; 34 560 min of 8 nodes unknown excluded",
                "0 s of a budget of 3 h 43 min 30 s used: 3 h 43 min 30 s left (100.0 %).",
                (
                    "3 d unknown (9.66 %), left out of the figure. Had it all been bad: 90.34 %, missed; "
                    "all good: 100.00 %, kept."
                ),
            ],
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_month_explains_itself(story: Callable[[], Section], lines: list[str]) -> None:
    first, *rest = told(story())
    assert first == "Exchange Online, exchange-sites, October 2026"
    assert rest == lines


def test_what_misses_by_a_second_is_missed_and_never_written_as_kept() -> None:
    """99.4999 % is not 99.5 %."""
    row = months.row((), Seconds(995_000 - 1, 5_001))
    assert verdict(row) is Verdict.MISSED
    assert headline(row) == "Missed: 99.4999 % attained, 99.5 % agreed"
    assert verdict(months.row((), Seconds(995_000, 5_000))) is Verdict.KEPT


def test_a_running_month_is_not_lost_while_there_is_budget() -> None:
    """One bad hour on the first day: the figure is below the objective, the month is not."""
    row = months.row((), Seconds(DAY - 3_600, 3_600), at=months.START + DAY)
    assert verdict(row) is Verdict.AT_RISK
    assert "will be gone about Sun 4 Oct" in by_how_much(row)


def test_a_running_month_that_is_well_is_kept_so_far() -> None:
    row = months.row((), Seconds(DAY, 0), at=months.START + DAY)
    assert headline(row) == "Kept so far: 100.00 % attained, 99.5 % agreed"


def test_an_objective_of_everything_has_no_budget_and_no_percentage_of_it() -> None:
    perfect = months.row((), Seconds(DAY, 0), objective=Decimal(1))
    assert by_how_much(perfect) == "Nothing may be bad, and nothing was."
    assert verdict(perfect) is Verdict.KEPT
    blemished = months.row((), Seconds(DAY - 1, 1), objective=Decimal(1))
    assert by_how_much(blemished) == "Nothing may be bad; 1 s was."
    assert verdict(blemished) is Verdict.MISSED


def test_budget_left_in_a_missed_month_is_explained() -> None:
    """Most of the month is unknown, and of the rest too much was bad, although less than the month's budget."""
    row = months.row((), Seconds(80_000, 6_400, 31 * DAY - 86_400))
    assert verdict(row) is Verdict.MISSED
    assert row.budget_left_seconds > 0
    assert by_how_much(row).endswith("left (52.2 %), but of the time that was measured too much was bad.")


def test_unknown_time_says_what_the_figure_makes_of_it() -> None:
    row = months.row((), Seconds(90_000, 100, 9_900))
    assert "left out of the figure" in unknown(row)
    assert "counted as bad" in unknown(replace(row, availability=row.pessimistic))
    assert "counted as good" in unknown(replace(row, availability=row.optimistic))


def test_percentages_can_be_left_to_where_their_formula_stands() -> None:
    row = months.row((), Seconds(90_000, 100, 9_900))
    assert "%" not in unknown(row, shares=False)
    assert "%" not in by_how_much(row, shares=False)


def test_what_is_used_and_what_is_left_add_up_to_the_second() -> None:
    assert [exactly(one) for one in (0, 59, 3_600, 90_061)] == ["0 s", "59 s", "1 h", "1 d 1 h 1 min 1 s"]


def test_a_figure_of_nothing_is_no_data_even_where_unknown_counts_as_bad() -> None:
    row = months.row((), Seconds(0, 0, 100), availability=None, pessimistic=Fraction(0))
    assert verdict(row) is Verdict.NO_DATA


@pytest.mark.parametrize(
    ("start", "end", "name", "short"),
    [
        ("2026-10-01", "2026-11-01", "October 2026", "Oct"),
        ("2026-10-01", "2027-01-01", "Q4 2026", "Q4"),
        ("2026-01-01", "2027-01-01", "2026", "2026"),
        ("2026-10-05", "2026-11-04", "30 days to 3 Nov 2026", "3 Nov"),
        ("2026-02-01", "2026-05-01", "89 days to 30 Apr 2026", "30 Apr"),
    ],
)
def test_a_period_is_known_by_its_ends(start: str, end: str, name: str, short: str) -> None:
    row = months.row((), period_start=months.instant(start), period_end=months.instant(end))
    assert (period_of(row), period_of(row, short=True)) == (name, short)
