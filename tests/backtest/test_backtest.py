"""`sentinel backtest` as people, pipes and CI see it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sentinel.store import archiving
from tests.backtest.past import NODE_0, NODE_1, START, STORY, readings, recorded, rules
from tests.cli.terminal import call, on_a_terminal

SPAN = ("--since", "2026-03-02T08:00Z", "--until", "2026-03-03T00:00Z", "--utc")


@pytest.fixture
def url(sqlite_url: str) -> str:
    return recorded(sqlite_url)


def found(*options: str, code: int = 0) -> dict[str, Any]:
    done = call("backtest", *SPAN, "--json", *options)
    assert done.exit_code == code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def signed(report: dict[str, Any]) -> list[str]:
    """`- node0@300`: what is told and when, in seconds from the beginning, openings only."""
    return [
        f"{one['change']} {one['node'][-1]}@{datetime.fromisoformat(one['at']).timestamp() - START:.0f}"
        for one in report["notices"]
        if one["kind"] == "degraded"
    ]


def test_an_edit_shows_the_notices_that_it_adds_and_removes(url: str, tmp_path: Path) -> None:
    """BCK-01, and its exit code for CI."""
    old, new = rules(tmp_path, "old.toml"), rules(tmp_path, "new.toml", hold="600s")
    report = found("--database", url, "--rules", str(new), "--against", str(old), code=1)
    assert signed(report) == ["- node0@300", "- node1@300", "+ node0@600", "- node0@1800"]
    assert (report["old"]["notices"], report["new"]["notices"]) == (5, 2)
    assert (report["added"], report["removed"]) == (1, 4)
    assert report["days"] == [
        {"day": "2026-03-02", "channel": "slack:#team", "old": 5, "new": 2, "added": 1, "removed": 4}
    ]
    [later] = report["detections"]
    assert (later["node"], later["earlier_seconds"]) == (["Europe", "node0"], -300.0)


def test_rules_that_tell_the_same_differ_in_nothing(url: str, tmp_path: Path) -> None:
    old, new = rules(tmp_path, "old.toml"), rules(tmp_path, "new.toml")
    report = found("--database", url, "--rules", str(new), "--against", str(old))
    assert {one["change"] for one in report["notices"]} == {"="}
    assert (report["added"], report["removed"], report["detections"]) == (0, 0, [])


def test_the_same_question_gets_the_same_bytes(url: str, tmp_path: Path) -> None:
    """BCK-02, as JSON and as a page."""
    file, pages = str(rules(tmp_path)), [tmp_path / "a.html", tmp_path / "b.html"]
    answers = [
        call("backtest", *SPAN, "--json", "--database", url, "--rules", file, "--html", str(page)).stdout
        for page in pages
    ]
    assert answers[0] == answers[1]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_one_file_alone_shows_what_it_would_have_sent(url: str, tmp_path: Path) -> None:
    report = found("--database", url, "--rules", str(rules(tmp_path)))
    assert (report["against"], report["old"]) == (None, None)
    assert [(one["kind"], one["node"][-1]) for one in report["notices"]] == [
        ("degraded", "node0"),
        ("degraded", "node1"),
        ("recovered", "node1"),
        ("recovered", "node0"),
        ("degraded", "node0"),
    ]
    assert [one["resolved_at"] is None for one in report["incidents"]] == [False, False, True]


def test_what_was_bad_before_the_beginning_is_no_news(url: str, tmp_path: Path) -> None:
    """Judged for a day before, without counting; with --warm-up 0s everything begins anew."""
    later = ("--since", "2026-03-02T08:10Z", "--database", url, "--rules", str(rules(tmp_path)))
    assert [one["kind"] for one in found(*later)["notices"]] == ["recovered", "recovered", "degraded"]
    cold = found(*later, "--warm-up", "0s")
    assert [one["kind"] for one in cold["notices"]] == ["degraded"]


def test_conditions_that_look_back_know_what_came_before_the_warm_up(url: str, tmp_path: Path) -> None:
    """Node 1 rises by ten a poll: by half an hour later it is 60 above what it was at the beginning."""
    file = rules(tmp_path, hold="0s")
    file.write_text(file.read_text().replace("quality < 100", "change(quality, 25m) >= 50"))
    later = ("--since", "2026-03-02T08:25Z", "--warm-up", "0s", "--database", url, "--rules", str(file))
    assert [(one["kind"], one["node"][-1]) for one in found(*later)["notices"]] == [("degraded", "node1")]
    every = ("--since", "2026-03-02T08:00Z", "--database", url, "--rules", str(file))
    assert found(*every)["notices"] == found(*later)["notices"]


def test_what_was_never_recorded_is_named_and_not_guessed(url: str, tmp_path: Path) -> None:
    file = rules(tmp_path, level="Country")
    done = call("backtest", *SPAN, "--database", url, "--rules", str(file))
    assert done.exit_code == 4
    assert f"nothing that {file} asks for was ever recorded" in done.stderr
    both = tmp_path / "both.toml"
    extra = (
        '[[rule]]\nid = "more"\nservice = "Mail"\nhierarchy = "Location"\nlevel = "Country"\nwarning = "quality < 5"\n'
    )
    others = extra.replace('"more"', '"others"').replace('"Mail"', '["Mail", "SAP*", "Teams"]')
    both.write_text(rules(tmp_path).read_text() + extra + others)
    report = found("--database", url, "--rules", str(both))
    assert [(one["service"], one["level"]) for one in report["unrecorded"]] == [
        ("Mail", "Country"),
        ("SAP*", "Country"),
        ("Teams", "Country"),
    ]
    assert (
        "never recorded, so not replayed: Mail, Location, Country"
        in call("backtest", *SPAN, "--database", url, "--rules", str(both)).stderr
    )


def test_failed_polls_are_replayed_as_such(sqlite_url: str, tmp_path: Path) -> None:
    """Two failures are an incident of the source, and neither opens nor closes anything else."""
    story = {NODE_0: (75, 75, None, None, None, 105), NODE_1: (105, 105, None, None, None, 105)}
    report = found("--database", recorded(sqlite_url, story), "--rules", str(rules(tmp_path)))
    assert (report["readings"], report["failed"]) == (6, 3)
    assert [(one["kind"], one["rule"]) for one in report["notices"]] == [
        ("degraded", "quality"),
        ("degraded", "sentinel/source"),
        ("recovered", "quality"),
        ("recovered", "sentinel/source"),
    ]


def test_an_archive_gives_the_same_answer_as_the_database(url: str, tmp_path: Path) -> None:
    file, archive = str(rules(tmp_path)), tmp_path / "history.npz"
    archiving.write(archive, readings(STORY))
    assert found("--archive", str(archive), "--rules", file) == found("--database", url, "--rules", file)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--since", "2026-03-04", "--until", "2026-03-03"), "--since must be before --until"),
        (("--archive", "x.npz", "--database", "sqlite:///x.db"), "exclude each other"),
        (("--warm-up", "soon"), "'soon' is no span"),
        (("--since", "someday"), "'someday' is no time"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_read(
    url: str, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    done = call("backtest", "--rules", str(rules(tmp_path)), *options)
    assert done.exit_code == 2
    assert words in done.stderr


def test_mistakes_in_either_file_are_shown_with_their_place(url: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text(rules(tmp_path).read_text().replace("quality < 100", "qualty < 100"))
    for options in (("--rules", str(broken)), ("--rules", str(rules(tmp_path)), "--against", str(broken))):
        done = call("backtest", *SPAN, "--database", url, *options)
        assert done.exit_code == 2
        assert "error[E110]" in done.stderr
        assert "did you mean 'quality'?" in done.stderr


def test_an_empty_span_says_so(url: str, tmp_path: Path) -> None:
    done = call(
        "backtest", "--since", "2020-01-01", "--until", "2020-02-01", "--database", url, "--rules", str(rules(tmp_path))
    )
    assert done.exit_code == 4
    assert "nothing was recorded in that time" in done.stderr


def test_a_pipe_gets_the_notices_as_a_table_with_their_signs(url: str, tmp_path: Path) -> None:
    old, new = rules(tmp_path, "old.toml"), rules(tmp_path, "new.toml", hold="600s")
    options = ("backtest", *SPAN, "--database", url, "--rules", str(new), "--against", str(old))
    lines = call(*options).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines[1:]] == ["-", "-", "-", "+", "-"]
    assert lines[4].split("\t")[2:] == ["degraded", "warning", "Mail", "Europe / node0", "quality", "slack:#team"]
    whole = call(*options, "--all").stdout.splitlines()
    assert [line.split("\t")[0] for line in whole[1:]] == ["-", "-", "-", "+", "=", "-"]


def test_a_terminal_shows_days_detections_and_notices(url: str, tmp_path: Path) -> None:
    old, new = rules(tmp_path, "old.toml"), rules(tmp_path, "new.toml", hold="600s")
    shown = on_a_terminal("backtest", *SPAN, "--database", url, "--rules", str(new), "--against", str(old))
    assert "would have sent 2 notices instead of 5: 1 added, 4 removed" in shown
    assert "Notices by day and channel" in shown
    assert "5m later" in shown


def test_the_page_says_from_when_on_there_are_readings(url: str, tmp_path: Path) -> None:
    page, since = tmp_path / "page.html", ("--since", "2026-02-20", "--until", "2026-03-03", "--utc")
    file = str(rules(tmp_path))
    assert call("backtest", *since, "--database", url, "--rules", file, "--html", str(page)).exit_code == 0
    refused = call("backtest", *since, "--database", url, "--rules", file, "--html", "-")
    assert (refused.exit_code, "the page needs a file" in refused.stderr) == (2, True)
    assert "7 recorded readings, none before Mon 2 Mar 2026, 08:00 UTC." in page.read_text()


def test_the_page_shows_both_sides_and_nothing_alive(sqlite_url: str, tmp_path: Path) -> None:
    """Names come from outside: they are text on the page, whatever they hold."""
    story = {"Europe/<script>alert(1)</script>": (75, 75, 105), NODE_1: (105, 75, 75)}
    old, new, page = rules(tmp_path, "old.toml"), rules(tmp_path, "new.toml", hold="0s"), tmp_path / "page.html"
    report = found(
        *("--database", recorded(sqlite_url, story), "--rules", str(new), "--against", str(old), "--html", str(page)),
        code=1,
    )
    html = page.read_text()
    assert "<script" not in html
    assert "none before" not in html
    assert "&lt;script&gt;" in html
    assert html.count('<rect class="old') == 2
    assert html.count('<rect class="new') == 2
    assert f"notices instead of {report['old']['notices']}" in html


def test_a_page_replaces_an_older_page_and_nothing_else(url: str, tmp_path: Path) -> None:
    file, page = rules(tmp_path), tmp_path / "page.html"
    before = file.read_text()
    options = ("backtest", *SPAN, "--database", url, "--rules", str(file), "--html")
    for _ in range(2):
        assert call(*options, str(page)).exit_code == 0
    done = call(*options, str(file))
    assert (done.exit_code, file.read_text()) == (2, before)
    assert "there is another file by that name" in done.stderr


def test_a_page_that_cannot_be_written_is_said(url: str, tmp_path: Path) -> None:
    done = call("backtest", *SPAN, "--database", url, "--rules", str(rules(tmp_path)), "--html", str(tmp_path))
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


def test_instants_of_the_report_are_utc() -> None:
    assert datetime.fromtimestamp(START, UTC).isoformat() == "2026-03-02T08:00:00+00:00"
