"""Answers that the fuzzers found to be misread once: each is neither a yes nor an end of the program."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sentinel.deliver.channel import Delivered, Later, Refused, Unclear
from sentinel.deliver.settings import Secret, SlackSettings, SmtpSettings
from sentinel.deliver.slack import SlackChannel
from sentinel.deliver.slack_calls import SlackCalls
from sentinel.deliver.smtp import SmtpChannel
from tests.fakes.mailbox import Mailbox
from tests.fakes.raw_server import answering, raw_server
from tests.fakes.stories import delivery

TOKEN = "xoxb-canary-odd"
REF = {"channel": "C1", "ts": "1.2", "key": "k"}


async def asked(answer: Any, *, first: bool = True, look_up: bool = False) -> Any:
    """What becomes of a notice whose every call Slack answers like that."""
    body = json.dumps(answer).encode()
    async with raw_server(answering(body, headers="Connection: close\r\n")) as server:
        calls = SlackCalls(SlackSettings(token=Secret(TOKEN), api_url=f"{server.url}/api/", deadline=5.0))
        channel, one = SlackChannel("#alerts", calls), delivery(ref=None if first else REF)
        try:
            return await (channel.look_up(one) if look_up else channel.send(one))
        finally:
            await calls.close()


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": True, "ts": ["1.2"], "channel": "C1"},
        {"ok": True, "ts": 1.2, "channel": "C1"},
        {"ok": True, "ts": "1.2", "channel": {"id": "C1"}},
        {"ok": True, "ts": None, "channel": "C1"},
        {"ok": "yes", "ts": "1.2", "channel": "C1"},
        {"ok": 1, "ts": "1.2", "channel": "C1"},
        [{"ok": True}],
        "ok",
        True,
    ],
)
async def test_a_yes_that_names_no_message_is_unclear(answer: Any) -> None:
    assert isinstance(await asked(answer), Unclear)
    assert not isinstance(await asked(answer, first=False), Refused)


async def test_a_line_without_a_name_is_unclear_too() -> None:
    assert isinstance(await asked({"ok": True, "channel": "C1"}, first=False), Unclear)


@pytest.mark.parametrize("more", [True, "x", ["x"], 5, {"next_cursor": 5}, {"next_cursor": ["x"]}])
async def test_a_history_that_does_not_say_whether_it_goes_on_proves_nothing(more: Any) -> None:
    for first, page in ((False, {"messages": []}), (True, {"channels": [{"id": "C1", "name": "other"}]})):
        answer = {"ok": True, **page, "response_metadata": more}
        assert isinstance(await asked(answer, first=first, look_up=True), Unclear)


async def test_a_found_message_without_a_name_is_unclear() -> None:
    found = {"ts": 5, "metadata": {"event_payload": {"notice": delivery().key}}}
    answer = {"ok": True, "channels": [{"id": "C1", "name": "alerts"}], "messages": [found]}
    assert isinstance(await asked(answer, look_up=True), Unclear)


@pytest.mark.threat("secrets")
async def test_an_echo_of_the_token_is_not_repeated() -> None:
    told = await asked({"ok": False, "error": f"bad token {TOKEN}"})
    assert TOKEN not in told.reason


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with Mailbox(login=("u", "canary-pa55word")) as opened:
        yield opened


async def mailed(box: Mailbox) -> Any:
    settings = SmtpSettings(
        host="127.0.0.1",
        port=box.port,
        sender="s@example.com",
        security="none",
        username="u",
        password=Secret("canary-pa55word"),
        deadline=5.0,
    )
    return await SmtpChannel("ana@example.com", settings).send(delivery())


@pytest.mark.parametrize("reply", ["251 taken elsewhere", "354 go on", "999 what"])
async def test_a_mail_whose_end_got_neither_yes_nor_no_may_have_been_taken(box: Mailbox, reply: str) -> None:
    box.mishaps.data = reply
    assert isinstance(await mailed(box), Unclear)


async def test_only_what_is_a_refusal_refuses_a_recipient_for_good(box: Mailbox) -> None:
    box.mishaps.recipients = {"ana@example.com": "650 what"}
    assert isinstance(await mailed(box), Later)
    box.mishaps.recipients = {}
    assert isinstance(await mailed(box), Delivered)


@pytest.mark.threat("secrets")
async def test_an_echo_of_the_password_is_not_repeated(box: Mailbox) -> None:
    box.mishaps.recipients = {"ana@example.com": "550 you said canary-pa55word"}
    told = await mailed(box)
    assert isinstance(told, Refused)
    assert "canary" not in told.reason
    assert "***" in told.reason
