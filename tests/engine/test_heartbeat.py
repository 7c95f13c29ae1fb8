"""The sign of life: only after a complete pass, never a secret in a word about it, and its own failing is noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

import pytest

from sentinel.domain.asking import Asked
from sentinel.domain.reading import Query
from sentinel.engine.heartbeat import FAILING, Heartbeat, Pass, with_suffix
from sentinel.fetch import Client
from tests.fakes.clock import FakeClock
from tests.fakes.journal import heard
from tests.fakes.raw_server import answering, raw_server

CANARY = "9b1c-canary-switch"


def asked(name: str) -> Asked:
    return Asked(Query("portal", name, "Location", "Site"), (), 600.0)


@dataclass
class Work:
    """What the program has done, by the steady clock."""

    queries: tuple[Asked, ...] = (asked("Mail"), asked("Chat"))
    ticked: dict[str, float] = field(default_factory=dict)
    told_at: float = 0.0
    leads: bool = True

    @property
    def done(self) -> Pass:
        return Pass(lambda: self.queries, lambda: self.ticked, lambda: self.told_at, lambda: self.leads)

    def tick(self, names: Iterable[str], at: float) -> None:
        self.ticked.update({one.query.key: at for one in self.queries if one.query.service in names})


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(timeout=5) as one:
        yield one


@pytest.mark.promise("P6")
@pytest.mark.fault(6)
def test_a_pass_is_complete_with_a_tick_of_every_query_a_turn_of_the_outbox_and_the_lease() -> None:
    work = Work(told_at=20.0)
    work.tick(["Mail", "Chat"], at=20.0)
    assert work.done.is_complete(10.0, 30.0)
    work.tick(["Chat"], at=9.0)
    assert not work.done.is_complete(10.0, 30.0)
    work.tick(["Chat"], at=20.0)
    work.told_at = 9.0
    assert not work.done.is_complete(10.0, 30.0)
    work.told_at, work.leads = 20.0, False
    assert not work.done.is_complete(10.0, 30.0)


def test_where_nothing_is_asked_a_pass_takes_a_minute() -> None:
    work = Work(queries=(), told_at=50.0)
    assert not work.done.is_complete(10.0, 69.0)
    assert work.done.is_complete(10.0, 70.0)


@pytest.mark.promise("P6", "P8")
async def test_a_beat_that_is_not_taken_is_told_once_in_the_log_and_never_with_its_url(client: Client) -> None:
    clock = FakeClock()
    async with raw_server(answering(b"", status="404 Not Found")) as server:
        it = Heartbeat(f"{server.url}/{CANARY}?token={CANARY}", Work().done, clock, client)
        with heard() as lines:
            assert not await it.beat()
            assert not await it.beat()
    assert [line["event"] for line in lines] == ["heartbeat not taken"]
    assert "404" in lines[0]["reason"]
    assert CANARY not in str(lines) + it.trouble
    assert it.last_at is None
    assert not it.is_failing()
    clock.advance(FAILING)
    assert it.is_failing()


@pytest.mark.promise("P6")
async def test_a_beat_that_is_taken_again_ends_the_trouble(client: Client) -> None:
    clock = FakeClock()
    it = Heartbeat("http://127.0.0.1:9/", Work().done, clock, client)
    assert not await it.beat()
    clock.advance(2 * FAILING)
    async with raw_server(answering(b"OK")) as server:
        it.url = f"{server.url}/{CANARY}"
        assert await it.beat()
        assert server.requests[0].startswith(f"GET /{CANARY} HTTP/1.1")
    assert (it.is_failing(), it.trouble, it.last_at) == (False, "", clock.now())


async def test_starting_and_failing_are_said_only_where_they_are_wanted(client: Client) -> None:
    async with raw_server(answering(b"OK")) as server:
        it = Heartbeat(f"{server.url}/ping", Work().done, FakeClock(), client)
        await it.fail()
        assert server.requests == []
        it.signals = "all"
        await it.fail()
        assert server.requests[0].startswith("GET /ping/fail HTTP/1.1")


def test_a_suffix_goes_to_the_end_of_the_path() -> None:
    assert with_suffix("https://hc.example.com/abc/?rid=1", "/fail") == "https://hc.example.com/abc/fail?rid=1"
    assert with_suffix("https://hc.example.com/abc/", "") == "https://hc.example.com/abc/"
