"""The address that health and metrics are served at: free for us, or served by a Sentinel that runs."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from sentinel.api.tokens import DIGEST
from sentinel.config.nearness import is_loopback
from sentinel.errors import ConfigError
from sentinel.fetch import Answer, Client
from sentinel.fetch_reach import in_its_own_thread
from sentinel.findings import Findings

ANSWER_SECONDS = 4.0

_ELSEWHERE = "the other lines here say why; else `sentinel status`, `sentinel notices list` and the log of the instance"
_WHO = "stop it (`ss -ltnp` names it), or set SENTINEL_HTTP_BIND to another address, or off"


async def examine(bind: tuple[str, int] | None, tokens: Sequence[str], found: Findings) -> None:
    """Note how the address is; where a Sentinel serves it, what its `/healthz` says to one of the tokens."""
    if bind is None:
        found.skipped("bind", "SENTINEL_HTTP_BIND is off: nothing is served")
        return
    host, port = bind
    place = f"{f'[{host}]' if ':' in host else host}:{port}"
    refused = await in_its_own_thread(lambda: _bound(host, port))  # a name may have to be resolved
    if refused is None:
        found.ok("bind", f"{place} is free: no Sentinel serves it now")
    elif refused.errno == errno.EADDRINUSE:
        await _served(host, port, place, tokens, found)
    else:
        text = f"{place} cannot be listened on: {refused.strerror or 'the name has no address'}"
        found.failed("bind", text, "set SENTINEL_HTTP_BIND to an address of this machine", code=ConfigError.exit_code)


def _bound(host: str, port: int) -> OSError | None:
    """Why the address cannot be listened on, None when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))  # not listened on: a Sentinel that starts just now is not in its way
        except OSError as refused:
            return refused
    return None


async def _served(host: str, port: int, place: str, tokens: Sequence[str], found: Findings) -> None:
    near = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  # never bound
    token = next((one for one in tokens if not one.startswith(DIGEST)), "")
    headers = {"Authorization": f"Bearer {token}"} if token and is_loopback(near.strip("[]")) else {}
    async with Client(timeout=ANSWER_SECONDS, connect_timeout=ANSWER_SECONDS / 2) as client:
        answer = await client.get(f"http://{near}:{port}/healthz", headers=headers)
    if isinstance(answer, Answer) and answer.status == HTTPStatus.UNAUTHORIZED:
        found.ok("bind", f"something that asks for a token serves {place}")
        found.skipped("healthz", "none of SENTINEL_API_TOKENS opens it from here")
        return
    checks = _checks(answer) if isinstance(answer, Answer) else None
    if checks is None:
        found.failed("bind", f"another program listens on {place}", _WHO, code=ConfigError.exit_code)
        return
    found.ok("bind", f"a running Sentinel serves {place}")
    failing = [one for one in checks if not one.get("ok")]
    for one in failing:
        found.failed("healthz", f"{one.get('name')}: {one.get('text')}", _ELSEWHERE)
    if not failing:
        found.ok("healthz", "; ".join(f"{one.get('name')} {one.get('text')}" for one in checks))


def _checks(answer: Answer) -> list[dict[str, Any]] | None:
    """What `/healthz` says, None when it is not ours."""
    try:
        said = json.loads(answer.body)
        checks = said["checks"]
        return [dict(one) for one in checks] if said["status"] in ("ok", "failing") else None
    except (ValueError, KeyError, TypeError):
        return None
