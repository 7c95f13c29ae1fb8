"""`sentinel explain --node`: why somebody was told, or was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from sentinel.store import outbox
from sentinel.store.database import Database
from sentinel.store.notices import Lane
from sentinel.store.tables import incidents
from tests.backtest.past import NODE_0, START, STORY, lived, recorded, rules
from tests.cli.terminal import call, on_a_terminal


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return rules(tmp_path, hold="10m")


@pytest.fixture
def url(sqlite_url: str, file: Path) -> str:
    return lived(sqlite_url, file, STORY)


def explained(url: str, file: Path, at: str, *options: str, node: str = NODE_0) -> dict[str, Any]:
    done = call(
        *("explain", "--node", node, "--at", f"2026-03-02T{at}Z", "--rules", str(file), "--database", url),
        *("--json", *options),
    )
    assert done.exit_code == 0, done.output
    [found] = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_a_silence_is_explained_by_figure_line_and_timer(url: str, file: Path) -> None:
    """BCK-04."""
    found = explained(url, file, "08:06")
    assert found["state"] == "pending"
    assert found["answer"] == [
        f"warning: quality (85) < 100 ({file}:21)",
        "breach since 2026-03-02T08:00:00Z",
        "for 10 min not reached (5 min elapsed, 5 min left)",
        "nobody is told before that",
    ]
    assert (found["figures"], found["incident"], found["notices"]) == ({"quality": 85.0}, None, [])
    [severity] = found["severities"]
    assert (severity["verdict"], severity["phase"], severity["left"]) == ("breach", "pending", 300.0)


def test_a_notice_is_explained_with_every_attempt(url: str, file: Path) -> None:
    db = Database.open(url)
    found = explained(url, file, "08:12")
    assert found["answer"][-1] == "degraded for slack:#team is waiting"
    from sentinel.domain.rules import Address  # noqa: PLC0415  # only here

    lane = Lane(found["incident"], Address("team", "slack", "#team"))
    [first, *_] = outbox.lane(db, lane)
    at = START + 605.0
    outbox.begin(db, [first.id], at, None)
    outbox.later(db, [first.id], at + 1, None, next_attempt_at=at + 30, reason="HTTP 503")
    outbox.begin(db, [first.id], at + 30, None)
    outbox.delivered(db, [first.id], at + 31, None, lane=lane, ref={"ts": "1"}, edited=True)
    db.close()
    found = explained(url, file, "08:12")
    assert found["answer"][-1] == "degraded was told to slack:#team"
    assert [(one["outcome"], one["reason"]) for one in found["notices"][0]["attempts"]] == [
        ("later", "HTTP 503"),
        ("delivered", None),
    ]
    shown = call("explain", "--node", NODE_0, "--at", "2026-03-02T08:12Z", "--rules", str(file), "--database", url)
    assert "later (HTTP 503)" in shown.stdout


def test_who_has_it_in_hand_is_named(url: str, file: Path) -> None:
    """And not at an instant before they had."""
    db = Database.open(url)
    with db.transaction() as connection:
        connection.execute(update(incidents).values(acknowledged_by="ana", acknowledged_at=START + 660.0))
    db.close()
    found = explained(url, file, "08:12")
    assert found["answer"][-1] == (
        "ana has acknowledged it since 2026-03-02T08:11:00Z: no reminders, and it is escalated to nobody"
    )
    assert not any("ana" in line for line in explained(url, file, "08:10")["answer"])


def test_to_whom_it_is_escalated_stands_with_the_routes(url: str, file: Path) -> None:
    boss = '[[receiver]]\nname = "boss"\nemail = { to = ["boss@example.com"] }\n'
    route = 'to = "team"\nescalate_after = "30m"\nescalate_to = "boss"'
    file.write_text(file.read_text().replace('to = "team"', route) + boss)
    [way] = explained(url, file, "08:12")["routes"]
    assert (way["escalate_after"], way["escalate_to"]) == (
        1800.0,
        [{"receiver": "boss", "channel": "email:boss@example.com"}],
    )
    shown = call("explain", "--node", NODE_0, "--at", "2026-03-02T08:12Z", "--rules", str(file), "--database", url)
    assert "team by slack:#team; when nobody has acknowledged for 30m: boss by email:boss@example.com" in shown.stdout


def test_the_story_of_states_leads_up_to_the_instant(url: str, file: Path) -> None:
    states = [(one["before"], one["after"]) for one in explained(url, file, "08:16")["states"]]
    assert states == [("ok", "pending"), ("pending", "warning"), ("warning", "ok")]


def test_other_rules_than_those_of_then_are_noticed(url: str, file: Path, tmp_path: Path) -> None:
    """The figures are judged by the present file; what was recorded is said beside it."""
    milder = tmp_path / "milder.toml"
    milder.write_text(file.read_text().replace("quality < 100", "quality < 50"))
    found = explained(url, milder, "08:12")
    assert found["state"] == "ok"
    assert found["answer"][-1] == (
        "the record shows warning since 2026-03-02T08:10:00Z: other rules were in force, or what came before is gone"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--node", "node0"), "did you mean 'Europe/node0'?"),
        (("--node", "Europe/node9"), "did you mean 'Europe/node1'?"),
        (("--node", NODE_0, "--rule", "qualty"), "did you mean 'quality'?"),
        (("--node", NODE_0, "--service", "Mial"), "did you mean 'Mail'?"),
        (("--node", NODE_0, "--at", "2020-01-01"), "`sentinel history list` shows"),
    ],
)
def test_what_is_not_there_is_answered_with_the_nearest(
    url: str, file: Path, options: tuple[str, ...], words: str
) -> None:
    when = () if "--at" in options else ("--at", "2026-03-02T08:12Z")
    done = call("explain", *options, *when, "--rules", str(file), "--database", url)
    assert done.exit_code == 1, done.output
    assert words in done.stderr


def test_a_state_of_which_nobody_has_heard_lately_is_dated(url: str, file: Path) -> None:
    at = ("--at", "2026-03-03T08:00Z", "--rules", str(file), "--database", url, "--utc")
    assert "state     pending, as of 2 Mar 08:30" in call("explain", "--node", NODE_0, *at).stdout


def test_a_nearest_name_can_be_given_back_as_it_is_shown(sqlite_url: str, file: Path) -> None:
    url = recorded(sqlite_url, {r"Europe/R\/D": (75,)})
    at = ("--at", "2026-03-02T08:12Z", "--rules", str(file), "--database", url)
    done = call("explain", "--node", r"R\/D", *at)
    shown = done.stderr.partition("did you mean '")[2].partition("'?")[0]
    assert call("explain", "--node", shown, *at).exit_code == 0, done.stderr


def test_the_future_is_not_explained(url: str, file: Path) -> None:
    done = call("explain", "--node", NODE_0, "--at", "2999-01-01", "--rules", str(file), "--database", url)
    assert (done.exit_code, "--at lies in the future" in done.stderr) == (2, True)


def test_a_record_without_readings_is_told_from_a_wrong_service(sqlite_url: str, file: Path) -> None:
    recorded(sqlite_url, {NODE_0: ()})
    done = call("explain", "--node", NODE_0, "--rules", str(file), "--database", sqlite_url)
    assert done.exit_code == 1
    assert "of what these rules ask for, nothing is recorded" in done.stderr


def test_a_word_and_a_node_are_two_questions(url: str) -> None:
    done = call("explain", "metric", "--node", NODE_0)
    assert done.exit_code == 2
    assert "explain either a word or --node" in done.stderr


def test_a_terminal_is_shown_the_answer_first(url: str, file: Path) -> None:
    shown = on_a_terminal(
        *("explain", "--node", NODE_0, "--at", "2026-03-02T08:06Z", "--rules", str(file), "--database", url, "--utc")
    )
    lines = shown.splitlines()
    assert lines[0].startswith("Mail at Europe / node0 by quality, 2026-03-02 08:06:00")
    assert lines[1].split() == ["state", "pending"]
    assert "because" in lines[2]


def test_the_place_of_an_incident_is_not_called_ok(url: str, file: Path) -> None:
    """Europe is above the judged nodes: it is asked about because a message named it."""
    at = ("--at", "2026-03-02T08:12Z", "--rules", str(file), "--database", url)
    shown = call("explain", "--node", "Europe", *at)
    assert shown.exit_code == 0, shown.output
    assert "state     not judged itself" in shown.stdout
    assert "not ok below it: node0 warning" in shown.stdout
    assert "Conditions" not in shown.stdout
    found = explained(url, file, "08:12", node="Europe")
    assert (found["state"], found["judged"]) == (None, False)
    assert found["below"][0] == {"node": ["Europe", "node0"], "state": "warning"}


def test_what_only_the_replay_finds_is_told_apart_from_the_record(file: Path, sqlite_url: str) -> None:
    """Readings that were imported, or never judged live: nobody was told, and it is said why."""
    url = recorded(sqlite_url)
    found = explained(url, file, "08:12")
    assert (found["state"], found["incident"]) == ("warning", None)
    assert (
        found["answer"][-1]
        == "the record has no such incident: other rules were in force, or the readings were imported"
    )
    shown = call("explain", "--node", NODE_0, "--at", "2026-03-02T08:12Z", "--rules", str(file), "--database", url)
    assert "Notices: the record has no incident there then" in shown.stdout
