"""`sentinel incidents ack|unack|note`: who did what, from a terminal, with and without a Sentinel that runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sentinel.cli.people import NOT_YET
from sentinel.engine import commands
from sentinel.store import lease
from sentinel.store.database import Database
from tests.cli.terminal import call
from tests.history.ledger import RecordedRun


def _of(run: RecordedRun, place: str) -> str:
    return next(one.id for one in run.incidents.values() if one.node[-1] == place)


def _shown(name: str) -> dict[str, Any]:
    done = call("incidents", "show", name, "--json")
    assert done.exit_code == 0, done.output
    shape: dict[str, Any] = json.loads(done.stdout)
    return shape


def test_it_is_done_and_said_with_who_and_what(run: RecordedRun) -> None:
    name = _of(run, "Tokyo")
    done = call("incidents", "ack", name, "--by", "ana", "--note", "restarting it")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"{name}: acknowledged by ana\n")
    shape = _shown(name)
    assert shape["acknowledged_by"] == "ana"
    assert shape["acknowledged_at"] == shape["first_acknowledged_at"]
    assert shape["first_acknowledged_by"] == "ana"
    assert shape["time_to_acknowledge_seconds"] > 0
    assert [step["kind"] for step in shape["timeline"]] == ["degraded", "acknowledged"]
    assert shape["timeline"][1]["text"] == "Acknowledged by ana: restarting it"
    assert [one["kind"] for one in shape["notices"]] == ["degraded", "acknowledged"]


def test_the_story_in_words_and_the_list_name_who_has_it(run: RecordedRun) -> None:
    name = _of(run, "Tokyo")
    call("incidents", "ack", name, "--by", "ana")
    page = call("incidents", "show", name, "--utc").stdout
    assert "  ack      ana since 20" in page
    assert " (first after " in page
    head, tokyo, _ = [line.split("\t") for line in call("incidents", "list").stdout.splitlines()]
    assert tokyo[head.index("ack")] == "ana"
    call("incidents", "unack", name, "--by", "ben")
    page = call("incidents", "show", name, "--utc").stdout
    assert "  ack      nobody now, first after " in page
    assert ", by ana\n" in page
    assert "unacknowledged  No longer acknowledged: ben has taken back the acknowledgement of ana" in page


def test_without_a_name_it_is_the_login_name(run: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "carla")
    name = _of(run, "Tokyo")
    assert call("incidents", "ack", name).stderr == f"{name}: acknowledged by carla\n"


def test_the_beginning_of_an_id_is_enough(run: RecordedRun) -> None:
    name = _of(run, "Tokyo")
    assert call("incidents", "note", name[:8], "on the phone with them", "--by", "ana").stderr == f"{name}: noted\n"
    assert call("incidents", "ack", name[3:9], "--by", "ana").exit_code == 0


def test_twice_adds_nothing_and_says_so(run: RecordedRun) -> None:
    name = _of(run, "Tokyo")
    call("incidents", "ack", name, "--by", "ana")
    again = call("incidents", "ack", name, "--by", "ana")
    assert (again.exit_code, again.stderr) == (0, f"{name}: ana has acknowledged it already\n")
    assert len(_shown(name)["timeline"]) == 2
    assert call("incidents", "unack", name, "--by", "ana").exit_code == 0
    nothing = call("incidents", "unack", name, "--by", "ana")
    assert (nothing.exit_code, nothing.stderr) == (0, f"{name}: nobody has acknowledged it\n")


@pytest.mark.parametrize("command", ["ack", "unack"])
def test_what_is_over_is_refused_with_1(run: RecordedRun, command: str) -> None:
    name = _of(run, "France")
    done = call("incidents", command, name, "--by", "ana")
    assert done.exit_code == 1
    assert done.stderr == f"error: {name}: it is over (recovered): there is nothing left to {command}\n"
    assert len(_shown(name)["timeline"]) == 3


def test_a_note_about_what_is_over_is_kept(run: RecordedRun) -> None:
    name = _of(run, "France")
    assert call("incidents", "note", name, "a certificate had run out", "--by", "ana").exit_code == 0
    shape = _shown(name)
    assert shape["timeline"][-1]["text"] == "ana: a certificate had run out"
    assert [one["reason"] for one in shape["notices"]][-1] == "the incident is over"


@pytest.mark.parametrize("arguments", [("ack",), ("unack",), ("note",)])
def test_an_incident_that_is_not_there_is_1_with_the_nearest(run: RecordedRun, arguments: tuple[str, ...]) -> None:
    name = _of(run, "Tokyo")
    wrong = name[:-1] + ("a" if name[-1] != "a" else "b")
    text = ("a note",) if arguments == ("note",) else ()
    done = call("incidents", *arguments, wrong, *text, "--by", "ana")
    assert done.exit_code == 1
    assert f"there is no incident '{wrong}'" in done.stderr
    assert f"did you mean {name}?" in done.stderr


def test_wrong_usage_is_2(run: RecordedRun) -> None:
    name = _of(run, "Tokyo")
    for arguments in (
        ("ack", name, "--by", " "),
        ("ack", name, "--by", "x" * 101),
        ("note", name, " ", "--by", "ana"),
        ("note", name, "x" * 2001, "--by", "ana"),
        ("note", name),
    ):
        assert call("incidents", *arguments).exit_code == 2, arguments
    assert len(_shown(name)["timeline"]) == 1


def test_json_says_what_was_done_and_how_it_is_now(run: RecordedRun) -> None:
    name = _of(run, "Tokyo")
    first = call("incidents", "ack", name, "--by", "ana", "--json")
    shape = json.loads(first.stdout)
    assert shape.pop("acknowledged_at").endswith("Z")
    assert (first.stderr, shape) == (
        "",
        {
            "incident": name,
            "command": "ack",
            "outcome": "done",
            "text": "acknowledged by ana",
            "state": "open",
            "acknowledged_by": "ana",
        },
    )
    refused = call("incidents", "ack", _of(run, "France"), "--by", "ana", "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["outcome"]) == (1, "refused")


def test_what_whoever_leads_has_not_done_yet_is_written_down_and_says_so(
    run: RecordedRun, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands.carry_out, "__defaults__", (0.2,))
    leader = Database.open(sqlite_url)
    leader.claim()
    lease.acquire(leader, "hangs", 60, "rules")
    name = _of(run, "Tokyo")
    done = call("incidents", "ack", name, "--by", "ana")
    assert done.exit_code == NOT_YET
    assert "it is written down, and whoever leads has not done it yet" in done.stderr
    waiting = call("incidents", "ack", name, "--by", "ana", "--json")
    assert (waiting.exit_code, json.loads(waiting.stdout)["outcome"]) == (NOT_YET, "waiting")
    leader.close()


def test_nothing_of_what_people_write_reaches_a_terminal_as_it_is(run: RecordedRun) -> None:
    name = _of(run, "Tokyo")
    call("incidents", "ack", name, "--by", "ana", "--note", "one\n\x1b[31mtwo\u202ethree")
    page = call("incidents", "show", name).stdout
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "one" in page
