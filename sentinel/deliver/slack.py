"""Slack with a bot token: one root message per incident, edited as it changes, its story in the thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sentinel.deliver import blocks, slack_answers
from sentinel.deliver.channel import Delivered, Delivery, Later, Outcome, Unclear
from sentinel.deliver.parts import Wording
from sentinel.deliver.slack_answers import Meaning
from sentinel.deliver.slack_calls import Accepted, Denied, Lost, Reply, SlackCalls
from sentinel.deliver.slack_search import SlackSearch, is_root, mark
from sentinel.deliver.wording import line_of, wording
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import ChannelKind

EVENT_TYPE = "sentinel_notice"

BROADCAST = frozenset(
    {NoticeKind.ESCALATED, NoticeKind.REOPENED, NoticeKind.FLAPPING, NoticeKind.RECOVERED, NoticeKind.DIGEST}
)
"""Steps that the whole channel hears of, unless the notice is quiet."""

CONTINUES = "Continues an earlier message that is gone"

TAKEN_OVER = Later("another instance may tell now")
"""Between two calls of one send: what was edited may be edited again, what is not posted yet is not posted."""

Ref = Mapping[str, str]


class SlackChannel:
    """One channel of a workspace. `to` is `#name`, `name` or an id.

    The reference it hands out holds `channel` and `ts` of the root message and `key`, the notice that made it. A
    digest's reference also holds `digest`: such a root tells of several incidents and is never edited into one of them;
    the later steps of its incidents are lines in its thread.
    """

    kind: ChannelKind = "slack"
    proves = True

    def __init__(self, to: str, calls: SlackCalls) -> None:
        self._to = to
        self._calls = calls
        self._search = SlackSearch(calls)

    async def send(self, delivery: Delivery) -> Outcome:
        """Post the root, or edit it and write the step into its thread. Editing again does no harm; posting might."""
        ref = delivery.ref
        if delivery.first or ref is None:
            return await self._post_root(delivery)
        if delivery.kind is not NoticeKind.REMINDER and _is_its_root(delivery, ref):
            failed = await self._edit(delivery, ref)
            if failed is not None:
                return await self._post_root(delivery, continues=True) if _is_gone(failed) else _unposted(failed)
            if not await delivery.still_ours():
                return TAKEN_OVER
        return await self._post_line(delivery, ref)

    async def refresh(self, delivery: Delivery) -> Outcome:
        """Edit the root, and nothing else."""
        ref = delivery.ref
        if ref is None or not _is_its_root(delivery, ref):
            return Delivered(ref)
        failed = await self._edit(delivery, ref)
        return Delivered(ref) if failed is None else _unposted(failed)

    async def look_up(self, delivery: Delivery) -> Delivered | Unclear | None:
        """Look for the notice's key in the thread and in the channel itself, where a lost root is continued."""
        ref = None if delivery.first else delivery.ref
        if ref is not None:
            line = await self._search.in_thread(ref, delivery.key, delivery.started_at)
            if line is not None:
                return line if isinstance(line, Unclear) else Delivered(ref)
        place = ref["channel"] if ref is not None else await self._search.channel_id(self._to)
        if isinstance(place, Unclear):
            return place
        found = await self._search.in_channel(place, delivery.key, delivery.started_at)
        if found is None or isinstance(found, Unclear):
            return found
        if ref is not None and not is_root(found):
            return Delivered(ref)  # a line of the thread that was also shown in the channel
        ts = found.get("ts")
        if not isinstance(ts, str) or not ts:
            return Unclear("Slack has the message and does not name it")
        return Delivered(_ref(delivery, place, ts))

    async def close(self) -> None:
        """Nothing: the calls are shared by all channels of a workspace, and whoever made them closes them."""

    async def _edit(self, delivery: Delivery, ref: Ref) -> Denied | Lost | None:
        """Bring the root up to date; None when it is."""
        root_key = ref.get("key", delivery.key)
        arguments = {
            "channel": ref["channel"],
            "ts": ref["ts"],
            "link_names": False,
            "parse": "none",
            "metadata": _metadata(delivery, root_key),
        }
        forms = _forms(wording(delivery), delivery.at, mark(root_key, delivery.key))
        reply = await self._fitting("chat.update", forms, arguments)
        return None if isinstance(reply, Accepted) else reply

    async def _post_root(self, delivery: Delivery, *, continues: bool = False) -> Outcome:
        words = wording(delivery)
        if continues:
            if not await delivery.still_ours():
                return TAKEN_OVER
            words = replace(words, notes=(*words.notes, CONTINUES))
        arguments = {"channel": self._to, **_MANNERS, "metadata": _metadata(delivery, delivery.key)}
        reply = await self._fitting("chat.postMessage", _forms(words, delivery.at, mark(delivery.key)), arguments)
        if not isinstance(reply, Accepted):
            return _outcome("chat.postMessage", reply)
        channel, ts = reply.text("channel"), reply.text("ts")
        if not channel or not ts:
            return Unclear("Slack's answer to chat.postMessage names no message")
        self._search.remember(self._to, channel)
        return Delivered(_ref(delivery, channel, ts), CONTINUES if continues else "")

    async def _post_line(self, delivery: Delivery, ref: Ref) -> Outcome:
        line = line_of(delivery)
        if not line:
            return Delivered(ref)
        broadcast = delivery.kind in BROADCAST and not delivery.quiet
        alone = broadcast and delivery.digest is None  # a digest's line says what is new, its root the rest
        arguments = {
            "channel": ref["channel"],
            "thread_ts": ref["ts"],
            "reply_broadcast": broadcast,
            **_MANNERS,
            "metadata": _metadata(delivery, delivery.key),
        }
        full = blocks.thread_line(wording(delivery), line, mark(delivery.key), alone=alone)
        reply = await self._fitting("chat.postMessage", (full, {**full, "blocks": []}), arguments)
        if isinstance(reply, Accepted) and not reply.text("ts"):
            return Unclear("Slack's answer to chat.postMessage names no message")
        if isinstance(reply, Accepted):
            return Delivered(_thread_of(reply, ref, delivery))
        if _is_gone(reply):
            return await self._post_root(delivery, continues=True)
        return _outcome("chat.postMessage", reply)

    async def _fitting(self, method: str, forms: Sequence[blocks.Json], arguments: Mapping[str, Any]) -> Reply:
        """Call with the first form; where Slack finds one too big, with the next."""
        reply: Reply = Denied("msg_too_long")
        for form in forms:
            reply = await self._calls.call(method, {**arguments, **form})
            if not (isinstance(reply, Denied) and slack_answers.answer(reply.code).meaning is Meaning.TOO_BIG):
                break
        return reply


_MANNERS = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}


def _forms(words: Wording, at: float, marker: str) -> tuple[blocks.Json, ...]:
    """The whole message, a shorter one, plain text."""
    shorter = words.shorter()
    return blocks.message(words, at, marker), blocks.message(shorter, at, marker), blocks.plain(shorter)


def _metadata(delivery: Delivery, key: str) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"incident": delivery.story.incident.id, "notice": key}}


def _ref(delivery: Delivery, channel: str, ts: str) -> dict[str, str]:
    ref = {"channel": channel, "ts": ts, "key": delivery.key}
    return {**ref, "digest": "1"} if delivery.digest is not None else ref


def _is_its_root(delivery: Delivery, ref: Ref) -> bool:
    """Whether the root shows what the delivery is about: a digest's shows many incidents, any other one."""
    return ("digest" in ref) == (delivery.digest is not None)


def _thread_of(reply: Accepted, ref: Ref, delivery: Delivery) -> Ref:
    """The root that the line stands under. Slack may put the line of a lost thread into the channel: a new root."""
    message = reply.data.get("message")
    if isinstance(message, dict) and message.get("thread_ts") != ref["ts"]:
        return _ref(delivery, ref["channel"], reply.text("ts"))
    return ref


def _is_gone(reply: Denied | Lost) -> bool:
    return isinstance(reply, Denied) and slack_answers.answer(reply.code).meaning is Meaning.GONE


def _unposted(reply: Denied | Lost) -> Outcome:
    """An edit that failed: nothing was posted and it may be made again, so an unclear one is only late.

    It may be this message that Slack has no clear word for: as after an unclear post, others are told meanwhile.
    """
    outcome = _outcome("chat.update", reply)
    return Later(outcome.reason, about="notice") if isinstance(outcome, Unclear) else outcome


def _outcome(method: str, reply: Denied | Lost) -> Outcome:
    match reply:
        case Denied(code=code, retry_after=retry_after):
            return slack_answers.outcome(method, code, retry_after)
        case Lost(reason=reason, sent=True):
            return Unclear(reason)
        case Lost(reason=reason):
            return Later(reason)
