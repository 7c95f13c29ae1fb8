"""`sentinel status` as people, pipes and programs see it."""

from __future__ import annotations

import json

import pytest

from sentinel.cli import moments, screen
from sentinel.cli.status import HEADS, headlines, row
from sentinel.history.filters import Filters
from sentinel.history.record import reading
from sentinel.history.status import Status, status
from sentinel.store import outbox
from tests.cli.terminal import call, on_a_terminal
from tests.domain.polls import TEAM
from tests.history.ledger import LYON, PARIS, TOKYO, ZURICH, RecordedRun
from tests.store.records import due_lanes


def _status(run: RecordedRun, at: float | None = None) -> Status:
    assert run.db is not None
    with reading(run.db) as record:
        return status(record, run.now if at is None else at, Filters())


def _table(found: Status, width: int = 100) -> str:
    times = moments.Times(found.at, utc=True)
    return "\n".join(screen.aligned(HEADS, [row(alert, times) for alert in found.alerts], width))


def test_what_people_see(run: RecordedRun) -> None:
    found = _status(run)
    incident = found.alerts[0].incident
    assert headlines(found, moments.Times(found.at, utc=True)) == [
        "1 critical · last poll 10m ago · 4 unsent (oldest 50m)"
    ]
    assert _table(found) == (
        "STATE     SERVICE  NODE          RULE    VALUE  LIMIT  SINCE        INCIDENT\n"
        f"critical  Mail     Asia / Tokyo  errors  33.5   > 10   08:50 (10m)  {incident}"
    )


def test_a_narrow_terminal_cuts_names_and_never_ids(run: RecordedRun) -> None:
    run.good({PARIS: 1, LYON: 1, ZURICH: 1, TOKYO: 33.5, "Europe/A very long name of a place indeed": 50})
    table = _table(_status(run), 80)
    assert len(table.splitlines()) == 3
    assert max(len(line) for line in table.splitlines()) == 80
    assert all(line.endswith(tuple(run.incidents)) for line in table.splitlines()[1:])
    assert "…" in table


def test_nothing_wrong(run: RecordedRun) -> None:
    run.figures()
    assert headlines(_status(run), moments.Times(run.now, utc=True))[0].startswith("nothing wrong · last poll 10m ago")


def test_trouble_with_the_source_and_with_notices_is_named(run: RecordedRun) -> None:
    run.bad()
    run.bad()
    assert run.db is not None
    lanes = due_lanes(run.db, run.now)
    first = outbox.lane(run.db, lanes[0])[0].id
    outbox.begin(run.db, [first], run.now, None)
    outbox.abandoned(run.db, [first], run.now, None, reason="channel_not_found")
    lines = headlines(_status(run), moments.Times(run.now, utc=True))
    assert lines[0].startswith("2 critical · last poll 10m ago · 4 unsent (oldest ")
    assert lines[0].endswith(", 1 abandoned")
    assert lines[1] == "portal: Mail, Location by Site: the Portal said server_error"
    assert lines[2] == "Some notices were abandoned: `sentinel notices list --state abandoned` says why"


def test_a_record_that_stands_still_is_not_taken_for_the_present(run: RecordedRun) -> None:
    later = run.now + 86400
    lines = headlines(_status(run, later), moments.Times(later, utc=True))
    assert lines[1] == "No reading since 2 Mar 08:50: what is listed is as of then. Is `sentinel run` running?"


def test_a_pipe_gets_tabs_and_whole_instants_on_stdout_and_words_on_stderr(run: RecordedRun) -> None:
    done = call("status", "--utc")
    heads, line = (text.split("\t") for text in done.stdout.splitlines())
    assert heads == ["state", "service", "node", "rule", "value", "limit", "since", "ack", "incident", "muted by"]
    assert line[:8] == ["critical", "Mail", "Asia / Tokyo", "errors", "33.5", "> 10", "2026-03-02T08:50:00+00:00", ""]
    assert "1 critical" in done.stderr


def test_json_has_the_keys_of_the_contract_and_nothing_else_on_stdout(run: RecordedRun) -> None:
    shape = json.loads(call("status", "--json").stdout)
    assert set(shape) == {"at", "queries", "alerts", "outbox", "lulls"}
    assert {"source", "service", "hierarchy", "level", "last_reading_at", "state"} <= set(shape["queries"][0])
    keys = {"rule", "service", "node", "state", "severity", "value", "since", "incident", "muted_by"}
    assert keys <= set(shape["alerts"][0])
    assert set(shape["outbox"]) == {"waiting", "unclear", "abandoned", "oldest_waiting_seconds"}
    assert shape["queries"][0]["state"] == "stale"


def test_the_exit_code_tells_only_when_asked(run: RecordedRun) -> None:
    assert call("status").exit_code == 0
    assert call("status", "--exit-code").exit_code == 1
    assert call("status", "--exit-code", "--json").exit_code == 1


def test_filters(run: RecordedRun) -> None:
    names = lambda *options: [  # noqa: E731
        alert["node"][-1] for alert in json.loads(call("status", "--json", *options).stdout)["alerts"]
    ]
    assert names("--node", "Asia") == ["Tokyo"]
    assert names("--node", "Europe/**") == []
    assert names("--service", "mail", "--rule", "err*", "--severity", "critical", "--state", "critical") == ["Tokyo"]
    assert names("--state", "pending") == []


def test_names_cannot_write_to_the_terminal(run: RecordedRun) -> None:
    run.good({PARIS: 1, LYON: 1, ZURICH: 1, TOKYO: 33.5, "Evil\x1b]0;owned\x07\u202egnp": 99})
    done = call("status")
    assert "\x1b" not in done.output
    assert "\u202e" not in done.output
    assert "Evil[U+001B]]0;owned[U+0007][U+202E]gnp" in done.stdout
    raw = call("status", "--json").stdout
    assert "\x1b" not in raw
    assert "\u202e" not in raw
    assert "Evil\x1b]0;owned\x07\u202egnp" in [alert["node"][-1] for alert in json.loads(raw)["alerts"]]


@pytest.mark.process
def test_on_a_terminal_there_are_colours_unless_refused(run: RecordedRun, sqlite_url: str) -> None:
    options = ("status", "--utc", "--database", sqlite_url)
    assert "\x1b[31mcritical\x1b[0m  Mail" in on_a_terminal(*options)
    assert "\x1b" not in on_a_terminal(*options, env={"NO_COLOR": "1"})
    assert "\x1b" not in on_a_terminal("--no-color", *options)


def test_a_test_notice_waits_like_any_other(run: RecordedRun) -> None:
    assert run.db is not None
    before = json.loads(call("status", "--json").stdout)["outbox"]["waiting"]
    outbox.enqueue_test(run.db, TEAM, run.now, "Test notice")
    assert json.loads(call("status", "--json").stdout)["outbox"]["waiting"] == before + 1
