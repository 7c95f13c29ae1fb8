"""What agreements come to at the end of a rule test: by hand, and as the report writes it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from sentinel.config.rule_test_values import parse_values
from sentinel.domain.rehearsal_verdict import judge
from tests.config.rule_tests_file import RULE, played, read, series

SLA = """
[[sla]]
id = "mail"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "devices_with_errors / devices <= 10%"
objective = "99.5%"
timezone = "Europe/Zurich"
"""
PARIS = '[[test.expect_sla]]\nsla = "mail"\nnode = ["Europe", "Paris"]\n'
START = 'start = "2026-03-02T08:00:00Z"\n'
BEFORE = 33 * 3600
"""Seconds from the beginning of March in Zurich to the start."""


def sla_test(values: str, *more: str, every: str = "10m", rule: str = SLA, start: str = START) -> str:
    """A file with an agreement, perhaps rules, and one test of Paris with hundred devices throughout."""
    count = parse_values(values).size
    figures = [series(values), series(f"100x{count}", metric="devices")]
    return "\n".join([f'every = "{every}"', rule, f'[[test]]\nname = "a test"\n{start}', *figures, *more])


def expected(**figures: object) -> str:
    return PARIS + "".join(f"{name} = {value}\n" for name, value in figures.items())


def fails(folder: Path, text: str) -> list[str]:
    """The figures that are others."""
    return [missed.name for missed in played(folder, text).sla]


def test_every_value_stands_until_the_next_is_due(tmp_path: Path) -> None:
    """Twelve samples of ten minutes make two hours, two of them bad: 100 / 120 min."""
    figures = expected(
        availability='"0.833333"', measured='"83.3333%"', good_seconds=6000, bad_seconds=1200,
        unknown_seconds=BEFORE, excluded_seconds=0, budget_seconds=13374, budget_left_seconds=12174,
        burn_rate='"33.333334"', objective='"99.5%"', incidents=0, pessimistic="0.047619", optimistic='"0.990476"',
        formula='"83.33 % = (120 - 20) / 120 min; 1 980 min unknown excluded"',
    )  # fmt: skip
    done = played(tmp_path, sla_test("0x6 30x2 0x4", figures))
    assert done.sla == ()
    assert done.passed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("availability", '"0.833334"'), ("availability", '"no data"'), ("measured", '"83.33%"'), ("good_seconds", 6001),
        ("bad_seconds", 0), ("unknown_seconds", 0), ("excluded_seconds", 1), ("budget_seconds", 13375),
        ("budget_left_seconds", -1), ("burn_rate", '"33.33"'), ("burn_rate", '"no data"'), ("objective", '"0.99"'),
        ("incidents", 1), ("pessimistic", 1), ("optimistic", 1), ("formula", '"83.33 %"'),
    ],
)  # fmt: skip
def test_another_figure_fails(name: str, value: object, tmp_path: Path) -> None:
    assert fails(tmp_path, sla_test("0x6 30x2 0x4", expected(**{name: value}))) == [name]


def test_of_what_was_never_known_there_is_no_figure(tmp_path: Path) -> None:
    """The rows were there, their figures were not."""
    nothing = expected(availability='"no data"', burn_rate='"no data"', good_seconds=0)
    answers = '[[test.source]]\nvalues = ".EEEEE"\n'
    assert fails(tmp_path, sla_test("_ 0x5", nothing, answers)) == []
    assert fails(tmp_path, sla_test("_ 0x5", expected(availability='"1"'), answers)) == ["availability"]


def test_a_source_that_never_answered_has_no_row_at_all(tmp_path: Path) -> None:
    text = sla_test("0x5", expected(availability='"no data"', good_seconds=0), '[[test.source]]\nvalues = "EEEEE"\n')
    done = played(tmp_path, text)
    assert [(one.name, one.row) for one in done.sla] == [("availability", None), ("good_seconds", None)]


def test_a_missing_row_is_unknown_until_the_next_good_one(tmp_path: Path) -> None:
    figures = expected(availability='"1"', good_seconds=1800, unknown_seconds=BEFORE + 1200)
    assert fails(tmp_path, sla_test("0x2 _x2 0", figures, series("1x5", metric="devices", node='"Asia"'))) == []


def test_the_whole_is_what_is_meant_without_a_node(tmp_path: Path) -> None:
    """Two sites of the same weight, one of them all bad."""
    other = [series(values, node='"Asia", "Pune"', metric=metric) for metric, values in
             (("devices_with_errors", "90x4"), ("devices", "100x4"))]  # fmt: skip
    whole = '[[test.expect_sla]]\nsla = "mail"\navailability = "0.5"\ngood_seconds = 1200\nbad_seconds = 1200\n'
    above = PARIS.replace(', "Paris"', "") + 'availability = "1"\n'
    assert fails(tmp_path, sla_test("0x4", *other, whole, above)) == []
    weighed = SLA + 'weight = "devices"\n'
    heavy = [other[0], other[1].replace("100x4", "300x4").replace("90x4", "270x4")]
    assert fails(tmp_path, sla_test("0x4", *heavy, whole.replace("0.5", "0.25"), rule=weighed)) == [
        "good_seconds", "bad_seconds",
    ]  # fmt: skip


def test_every_period_that_is_touched_has_a_row(tmp_path: Path) -> None:
    """From the last evening of October until midnight and an hour into November, of which the last hour is bad."""
    over = 'start = "2026-10-31T22:00:00+01:00"\n'
    november = expected(availability='"0"', bad_seconds=3600, unknown_seconds=0)
    october = expected(period_start='"2026-10-01"', availability='"1"', good_seconds=7200, bad_seconds=0)
    instant = expected(period_start="2026-09-30T22:00:00Z", good_seconds=7200)
    text = sla_test("0x12 90x6", november, october, instant, start=over)
    done = played(tmp_path, text)
    assert done.sla == ()
    assert [(one.period, one.row.node) for one in done.performance.sla][::3] == [
        ("October 2026", ()),
        ("November 2026", ()),
    ]


def test_only_the_hours_of_its_calendar_count_and_maintenance_is_taken_out(tmp_path: Path) -> None:
    """Six hours from eight in London: closed until nine in the calendar's zone, worked on from ten to eleven."""
    rule = (
        SLA + 'calendar = "office"\n'
        '[[calendar]]\nname = "office"\ndays = ["mon-fri"]\nfrom = "10:00"\nto = "19:00"\ntimezone = "Europe/Zurich"\n'
        '[[maintenance]]\nname = "patching"\ndays = ["mon"]\nfrom = "11:00"\nto = "12:00"\ntimezone = "Europe/Zurich"\n'
    )
    figures = expected(good_seconds=4 * 3600, bad_seconds=0, excluded_seconds=3600, unknown_seconds=0)
    assert fails(tmp_path, sla_test("90x6 0x6 90x6 0x18", figures, rule=rule)) == [], "the bad hours do not count"


def test_of_counted_events_every_hour_counts_once(tmp_path: Path) -> None:
    """Figures of the last hour, asked every ten minutes: of twelve answers the first and the seventh are added up."""
    rule = SLA.replace("devices_with_errors / devices <= 10%", 'devices - devices_with_errors"\ntotal = "devices')
    figures = expected(availability='"0.8"', good_seconds=5760, bad_seconds=1440)
    done = played(tmp_path, sla_test("10 90x5 30 90x5", figures, rule=rule))
    assert done.sla == ()
    assert [row.formula for _, row in done.performance.sla if row.leaf] == [
        "80.00 % = 160 / 200 events; 1 980 min unknown excluded"
    ]


def test_incidents_of_the_rules_are_counted(tmp_path: Path) -> None:
    text = sla_test("0x2 30x3 0x2", expected(incidents=1, bad_seconds=1800), rule=RULE + SLA)
    done = played(tmp_path, text)
    assert (done.sla, [one.kind for one in done.performance.told]) == ((), ["degraded", "recovered"])


def test_the_alarm_on_an_error_budget_is_played_like_any_rule(tmp_path: Path) -> None:
    """An hour that is all bad. Its own incident is none of those that the report counts."""
    told = '[[test.expect_notices]]\nkind = "degraded"\nseverity = "critical"\nrule = "sla/mail"\nat = "2h"\n'
    states = '[[test.expect]]\nat = "2h"\nrule = "sla/mail"\nstates = { "Europe/Paris" = "critical" }\n'
    rule = SLA + "burn_alerts = true\n"
    assert played(tmp_path, sla_test("0x12 90x6", told, states, expected(incidents=0), rule=rule)).passed
    silent = START + "expect_notices = []\n"
    assert played(tmp_path, sla_test("0x12 90x6", expected(incidents=0), rule=rule, start=silent)).notices
    assert played(tmp_path, sla_test("0x12 90x6", rule=rule, start=silent)).passed, "it is not about the agreement"


def test_an_agreement_is_played_with_its_alarm_and_the_other_way_round(tmp_path: Path) -> None:
    """Whichever of them is named, and although figures are lacking: then nothing is known of it, which is told."""
    rule = RULE + SLA.replace("devices_with_errors", "users") + "burn_alerts = true\n"
    assert {name[0] for name in played(tmp_path, sla_test("0x2", rule=rule)).performance.story} == {"errors"}
    state = '[[test.expect]]\nat = "0s"\nrule = "sla/mail"\nstates = { "Europe/Paris" = "unknown" }\n'
    for named in (state, expected(availability='"no data"')):
        found = read(tmp_path, sla_test("0x2", named, rule=rule))
        assert "W304" in {one.code for one in found.warnings}
        done = judge(found.tests[0])
        assert done.passed
        assert {name[0] for name in done.performance.story} == {"errors", "sla/mail"}
        assert done.performance.sla


def test_an_agreement_that_has_its_figures_is_played_unasked_and_another_is_not(tmp_path: Path) -> None:
    other = SLA.replace('"mail"', '"speed"').replace("devices_with_errors / devices <= 10%", "connections >= 0.5")
    done = played(tmp_path, sla_test("0x2", rule=RULE + SLA + other))
    assert {one.row.sla for one in done.performance.sla} == {"mail"}


def test_levels_that_only_an_agreement_needs_are_no_reason_to_refuse_a_test(tmp_path: Path) -> None:
    """Which nodes are countries nobody says; while the test asks nothing of the agreement, it need not be known."""
    rule = RULE + SLA.replace('"Site"', '"Country"')
    more = [series("0x2", node='"Europe"'), series("100x2", node='"Europe"', metric="devices")]
    done = played(tmp_path, sla_test("0x2", *more, rule=rule))
    assert done.performance.sla == ()


def test_outcomes_travel_between_processes(tmp_path: Path) -> None:
    (test,) = read(tmp_path, sla_test("0x2", expected(bad_seconds=1))).tests
    again = pickle.loads(pickle.dumps(judge(test)))  # noqa: S301  # our own
    assert [(one.name, one.actual) for one in again.sla] == [("bad_seconds", 0)]
