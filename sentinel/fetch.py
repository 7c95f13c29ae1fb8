"""The only HTTP client: one bounded exchange that ends in an Answer or in Trouble, never in an exception."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from sentinel import __version__
from sentinel.fetch_addresses import ForbiddenAddress, Resolver, is_forbidden_host, system_resolver
from sentinel.fetch_certificates import CertificateTrouble, explain, tls_context
from sentinel.fetch_connect import GuardedBackend
from sentinel.fetch_unpack import Unpacker, UnpackError

MAX_RAW_BYTES = 16 * 2**20
MAX_UNPACKED_BYTES = 64 * 2**20
_MAX_REDIRECTS = 5

# Both write whole URLs, with the secrets in them, at INFO and DEBUG.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class TroubleReason(Enum):
    """Why an exchange gave no answer."""

    DNS = "dns"  # the name has no address
    FORBIDDEN = "forbidden"  # a link-local or metadata address, see `fetch_addresses`
    REFUSED = "refused"  # nobody listens there, or there is no route
    RESET = "reset"  # the connection broke before the answer began
    TIMEOUT = "timeout"
    TLS = "tls"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"  # the answer began and broke off
    ENCODING = "encoding"  # the body cannot be unpacked
    PROTOCOL = "protocol"  # not HTTP, too many redirects, an impossible URL


@dataclass(frozen=True, slots=True)
class Trouble:
    """No answer. `text` is a sentence without secrets: it names the host, never path or query.

    `sent`: the request may have reached the other side. False only when no byte of it was written.
    """

    reason: TroubleReason
    text: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, unpacked. `url` is where it came from in the end, without user, query and fragment.

    `headers` has lower-case names. `raw_bytes` counts the body as it came over the wire.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    raw_bytes: int = 0


Params = Sequence[tuple[str, str]]


class Client:
    """Asks one kind of place. Cookies are not kept, redirects and proxy variables not followed unless told.

    Link-local and metadata addresses are never connected to. Through a proxy only the proxy knows where a name leads.

    Args:
        ca_file: PEM certificates to trust instead of the system's.
        timeout: seconds for one whole exchange, of real time.
        connect_timeout: seconds of it to connect and agree on TLS.
        max_raw_bytes, max_unpacked_bytes: of one body.
        follow_redirects: at most five; Authorization never goes to another host, port or scheme.
        trust_env: let HTTP(S)_PROXY and NO_PROXY choose the route.
        max_connections: at once.
        resolver: from names to addresses.
        transport: what carries the requests instead of the network.

    Raises:
        ValueError: the certificates cannot be read.
    """

    def __init__(
        self,
        *,
        ca_file: Path | str | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        max_raw_bytes: int = MAX_RAW_BYTES,
        max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
        follow_redirects: bool = False,
        trust_env: bool = False,
        max_connections: int = 10,
        resolver: Resolver = system_resolver,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._max_raw = max_raw_bytes
        self._max_unpacked = max_unpacked_bytes
        self._http = httpx.AsyncClient(
            verify=tls_context(ca_file) if transport is None else True,
            transport=transport,
            follow_redirects=follow_redirects,
            max_redirects=_MAX_REDIRECTS,
            trust_env=trust_env,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=None,  # noqa: S113 - asyncio.timeout bounds the whole exchange, see _exchange for connecting
            limits=httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections),
            event_hooks={"request": [_look_at_host]},
            headers={"User-Agent": f"sentinel/{__version__}", "Accept-Encoding": "gzip, deflate", "Accept": "*/*"},
        )

        self._resolver = resolver
        if transport is None:
            _guard(self._http, GuardedBackend(resolver))

    async def get(self, url: str, *, params: Params = (), headers: Mapping[str, str] | None = None) -> Answer | Trouble:
        """Ask for a page. `params` are encoded and put after the `?`."""
        return await self.exchange("GET", url, params=params, headers=headers)

    async def post(self, url: str, content: bytes, *, headers: Mapping[str, str] | None = None) -> Answer | Trouble:
        """Send a body."""
        return await self.exchange("POST", url, content=content, headers=headers)

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        params: Params = (),
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - see __init__
    ) -> Answer | Trouble:
        """One request and its answer. Whatever the network or the other side does is a value."""
        seconds = self._timeout if timeout is None else timeout
        progress = _Progress()
        if place(url) == _IMPOSSIBLE:
            return Trouble(TroubleReason.PROTOCOL, f"{_IMPOSSIBLE} cannot be asked", sent=False)
        try:
            async with asyncio.timeout(seconds):
                request = self._request(method, url, params, headers or {}, content, seconds, progress)
                return await self._answer(request, url, progress)
        except TimeoutError:
            text = f"no complete answer from {place(url)} within {seconds:g} s" + _received(progress)
            return Trouble(TroubleReason.TIMEOUT, text, progress.sent)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            return await _trouble(error, url, progress, self._resolver)

    def _request(
        self,
        method: str,
        url: str,
        params: Params,
        headers: Mapping[str, str],
        content: bytes | None,
        seconds: float,
        progress: _Progress,
    ) -> httpx.Request:
        target = httpx.URL(url)
        if params:
            target = target.copy_merge_params(list(params))
        # Connecting and TLS may each take this long. Their own limits fall before the total one, since a handshake
        # that is cancelled from outside leaves its socket open.
        connect = min(self._connect_timeout, 0.45 * seconds)
        return self._http.build_request(
            method,
            target,
            headers=dict(headers),
            content=content,
            timeout=httpx.Timeout(None, connect=connect),
            extensions={"trace": progress.trace},
        )

    async def _answer(self, request: httpx.Request, url: str, progress: _Progress) -> Answer | Trouble:
        response = await self._http.send(request, stream=True)
        try:
            progress.answered = True
            return await self._body(response, url, progress)
        finally:
            await response.aclose()

    async def _body(self, response: httpx.Response, url: str, progress: _Progress) -> Answer | Trouble:
        declared = response.headers.get("content-length", "")
        if declared.isdecimal() and len(declared) < 20 and int(declared) > self._max_raw:  # noqa: PLR2004 - longer is no length
            return self._too_large(url, f"announces {int(declared):,} bytes", self._max_raw)
        pieces: list[bytes] = []
        unpacker = Unpacker(response.headers.get("content-encoding", ""), self._max_unpacked)
        try:
            async for piece in response.aiter_raw():
                progress.received += len(piece)
                if progress.received > self._max_raw:
                    return self._too_large(url, f"is longer than {progress.received - 1:,} bytes", self._max_raw)
                pieces.extend(unpacker.feed(piece))
                if unpacker.overflown:
                    return self._too_large(url, "unpacks to more than that", self._max_unpacked)
            pieces.extend(unpacker.end())
        except UnpackError as error:
            reason = TroubleReason.TRUNCATED if error.truncated else TroubleReason.ENCODING
            return Trouble(reason, f"the body from {place(url)} {error}", sent=True)
        return Answer(
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            b"".join(pieces),
            public(str(response.url)),
            progress.received,
        )

    def _too_large(self, url: str, what: str, limit: int) -> Trouble:
        text = f"the body from {place(url)} is too large: allowed are {limit:,} bytes, it {what}"
        return Trouble(TroubleReason.TOO_LARGE, text, sent=True)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


@dataclass(slots=True)
class _Progress:
    """How far an exchange got."""

    sent: bool = False
    answered: bool = False
    received: int = 0

    async def trace(self, event: str, info: object) -> None:  # noqa: ARG002 - httpcore's signature
        if event.endswith("send_request_headers.started"):
            self.sent = True


_IMPOSSIBLE = "an impossible address"


def place(url: str) -> str:
    """Host and port of a URL: all of it that may be shown anywhere."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "?", parts.port
    except ValueError:
        return _IMPOSSIBLE
    return f"{host}:{port}" if port else host


def public(url: str) -> str:
    """The URL without user, password, query and fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{place(url)}{parts.path}"


def _received(progress: _Progress) -> str:
    return f" ({progress.received:,} bytes came)" if progress.answered else ""


def _causes(error: BaseException) -> list[BaseException]:
    """The error and everything behind it, nearest first."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or one in found:
            continue
        found.append(one)
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
    return found


def _guard(client: httpx.AsyncClient, backend: GuardedBackend) -> None:
    """Every pool connects through the backend.

    httpx has no argument for it beside a whole transport, and a transport of one's own switches proxy variables off.
    """
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - see above
        if isinstance(transport, httpx.AsyncHTTPTransport):
            transport._pool._network_backend = backend  # noqa: SLF001 - as above


async def _look_at_host(request: httpx.Request) -> None:
    """Before every request, the ones after a redirect too: behind a proxy nobody else looks."""
    if is_forbidden_host(request.url.host):
        raise ForbiddenAddress(request.url.host, request.url.host)


async def _trouble(error: Exception, url: str, progress: _Progress, resolver: Resolver) -> Trouble:
    where, sent, causes = place(url), progress.sent, _causes(error)
    forbidden = next((cause for cause in causes if isinstance(cause, ForbiddenAddress)), None)
    if forbidden is not None:
        return Trouble(TroubleReason.FORBIDDEN, str(forbidden), sent)
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None and not sent and not isinstance(error, httpx.ConnectTimeout):
        return Trouble(TroubleReason.TLS, await explain(CertificateTrouble.of(tls), url, resolver=resolver), sent)
    if progress.answered and isinstance(error, httpx.TransportError):
        text = f"the answer from {where} broke off after {progress.received:,} bytes"
        return Trouble(TroubleReason.TRUNCATED, text, sent)
    return _before_answer(error, where, causes, sent=sent)


def _before_answer(error: Exception, where: str, causes: list[BaseException], *, sent: bool) -> Trouble:
    if isinstance(error, httpx.ConnectError):
        return _not_connected(where, causes, sent=sent)
    if isinstance(error, httpx.NetworkError) or "disconnected without" in str(error):
        return Trouble(TroubleReason.RESET, f"{where} closed the connection without an answer", sent)
    for kind, reason, text in _OTHERS:
        if isinstance(error, kind):
            return Trouble(reason, f"{where} {text}", sent)
    return Trouble(TroubleReason.PROTOCOL, f"{where} cannot be asked: {type(error).__name__}", sent)


_OTHERS = (
    (httpx.ConnectTimeout, TroubleReason.TIMEOUT, "did not take the connection in time"),
    (httpx.TooManyRedirects, TroubleReason.PROTOCOL, f"redirects more than {_MAX_REDIRECTS} times"),
    (httpx.RemoteProtocolError, TroubleReason.PROTOCOL, "does not answer in HTTP"),
    (httpx.ProxyError, TroubleReason.REFUSED, "cannot be reached: the proxy did not open the way"),
)


def _not_connected(where: str, causes: list[BaseException], *, sent: bool) -> Trouble:
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            text = f"the name of {where} cannot be resolved ({cause.strerror})"
            return Trouble(TroubleReason.DNS, text, sent)
        if isinstance(cause, ConnectionResetError):
            return Trouble(TroubleReason.RESET, f"{where} reset the connection at once", sent)
        if isinstance(cause, ConnectionRefusedError):
            return Trouble(TroubleReason.REFUSED, f"{where} refuses the connection", sent)
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return Trouble(TroubleReason.REFUSED, f"{where} cannot be reached ({cause.strerror})", sent)
    if any("EndOfStream" in type(cause).__name__ or "BrokenResource" in type(cause).__name__ for cause in causes):
        return Trouble(TroubleReason.RESET, f"{where} closed the connection at once", sent)
    return Trouble(TroubleReason.REFUSED, f"{where} cannot be reached", sent)
