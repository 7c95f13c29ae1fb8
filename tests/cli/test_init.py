"""`sentinel init` against a simulated Portal: asked by options, by a person at a terminal, and without any Portal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.clock import SystemClock
from sentinel.config.loader import load
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.switches import Switches
from sentinel.demo.threaded import ThreadedPortal
from sentinel.demo.tiers import tier
from sentinel.store.database import Database
from sentinel.store.queries import load as load_queries
from tests.cli.terminal import call, environment, start

CTRL_C = "\x03"
MONDAY = 1_780_300_800.0
CREDENTIALS = {"SENTINEL_SOURCE_PORTAL_USERNAME": USER, "SENTINEL_SOURCE_PORTAL_PASSWORD": PASSWORD}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadedPortal(Portal(tier("demo"), now=SystemClock().now, switches=Switches(frozen_at=MONDAY))) as threaded:
        yield threaded.url


@pytest.mark.process
def test_what_it_writes_is_checked_and_run_and_gives_a_reading(folder: Path, url: str) -> None:
    done = call("init", "--url", url, "--yes", "--service", "Exchange Online", env=CREDENTIALS)
    assert (done.exit_code, done.stdout) == (0, "rules.toml written\nrules.schema.json written\n")
    assert "did you mean" not in done.stderr
    assert "To be set" not in done.stderr
    assert call("check").stdout == "1 rule, 1 route: good\n"
    rule = load(folder / "rules.toml").rulebook.rules[0]
    assert (rule.hierarchy, rule.levels) == ("Location", ("Site",)), "as the Portal has them"
    once = start("run", "--once", env={**CREDENTIALS, "SENTINEL_DATABASE_URL": f"sqlite:///{folder}/sentinel.db"})
    assert once.returncode == 0, once.stderr
    database = Database.open(f"sqlite:///{folder}/sentinel.db", read_only=True)
    with database.reading() as connection:
        (state,) = load_queries(connection).values()
    database.close()
    assert (state.query.service, state.failure) == ("Exchange Online", None)
    assert state.known is not None
    assert len(state.known.nodes) > 1


def test_secrets_are_never_written(folder: Path, url: str) -> None:
    done = call("init", "--url", url, "--yes", "--environment", "env.example", "--slack", "ops", env=CREDENTIALS)
    assert done.exit_code == 0
    assert {path.name for path in folder.iterdir()} == {"rules.toml", "rules.schema.json", "env.example"}
    for path in folder.iterdir():
        assert PASSWORD not in path.read_text(encoding="utf-8")
    assert "SENTINEL_SLACK_BOT_TOKEN=\n" in (folder / "env.example").read_text(encoding="utf-8")
    assert "To be set in the environment: SENTINEL_SLACK_BOT_TOKEN\n" in done.stderr


def test_without_a_portal_the_file_is_written_all_the_same_and_the_exit_code_says_it(folder: Path) -> None:
    done = call("init", "--url", "http://127.0.0.1:1", "--yes", env=CREDENTIALS)
    assert done.exit_code == 3
    assert "refuses the connection" in done.stderr
    assert "could not be looked up" in done.stderr
    assert call("check").exit_code == 0
    assert "`sentinel discover` does" in (folder / "rules.toml").read_text(encoding="utf-8")


def test_refused_credentials_are_5(folder: Path, url: str) -> None:
    done = call("init", "--url", url, "--yes", env={**CREDENTIALS, "SENTINEL_SOURCE_PORTAL_PASSWORD": "wrong"})
    assert done.exit_code == 5
    assert (folder / "rules.toml").exists()


@pytest.mark.parametrize("more", [["--offline"], []], ids=["offline", "without credentials"])
def test_a_portal_that_was_not_asked_is_named(more: list[str]) -> None:
    done = call("init", "--url", "portal.example.com", "--yes", *more)
    assert done.exit_code == 0
    assert "The Portal was not asked" in done.stderr
    assert "SENTINEL_SOURCE_PORTAL_USERNAME, SENTINEL_SOURCE_PORTAL_PASSWORD" in done.stderr


def test_nothing_is_overwritten_unless_it_is_said(folder: Path) -> None:
    (folder / "rules.toml").write_text("mine")
    done = call("init", "--url", "portal.example.com", "--yes")
    assert done.exit_code == 2
    assert "rules.toml is there already: --force" in done.stderr
    assert (folder / "rules.toml").read_text() == "mine"
    (folder / "rules.schema.json").write_text("{}")
    assert call("init", "other.toml", "--url", "portal.example.com", "--yes").exit_code == 0
    assert (folder / "rules.schema.json").read_text() == "{}"
    assert call("init", "--force", "--url", "portal.example.com", "--yes").exit_code == 0
    assert "mine" not in (folder / "rules.toml").read_text()
    assert len((folder / "rules.schema.json").read_text()) > 1000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--url is needed where nobody can be asked"),
        (["--url", "http://portal.example.com"], "error[E121]"),
        (["--url", "portal.example.com", "--slack", "@ana"], "error[E130]"),
        (["--url", "portal.example.com", "--email", "ana"], "error[E122]"),
        (["--url", "portal.example.com", "--timezone", "Europe/Zurch"], 'did you mean "Europe/Zurich"?'),
    ],
)
def test_an_answer_that_cannot_be_used_writes_nothing(folder: Path, options: list[str], said: str) -> None:
    done = call("init", *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert list(folder.iterdir()) == []


def test_what_the_portal_does_not_show_is_doubted_with_the_nearest(url: str) -> None:
    wanted = ("--service", "Exchange Onlin", "--level", "Sites", "--hierarchy", "Location")
    done = call("init", "--url", url, "--yes", *wanted, env=CREDENTIALS)
    assert done.exit_code == 0
    assert "shows no service 'Exchange Onlin'; did you mean 'Exchange Online'?" in done.stderr
    assert "shows no level 'Sites'; did you mean 'Site'?" in done.stderr


def test_a_folder_that_is_not_there_is_told() -> None:
    done = call("init", "nowhere/rules.toml", "--url", "portal.example.com", "--yes")
    assert done.exit_code == 2
    assert "nowhere/rules.toml cannot be written" in done.stderr


def at_a_terminal(*answers: tuple[str, str]) -> tuple[str, int]:
    """What a person sees who types these answers as soon as their questions appear, and the exit code."""
    main, child = pty.openpty()
    command = [sys.executable, "-m", "sentinel", "init"]
    process = subprocess.Popen(  # noqa: S603  # our own program
        command, env={**environment(), "TERM": "xterm"}, stdin=child, stdout=child, stderr=child, start_new_session=True
    )
    os.close(child)
    shown, seen = "", 0
    waiting = list(answers)
    while True:
        if waiting and waiting[0][0] in shown[seen:]:
            seen = shown.index(waiting[0][0], seen) + len(waiting[0][0])
            answer = waiting.pop(0)[1]
            if answer == CTRL_C:
                process.send_signal(signal.SIGINT)
                answer = ""  # wakes a reader that was about to wait when the signal came
            os.write(main, f"{answer}\n".encode())
        try:
            chunk = os.read(main, 65536)
        except OSError:  # the last writer has gone
            break
        if not chunk:
            break
        shown += chunk.decode()
    os.close(main)
    return shown.replace("\r\n", "\n"), process.wait(60)


@pytest.mark.process
def test_a_person_is_asked_few_questions_and_again_where_an_answer_cannot_be_used(folder: Path, url: str) -> None:
    shown, code = at_a_terminal(
        ("Address of the Nexthink Portal", "http://portal.example.com"),
        ("Address of the Nexthink Portal", url),
        ("User", USER),
        ("Password", PASSWORD),
        ("Services", "1, Teams"),
        ("Level", ""),
        ("Slack channel", "@ana"),
        ("Slack channel", "ops"),
        ("E-mail addresses", "a@example.com, b@example.com"),
    )
    assert code == 0, shown
    assert "unencrypted" in shown
    assert "neither the #name" in shown
    assert PASSWORD not in shown
    loaded = load(folder / "rules.toml")
    first = shown.split("services:\n")[1].split("\n")[0].split("1  ")[1]
    assert [one.text for one in loaded.rulebook.rules[0].services] == [first, "Teams"]
    assert [one.channel for one in loaded.rulebook.routes[0].to] == ["slack:#ops", "email:a@example.com, b@example.com"]
    assert PASSWORD not in (folder / "rules.toml").read_text(encoding="utf-8")


@pytest.mark.process
def test_a_person_may_go_on_without_a_portal(folder: Path) -> None:
    shown, code = at_a_terminal(
        ("Address of the Nexthink Portal", "portal.example.com"),
        ("User, empty to go on without", ""),
        ("Services", ""),
        ("Hierarchy", ""),
        ("Level", "Country"),
        ("Slack channel", ""),
        ("E-mail", ""),
    )
    assert code == 0, shown
    rule = load(folder / "rules.toml").rulebook.rules[0]
    assert (rule.hierarchy, rule.levels) == ("Location", ("Country",))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell starts its background jobs with SIGINT ignored, which a child inherits; a handler it does not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.process
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_leaves_nothing(folder: Path) -> None:
    shown, code = at_a_terminal(("Address of the Nexthink Portal", CTRL_C))
    assert code == 130, shown
    assert list(folder.iterdir()) == []
