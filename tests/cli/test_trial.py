"""`sentinel notices test`: the whole way out, with and without a running instance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel.demo.workspace import Workspace
from sentinel.store import outbox
from sentinel.store.database import Database
from tests.cli.terminal import call

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


def test_a_receiver_that_there_is_not_is_not_found() -> None:
    done = call("notices", "test", "--receiver", "workplaces")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "hint: did you mean workplace?" in done.stderr


async def test_in_slack_it_arrives_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Workspace is not None
