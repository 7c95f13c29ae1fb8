"""Reports on service levels, from the rules file and the record to figures that can be checked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from sentinel.config.loader import load
from sentinel.domain.expressions import parse
from sentinel.domain.incidents import Attention
from sentinel.domain.sla import Counts
from sentinel.errors import NotFound
from sentinel.history.sla import report, term_of
from sentinel.history.sla_report import Report
from sentinel.store import silences
from sentinel.store.database import Database
from sentinel.store.unit_of_work import commit
from tests.domain.ledgers import BAD, BERN, GONE, GOOD, PARIS, STEP, Keeping, an_sla
from tests.domain.polls import START, UNITS, a_silence
from tests.store.records import an_incident, record

RULES = """
[defaults]
timezone = "Europe/Zurich"

[[source]]
name = "portal"
url = "https://portal.example.com"

[[calendar]]
name = "office"
days = ["mon-fri"]
from = "07:00"
to = "19:00"

[[sla]]
id = "mail-sites"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "devices_with_errors / devices <= 10%"
objective = [{ share = "90%" }, { share = "99.5%", since = "2026-03-01" }]
"""
MARCH = (datetime(2026, 2, 28, 23, tzinfo=UTC).timestamp(), datetime(2026, 3, 31, 22, tzinfo=UTC).timestamp())


def told(database: Database, it: Keeping, *, rules: str = RULES, at: float | None = None, **asked: object) -> Report:
    """A report on what was kept."""
    for plan, reading in it.plans:
        commit(database, plan, reading)
    return report(database, load(text=rules), it.at if at is None else at, **asked)  # type: ignore[arg-type]


def a_day() -> Keeping:
    """A day of March: Bern was bad for two hours, nobody looked for one, Paris said nothing for three."""
    it = Keeping()
    for number in range(24 * 6):
        if number in range(60, 66):
            it.wait(STEP)
            continue
        it.all(BAD if 12 <= number < 24 else GOOD, GOOD, GONE if 30 <= number < 48 else GOOD)
    return it


def test_a_month_of_a_node_can_be_checked_by_hand(database: Database) -> None:
    """21 of 23 seen hours were good; before the first sample nobody knows; the budget is that of the whole month."""
    [section] = told(database, a_day()).sections
    bern = next(row for row in section.rows if row.node == BERN)
    assert (bern.good_seconds, bern.bad_seconds) == (21 * 3600, 2 * 3600)
    assert bern.unknown_seconds == int(START - MARCH[0]) + 3600
    assert bern.availability == Fraction(21, 23)
    assert (bern.period_start, bern.period_end) == MARCH
    assert bern.budget_seconds == int((MARCH[1] - MARCH[0]) * 0.005)
    assert bern.budget_left_seconds == bern.budget_seconds - 2 * 3600
    assert bern.burn_rate == Fraction(2, 23) / Fraction("0.005")
    assert "(1 380 - 120) / 1 380 min" in bern.formula


def test_the_whole_is_the_mean_of_its_nodes_and_comes_with_its_days(database: Database) -> None:
    """Three sites, one of them bad for two hours: 40 minutes each on average. Ninety days, of which one has figures."""
    [section] = told(database, a_day()).sections
    assert section.whole.node == ()
    assert section.whole.bad_seconds == 2 * 3600 // 3
    assert len(section.days) == 90
    assert [day.date for day in section.days if day.good] == ["2026-03-02", "2026-03-03"]
    assert sum(day.bad for day in section.days) == 2400
    assert section.burn_down[0] == (int(MARCH[0]), section.whole.budget_seconds)
    assert section.burn_down[-1][1] == section.whole.budget_left_seconds
    assert [row.period_start for row in section.months] == [MARCH[0]]
    assert section.rows[0].node == BERN, "the worst comes first"


def test_a_month_that_nobody_saw_is_no_data(database: Database) -> None:
    """Never 100 %."""
    [section] = told(database, a_day(), period="2025-12").sections
    assert section.whole.availability is None
    assert section.whole.burn_rate is None
    assert section.whole.objective == Decimal("0.9"), "what held in December"
    assert "no data" in section.whole.formula


def test_office_hours_are_the_only_ones_that_count(database: Database) -> None:
    """Samples from 09:00 Zurich on: ten hours of the first day, two of the second, less what was outside."""
    rules = RULES + 'calendar = "office"\n'
    [section] = told(database, a_day(), rules=rules).sections
    bern = next(row for row in section.rows if row.node == BERN)
    assert (bern.good_seconds, bern.bad_seconds) == (8 * 3600 + 2 * 3600, 2 * 3600)
    assert bern.unknown_seconds == 2 * 3600, (
        "07:00 to 09:00, before the first sample; the hour nobody looked was at night"
    )


def test_nodes_and_services_can_be_chosen(database: Database) -> None:
    """As everywhere: a pattern takes what lies below."""
    found = told(database, a_day(), nodes=["CH"], trends=False)
    [section] = found.sections
    assert {row.node for row in section.rows} == {("CH",), ("CH", "Basel"), BERN}
    assert section.days == ()
    assert told(database, a_day(), services=["SAP"]).sections == ()
    assert PARIS not in {row.node for row in section.rows}


def test_what_does_not_exist_is_said(database: Database) -> None:
    """Near names help."""
    with pytest.raises(NotFound, match='no \\[\\[sla\\]\\] is called "mail-site"') as caught:
        told(database, Keeping(), slas=["mail-site"])
    assert caught.value.hint == 'did you mean "mail-sites"?'
    with pytest.raises(NotFound, match="has no"):
        told(database, Keeping(), rules=RULES[: RULES.index("[[sla]]")])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (None, "March 2026"),
        ("this", "March 2026"),
        ("last", "February 2026"),
        ("2025", "2025"),
        ("2026-q1", "Q1 2026"),
        ("2026-11", "November 2026"),
    ],
)
def test_periods_are_named_in_words_or_figures(text: str | None, name: str) -> None:
    """Whatever the agreement's own period is."""
    assert term_of(an_sla(), text, START).name == name


@pytest.mark.parametrize("text", ["2026-13", "2026-Q5", "November", "", "0000", "2026-1"])
def test_what_is_no_period_is_refused(text: str) -> None:
    """With how one is written."""
    with pytest.raises(ValueError, match="2026-Q4"):
        term_of(an_sla(), text, START)


def test_work_that_is_declared_on_the_spot_is_taken_out_also_afterwards_and_silences_are_not(
    database: Database,
) -> None:
    """Bern was bad from the second hour to the fourth; that was planned, somebody says in the evening."""
    it = a_day()
    silences.add(database, a_silence(2 * 3600, 4 * 3600, name="sl-1", node="Bern"))
    [section] = told(database, it).sections
    assert section.whole.excluded_seconds == 0
    silences.add(database, a_silence(2 * 3600, 3 * 3600, name="sl-2", node="Bern", maintenance=True))
    [section] = told(database, it).sections
    bern = next(row for row in section.rows if row.node == BERN)
    assert (bern.bad_seconds, bern.excluded_seconds) == (3600, 3600)
    assert [(one.name, one.nodes) for one in section.exclusions] == [("deploy", 1)]


def test_work_that_is_declared_for_later_in_the_month_leaves_less_of_a_budget(database: Database) -> None:
    """The budget is that of the whole month: what will be taken out of it is taken out now."""
    it = a_day()
    before = told(database, it).sections[0].whole.budget_seconds
    silences.add(database, a_silence(10 * 86400, 11 * 86400, name="sl-1", maintenance=True))
    [section] = told(database, it).sections
    assert section.whole.budget_seconds == before - 86400 // 200
    assert [one.name for one in section.exclusions] == ["deploy"]


def test_how_long_nobody_had_it_in_hand_is_told_whatever_came_of_that(database: Database) -> None:
    """Ana had it after ten minutes, Ben took it over and gave it back: what a report counts is Ana's ten minutes."""
    attention = Attention(first_at=START + 3600.0, first_by="ana", waits_since=START + 9000.0)
    lately = {"service": "Mail", "node": BERN, "opened_at": START + 3000.0, "attention": attention}
    record(database, [an_incident(**lately), an_incident("sn-two", service="Mail", opened_at=START)])
    [section] = told(database, a_day()).sections
    assert [(one.incident, one.acknowledged_at, one.acknowledged_by) for one in section.incidents] == [
        ("sn-two", None, None),
        ("sn-one", START + 3600.0, "ana"),
    ]


def test_alarms_on_error_budgets_are_no_incidents_of_a_service(database: Database) -> None:
    """Neither this agreement's nor that of another on the same service."""
    where = {"service": "Mail", "node": BERN, "opened_at": START + 3000.0}
    alarms = [an_incident(f"sn-{name}", rule=f"sla/{name}", **where) for name in ("mail-sites", "mail-promised")]
    record(database, [*alarms, an_incident("sn-outage", **where)])
    [section] = told(database, a_day()).sections
    assert [one.incident for one in section.incidents] == ["sn-outage"]
    assert section.whole.incidents == 1


def test_a_service_that_left_an_sla_is_in_the_reports_of_its_time_only(database: Database) -> None:
    """March has Mail. April has not: nobody measures it any more, and it is not missed for ever."""
    it, april = a_day(), MARCH[1] + 86400
    rules = RULES.replace('service = "Mail"', 'service = "Files"')
    assert [one.service for one in told(database, it, rules=rules).sections] == ["Mail"]
    gone = told(database, it, rules=rules, at=april)
    assert (gone.sections, gone.silent) == ((), (("mail-sites", True),))
    assert [one.service for one in told(database, it, at=april).sections] == ["Mail"], (
        "still agreed: no data, which is said"
    )


def test_what_another_level_came_to_is_not_taken_for_nothing(database: Database) -> None:
    """After an edit of the level there is no figure of what is asked now, but there are others."""
    gone = told(database, a_day(), rules=RULES.replace('"Site"', '"Country"'))
    assert (gone.sections, gone.silent) == ((), (("mail-sites", True),))


def test_a_month_that_has_not_begun_is_told_as_of_now(database: Database) -> None:
    """No figure of it is of a time that nobody has seen."""
    it = a_day()
    [section] = told(database, it, period="2026-05").sections
    assert section.whole.at == int(it.at)
    assert (section.whole.availability, section.whole.unknown_seconds) == (None, 0)
    assert {row.at for row in section.rows} == {int(it.at)}


def test_a_status_is_of_the_whole_alone(database: Database) -> None:
    """With the figures of the report, and without counting every node's."""
    it = a_day()
    [status], [whole] = told(database, it, trends=False, places=False).sections, told(database, it).sections
    assert status.whole == whole.whole
    assert (status.rows, status.months, status.chosen) == ((), (), False)


def test_events_of_the_last_hour_of_a_month_count_in_it(database: Database) -> None:
    """The window that began at 23:20 ends in April. March has it, whether one asks on the first of April or in May."""
    counts = Counts(parse("value >= 0", UNITS), parse("value >= 0", UNITS))
    it = Keeping(an_sla(good=None, counts=counts), at=MARCH[1] - 2 * 3600 + 1200)
    for _ in range(24):
        it.all(10.0, 10.0, 10.0)
    rules = RULES.replace('"devices_with_errors / devices <= 10%"', '"devices"\ntotal = "devices"')
    [section] = told(database, it, rules=rules, period="last").sections
    assert "90 / 90 events" in section.whole.formula, "those that began at 21:20, 22:20 and 23:20"
    assert section.burn_down[-1][1] == section.whole.budget_left_seconds
