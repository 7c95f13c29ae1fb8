"""What cannot be used is refused at the start, with every problem and its place, and exit code 2."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.cli.terminal import call
from tests.e2e.stage import stage

pytestmark = pytest.mark.process

BROKEN = """
[defaults]
every = "soon"
[[source]]
name = "portal"
type = "nexthink"
url = "ftp://portal"
[[rule]]
id = "a"
summary = "A"
service = "X"
hierarchy = "Location"
level = "Site"
critical = "devices >"
colour = "red"
"""


def test_all_problems_of_a_rules_file_are_told_at_once(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        (tmp_path / "rules.toml").write_text(BROKEN)
        assert program.start().finish() == 2
        for line in (3, 7, 14, 15):
            assert f"rules.toml:{line}:" in program.log
        assert "Traceback" not in program.log
        assert it.polls == 0


def test_a_missing_rules_file_is_named(sqlite_url: str, tmp_path: Path) -> None:
    missing = {"SENTINEL_RULES": str(tmp_path / "elsewhere.toml"), "SENTINEL_DATABASE_URL": sqlite_url}
    said = call("run", env=missing)
    assert said.exit_code == 2
    assert "elsewhere.toml" in said.stderr
    assert said.stdout == ""


def test_bad_variables_are_told_by_name_and_never_by_value() -> None:
    wrong = {"SENTINEL_SMTP_PORT": "canary-port", "SENTINEL_LOG_FORMAT": "xml"}
    said = call("run", env=wrong)
    assert said.exit_code == 2
    for name in wrong:
        assert name in said.stderr
    assert "canary-port" not in said.output


def test_an_unknown_variable_is_only_a_warning(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program("run", "--once", SENTINEL_RULE="x") as program:
        assert program.start().finish() == 0
        assert "SENTINEL_RULE means nothing" in program.log
        assert "SENTINEL_RULES?" in program.log


def test_a_taken_port_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        with it.program(SENTINEL_HTTP_BIND=bind) as program:
            assert program.start().finish() == 2
            assert f"{bind} cannot be listened on" in program.log
            assert it.kinds == []


@pytest.mark.threat("unauthenticated-api")
def test_a_door_that_others_can_reach_needs_a_token(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program(SENTINEL_HTTP_BIND="0.0.0.0:0") as program:
        assert program.start().finish() == 2
        assert "SENTINEL_API_TOKENS is not set" in program.log
        assert it.polls == 0
        program.given["SENTINEL_API_TOKENS"] = "canary-token-of-the-open-door"
        program.start(until="address=http://")
        assert program.get("/healthz")[0] == 401
        assert program.get("/livez") == (200, "ok\n")


@pytest.mark.fault(93)
@pytest.mark.promise("P8")
@pytest.mark.parametrize("once", [False, True])
def test_secrets_that_the_rules_need_are_named_when_they_are_not_set(
    sqlite_url: str, tmp_path: Path, once: bool
) -> None:
    """All of them at once, and none of those that are set."""
    with stage(tmp_path, sqlite_url) as it:
        lacking = {"SENTINEL_SLACK_BOT_TOKEN": "", "SENTINEL_SOURCE_PORTAL_PASSWORD": ""}
        with it.program(*(("run", "--once") if once else ()), **lacking) as program:
            assert program.start().finish() == 2
            for name in lacking:
                assert f"{name} is not set" in program.log
            assert "E205" in program.log
            assert "SENTINEL_SOURCE_PORTAL_USERNAME" not in program.log
            assert it.polls == 0
