"""What every request passes before it reaches a page: body, host, token; and the headers of every answer."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentinel.api.tokens import Guesses, Tokens
from sentinel.config.nearness import is_loopback

log = structlog.get_logger("sentinel.api")

OPEN = frozenset({"/livez", "/readyz"})
"""What platforms ask without a token; they learn a status and nothing else."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    """Wraps an application. Leaves `trusted` in the request's state: whether details may be told.

    With tokens everything but `OPEN` asks for one. Without, the door is on loopback (the start was refused otherwise),
    and the Host header must say so: a page in somebody's browser whose own name leads here is turned away.

    Args:
        app: what lies behind.
        tokens: see `Tokens`; others may be put in their place at any time.
        seconds: a steady clock.
        host: the address listened on, which is a good Host too.
    """

    def __init__(self, app: ASGIApp, *, tokens: Tokens, seconds: Callable[[], float], host: str) -> None:
        self._app = app
        self.tokens = tokens
        self._seconds = seconds
        self._host = host
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(scope, Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer for those who do not get in."""
        state = scope.setdefault("state", {})
        state["trusted"] = not self.tokens
        if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
            return _said(413, "nothing here takes a body", {"Connection": "close"})
        if not self.tokens:
            return None if self._is_ours(headers.get("host", "")) else _said(421, _WRONG_HOST)
        authorization = headers.get("authorization")
        if authorization is None or scope["path"] == "/livez":
            return None if scope["path"] in OPEN else _said(401, "a token is needed", _CHALLENGE)
        return self._judged(state, str((scope.get("client") or ("",))[0]), authorization)

    def _judged(self, state: dict[str, object], address: str, authorization: str) -> Response | None:
        at = self._seconds()
        wait = self._guesses.wait(address, at)
        if wait:
            return _said(429, "too many wrong tokens", {"Retry-After": str(int(wait) + 1)})
        state["trusted"] = self.tokens.accept(authorization)
        if state["trusted"]:
            return None
        self._guesses.wrong(address, at)
        if self._guesses.wait(address, at):
            log.warning("too many wrong tokens, address has to wait", address=address)
        return _said(401, "this token is not known", _CHALLENGE)

    def _is_ours(self, host: str) -> bool:
        name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
        return not name or is_loopback(name.strip("[]")) or name.strip("[]").lower() == self._host.lower()


_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sentinel"'}
_WRONG_HOST = "this is not the host that was asked for; with SENTINEL_API_TOKENS any name may lead here"


def _said(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(text + "\n", status_code=status, headers=headers)
