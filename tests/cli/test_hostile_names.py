"""Whatever the names from outside, no command's output moves the cursor, turns text round or begins a line of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sentinel.clock import SystemClock
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.threaded import ThreadedPortal
from sentinel.demo.tiers import tiny
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.reading import Failure, Figures, Reading, Reason
from sentinel.store.database import Database
from tests.cli.terminal import call, on_a_terminal, start
from tests.domain.polls import TEAM, a_route, a_rule
from tests.fakes.hostile import HOSTILE, live
from tests.history.ledger import RecordedRun

pytestmark = [pytest.mark.threat("terminal-escapes"), pytest.mark.fault(78)]

NAMES = [name for name in HOSTILE if name and "/" not in name]
COMMANDS = (
    ("status",),
    ("incidents", "list"),
    ("notices", "list"),
)


@pytest.fixture
def record(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedRun]:
    """Every hostile name is a service, a node and a rule's words, each with an incident of its own."""
    monkeypatch.setenv("SENTINEL_DATABASE_URL", sqlite_url)
    db = Database.open(sqlite_url)
    rule = a_rule(summary=HOSTILE[4] + HOSTILE[6], runbook="https://x.example/\x1b[2J", owner=HOSTILE[8], rollup=None)
    run = RecordedRun(rules=(rule,), routes=(a_route(replace(TEAM, to="#x\x1b[2J")),), service=HOSTILE[6], db=db)
    for value in (1.0, 50.0):
        nodes = [("Europe", name) for name in NAMES]
        figures = Figures(NodeList.of(nodes), {"value": np.full(len(nodes), value)})
        run.feed(Reading(run.query(), run.now, run.now, figures, None, (HOSTILE[4],)))
        run.skip()
    for _ in range(2):
        failure = Failure(Reason.NOT_A_TABLE, f"got HTML, title {HOSTILE[4]} {HOSTILE[6]} {HOSTILE[8]}", HOSTILE[7])
        run.feed(Reading(run.query(), run.now, run.now, None, failure))
        run.skip()
    yield run
    db.close()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_in_a_pipe_a_row_stays_a_row(command: tuple[str, ...], record: RecordedRun) -> None:
    done = call(*command)
    assert done.exit_code in (0, 1), done.output
    assert live(done.output) == set()
    rows = done.stdout.splitlines()
    assert len(rows) > len(NAMES) / 2
    assert len({row.count("\t") for row in rows}) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_on_a_terminal_nothing_but_colours_comes_through(command: tuple[str, ...], record: RecordedRun) -> None:
    shown = on_a_terminal(*command, env={"SENTINEL_DATABASE_URL": f"sqlite:///{_path(record)}"})
    assert len(shown.splitlines()) > 10
    assert live(shown, coloured=True) == set()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_json_is_one_document_that_keeps_the_names(command: tuple[str, ...], record: RecordedRun) -> None:
    done = call(*command, "--json")
    assert live(done.output) == set()
    assert HOSTILE[4] in _texts(json.loads(done.stdout)) or command == ("notices", "list")


def test_an_incident_can_be_shown_whatever_its_name(record: RecordedRun) -> None:
    for incident in record.incidents:
        for form in ((), ("--json",)):
            done = call("incidents", "show", incident, *form)
            assert done.exit_code == 0, done.output
            assert live(done.output) == set()


def test_a_word_of_the_command_line_that_is_not_understood_is_shown_harmless(record: RecordedRun) -> None:
    """What people paste may come from outside too."""
    for name in NAMES[:12]:
        if "\0" in name or "\ud800" in name:
            continue  # no process can be given these
        for words in (("incidents", "show", name), ("status", "--since", name), (name,), ("check", name)):
            assert live(call(*words).output) == set(), words


def test_what_the_portal_offers_and_answers_is_shown_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sites = tuple(("Europe", name) for name in NAMES if "\ud800" not in name and "\0" not in name)
    portal = Portal(tiny(sites, levels=("Country", "Site")), now=SystemClock().now)
    with ThreadedPortal(portal) as threaded:
        monkeypatch.chdir(tmp_path)
        env = {"SENTINEL_SOURCE_PORTAL_USERNAME": USER, "SENTINEL_SOURCE_PORTAL_PASSWORD": PASSWORD}
        rules = f'[[source]]\nname = "portal"\nurl = "{threaded.url}"\n{_RULE}'
        (tmp_path / "rules.toml").write_text(rules)
        for command in (("discover",), ("probe",), ("discover", "--json"), ("probe", "--json")):
            done = call(*command, env=env)
            assert done.exit_code == 0, done.output
            assert live(done.output) == set(), command
        assert live(call("doctor", env=env).output) == set()


_RULE = """
[[rule]]
id = "r"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
warning = { breach = "devices_with_errors > 5", for = "0s" }
"""


def test_a_mistake_in_a_file_is_quoted_harmless(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    for name in NAMES:
        text = name.encode("utf-8", "replace").decode()
        rules.write_text(f"[[rule]]\nid = 'x' {text} # {text}\n", encoding="utf-8")
        for form in ("text", "json", "github"):
            assert live(call("check", str(rules), "--format", form).output) == set(), (name, form)


@pytest.mark.threat("path-traversal", "log-injection")
def test_a_whole_run_logs_no_live_character(sqlite_url: str, tmp_path: Path) -> None:
    names = [name for name in (*NAMES, "../../x", "/tmp/x") if "\ud800" not in name and "\0" not in name]
    sites = tuple(("Europe", name) for name in names)
    portal = Portal(tiny(sites, levels=("Country", "Site")), now=SystemClock().now)
    portal.figures = lambda _service, _node, metric, _at: (
        100.0 if metric in ("devices", "devices_with_errors") else None
    )
    with ThreadedPortal(portal) as threaded:
        (tmp_path / "rules.toml").write_text(f'[[source]]\nname = "portal"\nurl = "{threaded.url}"\n{_RULE}{_CONSOLE}')
        done = start(
            *("run", "--once", "--rules", str(tmp_path / "rules.toml")),
            env={
                "SENTINEL_DATABASE_URL": sqlite_url,
                "SENTINEL_SOURCE_PORTAL_USERNAME": USER,
                "SENTINEL_SOURCE_PORTAL_PASSWORD": PASSWORD,
            },
        )
    assert "kind=degraded" in done.stderr
    assert "degraded" in done.stdout.lower() or "warning" in done.stdout.lower()
    assert live(done.stderr) == live(done.stdout) == set()
    written = {one.name for one in tmp_path.iterdir()}
    assert written == {"rules.toml", "sentinel.db", "sentinel.db-lock"}, "no name has become a path"


_CONSOLE = '[[receiver]]\nname = "x"\nconsole = true\n[[route]]\nto = ["x"]\n'


def _path(run: RecordedRun) -> str:
    assert run.db is not None
    return run.db.shown


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []
