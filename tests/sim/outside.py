"""The outside world over wires that fail: the simulated Portal and workspace, a mail server, a webhook's receiver."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import aiosmtplib
import httpx
from slack_sdk.errors import SlackApiError

from sentinel.demo.portal import PASSWORD, USER
from sentinel.demo.workspace_server import Reply
from sentinel.domain.hierarchy import Node
from tests.sim.loop import RUNNING
from tests.sim.wire import Fate, exchange, under_way

if TYPE_CHECKING:
    from tests.sim.world import World

T = TypeVar("T")

PORTAL, HOOKS = "portal.example.com", "hooks.example.com"
LOGIN = (USER, PASSWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that somebody accepted. `at` true time; `held`: seconds from the last look at the lease to then.

    `kind`: `root`, `line`, `edit`, `mail` or `post`. `sure`: the sender got a definite answer. `marked`: it says that
    it may repeat. `body` is what a webhook was sent.
    """

    place: str
    kind: str
    incident: str
    key: str
    at: float
    held: float = 0.0
    sure: bool = True
    marked: bool = False
    body: Any = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer of the Portal as a process got it: shares of devices in error by site; `at` by that machine's clock."""

    at: float
    shares: Mapping[Node, float]


@dataclass(frozen=True, slots=True)
class Page:
    """An HTTP answer; `shares` is what a good one of the Portal shows."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    shares: Mapping[Node, float] = field(default_factory=dict)

    def response(self) -> httpx.Response:
        return httpx.Response(self.status, headers=dict(self.headers), stream=httpx.ByteStream(self.body))


class Wires(httpx.AsyncBaseTransport):
    """Carries what the product's HTTP client sends, to the Portal and to webhooks, of whichever world runs."""

    world: World

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        portal = request.url.host == PORTAL
        fate = self._portal_fate() if portal else self._hook_fate()
        if isinstance(fate.error, httpx.ConnectError):
            self.world.note(RUNNING.get(), f"{request.url.host} refuses the connection")
            raise fate.error
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        process = RUNNING.get()
        assert process is not None, "only a process asks"
        if portal:
            page = await exchange(self.world, "a question to the Portal", fate, lambda: self._ask(request))
            self.world.answers.append(Shown(self.world.clock_of(process).now(), page.shares))
        else:
            page = await exchange(self.world, "a webhook", fate, lambda: self._post(request, fate))
        return page.response()

    def _ask(self, request: httpx.Request) -> Page:
        world = self.world
        query = tuple(request.url.params.multi_items())
        answer = _now(world.portal.answer(request.url.path, query, request.headers.get("authorization")))
        rows = _spoiled(world, json.loads(answer.body))
        shares = {
            (row["Country"], row["Site"]): row["devices_with_errors"] / row["devices"]
            for row in rows
            if row["Site"] != "all" and row["devices_with_errors"] is not None
        }
        return Page(body=json.dumps(rows).encode(), shares=shares)

    def _post(self, request: httpx.Request, fate: Fate) -> Page:
        body = json.loads(request.content)
        self.world.taken.append(
            Taken(
                place="webhook:tool",
                kind="post",
                incident=body["incident"]["id"],
                key=body["key"],
                at=self.world.true_now(),
                held=self.world.held_up,
                sure=_is_sure(fate),
                marked=bool(body["may_repeat"]),
                body=body,
            )
        )
        return Page(body=b"ok")

    def _portal_fate(self) -> Fate:
        world, dice = self.world, self.world.dice
        if "portal" in world.down:
            return dice.choice((_UNREACHED, _SILENT))
        if not world.happens(world.chances.portal):
            return Fate(out=under_way(dice), back=under_way(dice))
        return dice.choice(
            (
                _UNREACHED,
                _SILENT,
                _CUT,
                Fate(word="HTTP 500", taken=False, instead=Page(500)),
                Fate(word="HTTP 503", taken=False, instead=Page(503, b"later", (("retry-after", "5"),))),
                Fate(word="a login page", taken=False, instead=_SIGN_IN),
                Fate(word="an empty list", taken=False, instead=Page(body=b"[]")),
                Fate(word="half a body", taken=False, instead=Page(body=b'[{"Country": "A", "Si')),
            )
        )

    def _hook_fate(self) -> Fate:
        world, dice = self.world, self.world.dice
        if "hook" in world.down:
            return dice.choice((_UNREACHED, _SILENT))
        if not world.happens(world.chances.hook):
            return Fate(out=under_way(dice), back=under_way(dice))
        wait = Page(429, b"", (("retry-after", str(dice.randint(1, 20))),))
        return dice.choice(
            (
                _UNREACHED,
                _SILENT,
                _CUT,
                Fate(word="no answer", silent=True),
                Fate(word="the line broke", error=httpx.ReadError("reset")),
                Fate(word="HTTP 500 all the same", instead=Page(500)),
                Fate(word="HTTP 500", taken=False, instead=Page(500)),
                Fate(word="HTTP 429", taken=False, instead=wait),
            )
        )


_SIGN_IN = Page(200, b"<html><title>Sign in</title></html>", (("content-type", "text/html"),))
_UNREACHED = Fate(word="refused", taken=False, error=httpx.ConnectError("refused"))
_SILENT = Fate(word="no answer", taken=False, silent=True)
_CUT = Fate(word="the line broke", taken=False, error=httpx.ReadError("reset"))


def _is_sure(fate: Fate) -> bool:
    return not fate.silent and fate.error is None and fate.instead is None


def _now(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("it waits for something")


def _spoiled(world: World, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A good answer with what is often wrong with good answers: rows missing or in another order, cells empty."""
    if not world.happens(world.chances.portal):
        return rows
    dice = world.dice
    how = dice.choice(("missing", "half", "empty cells", "order"))
    world.note(None, f"the Portal's answer: {how}")
    if how == "order":
        return dice.sample(rows, len(rows))
    if how == "half":
        return rows[: len(rows) // 2]
    if how == "missing":
        lost = dice.randrange(len(rows))
        return rows[:lost] + rows[lost + 1 :]
    return [{**row, "devices_with_errors": None} if dice.random() < 0.3 else row for row in rows]


class SlackWire:
    """Stands where slack-sdk's client does."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def api_call(
        self, method: str, *, http_verb: str = "POST", params: Any = None, json: Any = None
    ) -> SimpleNamespace:
        """One call, as the library makes it: the answer's data, or its exception."""
        del http_verb
        world, arguments = self._world, dict(params or json or {})
        reads = method.startswith("conversations.")
        fate = self._fate(world.chances.lookup if reads else world.chances.slack)
        if isinstance(fate.error, aiohttp.ClientConnectorError):
            world.note(RUNNING.get(), "Slack refuses the connection")
            raise fate.error
        what = f"{method} {_about(arguments)}".rstrip()
        reply: Reply = await exchange(world, what, fate, lambda: self._call(method, arguments, fate))
        response = SimpleNamespace(status_code=reply.status, data=dict(reply.data), headers=dict(reply.headers))
        if reply.status != 200 or not reply.data.get("ok"):
            raise SlackApiError("refused", response)  # type: ignore[no-untyped-call]
        return response

    def _call(self, method: str, arguments: dict[str, Any], fate: Fate) -> Reply:
        world = self._world
        reply = world.slack.answer(method, arguments)
        if reply.outcome == "ok" and method in ("chat.postMessage", "chat.update"):
            payload = arguments["metadata"]["event_payload"]
            edit = method == "chat.update"
            world.taken.append(
                Taken(
                    place=f"slack:#{world.slack.channel(arguments['channel']).name}",
                    kind="edit" if edit else "line" if "thread_ts" in arguments else "root",
                    incident=payload["incident"],
                    key=payload["notice"],
                    at=world.true_now(),
                    held=world.held_up,
                    sure=_is_sure(fate),
                    marked="may repeat" in str(arguments.get("text")),
                )
            )
        return reply

    def _fate(self, chance: float) -> Fate:
        world, dice = self._world, self._world.dice
        unreached = Fate(taken=False, error=aiohttp.ClientConnectorError(None, OSError(111, "refused")))  # type: ignore[arg-type]
        if "slack" in world.down:
            return dice.choice((unreached, _SILENT))
        if not world.happens(chance):
            return Fate(out=under_way(dice), back=under_way(dice))
        limit = Reply(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(dice.randint(1, 20))}, "")
        broken = Reply(500, {}, {}, "")
        return dice.choice(
            (
                unreached,
                _SILENT,
                Fate(word="no answer", silent=True),
                Fate(word="no answer, and late", silent=True, out=dice.uniform(10.0, 25.0)),
                Fate(word="the line broke", error=aiohttp.ServerDisconnectedError()),
                Fate(word="the line broke", taken=False, error=aiohttp.ServerDisconnectedError()),
                Fate(word="HTTP 429", taken=False, instead=limit),
                Fate(word="HTTP 429", taken=False, instead=limit),
                Fate(word="HTTP 500", instead=broken),
                Fate(word="HTTP 500", taken=False, instead=broken),
                Fate(word="internal_error", instead=Reply(200, {"ok": False, "error": "internal_error"}, {}, "")),
                Fate(word="no JSON", error=ValueError("no JSON")),
            )
        )


def _about(arguments: dict[str, Any]) -> str:
    payload = (arguments.get("metadata") or {}).get("event_payload") or {}
    return str(payload.get("notice", ""))


class MailWire:
    """Stands where aiosmtplib's connection does: one mail for some recipients."""

    def __init__(self, world: World, **options: Any) -> None:
        del options
        self._world = world
        self._recipients: list[str] = []
        self.is_connected = False

    async def connect(self) -> None:
        world = self._world
        if "mail" in world.down or world.happens(world.chances.mail / 4):
            world.note(RUNNING.get(), "the mail server refuses the connection")
            raise aiosmtplib.SMTPConnectError("refused")
        self.is_connected = True

    async def ehlo(self) -> None:
        """Nothing is asked of it."""

    async def mail(self, sender: str) -> None:
        if self._world.happens(self._world.chances.mail / 8):
            raise aiosmtplib.SMTPSenderRefused(451, "later", sender)

    async def rcpt(self, recipient: str) -> None:
        if self._world.happens(self._world.chances.mail / 6):
            self._world.note(RUNNING.get(), f"451 for {recipient}")
            raise aiosmtplib.SMTPRecipientRefused(451, "greylisted", recipient)
        self._recipients.append(recipient)

    async def data(self, content: bytes) -> None:
        world, dice = self._world, self._world.dice
        fate = Fate(out=under_way(dice), back=under_way(dice))
        if world.happens(world.chances.mail):
            fate = dice.choice(
                (
                    Fate(word="451", taken=False, error=aiosmtplib.SMTPDataError(451, "later")),
                    Fate(word="the line broke", taken=False, error=aiosmtplib.SMTPServerDisconnected("gone")),
                    Fate(word="the line broke", error=aiosmtplib.SMTPServerDisconnected("gone")),
                    Fate(word="no answer", silent=True),
                )
            )
        await exchange(world, "a mail", fate, lambda: self._take(content, fate))

    def _take(self, content: bytes, fate: Fate) -> None:
        mail = message_from_bytes(content, policy=default)
        for one in self._recipients:
            self._world.taken.append(
                Taken(
                    place=f"email:{one}",
                    kind="mail",
                    incident=str(mail["X-Sentinel-Incident"]),
                    key=str(mail["Message-ID"]),
                    at=self._world.true_now(),
                    held=self._world.held_up,
                    sure=_is_sure(fate),
                    body=str(mail["X-Sentinel-State"]),
                )
            )

    async def quit(self) -> None:
        """The mail is accepted already."""

    def close(self) -> None:
        self.is_connected = False


def figures_of(world: World) -> Callable[..., float | None]:
    """A hundred devices everywhere, the story's share of them in error; a parent has the sum of its sites."""

    def figure(_service: object, node: Node, metric: str, _at: float) -> float | None:
        if metric not in ("devices", "devices_with_errors"):
            return None
        below = [site for site in world.story.sites if site[: len(node)] == node]
        if metric == "devices":
            return 100.0 * len(below)
        return math.fsum(100.0 * world.figures.get(site, 0.0) for site in below)

    return figure
