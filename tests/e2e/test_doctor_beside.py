"""`sentinel doctor` beside a program that runs: it looks, and disturbs nothing."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.cli.terminal import start
from tests.e2e.canaries import API_TOKEN
from tests.e2e.stage import PASSWORD, TOKEN, stage
from tests.fakes.program import eventually

pytestmark = pytest.mark.process


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.promise("P8")
def test_beside_a_running_program_it_only_looks(database_url: str, tmp_path: Path) -> None:
    given = {"SENTINEL_HTTP_BIND": f"127.0.0.1:{_free_port()}", "SENTINEL_API_TOKENS": API_TOKEN}
    with stage(tmp_path, database_url, given=given) as it, it.program() as program:
        program.start(until="polling")
        it.bad = {it.sites[0]}
        eventually(lambda: it.kinds == ["posted"], "the opening")
        done = start("doctor", "--json", env=it.given)
        found = json.loads(done.stdout)
        told = {(one["group"], one["check"]): one for one in found["checks"]}
        assert done.returncode == 0, done.stdout
        assert told["database", "write"]["state"] == "skipped"
        assert told["database", "instance"]["text"].endswith("runs with these rules")
        assert "a running Sentinel serves" in told["http", "bind"]["text"]
        assert told["http", "healthz"]["state"] == "ok"
        assert told["source portal", "data"]["state"] == "ok"
        assert told["slack", "#team-aland"]["state"] == "ok"
        it.polled()
        assert it.kinds == ["posted"]
        assert program.running
    assert [one for one in (PASSWORD, TOKEN, API_TOKEN) if one in done.stdout + done.stderr] == []
