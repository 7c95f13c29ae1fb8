"""A Slack incoming webhook: messages can be posted there, and neither edited, threaded nor looked up."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sentinel.deliver import blocks, slack_answers
from sentinel.deliver.channel import Delivered, Delivery, Outcome, Refused, Unclear
from sentinel.deliver.parts import Wording
from sentinel.deliver.posting import Poster, outcome
from sentinel.deliver.slack_answers import Meaning
from sentinel.deliver.times import local
from sentinel.deliver.wording import line_of, wording
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import ChannelKind
from sentinel.fetch import Answer, Client, Trouble

if TYPE_CHECKING:
    from sentinel.deliver.settings import Secret

DEADLINE = 15.0

_WORD = re.compile(r"[a-z][a-z_]{1,60}")
_OPENS = frozenset({NoticeKind.DEGRADED, NoticeKind.TEST})
_CREDENTIAL_HINT = "Make a new incoming webhook in Slack and configure its URL."


class SlackWebhookChannel:
    """One webhook. Its URL is a credential. Every step is a message of its own that names the beginning.

    `client` carries the posts instead of one of its own.
    """

    kind: ChannelKind = "slack_webhook"
    proves = False

    def __init__(self, url: Secret, *, deadline: float = DEADLINE, client: Client | None = None) -> None:
        self._poster = Poster(url, deadline=deadline, client=client)

    async def send(self, delivery: Delivery) -> Outcome:
        """Post; where Slack finds the message too big, a shorter one, then plain text."""
        words = _referring(delivery)
        shorter = words.shorter()
        told: Outcome = Refused("no form of the message fits")
        for form in (blocks.message(words, delivery.at), blocks.message(shorter, delivery.at), blocks.plain(shorter)):
            body = json.dumps(form).encode("ascii")
            answer = await self._poster.post(body, {"Content-Type": "application/json"})
            told = _outcome(answer, delivery)
            if not (isinstance(answer, Answer) and _meaning(answer) is Meaning.TOO_BIG):
                break
        return told

    async def refresh(self, delivery: Delivery) -> Outcome:
        """Nothing: what was sent cannot be changed."""
        return Delivered(delivery.ref)

    async def look_up(self, delivery: Delivery) -> Delivered | Unclear | None:
        """A webhook answers no questions."""
        return Unclear(f"an incoming webhook cannot be asked what it has ({delivery.kind.value})")

    async def close(self) -> None:
        """Let go of connections."""
        await self._poster.close()


def _referring(delivery: Delivery) -> Wording:
    """The message with what the thread would have shown: which message it goes on from, and this step."""
    words = wording(delivery)
    if delivery.kind in _OPENS or delivery.first:
        return words
    began = local(words.since if words.since is not None else delivery.story.incident.opened_at, words.timezone)
    line = line_of(delivery)
    notes = words.notes if not line or words.close else (line, *words.notes)
    return replace(words, text=f"{words.text} (re: {began})", title=f"re: {began} {words.title}", notes=notes)


def _outcome(answer: Answer | Trouble, delivery: Delivery) -> Outcome:
    told = outcome(answer, delivery.at)
    if isinstance(told, Delivered):
        assert isinstance(answer, Answer), "only an answer delivers"
        proper = answer.body.strip() == b"ok"
        return Delivered({"posted": delivery.key}) if proper else Unclear("the webhook's answer is not Slack's")
    if isinstance(told, Refused) and isinstance(answer, Answer) and (word := _word(answer)):
        known = slack_answers.ANSWERS.get(word)
        if known is None:
            return Refused(f"{told.reason} {word}", _CREDENTIAL_HINT)
        return Refused(f"{told.reason} {word}", known.hint, known.about)
    return told


def _meaning(answer: Answer) -> Meaning | None:
    known = slack_answers.ANSWERS.get(_word(answer))
    return known.meaning if known is not None else None


def _word(answer: Answer) -> str:
    """The code that Slack gives as the whole body, or nothing."""
    text = answer.body[:100].decode("ascii", "replace").strip()
    return text if _WORD.fullmatch(text) else ""
