"""Cases SLO: budgets, burn rates, periods with and without calendars, unknown time, weights, samples that overlap."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from sentinel.config.durations import parse_duration
from sentinel.domain.attained import Counts, Seconds, availability, budget, kept, readings, weighted
from sentinel.domain.attained_text import parse_objective, percent_text, ratio_text
from sentinel.domain.burn import (
    DAY,
    HOUR,
    WORKBOOK,
    WORKBOOK_PERIOD,
    limit,
    spent_share,
    time_to_detect,
    time_to_exhaust,
)
from sentinel.domain.calendars import Calendar, Weekly
from sentinel.domain.expressions import parse
from sentinel.domain.paces import factor
from sentinel.domain.periods import Period, Term
from sentinel.domain.rules import Severity
from sentinel.domain.sla import Counts as Counted
from sentinel.domain.spans import Spans
from tests.config.rule_tests_file import a_test, played, series, timeline
from tests.conformance.cases import Case, conforms
from tests.domain.ledgers import BERN, Keeping, an_sla
from tests.domain.polls import UNITS

MONTH = Period.parse("month")


def share(percent: float | str) -> Fraction:
    """The share that a case writes as a number or text of percents."""
    return Fraction(str(percent).removesuffix("%")) / 100


def month(text: str, zone: str) -> Term:
    """The month that a case writes as `2026-03`."""
    return MONTH.around(moment(f"{text}-15T00:00", zone), zone)


def moment(text: str, zone: str) -> int:
    """Unix seconds of a time in UTC (`Z`) or on the clock of a zone."""
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).timestamp())


def rounded(number: Fraction, places: int) -> str:
    return f"{float(number):.{places}f}"


@conforms("SLO-02")
def test_the_usual_factors_of_thirty_days(case: Case) -> None:
    rows = case.given["rows"]
    assert [float(factor(share(spent), 30 * DAY, hours * HOUR)) for _, hours, _, spent in rows] == case.expect["burn"]
    word = {"page": Severity.CRITICAL, "ticket": Severity.WARNING}
    theirs = [(word[kind], hours * HOUR, parse_duration(short), share(spent)) for kind, hours, short, spent in rows]
    ours = [(pace.severity, pace.long, pace.short, pace.budget_share) for pace in WORKBOOK]
    assert [row for row in theirs if row in ours] == ours, "the day's row is one that the Workbook's table has not"


@conforms("SLO-04")
def test_a_period_may_have_budget_shares_of_its_own(case: Case) -> None:
    period = case.given["period_h"] * HOUR
    factors = [factor(share(spent), period, hours * HOUR) for spent, hours in case.given["rows"]]
    assert factors == [Fraction(one) for one in case.expect["burn"]]


@conforms("SLO-08")
def test_what_fixed_factors_come_to(case: Case) -> None:
    period = 28 * DAY
    rows = [(Fraction(rate), int(parse_duration(long))) for rate, long, *_ in case.given["rows"]]
    assert [time_to_exhaust(rate, period) for rate, _ in rows] == [
        days * DAY for days in case.expect["exhausts_in_days"]
    ]
    spent = [spent_share(rate, period, long) for rate, long in rows]
    assert [f"{rounded(100 * one, 2)}%" for one in spent] == case.expect["budget_spent"]
    assert [factor(one, period, long) for one, (_, long) in zip(spent, rows, strict=True)] == [rate for rate, _ in rows]


@conforms("SLO-10")
def test_how_soon_a_pace_is_noticed(case: Case) -> None:
    ratios = [Fraction(one) for one in case.given["error_ratio"]]
    for pace, expected in zip(WORKBOOK, (case.expect["fast_pair_s"], case.expect["slow_pair_s"]), strict=False):
        bad = limit(pace, WORKBOOK_PERIOD, parse_objective("99.9%"))
        assert [time_to_detect(bad, pace.long, ratio) for ratio in ratios] == [Fraction(one) for one in expected]


@conforms("SLO-12")
def test_how_long_may_be_bad(case: Case) -> None:
    allowed = [budget(parse_objective(f"{one}%"), case.given["window_d"] * DAY) for one in case.given["slo"]]
    assert allowed == [floor(Fraction(one) * 60) for one in case.expect["minutes"]]


@conforms("SLO-14")
def test_a_budget_of_slices(case: Case) -> None:
    slices, target = case.given["slices"], Decimal(case.given["target"])
    assert (1 - target) * slices == Decimal(case.expect["budget_slices"])
    allowed = budget(target, slices)
    assert allowed == case.expect["bad_slices_allowed"]
    each = case.given["slice_s"]
    for bad, well in ((allowed, True), (allowed + 1, False)):
        seconds = Seconds(good=(slices - bad) * each, bad=bad * each)
        assert kept(availability(seconds), target) is well


@conforms("SLO-16")
def test_one_failure_in_an_hour_of_ten_requests(case: Case, tmp_path: Path) -> None:
    given, objective = case.given, parse_objective(f"{case.given['slo']}%")
    hour = Counts.of([(float(given["per_hour"] - given["failures"]), float(given["per_hour"]))])
    assert hour.bad / hour.total == share(case.expect["hour_error"])
    assert hour.burn_rate(objective) == Fraction(case.expect["burn"].removesuffix("x"))
    whole = (1 - Fraction(objective)) * given["per_hour"] * 24 * given["days"]
    assert whole == Fraction(case.expect["month_budget_requests"])
    assert f"{rounded(100 * hour.bad / whole, 1)}%" == case.expect["budget_spent"]
    assert case.expect["sentinel"] == "page suppressed: min_events for the 1h window not met; ticket pair still counts"
    hours = 72
    done = played(
        tmp_path,
        a_test(
            f"0x{hours} {given['failures']} 0x8",
            series(f"{given['per_hour']}x{hours + 9}", metric="requests"),
            '[[test.expect]]\nat = "0s"\nrule = "sla/requests"\nstates = { "Europe/Paris" = "ok" }\n',
            rule=_COUNTED.format(slo=given["slo"]),
            every="1h",
        ),
    )
    assert [(one.kind, one.severity) for one in done.performance.told] == [
        ("degraded", "warning"),
        ("recovered", "warning"),
    ]


_COUNTED = """
[[sla]]
id = "requests"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "requests - value"
total = "requests"
objective = "{slo}%"
burn_alerts = true
"""


@conforms("SLO-18")
def test_a_month_ends_at_midnight_of_its_place(case: Case) -> None:
    zone = case.given["tz"]
    down = Spans.of([(moment(case.given["down_since"], zone), moment(case.given["now"], zone))])
    for text, seconds in case.expect["downtime_s"].items():
        assert down.clip(*MONTH.bounds(month(text, zone).start, zone)).seconds == seconds


_BEATS = {"UP": "0", "DOWN": "30", "MAINT": "30", "PENDING": "30"}
_BEAT_RULES = """
[[rule]]
id = "down"
service = "Mail"
hierarchy = "Location"
level = "Site"
for = "12h"
critical = "value > 10"
[[sla]]
id = "up"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "value <= 10"
objective = "99%"
timezone = "UTC"
"""


@conforms("SLO-20")
def test_maintenance_is_taken_out_and_what_is_pending_counts_as_it_is(case: Case, tmp_path: Path) -> None:
    """One beat an hour from eight o'clock on. What is bad and not yet long enough to be told is bad time all the same."""
    for beats, uptime in zip(case.given["beats"], case.expect["uptime"], strict=True):
        work = "".join(
            f'[[maintenance]]\nname = "work"\nstart = "2026-03-02T{8 + place:02}:00:00Z"\nend = "2026-03-02T{9 + place:02}:00:00Z"\n'
            for place, beat in enumerate(beats)
            if beat == "MAINT"
        )
        values = " ".join(_BEATS[beat] for beat in beats)
        done = played(tmp_path, a_test(values, rule=_BEAT_RULES + work, every="1h"))
        row = next(row for _, row in done.performance.sla if row.leaf)
        assert row.availability == Fraction(str(uptime))
        assert row.excluded_seconds == beats.count("MAINT") * HOUR
        if beats == ["PENDING"]:
            assert timeline(done) == "pending"


@conforms("SLO-21")
def test_months_on_which_the_clock_is_changed(case: Case) -> None:
    for zone, hours in zip(case.given["tz"], case.expect["hours"], strict=True):
        assert [month(one, zone).seconds // HOUR for one in case.given["month"]] == hours


@conforms("SLO-22")
def test_only_business_hours_count(case: Case) -> None:
    given = case.given
    days, _, hours = given["hours"].partition(" ")
    assert days == "Mon-Fri"
    first, last = (int(one[:2]) * HOUR for one in hours.split("-"))
    weekly = Weekly(days=frozenset(range(5)), start=first, end=last)
    term = month(given["month"], given["tz"])
    service = Calendar(name="office", timezone=given["tz"], hours=(weekly,)).open(term.start, term.end)
    down, up = (moment(one, given["tz"]) for one in given["outage"])
    assert service.seconds == case.expect["service_hours"] * HOUR
    bad = service.clip(down, up).seconds
    assert bad == case.expect["counted_downtime_h"] * HOUR
    attained = availability(Seconds(good=service.seconds - bad, bad=bad))
    assert attained is not None
    assert ratio_text(attained) == str(Decimal(case.expect["sla"].removesuffix("%")).scaleb(-2))
    assert date(2026, 3, 6).weekday() == 4, "the weekend lies between"


@conforms("SLO-24")
def test_unknown_time_has_three_readings(case: Case) -> None:
    given = case.given
    seconds = Seconds(good=given["up_h"] * HOUR, bad=given["down_h"] * HOUR, unknown=given["unknown_h"] * HOUR)
    assert seconds.good + seconds.bad + seconds.unknown == given["total_h"] * HOUR
    found = readings(seconds)
    for reading in ("measured", "pessimistic", "optimistic"):
        assert ratio_text(getattr(found, reading)) == str(Decimal(case.expect[reading].removesuffix("%")).scaleb(-2))
    assert percent_text(found.coverage) == case.expect["coverage"].replace("%", " %")


@conforms("SLO-25")
def test_users_weigh_not_sites(case: Case) -> None:
    rows = [(float(devices), _of(attained)) for _, devices, attained in case.given["nodes"]]
    assert availability(weighted(rows)) == share(case.expect["weighted"])
    assert availability(weighted((1.0, seconds) for _, seconds in rows)) == share(case.expect["plain_mean"])


def _of(attained: float) -> Seconds:
    good = round(attained * HOUR)
    return Seconds(good=good, bad=HOUR - good)


@conforms("SLO-26")
def test_samples_that_overlap_are_not_added_up(case: Case) -> None:
    """Every poll has the failures of the last hour. The ledger takes every sixth: no second is counted twice."""
    given = case.given
    polls, window = given["poll_s"], given["window_s"]
    rolling = np.convolve(given["true_failures_per_bucket"], np.ones(window // polls, np.int64))
    assert rolling.sum() == case.expect["sum_of_polls"]
    failures = Counted(parse("value * 0 >= 0", UNITS), parse("value >= 0", UNITS))
    it = Keeping(an_sla(good=None, counts=failures, every=float(polls)), step=float(polls))
    for value in rolling.tolist():
        it.answer({BERN: float(value)})
    counted = it.account.counts
    assert sum(total[0] for _, _, _, total in counted) == case.expect["true_total"]
    assert "every sixth sample" in case.expect["fix"]
    assert {later - sooner for sooner, later in pairwise(at for at, *_ in counted)} == {window}
