"""`sentinel check` beyond one file: several, strictly, and against what the record has seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.terminal import call
from tests.cli.test_trial import RULES
from tests.history.ledger import RecordedRun

SEEN = """
[[source]]
name = "portal"
url = "https://portal.example.com"

[[rule]]
id = "errors"
service = "Mail"
hierarchy = "Location"
level = "Site"
warning = "devices_with_errors > 10"

[[rule.override]]
node = "Europe/France/**"
warning = "devices_with_errors > 20"

[[receiver]]
name = "desk"
console = true

[[route]]
node = "Zürich"
to = ["desk"]

[[route]]
to = ["desk"]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def codes(*arguments: str) -> list[tuple[str, int, str]]:
    return [(one["code"], one["line"], one["hint"]) for one in json.loads(call("check", "--json", *arguments).stdout)]


def test_several_files_are_checked_and_one_that_is_wrong_is_enough_for_2(folder: Path) -> None:
    (folder / "good.toml").write_text(RULES)
    (folder / "bad.toml").write_text(RULES.replace("level =", "lvel ="))
    done = call("check", "good.toml", "bad.toml", "none.toml")
    assert done.exit_code == 2
    assert done.stdout.splitlines()[-1] == "good.toml: 1 rule, 1 route: good"
    assert [(one[0], one[1]) for one in codes("good.toml", "bad.toml", "none.toml")] == [("E103", 12), ("E102", 0)]
    assert call("check", "good.toml", "good.toml").exit_code == 0


def test_strictly_runbook_and_owner_are_asked_for_and_warnings_are_enough_for_2(folder: Path) -> None:
    (folder / "rules.toml").write_text(SEEN, encoding="utf-8")
    assert call("check").exit_code == 0
    done = call("check", "--strict")
    assert (done.exit_code, done.stderr) == (2, "2 warnings; `sentinel explain W134` says more\n")
    assert [(code, line) for code, line, _ in codes("--strict")] == [("W134", 6), ("W135", 6)]
    mannered = 'runbook = "https://wiki.example.com"\nowner = "desk"\nwarning ='
    (folder / "rules.toml").write_text(SEEN.replace("warning =", mannered, 1))
    assert call("check", "--strict").exit_code == 0
    (folder / "rules.toml").write_text(SEEN.replace("warning =", mannered + "= ", 1))
    assert call("check", "--strict").exit_code == 2


def test_what_the_record_has_seen_is_well(folder: Path, run: RecordedRun) -> None:
    (folder / "rules.toml").write_text(SEEN, encoding="utf-8")
    assert run.db is not None
    assert codes("--record") == []
    assert call("check", "--record").stdout == "1 rule, 2 routes: good\n"


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("Europe/France/**", "Europe/Frence/**", ("W133", 14, 'did you mean "Europe/France/**"?')),
        ('node = "Zürich"', 'node = "Zuerich"', ("W133", 22, 'did you mean "Zürich"?')),
        ('"Mail"', '"Mial"', ("W132", 8, 'did you mean "Mail"?')),
        ('"Location"', '"Locations"', ("W132", 9, 'did you mean "Location"?')),
        ('level = "Site"', 'path = ["Europa"]', ("W133", 10, 'did you mean "Europe"?')),
    ],
    ids=["node of an override", "node of a route", "service", "hierarchy", "path"],
)
def test_what_the_record_has_never_seen_is_doubted_with_the_nearest(
    folder: Path, run: RecordedRun, right: str, wrong: str, expected: tuple[str, int, str]
) -> None:
    assert run.db is not None
    (folder / "rules.toml").write_text(SEEN.replace(right, wrong), encoding="utf-8")
    found = codes("--record")
    assert expected in found
    assert {code for code, _, _ in found} - {"W126"} == {expected[0]}
    assert call("check", "--record").exit_code == 0


def test_a_database_that_is_not_there_is_4_and_nothing_is_made(folder: Path) -> None:
    (folder / "rules.toml").write_text(SEEN, encoding="utf-8")
    done = call("check", "--database", "sqlite:///none.db")
    assert done.exit_code == 4
    assert "none.db" in done.stderr
    assert not (folder / "none.db").exists()


def test_a_file_of_rule_tests_is_sent_to_the_command_that_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "rules-tests.toml"
    file.write_text('rules = "rules.toml"\n\n[[test]]\nname = "one"\n')
    done = call("check", str(file))
    assert done.exit_code == 2
    assert done.stdout.count("`sentinel test` reads those") == 2
