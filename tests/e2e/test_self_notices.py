"""Trouble with Sentinel itself, in the real program: told where it can be heard, red on the health page, closed once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sentinel.app import App, load_all
from sentinel.clock import SystemClock
from tests.cli.terminal import start
from tests.e2e.stage import Stage, stage
from tests.fakes.program import eventually

pytestmark = pytest.mark.process

CANARY = "canary-switch-4e7a"
HOME, REST = "#team-aland", "#team-rest"


def texts(it: Stage, channel: str) -> list[str]:
    """What the messages of a channel say, as a lock screen shows them."""
    return [message.text for message in it.slack.roots(channel)]


@pytest.mark.promise("P1")
@pytest.mark.fault(99)
def test_a_channel_that_refuses_is_announced_on_another_one_until_its_notice_is_told(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = {"SENTINEL_DATABASE_URL": sqlite_url}
    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        home = it.slack.channel(HOME)
        home.private, home.member = True, False
        program.start(until="polling")
        it.bad = {it.sites[0]}
        eventually(lambda: texts(it, REST), "the other channel hears of it")
        (told,) = texts(it, REST)
        assert "given up" in told
        assert texts(it, HOME) == []
        assert program.checks()["outbox"][0] is False
        (listed,) = [one for one in incidents(database) if one["rule"] == "sentinel/abandoned"]
        assert (listed["service"], listed["source"], listed["node"]) == (None, "sentinel", ["slack"])
        home.member = True
        assert start("notices", "retry", "--all", env=database).returncode == 0
        eventually(lambda: texts(it, HOME), "the notice is told after all")
        eventually(lambda: "recovered" in texts(it, REST)[0].lower(), "the other channel hears that it is over")
        assert len(texts(it, REST)) == len(texts(it, HOME)) == 1
        eventually(lambda: program.checks()["status"] == 200, "health is green again")


@pytest.mark.promise("P6", "P8")
@pytest.mark.fault(6)
def test_a_heartbeat_leaves_after_complete_passes_and_its_url_is_in_nothing_written(
    sqlite_url: str, tmp_path: Path
) -> None:
    with switch() as (url, beats):
        given = {"SENTINEL_HEARTBEAT_URL": f"{url}/{CANARY}", "SENTINEL_HEARTBEAT_SIGNALS": "all"}
        with stage(tmp_path, sqlite_url, given=given) as it, it.program() as program:
            program.start(until="polling")
            eventually(lambda: len(beats) >= 3, "the switch hears of it")
            assert beats[0] == f"/{CANARY}/start"
            assert set(beats[1:]) == {f"/{CANARY}"}
            assert "s ago" in program.checks()["heartbeat"][1]
            written = program.get("/metrics")[1] + program.get("/healthz")[1]
            assert 'sentinel_heartbeats_total{outcome="sent"}' in written
            assert program.terminate() == 0
            assert CANARY not in written + program.log + program.out
            assert not [one for one in tmp_path.rglob("sentinel.db*") if CANARY.encode() in one.read_bytes()]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(40.0):
        while not condition():  # noqa: ASYNC110 - the program's state is what is waited for
            await asyncio.sleep(0.05)


@pytest.mark.promise("P6")
@pytest.mark.fault(9)
def test_a_program_that_keeps_dying_says_so_once(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        program.start(until="polling").terminate()
        for _ in range(3):
            program.start(until="polling").kill()
        assert it.itself == []
        program.start(until="polling")
        eventually(lambda: it.itself, "it is told")
        program.kill()
        program.start(until="polling")
        it.polled(8)
        assert len(it.itself) == 1
        assert "keeps dying" in it.itself[0].text
        assert program.terminate() == 0


class Ahead(SystemClock):
    """A machine's clock that can be wrong."""

    wrong_by = 0.0

    def now(self) -> float:
        return super().now() - self.wrong_by


@pytest.mark.fault(26)
async def test_nothing_is_polled_before_the_clock_has_been_set(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it:
        clock = Ahead()
        clock.wrong_by = clock.now() - 86400.0
        app = App(*load_all(it.given), clock=clock)
        running = asyncio.create_task(app.run())
        try:
            await until(lambda: not app.health.stopping and app.door is not None and app.door.port > 0)
            assert [check.good for check in await app.health.whole() if check.name == "clock"] == [False]
            await asyncio.sleep(0)
            assert (it.polls, app.instance.role) == (0, "standby")
            clock.wrong_by = 0.0
            await until(lambda: it.polls > 0)
            assert "clock" not in {check.name for check in await app.health.whole()}
        finally:
            app.stop()
            await running


@contextmanager
def switch() -> Iterator[tuple[str, list[str]]]:
    """A dead man's switch: its URL, and the paths that it was asked for."""
    beats: list[str] = []

    class Heard(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            beats.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Heard)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", beats
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def incidents(database: dict[str, str]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(start("incidents", "list", "--json", env=database).stdout)
    return found
