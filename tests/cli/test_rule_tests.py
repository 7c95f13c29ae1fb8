"""`sentinel test` as people, programs and continuous integration see it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml

from sentinel.cli import rehearsing
from sentinel.config.rule_test_loader import load_tests
from tests.cli.terminal import call, environment, on_a_terminal, start
from tests.config.rule_tests_file import RULE, VALUE, a_test

EXPECTED = """
[[test.expect]]
at = "2m"
states = { "Europe/Paris" = "pending" }

[[test.expect]]
at = "3m"
states = { "Europe/Paris" = "critical" }

[[test.expect_notices]]
at = "3m"
kind = "degraded"
node = ["Europe", "Paris"]

[[test.expect_notices]]
at = "5m"
kind = "recovered"
"""
GOOD = a_test("0 30x4 0x8", EXPECTED, name="Paris, good", rule=VALUE)
BAD = GOOD.replace("Paris, good", "Paris, bad").replace('"5m"', '"6m"').replace('at = "2m"', 'at = "4m"')


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("good.toml", GOOD), ("bad.toml", BAD)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_one_line_for_each_test_that_passes(folder: Path) -> None:
    done = call("test", "good.toml")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "ok     good.toml Paris, good\n", "1 passed\n")


def test_a_failed_test_shows_both_timelines_and_both_lists(folder: Path) -> None:
    done = call("test", "good.toml", "bad.toml")
    assert done.exit_code == 1
    assert done.stderr == "1 passed, 1 failed\n"
    assert done.stdout == (
        "ok     good.toml Paris, good\n"
        "FAILED bad.toml:12 Paris, bad\n"
        "  Europe/Paris\n"
        "    expected  3m critical | !4m pending\n"
        "    actual    0 ok | 1m-2m pending | 3m-4m critical | 5m-12m ok\n"
        "    !         at 4m it is critical, not pending\n"
        "  notices\n"
        "    expected                    actual\n"
        "      3m degraded Europe/Paris  3m degraded critical Europe/Paris\n"
        "    ! 6m recovered              5m recovered critical Europe/Paris\n"
        "\n"
    )


def test_json_has_every_poll_as_a_tick(folder: Path) -> None:
    done = call("test", "--json", "bad.toml", "good.toml")
    assert done.exit_code == 1
    bad, good = json.loads(done.stdout)
    assert (bad["test"], bad["passed"], good["test"], good["passed"]) == ("Paris, bad", False, "Paris, good", True)
    states = [(tick["at"], tick["states"]["Europe/Paris"]) for tick in good["ticks"][:6]]
    assert states == [(0, "ok"), (60, "pending"), (120, "pending"), (180, "critical"), (240, "critical"), (300, "ok")]
    assert len(good["ticks"]) == 13
    first, last = good["notices"]
    fields = {
        "kind": "degraded",
        "severity": "critical",
        "service": "Mail",
        "node": ["Europe", "Paris"],
        "rule": "errors",
    }
    assert {key: first[key] for key in ("at", *fields)} == {"at": 180, **fields}
    assert (last["at"], last["kind"]) == (300, "recovered")
    assert (good["not_told"], good["failures"]) == ([], [])
    assert [one["text"] for one in bad["failures"]] == [
        "Europe/Paris at 4m: expected pending, is critical",
        "missing notice: 6m recovered; instead: 5m recovered critical Europe/Paris Mail errors",
    ]


SLA = """
[[sla]]
id = "mail-sites"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "value <= 10"
objective = "99.5%"
"""
HALF = a_test("0x2 30x2", name="half", rule=SLA, every="30m").replace(
    'name = "half"', 'name = "half"\nstart = "2026-10-31T23:00:00Z"'
)


def test_json_has_what_the_agreements_came_to_in_the_shape_of_the_report(folder: Path) -> None:
    """From the last hour of October in UTC into November: a row for each month and place."""
    (folder / "half.toml").write_text(HALF)
    done = call("test", "--json", "half.toml")
    (found,) = json.loads(done.stdout)
    assert [(one["period"], one["node"], one["leaf"]) for one in found["sla"]] == [
        (month, node, len(node) == 2)
        for month in ("October 2026", "November 2026")
        for node in ([], ["Europe"], ["Europe", "Paris"])
    ]
    october, november = (one for one in found["sla"] if one["leaf"])
    assert {key: november[key] for key in ("sla", "service", "period_start", "objective")} == {
        "sla": "mail-sites", "service": "Mail", "period_start": "2026-11-01T00:00:00Z", "objective": "0.995000",
    }  # fmt: skip
    assert (october["availability"], november["availability"]) == ("1.000000", "0.000000")
    assert (november["good_seconds"], november["bad_seconds"], november["unknown_seconds"]) == (0, 3600, 0)
    assert november["formula"] == "0.00 % = (60 - 60) / 60 min"


def test_a_missed_figure_is_shown_with_the_formula_that_explains_it(folder: Path) -> None:
    wanted = '[[test.expect_sla]]\nsla = "mail-sites"\navailability = "99.5%"\nbad_seconds = 3600\ngood_seconds = 60\n'
    (folder / "half.toml").write_text(HALF + wanted)
    done = call("test", "half.toml", "--junit", "junit.xml")
    assert (done.exit_code, done.stderr) == (1, "0 passed, 1 failed\n")
    assert done.stdout == (
        "FAILED half.toml:11 half\n"
        "  mail-sites of Mail, (top)\n"
        "    ! availability expected 0.995, is 0.000000\n"
        "    ! good_seconds expected 60, is 0\n"
        "      0.00 % = (60 - 60) / 60 min of 1 node\n"
        "\n"
    )
    (case,) = next(iter(JUnitXml.fromfile("junit.xml")))
    assert case.result[0].message == "mail-sites of Mail, (top): availability expected 0.995, is 0.000000 (and 1 more)"
    (failed,) = json.loads(call("test", "--json", "half.toml").stdout)
    assert failed["failures"][1] == {
        "what": "sla", "sla": "mail-sites", "service": "Mail", "node": [], "figure": "good_seconds", "expected": 60,
        "actual": 0, "text": "mail-sites of Mail, (top): good_seconds expected 60, is 0",
    }  # fmt: skip


def test_tests_are_chosen_by_name(folder: Path) -> None:
    assert call("test", "good.toml", "bad.toml", "-k", "GOOD").exit_code == 0
    assert call("test", "good.toml", "bad.toml", "-k", "paris*bad").stderr == "0 passed, 1 failed\n"
    none = call("test", "good.toml", "-k", "Lyon")
    assert none.exit_code == 2
    assert "None of the 1 tests has 'Lyon' in its name." in none.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name a file of rule tests"),
        (["empty.toml"], "There is no test"),
        (["nowhere.toml"], "cannot be read"),
        (["broken.toml", "good.toml"], "broken.toml:1:1: error[E301]: there are no rules to test"),
    ],
)
def test_where_there_is_nothing_to_test_it_says_so(folder: Path, arguments: list[str], said: str) -> None:
    (folder / "empty.toml").write_text(RULE)
    (folder / "broken.toml").write_text('[[test]]\nname = "x"\n')
    done = call("test", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_warnings_are_shown_and_do_no_harm(folder: Path) -> None:
    (folder / "short.toml").write_text(a_test("0 30", EXPECTED.split("[[test.expect]]", maxsplit=1)[0], name="short"))
    done = call("test", "short.toml")
    assert (done.exit_code, done.stdout) == (0, "ok     short.toml short\n")
    assert "warning[W301]" in done.stderr
    assert "warning[W302]" in done.stderr


def test_a_junit_report_is_read_by_what_reads_them(folder: Path) -> None:
    odd = BAD.replace("Paris, bad", "a \\uFFFE & b").replace("Paris", "P<&>aris")
    (folder / "odd\x07.toml").write_text(odd)
    done = call("test", "good.toml", "bad.toml", "odd\x07.toml", "--junit", "report.xml")
    assert done.exit_code == 1
    suites = list(JUnitXml.fromfile(str(folder / "report.xml")))
    assert [(suite.name, suite.tests, suite.failures) for suite in suites] == [
        ("good.toml", 1, 0), ("bad.toml", 1, 1), ("odd[U+0007].toml", 1, 1),
    ]  # fmt: skip
    cases = [case for suite in suites for case in suite]
    assert [(case.name, case.classname, case.is_passed) for case in cases] == [
        ("Paris, good", "good.toml", True), ("Paris, bad", "bad.toml", False), ("a [U+FFFE] & b", "odd[U+0007].toml", False),
    ]  # fmt: skip
    (failure,) = cases[2].result
    assert failure.message == "Europe/P<&>aris: expected pending, is critical (and 1 more)"
    assert "3m-4m critical" in failure.text


def test_a_report_that_cannot_be_written_is_2(folder: Path) -> None:
    done = call("test", "good.toml", "--junit", "nowhere/report.xml")
    assert done.exit_code == 2
    assert "nowhere/report.xml" in done.stderr


def test_several_processes_say_the_same_in_the_same_order(folder: Path) -> None:
    head, _, body = GOOD.partition("[[test]]")
    many = head + "".join(f"[[test]]{body.replace('Paris, good', f'number {n}')}" for n in range(12))
    (folder / "many.toml").write_text(many)
    alone, both = (start("test", "many.toml", "bad.toml", "--jobs", jobs) for jobs in ("1", "2"))
    assert (both.returncode, both.stdout, both.stderr) == (alone.returncode, alone.stdout, alone.stderr)
    assert both.stdout.count("\n") == 12 + 11 - 1


def test_few_tests_are_not_worth_a_second_process(folder: Path) -> None:
    files = [load_tests(Path("good.toml"))]
    assert rehearsing._worth(files, [(0, 0)]) == 1
    assert rehearsing._worth(files * 2000, [(n, 0) for n in range(2000)]) >= 1


def test_a_terminal_is_given_colours_and_no_progress_line_among_the_results(folder: Path) -> None:
    shown = on_a_terminal("test", str(folder / "good.toml"), str(folder / "bad.toml"))
    assert "\x1b[32mok    \x1b[0m" in shown
    assert "\x1b[31m\x1b[1mFAILED\x1b[0m" in shown
    assert " of 2 tests" not in shown


def test_a_terminal_beside_a_pipe_shows_how_far_it_is(folder: Path) -> None:
    """The results go to a file, the line to the terminal, where it is wiped away in the end."""
    main, child = pty.openpty()
    with (folder / "results").open("w") as results:
        words = [sys.executable, "-m", "sentinel", "test", "good.toml", "bad.toml"]
        done = subprocess.run(words, stdout=results, stderr=child, env=environment(), cwd=folder, check=False)  # noqa: S603  # our own program
    os.close(child)
    shown = os.read(main, 65536).decode()
    os.close(main)
    assert done.returncode == 1
    assert shown.startswith("\r1 of 2 tests\x1b[K\r2 of 2 tests\x1b[K\r\x1b[K")
    assert shown.endswith("1 passed, 1 failed\r\n")
    assert "of 2 tests" not in (folder / "results").read_text()


def test_names_cannot_steer_the_terminal(folder: Path) -> None:
    (folder / "evil.toml").write_text(GOOD.replace("Paris, good", "\u202e good"))
    assert "[U+202E] good" in call("test", "evil.toml").stdout
