"""Files of rule tests for tests: written, loaded and played."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.config.rule_test_loader import RuleTests, load_tests
from sentinel.domain.rehearsal_verdict import Outcome, by_node, judge
from sentinel.errors import ConfigError, Problem

RULE = """
[[rule]]
id = "errors"
service = "Mail"
hierarchy = "Location"
level = "Site"
for = "2m"
recover_for = "0s"
critical = "devices_with_errors / devices > 10%"
"""
VALUE = RULE.replace("devices_with_errors / devices > 10%", "value > 10")


def series(
    values: str, *, node: str = '"Europe", "Paris"', metric: str = "devices_with_errors", service: str = "Mail"
) -> str:
    """One series of the test above it."""
    return f'[[test.series]]\nservice = "{service}"\nnode = [{node}]\nmetric = "{metric}"\nvalues = "{values}"\n'


def a_test(values: str = "0 30x4", *more: str, name: str = "a test", every: str = "1m", rule: str = RULE) -> str:
    """A file with one test of one rule; hundred devices throughout."""
    count = len(values.split()) + 10
    devices = series(f"100x{count}", metric="devices") if "devices" in rule else ""
    metric = "devices_with_errors" if "devices" in rule else "value"
    return "\n".join(
        [f'every = "{every}"', rule, f'[[test]]\nname = "{name}"', series(values, metric=metric), devices, *more]
    )


def read(folder: Path, text: str) -> RuleTests:
    """The file with that text."""
    path = folder / "tests.toml"
    path.write_text(text, encoding="utf-8")
    return load_tests(path)


def played(folder: Path, text: str) -> Outcome:
    """What came of the only test."""
    (test,) = read(folder, text).tests
    return judge(test)


def problems_of(folder: Path, text: str) -> tuple[Problem, ...]:
    """All problems of a file that cannot be used."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return caught.value.problems


def timeline(done: Outcome, node: str = "Europe/Paris") -> str:
    """The states of a node, poll by poll: `ok ok pending`."""
    turns = dict(by_node(done.performance)[node])
    shown, words = "", []
    for poll in range(done.performance.polls):
        shown = turns[poll].value if poll in turns else shown
        words.append(shown)
    return " ".join(words)


def told(done: Outcome) -> list[str]:
    """Notices as `kind@minutes`, those of the source itself as `source kind@minutes`."""
    return [
        f"{'' if one.service else 'source '}{one.kind}@{one.at / 60:g}{'' if not one.node else ' ' + '/'.join(one.node)}"
        for one in done.performance.told
    ]
