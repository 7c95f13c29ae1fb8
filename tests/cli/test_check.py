"""`sentinel check` as people, programs and code reviews see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.terminal import call
from tests.cli.test_trial import RULES

WRONG = RULES.replace('critical = "devices_with_errors', 'treshold = 1\ncritical = "devices_with_erors')


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


def test_agreements_are_counted_and_their_alarms_are_not_rules_of_the_file(rules: Path) -> None:
    sla = """
[[sla]]
id = "sites"
service = "*"
hierarchy = "Location"
level = "Site"
good = "devices_with_errors / devices <= 10%"
objective = "99.5%"
burn_alerts = true
"""
    rules.write_text(RULES + sla)
    assert call("check").stdout == "1 rule, 1 SLA, 1 route: good\n"


def test_good_rules_are_counted(rules: Path) -> None:
    done = call("check")
    assert (done.exit_code, done.stdout) == (0, "1 rule, 1 route: good\n")
    assert json.loads(call("check", "--json").stdout) == []
    assert call("check", "--format", "github").output == ""


def test_every_mistake_is_shown_at_once_with_a_caret(rules: Path) -> None:
    rules.write_text(WRONG)
    done = call("check", "rules.toml")
    assert done.exit_code == 2
    assert "rules.toml:13:1: error[E103]" in done.stdout
    assert "13 | treshold = 1\n" in done.stdout
    assert "^^^^^^^^" in done.stdout
    assert "devices_with_erors" in done.stdout
    assert done.stderr == "2 errors; `sentinel explain E103` says more\n"
    assert "\x1b" not in done.output


def test_json_has_the_keys_of_the_contract(rules: Path) -> None:
    rules.write_text(WRONG)
    done = call("check", "--json", str(rules))
    assert done.exit_code == 2
    found = json.loads(done.stdout)
    assert len(found) == 2
    assert all({"file", "line", "column", "code", "severity", "message", "hint"} <= set(one) for one in found)
    assert (found[0]["file"], found[0]["line"], found[0]["column"]) == (str(rules), 13, 1)
    assert json.loads(call("check", "--format", "json", str(rules)).stdout) == found


def test_annotations_for_a_review(rules: Path) -> None:
    rules.write_text(WRONG)
    lines = call("check", "--format", "github", "rules.toml").stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("::error file=rules.toml,line=13,col=1")


def test_warnings_alone_do_no_harm(rules: Path) -> None:
    rules.write_text("")
    done = call("check")
    assert done.exit_code == 0
    assert "warning[W106]" in done.stdout
    assert done.stdout.endswith("0 rules, 0 routes: good\n")
    assert done.stderr == "1 warning; `sentinel explain W106` says more\n"


def test_the_file_is_that_of_the_environment_unless_given(rules: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(WRONG)
    assert call("check", env={"SENTINEL_RULES": str(other)}).exit_code == 2
    assert call("check", "rules.toml", env={"SENTINEL_RULES": str(other)}).exit_code == 0


def test_a_file_that_is_not_there_is_2(rules: Path) -> None:
    done = call("check", "nowhere.toml")
    assert done.exit_code == 2
    assert "nowhere.toml: error[E102]: cannot be read" in done.stdout


def test_other_commands_show_the_same_problems_on_stderr(rules: Path) -> None:
    rules.write_text(WRONG)
    done = call("discover")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "13 | treshold = 1\n" in done.stderr
