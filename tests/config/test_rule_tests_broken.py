"""What is wrong with a file of rule tests is told with its place, its code and what mends it, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.config.codes import CODES
from sentinel.errors import ConfigError, Problem
from tests.config.rule_tests_file import RULE, a_test, problems_of, read, series

EXPECT = '[[test.expect]]\nat = "1m"\nstates = {{ "{node}" = "ok" }}\n'
NOTICE = "[[test.expect_notices]]\n"
SLA = """
[[sla]]
id = "mail"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "devices_with_errors / devices <= 10%"
objective = "99.5%"
"""
AGREED = '[[test.expect_sla]]\nsla = "mail"\n'
LEVELS = RULE.replace('"errors"', '"country"').replace('"Site"', '"Country"')

BROKEN = {
    "no rules at all": ("[[test]]\nname = 'x'\n" + series("1"), "E301", "", "no rules to test"),
    "values": (a_test("0 30y"), "E302", "30y", '"30y" is no value'),
    "answers": (a_test("0 1", '[[test.source]]\nvalues = "..x"'), "E303", "x", "no answer"),
    "no series": (RULE + '[[test]]\nname = "x"\n', "E304", "[[test]]", "nothing is polled"),
    "a series twice": (a_test("0 1", series("0 1")), "E305", "[[test.series]]", "given twice"),
    "a test twice": (a_test() + '[[test]]\nname = "a test"\n' + series("1") + series("9", metric="devices"), "E305", '"a test"', "two tests"),
    "answers twice": (
        a_test("0 1", *2 * ['[[test.source]]\nvalues = "."']), "E305", "[[test.source]]", "given twice",
    ),
    "a service": (a_test("0 1", series("1", service="Mial")), "E306", '"Mial"', "no rule is about"),
    "a metric that is missing": (RULE + '[[test]]\nname = "x"\n' + series("1"), "E307", '"devices_with_errors"', "also reads devices"),
    "a metric misspelt": (
        RULE + '[[test]]\nname = "x"\n' + series("1") + series("1", metric="device"), "E307", '"device"', "no rule reads device",
    ),
    "a node": (a_test("0 1", EXPECT.format(node="Europe/Pari")), "E308", '"Europe/Pari"', "no series has the node"),
    "a node that is not judged": (
        a_test("0 1", series("1", node='"Europe"'), EXPECT.format(node="Europe")), "E308", '"Europe"', "no rule judges",
    ),
    "a rule": (a_test("0 1", NOTICE + 'rule = "erors"'), "E308", '"erors"', 'no rule "erors"'),
    "a service of a notice": (a_test("0 1", NOTICE + 'service = "Chat"'), "E308", '"Chat"', "no series is about"),
    "the node of a notice": (a_test("0 1", NOTICE + 'node = ["Asia"]'), "E308", '["Asia"]', "no series has the node"),
    "a source": (a_test("0 1", '[[test.source]]\nsource = "portl"\nvalues = "."'), "E308", '"portl"', "no source is called"),
    "an instant after the end": (a_test("0 1", '[[test.expect]]\nat = "2h"\nstates = {}'), "E309", '"2h"', "over before 2h"),
    "levels that nobody declares": (a_test("0 1", series("1", node='"Europe"'), rule=RULE + LEVELS), "E310", "", "which level"),
    "a period": (a_test("0 1", AGREED + "period_start = 2026-04-01\nbad_seconds = 0", rule=RULE + SLA), "E311", "2026-04-01", "begins then"),
    "a period that is none": (a_test("0 1", AGREED + 'period_start = "March"', rule=RULE + SLA), "E311", '"March"', "no date"),
    "an agreement": (a_test("0 1", AGREED.replace("mail", "mial"), rule=RULE + SLA), "E308", '"mial"', 'no SLA "mial"'),
    "an agreement without any": (a_test("0 1", AGREED), "E308", '"mail"', 'no SLA "mail"'),
    "the node of an agreement": (a_test("0 1", AGREED + 'node = ["Asia"]', rule=RULE + SLA), "E308", '["Asia"]', 'of the node "Asia"'),
    "the service of an agreement": (a_test("0 1", AGREED + 'service = "Chat"', rule=RULE + SLA), "E308", '"Chat"', 'about "Chat"'),
    "an agreement of another service": (
        a_test("0 1", AGREED, rule=RULE + SLA.replace('"Mail"', '"Chat"')), "E308", '"mail"', "no series is about",
    ),
    "an agreement of two services": (
        a_test("0 1", series("1", service="Chat"), series("1", service="Chat", metric="devices"), AGREED, rule=RULE + SLA.replace('"Mail"', '["Mail", "Chat"]')),
        "E308", "[[test.expect_sla]]", "which service",
    ),
    "a figure": (a_test("0 1", AGREED + "bad = 3", rule=RULE + SLA), "E103", "bad", "no key bad"),
    "a share": (a_test("0 1", AGREED + 'availability = "all"', rule=RULE + SLA), "E105", '"all"', "must be a number"),
    "a share beyond the whole": (a_test("0 1", AGREED + "availability = 99.5", rule=RULE + SLA), "E106", "99.5", "1 at most"),
    "a start without its zone": (
        a_test("0 1").replace('name = "a test"', 'name = "a test"\nstart = 2026-03-02T08:00:00'), "E312", "2026-03-02T08:00:00", "time zone",
    ),
    "a start that is none": (
        a_test("0 1").replace('name = "a test"', 'name = "a test"\nstart = "monday"'), "E312", '"monday"', "time zone",
    ),
    "a start that leaves no time": (
        a_test("0 1").replace('name = "a test"', 'name = "a test"\nstart = 9999-12-31T23:00:00Z'), "E312", "9999-12-31T23:00:00Z", "year 9000",
    ),
    "a test without an end": (a_test("0 1", every="3000d").replace("100x12", "100x900"), "E312", "[[test]]", "year 9000"),
    "a key": (a_test("0 1", '[[test.expect]]\nat = "0s"\nstates = {}\nstats = {}'), "E103", "stats", "no key stats"),
    "a state": (a_test("0 1", '[[test.expect]]\nat = "0s"\nstates = { "Europe/Paris" = "red" }'), "E106", '"red"', "must be ok, pending"),
    "a condition of its own rule": (a_test(rule=RULE.replace("devices >", "device >")), "E110", "device", "device"),
}  # fmt: skip
DOUBTFUL = {
    "a series that ends early": (a_test("0 1"), "W301", '"0 1"', "after 2 of 12 polls"),
    "a test that expects nothing": (a_test(), "W302", "[[test]]", "cannot fail"),
    "an agreement of which nothing is expected": (
        a_test("0x12", AGREED, rule=RULE + SLA),
        "W302",
        "[[test.expect_sla]]",
        "no figure is expected",
    ),
    "a metric without a series": (
        a_test("0 1", rule=RULE + 'only_if = "users > 5"\n'),
        "W304",
        '"devices_with_errors"',
        "also reads users",
    ),
    "a metric that nothing reads": (
        a_test("0 1", series("1", metric="connections")),
        "W303",
        '"connections"',
        "no rule",
    ),
}


def _marked(text: str, problem: Problem) -> str:
    line = text.split("\n")[problem.line - 1]
    return line[problem.column - 1 : problem.column - 1 + problem.span]


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_told_with_its_place(name: str, tmp_path: Path) -> None:
    text, code, marked, said = BROKEN[name]
    errors = [one for one in problems_of(tmp_path, text) if one.severity == "error"]
    assert [one.code for one in errors] == [code], errors
    assert said in errors[0].message
    if marked:
        assert _marked(text, errors[0]) == marked


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_doubtful_is_told_and_does_no_harm(name: str, tmp_path: Path) -> None:
    text, code, marked, said = DOUBTFUL[name]
    found = next(one for one in read(tmp_path, text).warnings if one.code == code)
    assert (found.severity, _marked(text, found)) == ("warning", marked)
    assert said in found.message


def test_every_code_of_rule_tests_has_a_case() -> None:
    shown = {case[1] for case in (*BROKEN.values(), *DOUBTFUL.values())}
    assert {code for code in CODES if code[1] == "3"} <= shown


def test_everything_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = a_test(
        "0 30y",
        '[[test.expect]]\nat = "1"\nstates = { a = "red" }',
        "[[test.source]]",
        rule=RULE.replace("devices >", "d >"),
    )
    found = [one.code for one in problems_of(tmp_path, text)]
    assert found == ["E110", "E302", "E124", "E106", "E104"]


def test_the_problems_of_the_rules_come_with_those_of_the_tests(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULE)
    found = problems_of(tmp_path, 'rules = "rules.toml"\n[[test]]\nname = "x"\nvalues = 3\n' + series("y"))
    assert [(Path(one.file).name, one.code) for one in found] == [
        ("tests.toml", "E103"), ("tests.toml", "E302"), ("rules.toml", "W103"), ("rules.toml", "E127"),
    ]  # fmt: skip


def test_rules_of_a_file_and_rules_of_its_own_exclude_each_other(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULE)
    found = problems_of(tmp_path, 'rules = "rules.toml"\n' + a_test("0 1"))
    assert "E301" in [one.code for one in found]
    assert any("[[rule]] stands here too" in one.message for one in found)


def test_a_rules_file_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path, 'rules = "nowhere.toml"\n[[test]]\nname = "x"\n' + series("1"))
    assert (found.code, found.line, found.column) == ("E301", 1, 9)


def test_a_file_of_tests_that_is_not_there_says_how_to_write_one(tmp_path: Path) -> None:
    from sentinel.config.rule_test_loader import load_tests  # noqa: PLC0415  # only here

    with pytest.raises(ConfigError) as caught:
        load_tests(tmp_path / "nowhere.toml")
    assert caught.value.problems[0].code == "E102"
    assert "test-rules.md" in caught.value.problems[0].hint
