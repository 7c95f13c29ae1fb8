"""`sentinel explain E107`: what a code means, for people and for programs."""

from __future__ import annotations

import json

import pytest

from sentinel.config.codes import CODES
from tests.cli.terminal import call


def test_a_code_is_explained_with_what_is_wrong_what_is_said_and_what_is_right() -> None:
    done = call("explain", "E107")
    assert (done.exit_code, done.stderr) == (0, "")
    meaning, wrong, answer, right = (
        done.stdout.index(part) for part in ("E107: The clear", "Wrong:", "error[E107]", "Right:")
    )
    assert meaning < wrong < answer < right
    assert "^^^^" in done.stdout


@pytest.mark.parametrize("words", [["e107"], ["code", "E107"], ["code", "e107"]])
def test_a_code_is_found_however_it_is_asked_for(words: list[str]) -> None:
    assert call("explain", *words).stdout == call("explain", "E107").stdout


def test_programs_get_all_of_it() -> None:
    one = json.loads(call("explain", "W124", "--json").stdout)
    assert list(one) == ["name", "severity", "meaning", "more", "wrong", "answer", "right"]
    assert (one["name"], one["severity"]) == ("W124", "warning")
    assert "warning[W124]" in one["answer"]
    assert json.loads(call("explain", "E102", "--json").stdout)["wrong"] is None
    assert [one["name"] for one in json.loads(call("explain", "code", "--json").stdout)] == list(CODES)


def test_without_a_name_all_codes_are_listed() -> None:
    lines = call("explain", "code").stdout.splitlines()
    assert lines[0] == "name\tseverity\twhat"
    assert [line.split("\t")[0] for line in lines[1:]] == list(CODES)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["E1007"], 1, "there is no code 'E1007'\nhint: did you mean 'E107'?"),
        (["code", "X"], 1, "`sentinel explain code` lists them all"),
        (["E107", "E108"], 2, "explain one code at a time"),
        (["cod"], 2, "Did you mean 'code'?"),
    ],
)
def test_a_code_that_is_not_there_is_told(words: list[str], code: int, said: str) -> None:
    done = call("explain", *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
