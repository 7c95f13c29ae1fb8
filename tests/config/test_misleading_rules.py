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
