"""Problems as people, programs and code reviews see them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentinel.config.loader import load
from sentinel.config.report import as_github, as_json, as_text, summary
from sentinel.errors import ConfigError, Problem

TESTDATA = Path(__file__).parent / "testdata"
TEN = TESTDATA / "ten-mistakes.toml"


def ten_problems() -> tuple[tuple[Problem, ...], dict[str, str]]:
    text = TEN.read_text(encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(text=text, name="rules.toml")
    return caught.value.problems, {"rules.toml": text}


def problem(**changes: object) -> Problem:
    facts: dict[str, object] = {"file": "rules.toml", "line": 1, "column": 1, "code": "E103", "message": "no"}
    return Problem(**{**facts, **changes})  # type: ignore[arg-type]  # a test's shorthand


def test_the_whole_report_is_as_it_was_approved() -> None:
    assert as_text(*ten_problems()) == (TESTDATA / "ten-mistakes.txt").read_text(encoding="utf-8")


def test_one_problem_shows_its_line_and_a_caret() -> None:
    found, sources = ten_problems()
    shown = as_text([one for one in found if one.code == "E107"], sources)
    assert shown.splitlines() == [
        "rules.toml:17:70: error[E107]: clear reaches above the limit of breach: < 12 % against > 10 %",
        "   |",
        f"17 | {sources['rules.toml'].splitlines()[16]}",
        "   | " + " " * 69 + "^" * 37,
        '   = help: e.g. clear = "devices_with_errors / devices <= 10%", or a limit that asks for less',
    ]


def test_colours_change_nothing_but_colours() -> None:
    found, sources = ten_problems()
    coloured = as_text(found, sources, colour=True)
    assert "\x1b[1;31merror[E119]\x1b[0m" in coloured
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m"):
        coloured = coloured.replace(code, "")
    assert coloured == as_text(found, sources)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('password = "hunter2"', {"column": 1, "span": 8, "code": "E120"}),
        ("password = hunter2", {"column": 12, "code": "E101"}),
        ('url = "https://user:hunter2@portal.example.com"', {"column": 7, "span": 41, "code": "E120"}),
        ('slack_webhook = { name = "x", url = "hunter2" }', {"column": 31, "span": 3, "code": "E120"}),
        ('slack = { channel = "#a", bot_token = "hunter2" }', {"column": 1, "span": 5}),
    ],
    ids=["as a value", "without quotes", "in a url", "under a harmless name", "beside another mistake"],
)
def test_a_credential_is_never_shown(line: str, place: dict[str, object]) -> None:
    shown = as_text([problem(**place), problem()], {"rules.toml": line})
    assert "hunter2" not in shown
    assert "***" in shown


def test_carets_stand_right_behind_wide_and_combining_letters() -> None:
    line = 'x = "設備u\u0308", y = 1'
    shown = as_text([problem(column=12, span=1)], {"rules.toml": line}).splitlines()
    assert shown[3] == "  | " + " " * 12 + "^"


def test_a_terminal_is_not_steered_by_what_stands_in_a_file() -> None:
    shown = as_text([problem(message="bad \x1b[2J", hint="\x07")], {"rules.toml": "a = '\x1b]0;owned\x07'"})
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_of_a_very_long_line_the_part_around_the_mistake_is_shown() -> None:
    line = "x" * 5000 + "MISTAKE" + "y" * 5000
    shown = as_text([problem(column=5001, span=7)], {"rules.toml": line}).splitlines()
    assert len(shown[2]) < 200
    start = shown[3].index("^")
    assert shown[2][start : start + 7] == "MISTAKE"


def test_a_problem_without_a_place_is_told_without_a_line() -> None:
    shown = as_text([problem(line=0, column=0, hint="write one")], {})
    assert shown == "rules.toml: error[E103]: no\n  = help: write one\n"


def test_programs_get_every_field() -> None:
    found, _ = ten_problems()
    told = json.loads(as_json(found))
    assert len(told) == 10
    assert {"file", "line", "column", "code", "severity", "message", "hint"} <= set(told[0])
    assert told[0]["severity"] == "error"
    assert json.loads(as_json(())) == []


def test_a_code_review_gets_annotations_that_cannot_be_broken_out_of() -> None:
    told = as_github([problem(file="a,b:c.toml", line=3, column=4, span=2, message="50%\n::error::x", hint="do")])
    assert told == ("::error file=a%2Cb%3Ac.toml,line=3,col=4,endColumn=6,title=E103::50%25%0A::error::x. do\n")
    assert as_github([problem(line=0, severity="warning")]) == "::warning file=rules.toml,title=E103::no\n"


def test_the_summary_counts() -> None:
    assert summary([]) == "no problems"
    assert summary([problem(), problem(), problem(severity="warning")]) == "2 errors, 1 warning"
