"""`sentinel explain`: words of the condition language, for people and for programs."""

from __future__ import annotations

import json

import pytest

from sentinel.domain.functions import FUNCTIONS
from sentinel.domain.metrics import CATALOGUE, UNITS_IN_WORDS, Unit
from tests.cli.terminal import call, on_a_terminal


def test_a_metric_is_explained_with_its_unit_and_who_has_it() -> None:
    done = call("explain", "metric", "web_request_duration")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        "web_request_duration: average duration of a request\n"
        "  unit      time: a time, 150ms, 2s, 5min, 1h\n"
        "  services  web\n"
    )


def test_a_function_is_explained_with_its_shape_and_when_it_is_unknown() -> None:
    done = call("explain", "function", "parent")
    first, unit, unknown, example = done.stdout.splitlines()
    assert first == "parent(figure): the same figure of the node's parent, from the same answer"
    assert (unit, unknown.split()[0]) == ("  unit     that of the figure", "unknown")
    assert "parent(" in example


@pytest.mark.parametrize(("kind", "names"), [("metric", list(CATALOGUE)), ("function", list(FUNCTIONS))])
def test_without_a_name_all_of_a_kind_are_listed(kind: str, names: list[str]) -> None:
    assert [one["name"] for one in json.loads(call("explain", kind, "--json").stdout)] == names
    assert [line.split("\t")[0] for line in call("explain", kind).stdout.splitlines()] == ["name", *names]
    assert all(json.loads(call("explain", kind, name, "--json").stdout)["name"] == name for name in names)


@pytest.mark.process
def test_a_narrow_terminal_keeps_the_names() -> None:
    shown = on_a_terminal("explain", "metric", columns=50)
    assert all(f"{name} " in shown for name in CATALOGUE)
    assert max(map(len, shown.splitlines())) <= 50


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["metric", "device"], 1, "error: there is no metric 'device'\nhint: did you mean 'devices'?\n"),
        (["metric", "\x1b[31m"], 1, "there is no metric '\\x1b[31m'\nhint: `sentinel explain metric` lists them all"),
        (["function", "parnt"], 1, "did you mean 'parent'?"),
        (
            ["metrik", "devices"],
            2,
            "what can be explained is metric, function or code, not 'metrik'. Did you mean 'metric'?",
        ),
        (["devices"], 2, "'devices' is a metric: `sentinel explain metric devices`"),
        (["parent"], 2, "'parent' is a function: `sentinel explain function parent`"),
        (["metric", "devices", "users"], 2, "explain one metric at a time"),
        ([], 2, "explain what? metric, function or code"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest(words: list[str], code: int, said: str) -> None:
    done = call("explain", *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr


def test_every_unit_has_words() -> None:
    assert set(UNITS_IN_WORDS) == set(Unit)
