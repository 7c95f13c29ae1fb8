"""The HTTP side of a workspace: bodies, tokens, answers and faults."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from sentinel.demo.workspace_faults import Answer, Fault
from sentinel.demo.workspace_limits import RateLimited, Refused
from sentinel.demo.workspace_truth import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sentinel.demo.workspace_faults import FaultPlan
    from sentinel.demo.workspace_methods import Methods
    from sentinel.demo.workspace_truth import Json, Truth

WEBHOOK_METHOD = "webhook"  # the name webhooks have in the list of calls and for faults
WEBHOOK_SECRET = "DemoWebhookSecret"  # noqa: S105  # the simulated workspace's own
PAGE = "<!DOCTYPE html><html><head><title>Service</title></head><body>Try again later.</body></html>"

# Slack documentation, Sending messages using incoming webhooks: what is not 400.
_HOOK_STATUS = {"no_service": 404, "channel_not_found": 404, "channel_is_archived": 410, "action_prohibited": 403}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the Web API, and in one word what became of the call."""

    status: int
    data: Json
    headers: Mapping[str, str]
    outcome: str

    def response(self) -> web.Response:
        """The answer as it goes over the wire."""
        return web.json_response(self.data, status=self.status, headers=self.headers)


class WorkspaceServer:
    """Serves the methods and the webhooks on a loopback port; keeps its port over a restart."""

    def __init__(self, truth: Truth, methods: Methods, faults: FaultPlan, on_call: Callable[[], None]) -> None:
        self._truth = truth
        self._methods = methods
        self._faults = faults
        self._on_call = on_call
        self._runner: web.AppRunner | None = None
        self._stopping = asyncio.Event()
        self.port = 0

    async def start(self) -> None:
        """Listen on 127.0.0.1, on the port of the last time if there was one."""
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/services/{team}/{hook}/{secret}", self._webhook)
        self._stopping.clear()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening; requests left without answer lose their connection."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        params = await _arguments(request)
        fault = self._faults.take(method, self._channel_id(params))
        if fault is not None and not fault.accepted:
            self._record(method, params, _name(fault))
            return await self._failed(fault, request)
        reply = self._judged(method, _bearer(request), params)
        if fault is not None:
            self._record(method, params, f"{_name(fault)} after {reply.outcome}")
            return await self._failed(fault, request)
        self._record(method, params, reply.outcome)
        return reply.response()

    def answer(self, method: str, token: str | None, params: Json) -> Reply:
        """The answer to a call, recorded as if it had come over the wire."""
        reply = self._judged(method, token, params)
        self._record(method, params, reply.outcome)
        return reply

    async def _webhook(self, request: web.Request) -> web.Response:
        params = await _arguments(request)
        channel_id = request.match_info["hook"].removeprefix("B")
        fault = self._faults.take(WEBHOOK_METHOD, channel_id)
        outcome = _name(fault) if fault is not None else ""
        response = web.Response()
        if fault is None or fault.accepted:
            response, accepted = self._hook_answer(channel_id, request.match_info["secret"], params)
            outcome = f"{outcome} after {accepted}" if fault is not None else accepted
        self._record(WEBHOOK_METHOD, {"hook": request.match_info["hook"], **params}, outcome)
        return response if fault is None else await self._failed(fault, request)

    def _judged(self, method: str, token: str | None, params: Json) -> Reply:
        try:
            answer = {"ok": True, **self._methods.call(method, token, params)}
            return Reply(200, answer, self._methods.scopes_header(token), "ok")
        except Refused as refusal:
            shape: Json = {"ok": False, "error": refusal.code, **refusal.extra}
            if refusal.details:
                shape |= {"errors": refusal.details, "response_metadata": {"messages": refusal.details}}
            return Reply(200, shape, self._methods.scopes_header(token), refusal.code)
        except RateLimited as limit:
            headers = {"Retry-After": str(limit.retry_after)}
            return Reply(429, {"ok": False, "error": "ratelimited"}, headers, "ratelimited")

    def _hook_answer(self, channel_id: str, secret: str, params: Json) -> tuple[web.Response, str]:
        try:
            channel = self._truth.channels.get(channel_id)
            if channel is None or secret != WEBHOOK_SECRET:
                raise Refused("no_service")  # noqa: TRY301  # all refusals become words in one place
            self._methods.hook(channel, params)
        except Refused as refusal:
            return web.Response(text=refusal.code, status=_HOOK_STATUS.get(refusal.code, 400)), refusal.code
        except RateLimited as limit:
            return _slow_down(limit.retry_after), "ratelimited"
        return web.Response(text="ok"), "ok"

    def _channel_id(self, params: Json) -> str | None:
        channel = self._truth.find_channel(str(params.get("channel", "")))
        return channel.id if channel is not None else None

    def _record(self, method: str, params: Json, outcome: str) -> None:
        self._truth.calls.append(Call(at=self._truth.now(), method=method, params=params, outcome=outcome))
        self._on_call()

    async def _failed(self, fault: Fault, request: web.Request) -> web.Response:
        match fault.answer:
            case Answer.RATE_LIMITED:
                return _slow_down(fault.retry_after)
            case Answer.REFUSED:
                return web.json_response({"ok": False, "error": fault.error})
            case Answer.STATUS | Answer.HTML:
                return web.Response(status=fault.status, text=PAGE, content_type="text/html")
            case Answer.PLAIN_TEXT:
                return web.Response(status=fault.status, text="upstream connect error")
            case Answer.NOT_JSON:
                return web.Response(text='{"ok": tr', content_type="application/json")
            case Answer.SILENT:
                await self._stopping.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()  # goes nowhere: the connection is gone


def _name(fault: Fault) -> str:
    return fault.error or fault.answer.value


def _slow_down(retry_after: int) -> web.Response:
    return web.json_response(
        {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(retry_after)}
    )


def _bearer(request: web.Request) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


async def _arguments(request: web.Request) -> Json:
    """The arguments from the query, a JSON body or a form; an unreadable body has none."""
    params: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            body = {}
        params |= body if isinstance(body, dict) else {}
    else:
        params |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    params.pop("token", None)
    return params
