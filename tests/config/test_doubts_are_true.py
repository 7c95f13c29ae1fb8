"""What `check` says that a rule cannot do, it does not do: the rule is played, by the plan of a live run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.config.loader import load
from tests.config.rule_tests_file import played, timeline, told

SOURCE = '[[source]]\nname = "portal"\nurl = "https://portal.example.com"\n'
DESK = '[[receiver]]\nname = "desk"\nconsole = true\n'
RULE = """
[[rule]]
id = "errors"
service = "Mail"
hierarchy = "Location"
level = "Site"
{lines}
"""


def doubts(lines: str) -> set[str]:
    return {one.code for one in load(text=SOURCE + RULE.format(lines=lines) + DESK).warnings}


def notices(folder: Path, lines: str, values: str) -> list[str]:
    """What is told, in order and with its minute."""
    test = (
        'every = "10m"\n[[test]]\nname = "x"\n[[test.series]]\nservice = "Mail"\nnode = ["Paris"]\n'
        f'metric = "devices_with_errors"\nvalues = "{values}"\n'
    )
    head, rest = test.split("[[test]]", 1)
    return told(played(folder, f"{head}{RULE.format(lines=lines)}[[test]]{rest}"))


@pytest.mark.fault(92)
@pytest.mark.parametrize(("hold", "as_long_as"), [("1s", "10m"), ("5m", "10m"), ("9m59s", "10m")])
def test_a_time_below_the_step_is_as_long_as_the_step(hold: str, as_long_as: str, tmp_path: Path) -> None:
    asked = 'warning = "devices_with_errors > 5"\nfor = "{0}"\nrecover_for = "{0}"'
    assert doubts(asked.format(hold)) == {"W124"}
    assert doubts(asked.format(as_long_as)) == set()
    story = "0 9x4 0x4"
    short, whole = (notices(tmp_path, asked.format(one), story) for one in (hold, as_long_as))
    assert short == whole
    assert len(whole) == 2


@pytest.mark.parametrize("hold", ["0s", "10m", "20m", "25m"])
@pytest.mark.parametrize("within", ["5m", "10m", "15m", "20m", "25m", "30m", "40m"])
def test_an_incident_reopens_exactly_where_check_does_not_doubt_it(hold: str, within: str, tmp_path: Path) -> None:
    lines = (
        f'warning = {{ breach = "devices_with_errors > 5", for = "{hold}", recover_for = "0s" }}\n'
        f'reopen_within = "{within}"'
    )
    soonest = notices(tmp_path, lines, "0 9x5 0 9x6")
    reopened = any(one.startswith("reopened") for one in soonest)
    assert ("W125" in doubts(lines)) is not reopened


@pytest.mark.parametrize(
    ("warning", "critical"), [("> 10", "> 5"), ("> 5", "> 5"), ("> 5", "> 10")], ids=["exchanged", "equal", "in order"]
)
def test_a_warning_shows_exactly_where_check_does_not_doubt_it(warning: str, critical: str, tmp_path: Path) -> None:
    lines = f'warning = "devices_with_errors {warning}"\ncritical = "devices_with_errors {critical}"\nfor = "0s"'
    series = '[[test.series]]\nservice = "Mail"\nnode = ["Paris"]\nmetric = "devices_with_errors"\nvalues = "0+1x20"\n'
    done = played(tmp_path, f'every = "10m"\n{RULE.format(lines=lines)}[[test]]\nname = "x"\n{series}')
    states = set(timeline(done, "Paris").split())
    assert "critical" in states
    assert ("W122" in doubts(lines)) is not ("warning" in states)
