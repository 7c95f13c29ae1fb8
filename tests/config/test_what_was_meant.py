"""Keys and tables under a wrong name: what was meant is named, and what stands in them is judged all the same."""

from __future__ import annotations

import pytest

from sentinel.config.loader import load
from sentinel.config.schema import ColumnTable, DefaultsTable, OverrideTable, RouteTable, RulesFile, RuleTable
from sentinel.config.table import Table
from sentinel.config.unknown_keys import keys_of, meant
from sentinel.errors import ConfigError, Problem


def problems_of(text: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        load(text=text)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("key", "model", "advice"),
    [
        ("sumary", RuleTable, "did you mean 'summary'?"),
        ("SERVICE", RuleTable, "did you mean 'service'?"),
        ("treshold", RuleTable, 'write the condition under its severity: warning = "..." or critical = "..."'),
        ("severity", RuleTable, 'write the condition under its severity: warning = "..." or critical = "..."'),
        ("interval", RuleTable, "write every"),
        ("team", RuleTable, "write owner"),
        ("remind_every", RuleTable, "remind_every belongs into [[route]]"),
        ("runbook", RouteTable, "runbook belongs into [[rule]] or [[sla]]"),
        ("every", RulesFile, "every belongs into [defaults] or [[rule]]"),
        ("rules", RulesFile, "did you mean [[rule]]?"),
        ("sources", RulesFile, "did you mean [[source]]?"),
        ("override", RulesFile, "write [[rule.override]] below the rule that it belongs to"),
        ("title", ColumnTable, "write column"),
        ("warnings", OverrideTable, "did you mean 'warning'?"),
    ],
)
def test_what_was_meant_is_named(key: str, model: type[Table], advice: str) -> None:
    assert meant(key, model).advice == advice


def test_what_is_like_nothing_gets_all_that_there_is() -> None:
    assert meant("colour", RuleTable).key is None
    assert meant("xyz", DefaultsTable).advice == f"known here: {', '.join(keys_of(DefaultsTable))}"


def test_what_stands_beside_it_already_was_not_meant() -> None:
    assert meant("warnings", RuleTable, frozenset({"warning"})).key != "warning"


def test_tables_with_the_wrong_brackets_and_keys_with_slips_are_judged_as_what_they_were_meant_to_be() -> None:
    found = problems_of(
        '[source]\nnmae = "portal"\nurl = "portal.example.com"\n'
        '[rules]\nidd = "errors"\nservice = "a"\nhierarchy = "L"\nlevel = "S"\nwarnign = "devises > 5"\n'
        '[[receivers]]\nname = "desk"\nconsole = true\n[[route]]\nto = ["desk"]\n'
    )
    assert [(one.line, one.column, one.code) for one in found] == [
        (1, 1, "E105"),
        (2, 1, "E103"),
        (3, 7, "E125"),
        (4, 1, "E103"),
        (4, 1, "E105"),
        (5, 1, "E103"),
        (9, 1, "E103"),
        (9, 12, "E110"),
        (10, 1, "E103"),
    ]


def test_every_mistake_of_a_condition_is_told_at_once() -> None:
    text = '[[source]]\nname = "p"\nurl = "https://p.example.com"\n'
    condition = "devises + users > 5sec and Devices with errors > 3xx or users > Conections"
    rule = f'[[rule]]\nid = "r"\nservice = "a"\nhierarchy = "L"\nlevel = "S"\nwarning = "{condition}"\n'
    found = [one for one in problems_of(text + rule) if one.severity == "error"]
    told = [(condition[one.column - 12 : one.column - 12 + one.span], one.hint) for one in found]
    assert told == [
        ("devises", "did you mean 'devices'?"),
        ("sec", "write 5s"),
        ("Devices with errors", "did you mean 'devices_with_errors'?"),
        ("xx", "units are %, us, ms, s, m, min, h, d, B, kB, MB, GB, TB"),
        ("Conections", "did you mean 'connections'?"),
    ]


def test_the_title_of_a_column_leads_to_its_metric() -> None:
    text = '[[source]]\nname = "p"\nurl = "https://p.example.com"\ncolumns = { logins = "Portal entries seen" }\n'
    rule = '[[rule]]\nid = "r"\nservice = "a"\nhierarchy = "L"\nlevel = "S"\nwarning = "portal entries seen > 5"\n'
    (wrong,) = [one for one in problems_of(text + rule) if one.severity == "error"]
    assert (wrong.span, wrong.hint) == (len("portal entries seen"), "did you mean 'logins'?")


@pytest.mark.parametrize(
    ("clear", "whole"), [("3%", "devices_with_errors / devices <= 3%"), ("< 3%", "devices_with_errors / devices < 3%")]
)
def test_a_limit_alone_as_clear_is_completed(clear: str, whole: str) -> None:
    text = (
        '[[source]]\nname = "p"\nurl = "https://p.example.com"\n'
        '[[rule]]\nid = "r"\nservice = "a"\nhierarchy = "L"\nlevel = "S"\n'
        f'warning = {{ breach = "devices_with_errors / devices > 5%", clear = "{clear}" }}\n'
    )
    (wrong,) = [one for one in problems_of(text) if one.severity == "error"]
    assert wrong.hint == f'write the whole condition: clear = "{whole}"'


def test_every_receiver_that_is_not_there_is_told() -> None:
    text = '[[receiver]]\nname = "desk"\nconsole = true\n[[route]]\nto = ["dsek", "desk", "nobody"]\n'
    assert [(one.code, one.column) for one in problems_of(text) if one.code == "E114"] == [("E114", 7), ("E114", 23)]
