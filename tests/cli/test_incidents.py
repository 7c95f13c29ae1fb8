"""`sentinel incidents` as people, pipes and programs see it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sentinel.store.database import Database
from tests.cli.terminal import call, on_a_terminal
from tests.domain.polls import a_rule
from tests.history.ledger import RecordedRun, recorded

KEYS = {
    "id",
    "rule",
    "service",
    "hierarchy",
    "node",
    "state",
    "severity",
    "opened_at",
    "resolved_at",
    "close_reason",
    "members",
    "reopened",
    "acknowledged_by",
}


def _listed(*options: str) -> list[dict[str, Any]]:
    done = call("incidents", "list", "--json", *options)
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _of(run: RecordedRun, place: str) -> str:
    return next(one.id for one in run.incidents.values() if one.node[-1] == place)


def test_json_has_the_keys_of_the_contract(run: RecordedRun) -> None:
    found = _listed()
    assert [one["node"] for one in found] == [["Asia", "Tokyo"], ["Europe", "France"]]
    assert all(set(one) >= KEYS for one in found)
    assert [one["close_reason"] for one in found] == [None, "recovered"]


def test_nothing_is_an_empty_list_and_no_error(sqlite_url: str) -> None:
    assert _listed("--database", sqlite_url) == []
    done = call("incidents", "list", "--database", sqlite_url)
    assert (done.exit_code, done.stderr) == (0, "no incidents\n")


def test_filters_and_times(run: RecordedRun) -> None:
    places = lambda *options: [one["node"][-1] for one in _listed(*options)]  # noqa: E731
    assert places("--state", "open") == ["Tokyo"]
    assert places("--node", "Europe/**") == ["France"]
    assert places("--node", "Asia") == ["Tokyo"]
    assert places("--rule", "other") == []
    assert places("--severity", "warning") == []
    assert places("--until", "2026-03-02T08:30Z") == ["France"]
    assert places("--since", "2026-03-02T08:40Z") == ["Tokyo"]
    assert places("--since", "2026-03-02T08:30Z", "--until", "2026-03-02T08:31Z") == ["France"]
    assert places("--limit", "1") == ["Tokyo"]


def test_ids_alone_for_pipes(run: RecordedRun) -> None:
    done = call("incidents", "list", "-q", "--state", "open")
    assert done.stdout == f"{_of(run, 'Tokyo')}\n"


def test_a_pipe_gets_tabs(run: RecordedRun) -> None:
    lines = [line.split("\t") for line in call("incidents", "list", "--utc").stdout.splitlines()]
    assert lines[0] == ["state", "severity", "service", "node", "rule", "opened", "lasted", "nodes", "ack", "id"]
    assert lines[2] == [
        "recovered",
        "critical",
        "Mail",
        "Europe / France",
        "errors",
        "2026-03-02T08:10:00+00:00",
        "30m",
        "2",
        "",
        _of(run, "France"),
    ]


def test_one_incident_with_its_story(run: RecordedRun) -> None:
    name = _of(run, "France")
    shape = json.loads(call("incidents", "show", name, "--json").stdout)
    assert set(shape) >= KEYS | {"timeline", "notices"}
    assert [step["kind"] for step in shape["timeline"]] == ["degraded", "widened", "recovered"]
    assert call("incidents", "show", name[:8], "--utc").stdout == (
        "Mail at Europe / France – Devices with errors\n"
        f"  id       {name}\n"
        "  state    resolved, critical\n"
        "  rule     errors\n"
        "  opened   2026-03-02 08:10:00 +00:00\n"
        "  ended    2026-03-02 08:40:00 +00:00 (recovered)\n"
        "  lasted   30m\n"
        "  nodes    0 now, 2 at its worst\n"
        "  value    15, limit > 10\n"
        "  worst    20\n"
        "\n"
        "Timeline\n"
        "  2026-03-02 08:10:00 +00:00  degraded      Critical at Europe / France / Paris: 20 > 10\n"
        "  2026-03-02 08:20:00 +00:00  widened       Now Europe / France (2 nodes affected), was Europe / France / Paris\n"
        "  2026-03-02 08:40:00 +00:00  recovered     Recovered after 30 min, worst 20\n"
        "\n"
        "Notices\n"
        "  2026-03-02 08:10:00 +00:00  degraded      team by slack:#team: waiting\n"
        "  2026-03-02 08:20:00 +00:00  widened       team by slack:#team: waiting\n"
        "  2026-03-02 08:40:00 +00:00  recovered     team by slack:#team: waiting\n"
    )


def test_an_incident_that_is_not_there_is_1_with_the_nearest(run: RecordedRun) -> None:
    name = _of(run, "Tokyo")
    done = call("incidents", "show", name[:-1] + "0", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"hint: did you mean {name}?" in done.stderr


@pytest.mark.process
def test_on_a_terminal_there_is_a_table(run: RecordedRun, sqlite_url: str) -> None:
    shown = on_a_terminal("incidents", "list", "--utc", "--database", sqlite_url, env={"NO_COLOR": "1"})
    lines = shown.splitlines()
    assert lines[0].split() == ["STATE", "SEVERITY", "SERVICE", "NODE", "RULE", "OPENED", "LASTED", "NODES", "ID"]
    assert lines[1].startswith("open       critical  Mail     Asia / Tokyo     errors")
    assert lines[2].startswith("recovered  critical  Mail     Europe / France  errors")


def test_one_that_flaps_is_called_so(sqlite_url: str) -> None:
    run = recorded(Database.open(sqlite_url), a_rule(every=300.0), step=300.0, interval=300.0)
    for zurich in (20, 1) * 3:
        run.figures(zurich=zurich)
    name = next(iter(run.incidents))
    assert call("incidents", "list", "--database", sqlite_url).stdout.splitlines()[1].startswith("flapping\tcritical")
    shown = call("incidents", "show", name, "--database", sqlite_url).stdout
    assert "state    open, flapping, within the limit now" in shown
    assert "not told (flapping)" in shown
    assert "1 flapping, well at present" in call("status", "--database", sqlite_url).stderr
    run.figures(zurich=20)
    shown = call("incidents", "show", name, "--database", sqlite_url).stdout
    assert "state    open, critical, flapping" in shown
    assert run.db is not None
    run.db.close()
