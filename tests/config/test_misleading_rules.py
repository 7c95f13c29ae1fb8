"""Rules that would be understood otherwise than they were meant: refused or doubted, with the place and the mend."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from sentinel.config.loader import load
from sentinel.errors import ConfigError, Problem

HEAD = """
[[source]]
name = "portal"
url = "https://portal.example.com"
[[receiver]]
name = "desk"
slack = { channel = "#desk" }
"""


def rule(*lines: str, name: str = "errors") -> str:
    """A rule with these lines."""
    given = "\n".join(lines) or 'warning = "devices_with_errors / devices > 5%"'
    return f"""
[[rule]]
id = "{name}"
summary = "Devices with errors"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
{given}
"""


def refused(text: str) -> Problem:
    """The one problem of a file that is refused."""
    with pytest.raises(ConfigError) as caught:
        load(text=text)
    (problem,) = caught.value.problems
    return problem


@pytest.fixture(params=["Asia/Kolkata", "America/New_York"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone is that one."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    ("written", "meant"),
    [("Europe/Zurch", "Europe/Zurich"), ("europe/zurich ", "Europe/Zurich"), ("Amercia/New_York", "America/New_York")],
)
def test_an_unknown_zone_is_refused_with_the_nearest_name(written: str, meant: str) -> None:
    text = HEAD + rule('warning = "devices > 5"', f'timezone = "{written}"')
    problem = refused(text)
    assert problem.code == "E119"
    assert problem.line == 1 + text.splitlines().index(f'timezone = "{written}"')
    assert f'"{meant}"' in problem.hint
    default = refused(f'[defaults]\ntimezone = "{written}"\n{HEAD}{rule()}')
    assert (default.code, default.line) == ("E119", 2)


@pytest.mark.fault(24)
@pytest.mark.usefixtures("elsewhere")
def test_the_zone_of_the_machine_changes_nothing() -> None:
    assert load(text=HEAD + rule()).rulebook.rules[0].timezone == "UTC"
    own = HEAD + rule('warning = "devices > 5"', 'timezone = "Europe/Zurich"')
    assert load(text=own).rulebook.rules[0].timezone == "Europe/Zurich"


@pytest.mark.fault(90)
def test_two_rules_with_one_id_are_refused_with_the_place_of_both() -> None:
    text = HEAD + rule() + rule()
    problem = refused(text)
    first, second = [number for number, line in enumerate(text.splitlines(), 1) if line == 'id = "errors"']
    assert (problem.code, problem.line) == ("E112", second)
    assert f"line {first}" in problem.hint


@pytest.mark.fault(91)
@pytest.mark.parametrize(
    "condition",
    [
        '{ breach = "devices > 10", clear = "devices > 12" }',
        '{ breach = "devices > 10", clear = "devices > 3" }',
        '{ breach = "devices < 10", clear = "devices < 12" }',
    ],
)
def test_a_clear_on_the_wrong_side_is_refused_where_it_stands(condition: str) -> None:
    problem = refused(HEAD + rule(f"warning = {condition}"))
    assert problem.code == "E107"
    assert problem.hint


@pytest.mark.fault(91)
def test_what_can_never_clear_is_refused() -> None:
    assert refused(HEAD + rule('warning = "devices >= 0"')).code == "E108"


@pytest.mark.fault(92)
def test_asking_more_often_than_the_source_moves_is_doubted() -> None:
    loaded = load(text=HEAD + rule('warning = "devices > 5"', 'every = "1m"'))
    (doubt,) = loaded.warnings
    assert doubt.code == "W101"
    assert 'every = "10m"' in doubt.hint
    assert load(text=HEAD + rule('warning = "devices > 5"', 'every = "10m"')).warnings == ()


def codes(*lines: str, name: str = "errors", head: str = HEAD) -> list[str]:
    """The codes of the warnings about a file with one such rule."""
    return [one.code for one in load(text=head + rule(*lines, name=name)).warnings]


@pytest.mark.parametrize(
    ("warning", "critical", "doubted"),
    [
        ('"devices > 10"', '"devices > 5"', True),
        ('"devices > 5"', '"devices > 5"', True),
        ('"devices < 5"', '"devices < 10"', True),
        ('"devices > 10 and users > 5"', '"devices > 5"', True),
        ('"devices > 5"', '"devices > 10"', False),
        ('"devices > 5"', '"users > 5"', False),
        ('"devices > 5"', '{ breach = "devices > 5", for = "1h" }', False),
        ('{ breach = "devices > 5", for = "1h" }', '{ breach = "devices > 5", for = "1h" }', True),
    ],
    ids=[
        *("exchanged", "the same", "exchanged below", "a narrower warning", "in order"),
        *("of another figure", "the same for longer", "the same for as long"),
    ],
)
def test_a_warning_that_never_shows_is_doubted(warning: str, critical: str, doubted: bool) -> None:
    assert codes(f"warning = {warning}", f"critical = {critical}") == (["W122"] if doubted else [])


def test_an_override_that_hides_the_warning_is_doubted_where_it_stands() -> None:
    override = ("[[rule.override]]", 'node = "Paris"', 'critical = "devices > 3"')
    (doubt,) = load(text=HEAD + rule('warning = "devices > 5"', 'critical = "devices > 9"', *override)).warnings
    assert (doubt.code, doubt.line) == ("W122", (HEAD + rule()).count("\n") + 4)


@pytest.mark.parametrize(
    ("only_if", "doubted"), [("devices >= 0", True), ("devices < 0", True), ("devices >= 5", False)]
)
def test_a_gate_that_never_moves_is_doubted(only_if: str, doubted: bool) -> None:
    assert codes('warning = "users > 5"', f'only_if = "{only_if}"') == (["W123"] if doubted else [])


@pytest.mark.fault(92)
@pytest.mark.parametrize(
    ("lines", "meant"),
    [
        (['for = "5m"'], "10m"),
        (['recover_for = "1s"'], "10m"),
        (['every = "1h"', 'for = "30m"'], "1h"),
        (['for = "0s"', 'recover_for = "0s"'], None),
        (['for = "15m"', 'recover_for = "10m"'], None),
        (['every = "1h"'], None),
    ],
    ids=["for", "recover_for", "asked rarely", "at once", "as long as a step", "not said"],
)
def test_a_time_shorter_than_the_figures_take_to_move_is_doubted(lines: list[str], meant: str | None) -> None:
    found = load(text=HEAD + rule('warning = "devices > 5"', *lines)).warnings
    assert [one.code for one in found] == (["W124"] if meant else [])
    assert all(f'"{meant}"' in one.hint for one in found)


def test_with_every_answer_a_new_sample_any_time_is_as_it_is_said() -> None:
    head = HEAD.replace('name = "portal"', 'name = "portal"\nstep = "0s"')
    assert codes('warning = "devices > 5"', 'every = "1m"', 'for = "5m"', head=head) == []


@pytest.mark.parametrize(("within", "doubted"), [("15m", True), ("20m", False), ("0s", False)])
def test_an_incident_that_could_never_reopen_is_doubted(within: str, doubted: bool) -> None:
    """Bad in the next figure, ten minutes on, and ten minutes later it counts."""
    found = codes('warning = "devices > 5"', f'reopen_within = "{within}"')
    assert found == (["W125"] if doubted else [])
    assert codes('warning = { breach = "devices > 5", for = "0s" }', f'reopen_within = "{within}"') == []


@pytest.mark.parametrize(
    ("node", "doubted"), [("Asia/**", True), ("Europe", False), ("Europe/*/Paris", False), ("Paris", False)]
)
def test_an_override_for_a_place_the_rule_never_looks_at_is_doubted(node: str, doubted: bool) -> None:
    text = (HEAD + rule()).replace('level = "Site"', 'path = ["Europe"]')
    found = load(text=f'{text}[[rule.override]]\nnode = "{node}"\nfor = "1h"\n').warnings
    assert [one.code for one in found] == (["W126"] if doubted else [])


@pytest.mark.parametrize(
    ("node", "better"),
    [
        ("/Europe/", "Europe"),
        ("Europe//Paris", "Europe/Paris"),
        ("Europe / Paris", "Europe/Paris"),
        (r"Europe\\Paris", "Europe/Paris"),
        ("Europe > Paris", "Europe/Paris"),
        ("Europe/R&D > 2", "Europe/R&D/2"),
        (r"A\\/B", None),
        ("Europe/New York/**", None),
    ],
)
def test_a_pattern_that_is_written_as_no_node_is_doubted(node: str, better: str | None) -> None:
    text = f'{HEAD}{rule()}[[route]]\nnode = "{node}"\nto = ["desk"]\n[[route]]\nto = ["desk"]\n'
    found = load(text=text).warnings
    assert [(one.code, one.hint) for one in found] == ([("W127", f'did you mean "{better}"?')] if better else [])


@pytest.mark.parametrize(
    ("other", "doubted"),
    [
        ('service = ["SAP", "exchange online"]\nlevel = ["Site", "Country"]', True),
        ('service = "SAP"\nlevel = "Site"', False),
        ('service = "Exchange Online"\nlevel = "Country"', False),
        ('service = "Exchange Online"\nlevel = "Site"\nscope = "day"', False),
        ('service = "Exchange Online"\nlevel = "Site"\nonly_if = "devices > 9"', False),
    ],
)
def test_two_rules_that_ask_the_same_are_doubted(other: str, doubted: bool) -> None:
    second = f'[[rule]]\nid = "second"\nhierarchy = "Location"\nwarning = "devices_with_errors/devices > 5%"\n{other}\n'
    found = load(text=HEAD + rule() + second).warnings
    assert [one.code for one in found] == (["W128"] if doubted else [])


@pytest.mark.parametrize(
    ("service", "doubted"),
    [("Exchange Onlin", True), ("exchange online", False), ("Exchange*", False), ("SAP", False), ("Teams 2", False)],
)
def test_a_service_that_is_almost_a_declared_one_is_doubted(service: str, doubted: bool) -> None:
    declared = "".join(f'[[service]]\nname = "{name}"\nuid = "{name}"\n' for name in ("Exchange Online", "Teams 1"))
    text = HEAD + declared + rule().replace("Exchange Online", service)
    assert [one.code for one in load(text=text).warnings] == (["W131"] if doubted else [])


@pytest.mark.parametrize(
    ("routes", "untold"),
    [
        (["severity = 'critical'"], "warning"),
        (["severity = 'critical'", "severity = 'warning'"], None),
        (["severity = ['warning', 'critical']"], None),
        (["rule = 'e*'"], None),
        (["rule = 'e*'\nseverity = 'critical'", "service = 'E*'\nseverity = 'warning'"], None),
    ],
)
def test_a_severity_that_no_route_takes_is_doubted(routes: list[str], untold: str | None) -> None:
    both = rule('warning = "devices > 5"', 'critical = "devices > 9"')
    tables = "".join(f'[[route]]\n{one}\nto = ["desk"]\n' for one in routes)
    found = [one.message for one in load(text=HEAD + both + tables).warnings if one.code == "W102"]
    expected = [f'no route can receive what rule "errors" finds at severity {untold}'] if untold else []
    assert found == expected


def test_a_route_for_a_service_that_no_rule_is_for_is_doubted() -> None:
    text = f'{HEAD}{rule()}[[route]]\nservice = ["Exchange Onlin", "E*"]\nto = ["desk"]\n[[route]]\nto = ["desk"]\n'
    (doubt,) = load(text=text).warnings
    assert (doubt.code, doubt.hint) == ("W110", 'did you mean "Exchange Online"?')
