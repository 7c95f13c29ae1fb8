"""One call of Slack's Web API: exactly one request, a total deadline, and an answer that is a value."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sentinel.deliver.escape import clean
from sentinel.deliver.settings import SlackSettings
from sentinel.fetch_addresses import ForbiddenAddress, is_forbidden

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_LONGEST_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """Slack said ok; `data` is the answer, `scopes` what the token may do, where the answer's header tells."""

    data: Mapping[str, Any]
    scopes: frozenset[str] | None = None

    def text(self, field: str) -> str:
        """A field of the answer that is text; empty where it is anything else."""
        value = self.data.get(field)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Denied:
    """Slack said no, with its code; `retry_after` in seconds where it named a time."""

    code: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no usable answer. `sent`: the request may have reached Slack."""

    reason: str
    sent: bool


Reply = Accepted | Denied | Lost


class SlackCalls:
    """A bot's calls. The library's retries and its reading of proxy variables are off; nothing is asked twice.

    Each call has a connection of its own: one kept open may be closed by Slack just when it is used again, which
    would leave the fate of that request unclear. `client` is the library's, made when it is first needed unless given.
    """

    def __init__(self, settings: SlackSettings, *, client: AsyncWebClient | None = None) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._client = client

    async def call(self, method: str, arguments: Mapping[str, Any], *, query: bool = False) -> Reply:
        """Ask once. `query` sends the arguments in the URL, which the reading methods want."""
        client = self._ready()
        body: dict[str, Any] = dict(arguments)
        try:
            async with asyncio.timeout(self._settings.deadline):
                if query:
                    answer = await client.api_call(method, http_verb="GET", params=body)
                else:
                    answer = await client.api_call(method, json=body)
        except SlackApiError as refusal:
            return _refusal(method, refusal, self._settings.token.reveal())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Lost(f"no connection to Slack ({type(error).__name__})", sent=False)
        except TimeoutError:
            return Lost(f"no answer from Slack to {method} within {self._settings.deadline:g} s", sent=True)
        except (aiohttp.ClientError, OSError) as error:
            return Lost(f"the connection to Slack was lost during {method} ({type(error).__name__})", sent=True)
        except Exception as error:  # noqa: BLE001  # slack-sdk raises what it likes over answers that are not JSON
            return Lost(f"Slack's answer to {method} could not be read ({type(error).__name__})", sent=True)
        return _accepted(method, answer.data, answer.headers)

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
            self._client = None

    def _ready(self) -> AsyncWebClient:
        if self._client is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._settings.deadline, connect=self._settings.connect),
                connector=aiohttp.TCPConnector(force_close=True, socket_factory=_guarded_socket),
                trust_env=False,
            )
            self._client = AsyncWebClient(
                token=self._settings.token.reveal(),
                base_url=self._settings.api_url,
                session=self._session,
                retry_handlers=[],
            )
            self._client.proxy = None  # the constructor takes one from the environment
        return self._client


def _guarded_socket(found: tuple[Any, ...]) -> socket.socket:
    """A socket for one address that the host has; none for one that is never connected to."""
    family, kind, protocol, _, address = found
    if is_forbidden(str(address[0])):
        raise ForbiddenAddress(str(address[0]), str(address[0]))
    return socket.socket(family, kind, protocol)


def _accepted(method: str, data: object, headers: Mapping[str, str]) -> Reply:
    """Slack's yes; the library takes anything for one that is not plainly false."""
    if isinstance(data, dict) and data.get("ok") is True:
        return Accepted(data, _scopes(headers))
    return Lost(f"Slack's answer to {method} says neither yes nor no", sent=True)


def _refusal(method: str, refusal: SlackApiError, token: str) -> Reply:
    """Slack's no, or no answer in proper form: then nobody knows."""
    response = refusal.response
    status = getattr(response, "status_code", 0)
    data = getattr(response, "data", response)
    code = data.get("error") if isinstance(data, dict) else None
    if status == _TOO_MANY_REQUESTS:
        return Denied("ratelimited", _retry_after(getattr(response, "headers", {})))
    if status >= _SERVER_ERROR or not isinstance(code, str):
        return Lost(f"Slack answered {method} with HTTP {status} and no usable word", sent=True)
    return Denied(clean(code.replace(token, "***"), 80), None)  # no echo of what it was asked with


def _scopes(headers: Mapping[str, str]) -> frozenset[str] | None:
    """Slack documentation, Web API: `X-OAuth-Scopes` lists the scopes of the token."""
    text = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), None)
    return None if text is None else frozenset(one.strip() for one in text.split(",") if one.strip())


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return min(float(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() else None
