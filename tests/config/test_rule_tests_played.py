"""Stories that files of rule tests tell: what their short form means, poll by poll."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.domain.rehearsal_verdict import judge
from tests.config.rule_tests_file import VALUE, a_test, played, read, series, timeline, told


def value_test(values: str, *more: str, rule: str = VALUE) -> str:
    return a_test(values, *more, rule=rule)


def test_every_value_is_a_new_sample_whatever_step_the_source_has(tmp_path: Path) -> None:
    source = '[[source]]\nname = "portal"\nurl = "https://p.example.com"\nstep = "10m"\ncolumns = { value = "V" }\n'
    done = played(tmp_path, value_test("0 30x4 0", rule=source + VALUE))
    assert timeline(done) == "ok pending pending critical critical ok"
    assert told(done) == ["degraded@3 Europe/Paris", "recovered@5 Europe/Paris"]


def test_the_rules_are_polled_as_the_test_says(tmp_path: Path) -> None:
    """A rule that asks every ten minutes is asked every hour here, and no hour is a gap."""
    rule = VALUE.replace('for = "2m"', 'for = "2h"\nno_data_after = "5h"\nevery = "10m"')
    done = played(tmp_path, a_test("0 30x4", rule=rule, every="1h"))
    assert timeline(done) == "ok pending pending critical critical"


def test_a_missing_value_freezes_the_timer_and_is_unknown_in_the_end(tmp_path: Path) -> None:
    rule = VALUE.replace('for = "2m"', 'for = "2m"\nevery = "1m"\nno_data_after = "3m"')
    done = played(tmp_path, value_test("0 30x2 _x2 30x2 _x3 0", rule=rule))
    assert timeline(done) == "ok pending pending pending pending critical critical critical critical unknown ok"
    assert told(done) == ["degraded@5 Europe/Paris", "unknown@9 Europe/Paris", "recovered@10 Europe/Paris"]


def test_a_source_that_fails_hides_the_values_and_is_told_of_itself(tmp_path: Path) -> None:
    done = played(tmp_path, value_test("0 30x3 0x3 0", '[[test.source]]\nvalues = "....EE??"\n'))
    assert timeline(done) == "ok pending pending critical critical critical critical critical"
    assert told(done) == ["degraded@3 Europe/Paris", "source degraded@5"]


def test_before_its_first_good_answer_a_node_is_unknown(tmp_path: Path) -> None:
    text = value_test("0x5", series("_x2 0x3", node='"Asia"', metric="value"), '[[test.source]]\nvalues = "E...."\n')
    done = played(tmp_path, text)
    assert timeline(done) == "unknown ok ok ok ok"
    assert timeline(done, "Asia") == "unknown unknown ok ok ok"


def test_of_several_sources_the_named_one_fails(tmp_path: Path) -> None:
    other = VALUE.replace('"errors"', '"b"').replace('service = "Mail"', 'service = "Chat"\nsource = "two"')
    rule = VALUE.replace('service = "Mail"', 'service = "Mail"\nsource = "one"') + other
    chat = series("30x4", metric="value", service="Chat", node='"Asia"')
    done = played(tmp_path, value_test("30x4", chat, '[[test.source]]\nsource = "two"\nvalues = "EEEE"\n', rule=rule))
    assert timeline(done) == "pending pending critical critical"
    assert timeline(done, "Asia") == "unknown unknown unknown unknown"


def test_the_levels_of_a_declared_hierarchy_are_told_by_depth(tmp_path: Path) -> None:
    source = (
        '[[source]]\nname = "p"\nurl = "https://p.example.com"\nlevels = { Location = ["Country", "Site"] }\n'
        'columns = { value = "V" }\n'
    )
    country = VALUE.replace('"Site"', '"Country"').replace("value > 10", "value > 90").replace('"errors"', '"country"')
    text = value_test("30x4", series("95x4", node='"Europe"', metric="value"), rule=source + VALUE + country)
    done = played(tmp_path, text)
    assert set(done.performance.story) == {("errors", "Mail", ("Europe", "Paris")), ("country", "Mail", ("Europe",))}
    assert told(done) == ["degraded@2 Europe/Paris", "degraded@2 Europe"]


def test_the_levels_of_one_rule_stand_in_order_where_none_are_declared(tmp_path: Path) -> None:
    rule = VALUE.replace('"Site"', '["Country", "Site"]')
    text = value_test("30x4", series("0x2 30x2", node='"Europe"', metric="value"), rule=rule)
    done = played(tmp_path, text)
    assert timeline(done, "Europe") == "ok ok pending pending"
    assert timeline(done) == "pending pending critical critical"


def test_the_own_figures_of_a_parent_are_not_judged_but_can_be_asked_for(tmp_path: Path) -> None:
    rule = VALUE.replace("value > 10", "value > 2 * parent(value)")
    done = played(tmp_path, value_test("30x4", series("20 10x3", node='"Europe"', metric="value"), rule=rule))
    assert set(done.performance.story) == {("errors", "Mail", ("Europe", "Paris"))}
    assert timeline(done) == "ok pending pending critical"


def test_where_no_row_of_its_level_is_left_the_parents_are_not_judged_instead(tmp_path: Path) -> None:
    done = played(tmp_path, value_test("1 _x2", series("99x3", node='"Europe"', metric="value")))
    assert set(done.performance.story) == {("errors", "Mail", ("Europe", "Paris"))}
    assert told(done) == []


def test_functions_over_the_past_know_what_the_test_has_played(tmp_path: Path) -> None:
    """Three samples of three minutes; the first alone is less than half of them."""
    rule = VALUE.replace('for = "2m"', 'for = "0s"').replace("value > 10", "avg(value, 3m) > 20")
    done = played(tmp_path, value_test("1 1 40x3 1x3", rule=rule))
    assert timeline(done) == "unknown ok ok critical critical critical ok ok"


def test_a_path_rule_sees_the_children_of_its_node(tmp_path: Path) -> None:
    rule = VALUE.replace('level = "Site"', 'path = ["Europe"]')
    others = series("99x4", node='"Asia", "Tokyo"', metric="value") + series("99x4", node='"Europe"', metric="value")
    done = played(tmp_path, value_test("30x4", others, rule=rule))
    assert {name[2] for name in done.performance.story} == {("Europe", "Paris")}
    alone = played(tmp_path, value_test("30x4", rule=rule.replace('["Europe"]', '["Europe", "Paris"]')))
    assert {name[2] for name in alone.performance.story} == {("Europe", "Paris")}


def test_rules_without_figures_are_left_out_unless_they_are_named(tmp_path: Path) -> None:
    other = VALUE.replace('"errors"', '"slow"').replace("value > 10", "network_response_time > 100ms")
    text = value_test("30x4", rule=VALUE + other)
    assert {name[0] for name in played(tmp_path, text).performance.story} == {"errors"}
    named = text + '[[test.expect]]\nat = "0s"\nrule = "slow"\nstates = { "Europe/Paris" = "unknown" }\n'
    done = played(tmp_path, named)
    assert {name[0] for name in done.performance.story} == {"errors", "slow"}
    assert done.passed


def test_a_notice_for_nobody_is_not_told(tmp_path: Path) -> None:
    route = '[[receiver]]\nname = "a"\nconsole = true\n[[route]]\nservice = "Other"\nto = ["a"]\n'
    expected = '[[test.expect_not_told]]\nat = "2m"\nkind = "degraded"\nreason = "no route matches"\n'
    done = played(tmp_path, value_test("30x4", expected, rule=VALUE + route))
    assert done.passed
    assert told(done) == []
    assert [one.reason for one in done.performance.not_told] == ["no route matches"]


@pytest.mark.parametrize(
    ("expected", "passes"),
    [
        ('[[test.expect]]\nat = "2m59s"\nstates = { "Europe/Paris" = "pending" }', True),
        ('[[test.expect]]\nat = "3m"\nstates = { "Europe/Paris" = "pending" }', False),
        ('[[test.expect_notices]]\nat = "3m"\nkind = "degraded"\nseverity = "critical"', True),
        ('[[test.expect_notices]]\nseverity = "warning"', False),
        ("[[test.expect_notices]]\n[[test.expect_notices]]", False),
    ],
)  # fmt: skip
def test_what_is_expected_decides(tmp_path: Path, expected: str, passes: bool) -> None:
    assert played(tmp_path, value_test("0 30x4", expected)).passed is passes


def test_names_with_slashes_are_escaped_in_states(tmp_path: Path) -> None:
    text = a_test("1", series("1x1", node='"A/B", "C"'), series("9x1", node='"A/B", "C"', metric="devices"))
    done = played(tmp_path, text + '\n[[test.expect]]\nat = "0s"\nstates = { \'A\\/B/C\' = "pending" }\n')
    assert done.passed


def test_the_rules_of_a_file_are_tested_as_they_are_but_for_when_they_are_polled(tmp_path: Path) -> None:
    source = '[[source]]\nname = "p"\nurl = "https://p.example.com"\nstep = "10m"\ncolumns = { value = "V" }\n'
    (tmp_path / "rules.toml").write_text(source + VALUE.replace('for = "2m"', 'for = "10m"'))
    loaded = read(tmp_path, 'rules = "rules.toml"\n' + value_test("30x12", rule=""))
    book = loaded.tests[0].rehearsal.rulebook
    assert (book.sources[0].step, book.rules[0].every) == (0.0, 60.0)
    assert timeline(judge(loaded.tests[0])).split().index("critical") == 10


def test_the_start_is_that_of_the_test(tmp_path: Path) -> None:
    loaded = read(tmp_path, a_test().replace('name = "a test"', 'name = "a test"\nstart = 2026-07-01T06:00:00+02:00'))
    assert loaded.tests[0].rehearsal.start == 1782878400.0
    assert read(tmp_path, a_test()).tests[0].rehearsal.start == 1772438400.0
