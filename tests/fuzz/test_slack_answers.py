"""Whatever Slack answers: one of four outcomes, delivered only where Slack named the message."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sentinel.deliver.channel import Delivered, Later, Refused, Unclear
from sentinel.deliver.settings import Secret, SlackSettings, WebhookSettings
from sentinel.deliver.slack import SlackChannel
from sentinel.deliver.slack_calls import SlackCalls
from sentinel.deliver.slack_webhook import SlackWebhookChannel
from sentinel.deliver.webhook import WebhookChannel
from sentinel.domain.notices import NoticeKind
from tests.effort import effort
from tests.fakes.stories import delivery
from tests.fuzz.answers import answers, jsons
from tests.fuzz.wire import Http, listening

TOKEN = "xoxb-canary-of-the-fuzzer"
REF = {"channel": "C1", "ts": "1.2", "key": "sn-abcdefghijkl/1/degraded/workplace/channel"}
ACCEPTED = {"ok": True, "ts": "1.2", "channel": "C1", "message": {"ts": "1.2"}}
HISTORY = {"ok": True, "messages": [{"ts": "1.2", "metadata": {"event_payload": {"notice": "x"}}}], "has_more": False}
LISTED = {"ok": True, "channels": [{"id": "C1", "name": "alerts"}], "response_metadata": {"next_cursor": ""}}
DENIED = {"ok": False, "error": "channel_not_found"}
POSTED = st.lists(answers(jsons(ACCEPTED, ACCEPTED, DENIED)), min_size=1, max_size=3)
READ = st.lists(answers(jsons(HISTORY, HISTORY, LISTED, DENIED)), min_size=1, max_size=3)
KINDS = st.sampled_from([NoticeKind.DEGRADED, NoticeKind.ESCALATED, NoticeKind.RECOVERED, NoticeKind.REMINDER])
OUTCOMES = Delivered | Later | Refused | Unclear


@contextmanager
def served(server: Http) -> Iterator[asyncio.Runner]:
    """The server in a loop, which runs what it is given."""
    with asyncio.Runner() as runner:
        place = listening(server)
        runner.run(place.__aenter__())
        try:
            yield runner
        finally:
            runner.run(place.__aexit__(None, None, None))


def _calls(server: Http) -> SlackCalls:
    return SlackCalls(SlackSettings(token=Secret(TOKEN), api_url=f"http://127.0.0.1:{server.port}/api/", deadline=2.0))


def _named(answer: bytes) -> bool:
    """Whether an answer is a whole 200 of Slack's that says ok and names a message, by words."""
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        told = json.loads(body)
    except ValueError:
        return b"chunked" in head.lower() or b'"ts"' in body  # its end may be cut or its form odd: not judged here
    return isinstance(told, dict) and bool(told.get("ok")) and isinstance(told.get("ts"), str) and bool(told["ts"])


def test_a_message_is_delivered_only_where_slack_names_it() -> None:
    server = Http()
    with served(server) as runner:
        seen: set[type] = set()

        @effort(250)
        @given(POSTED, KINDS, st.booleans())
        def check(given_: list[bytes], kind: NoticeKind, first: bool) -> None:
            server.answers, server.requests = list(given_), 0
            told = runner.run(_sent(server, kind, first=first))
            assert isinstance(told, OUTCOMES)
            _is_plain(told)
            seen.add(type(told))
            if isinstance(told, Delivered):
                assert _named(given_[min(server.requests, len(given_)) - 1]), given_
                assert told.ref is not None
                assert all(isinstance(value, str) and value for value in told.ref.values())

        check()
        assert seen == {Delivered, Later, Refused, Unclear}, "every outcome was met"


def test_a_look_up_finds_only_what_carries_the_key() -> None:
    server = Http()
    with served(server) as runner:

        @effort(250)
        @given(READ, st.booleans())
        def check(given_: list[bytes], first: bool) -> None:
            server.answers, server.requests = list(given_), 0
            told = runner.run(_looked_up(server, first=first))
            assert told is None or isinstance(told, Unclear), (told, "nobody answered with this key")

        check()


def test_a_webhook_is_delivered_only_by_its_own_yes() -> None:
    server = Http()
    with served(server) as runner:
        url = Secret(f"http://127.0.0.1:{server.port}/{TOKEN}")
        channels = (WebhookChannel(WebhookSettings(url=url, deadline=2.0)), SlackWebhookChannel(url, deadline=2.0))

        @effort(150)
        @given(answers(st.sampled_from([b"ok", b"ok", b"no_service", b"invalid_blocks", b"<html>ok"])), st.booleans())
        def check(answer: bytes, slack: bool) -> None:
            server.answers = [answer]
            told = runner.run(channels[slack].send(delivery()))
            assert isinstance(told, OUTCOMES)
            _is_plain(told)
            if isinstance(told, Delivered):
                assert re.match(rb"HTTP/\d\.\d +2\d\d", answer), answer
                assert not slack or b"ok" in answer

        check()
        for channel in channels:
            runner.run(channel.close())


async def _sent(server: Http, kind: NoticeKind, *, first: bool) -> Any:
    calls = _calls(server)
    try:
        return await SlackChannel("#alerts", calls).send(delivery(kind, ref=None if first else REF))
    finally:
        await calls.close()


async def _looked_up(server: Http, *, first: bool) -> Any:
    calls = _calls(server)
    try:
        return await SlackChannel("#alerts", calls).look_up(
            delivery(ref=None if first else REF, key="sn-nobody-has-this")
        )
    finally:
        await calls.close()


def _is_plain(told: Delivered | Later | Refused | Unclear) -> None:
    """What an outcome says is one short line without the credential."""
    words = told.note if isinstance(told, Delivered) else told.reason
    assert len(words) < 500
    assert words.isprintable()
    assert TOKEN not in words
    if isinstance(told, Later) and told.retry_after is not None:
        assert 0 <= told.retry_after <= 3600
