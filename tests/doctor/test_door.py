"""The HTTP address looked at: free, ours, somebody else's, impossible."""

from __future__ import annotations

import json

from sentinel.doctor.door import examine
from sentinel.findings import Finding, Findings, State
from tests.fakes.raw_server import Behaviour, answering, raw_server


async def looked_at(bind: tuple[str, int] | None, *tokens: str) -> list[Finding]:
    found = Findings()
    await examine(bind, tokens, found)
    return list(found)


async def looked_at_one_that(behave: Behaviour) -> list[Finding]:
    async with raw_server(behave) as server:
        return await looked_at(("127.0.0.1", server.port))


def health(status: str, **checks: tuple[bool, str]) -> Behaviour:
    listed = [{"name": name, "ok": good, "text": text} for name, (good, text) in checks.items()]
    code = "200 OK" if status == "ok" else "503 Service Unavailable"
    return answering(json.dumps({"status": status, "checks": listed}).encode(), status=code)


async def test_a_free_address_says_that_nothing_runs() -> None:
    async with raw_server(answering()) as gone:
        pass
    (found,) = await looked_at(("127.0.0.1", gone.port))
    assert (found.state, found.text) == (State.OK, f"127.0.0.1:{gone.port} is free: no Sentinel serves it now")


async def test_a_running_sentinel_is_asked_how_it_is() -> None:
    bind, healthz = await looked_at_one_that(health("ok", store=(True, "answers"), role=(True, "leader")))
    assert "a running Sentinel serves 127.0.0.1:" in bind.text
    assert (healthz.state, healthz.text) == (State.OK, "store answers; role leader")


async def test_what_a_running_sentinel_complains_about_is_passed_on() -> None:
    _, healthz = await looked_at_one_that(
        health("failing", store=(True, "answers"), outbox=(False, "2 notices abandoned"))
    )
    assert (healthz.state, healthz.text, healthz.code) == (State.FAILED, "outbox: 2 notices abandoned", 1)


async def test_another_program_at_our_address_is_a_mistake_of_the_configuration() -> None:
    for behave in (answering(b"<html>"), answering(b'{"status": "up"}'), answering(b"[]"), health("fine")):
        (found,) = await looked_at_one_that(behave)
        assert found.text.startswith("another program listens on 127.0.0.1:")
        assert (found.state, found.code) == (State.FAILED, 2)
        assert "SENTINEL_HTTP_BIND" in found.mend


async def test_a_door_that_asks_for_a_token_is_given_the_one_we_have() -> None:
    """Whether it opens is asked of the real door; here only who gets the token."""
    async with raw_server(health("ok", store=(True, "answers"))) as server:
        await looked_at(("127.0.0.1", server.port), "sha256:" + "0" * 64, "canary-token-4711")
        assert "authorization: bearer canary-token-4711" in server.requests[0].lower()
    closed = answering(b"", status="401 Unauthorized")
    async with raw_server(closed) as server:
        bind, healthz = await looked_at(("127.0.0.1", server.port), "sha256:" + "0" * 64)
        assert "authorization" not in server.requests[0].lower()
    assert (bind.state, healthz.state) == (State.OK, State.SKIPPED)


async def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    (found,) = await looked_at(("192.0.2.1", 8080))
    assert found.state is State.FAILED
    assert found.text.startswith("192.0.2.1:8080 cannot be listened on: ")
    (found,) = await looked_at(("no-such-host.invalid", 8080))
    assert found.state is State.FAILED


async def test_no_address_is_nothing_to_look_at() -> None:
    (found,) = await looked_at(None)
    assert found.state is State.SKIPPED
