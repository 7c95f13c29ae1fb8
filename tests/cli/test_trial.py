"""`sentinel notices test`: the whole way out, with and without a running instance."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from sentinel.demo.workspace import Workspace
from sentinel.store import lease, outbox
from sentinel.store.database import Database
from tests.cli.terminal import call, environment, start
from tests.fakes.postgres import Postgres

RULES = """
[[source]]
name = "portal"
type = "nexthink"
url = "http://127.0.0.1:1"

[[rule]]
id = "devices-in-error"
summary = "Devices with errors"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
critical = "devices_with_errors / devices > 10%"

[[receiver]]
name = "workplace"
console = true

[[receiver]]
name = "night"
email = { to = ["night@example.com"] }

[[route]]
to = ["workplace", "night"]
"""


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """The command sets logging up for the whole process, which is the tests' own here."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.toml").write_text(RULES)
    monkeypatch.setenv("SENTINEL_DATABASE_URL", f"sqlite:///{tmp_path / 'sentinel.db'}")


def _tested(*options: str, code: int) -> list[dict[str, Any]]:
    done = call("notices", "test", "--json", *options)
    assert done.exit_code == code, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_without_an_instance_it_is_told_here(tmp_path: Path) -> None:
    (found,) = _tested("--receiver", "workplace", code=0)
    assert (found["kind"], found["state"], found["channel"], found["attempts"]) == ("test", "delivered", "console", 1)
    done = call("notices", "test", "--receiver", "workplace")
    assert done.stdout.splitlines()[1].startswith("delivered\tworkplace\tconsole")
    assert "Test notice" in done.stderr, "what the console shows is no data"


def test_a_channel_that_is_not_configured_is_1_with_the_reason() -> None:
    found = {one["receiver"]: one for one in _tested("--wait", "0", code=1)}
    assert found["workplace"]["state"] == "delivered"
    assert found["night"]["state"] == "abandoned"
    assert "SENTINEL_SMTP_HOST" in found["night"]["reason"]


def test_with_a_running_instance_it_is_left_to_that_one(tmp_path: Path) -> None:
    call("db", "upgrade")
    running = Database.open(f"sqlite:///{tmp_path / 'sentinel.db'}")
    running.claim()
    try:
        (found,) = _tested("--receiver", "workplace", "--wait", "0", code=1)
        assert found["state"] == "waiting"
        done = call("notices", "test", "--receiver", "workplace", "--wait", "0")
        assert "a running Sentinel tells it" in done.stderr
        assert "not told yet" in done.stderr
        assert outbox.depth(running, 0.0).waiting == 2
    finally:
        running.close()


@pytest.mark.postgres
def test_on_postgres_the_lease_tells_whether_an_instance_runs(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.create()
    monkeypatch.setenv("SENTINEL_DATABASE_URL", url)
    call("db", "upgrade")
    running = Database.open(url)
    epoch = lease.acquire(running, "other-host:1", 60.0, "")
    assert epoch is not None
    (found,) = _tested("--receiver", "workplace", "--wait", "0", code=1)
    assert found["state"] == "waiting"
    lease.release(running, epoch)
    running.close()
    assert _tested("--receiver", "workplace", code=0)[0]["state"] == "delivered"
    postgres.drop(url)


@pytest.fixture
def heeding_ctrl_c() -> Iterator[None]:
    """Tests that run in the background of a shell ignore Ctrl-C, and what they start would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.process
@pytest.mark.usefixtures("heeding_ctrl_c")
def test_ctrl_c_while_waiting_is_130_without_a_traceback(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sentinel.db'}"
    call("db", "upgrade")
    running = Database.open(url)
    running.claim()
    process = subprocess.Popen(  # our own program
        [sys.executable, "-m", "sentinel", "notices", "test", "--receiver", "workplace", "--wait", "60"],
        env=environment({"SENTINEL_DATABASE_URL": url}) | {"PYTHONFAULTHANDLER": "1"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "a running Sentinel tells it\n"
    process.send_signal(signal.SIGINT)
    try:
        said, words = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # it says where it hangs
        said, words = process.communicate()
    finally:
        running.close()
    assert (process.returncode, said) == (130, "")
    assert words == "interrupted\n"


def test_a_receiver_that_there_is_not_is_not_found() -> None:
    done = call("notices", "test", "--receiver", "workplaces")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "hint: did you mean workplace?" in done.stderr


@pytest.mark.process
async def test_in_slack_it_arrives_once_and_as_data_only_the_outcome(tmp_path: Path) -> None:
    async with Workspace(now=lambda: 1_780_300_800.0) as workspace:
        (tmp_path / "rules.toml").write_text(
            RULES.replace("console = true", 'slack = { channel = "#workplace-alerts" }')
        )
        env = {
            "SENTINEL_DATABASE_URL": f"sqlite:///{tmp_path / 'sentinel.db'}",
            "SENTINEL_SLACK_BOT_TOKEN": workspace.token,
            "SENTINEL_SLACK_API_URL": workspace.api_url,
            "SENTINEL_RULES": str(tmp_path / "rules.toml"),
        }
        done = await asyncio.to_thread(start, "notices", "test", "--receiver", "workplace", "--json", env=env)
        assert done.returncode == 0, done.stderr
        (found,) = json.loads(done.stdout)
        assert (found["state"], found["channel"]) == ("delivered", "slack:#workplace-alerts")
        (message,) = workspace.messages("workplace-alerts")
        assert "est notice" in message.text
        assert workspace.token not in done.stdout + done.stderr
