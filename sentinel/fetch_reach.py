"""The way to a host, looked at step by step: its name, a connection, its certificate. Nothing is sent."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from urllib.request import getproxies

from sentinel.fetch_addresses import ForbiddenAddress, is_forbidden
from sentinel.fetch_certificates import CertificateTrouble, explain, tls_context
from sentinel.fetch_identity import Certificate, certificate_of
from sentinel.findings import Findings

T = TypeVar("T")

STEP_SECONDS = 4.0
"""For the name, for all connections together, and for the agreement on TLS."""

EXPIRES_SOON = 14
"""Days before its end from which on a certificate is a warning."""

STEPS = ("dns", "tcp", "tls")

_SYSTEM_MEND = (
    "add that authority to those that this machine trusts (update-ca-certificates),"
    " or find out what stands in between and shows a certificate of its own"
)
_LINE = 200
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_FIREWALL = "check host and port, the firewall in between, and that the server runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where to. `setting` is what holds the host; `trust_mend` says where a `ca_file` for `tls_context` would be given.

    `proxy` ends the sentence "HTTPS_PROXY is set, but ...".
    `encrypted_later`: the protocol begins in the clear and sees to it itself; `encrypt`: how one would have encryption.
    """

    host: str
    port: int
    tls: bool
    setting: str
    ca_file: Path | str | None = None
    trust_mend: str = _SYSTEM_MEND
    proxy: str = "this is asked directly, without it"
    encrypted_later: bool = False
    encrypt: str = ""

    @classmethod
    def to(cls, url: str, **more: Any) -> Way:
        """The way to a web address.

        Raises:
            ValueError: it is none.
        """
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise ValueError("this is no web address")
        tls = parts.scheme == "https"
        return cls(host=parts.hostname, port=parts.port or (443 if tls else 80), tls=tls, **more)

    @property
    def place(self) -> str:
        """Host and port, as people write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def walk(way: Way, found: Findings, now: float) -> bool:
    """Note what the steps find; False where the way ends. `now` in Unix seconds, for what is left of a certificate."""
    addresses = await _name(way, found)
    if not addresses:
        found.rest(STEPS[1:], "the name has no address")
        return False
    reached = await _connections(way, addresses, found)
    if not reached:
        found.skipped(STEPS[2], "nothing answers there")
        return False
    return await _certificate(way, reached, found, now)


async def _name(way: Way, found: Findings) -> list[str]:
    try:
        addresses = await _resolved(way.host, way.port)
    except TimeoutError:
        text = f"no answer about {way.host} within {STEP_SECONDS:g} s"
        found.failed("dns", text, "check this machine's name server (/etc/resolv.conf)")
    except ForbiddenAddress as error:
        found.failed("dns", str(error), f"check the host in {way.setting}, and who answers for its name")
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "the name cannot be used"
        mend = f"check the host in {way.setting}, and this machine's name server"
        found.failed("dns", f"{way.host} has no address ({said})", mend)
    else:
        found.ok("dns", way.host if addresses == [way.host] else f"{way.host} is {shortened(', '.join(addresses))}")
        return addresses
    return []


async def _resolved(host: str, port: int) -> list[str]:
    """All addresses that are ever asked; a name server that is silent is not waited for."""

    def ask() -> list[str]:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(row[4][0]) for row in rows))

    async with asyncio.timeout(STEP_SECONDS):
        addresses = [host] if _is_address(host) else await in_its_own_thread(ask)
    good = [one for one in addresses if not is_forbidden(one)]
    if addresses and not good:
        raise ForbiddenAddress(host, addresses[0])
    return good


async def in_its_own_thread(work: Callable[[], T]) -> T:
    """The result of `work`, in a thread that nobody waits for once this is cancelled, nor the end of the program."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if result.done():
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(cast("T", value))

    def run() -> None:
        value: T | None = None
        failure: BaseException | None = None
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001  # it is raised again where it is waited for
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, value, failure)

    Thread(target=run, daemon=True).start()
    return await result


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _connections(way: Way, addresses: list[str], found: Findings) -> list[str]:
    """The addresses that take a connection. That one of several does not is worth a word, except on this machine."""
    failures = dict(zip(addresses, await asyncio.gather(*(_connected(a, way.port) for a in addresses)), strict=True))
    reached = [address for address, failure in failures.items() if failure is None]
    lacking = {
        six
        for six in (True, False)
        if all(one is not None and one.errno in _NO_ROUTE for a, one in failures.items() if (":" in a) is six)
    }  # a machine without IPv6 knows so at once, and loses no time over it
    slow = [a for a, failure in failures.items() if failure is not None and (":" in a) not in lacking]
    if not reached:
        why = "; ".join(
            f"{address}: {failure}" if address != way.host else str(failure) for address, failure in failures.items()
        )
        found.failed("tcp", f"no connection to {way.place} ({shortened(why)})", _FIREWALL + _around(way))
    elif slow and not _are_here(addresses):
        why = shortened("; ".join(f"{address}: {failures[address]}" for address in slow))
        text = f"port {way.port} is open at {len(reached)} of {len(addresses)} addresses, but not everywhere ({why})"
        found.warning("tcp", text, "each connection may lose time at the silent address: take it out of the name")
    else:
        found.ok("tcp", f"port {way.port} is open" + (f" at {len(reached)} addresses" if len(reached) > 1 else ""))
    return reached


def shortened(text: str) -> str:
    """A list that fits a line."""
    return text if len(text) <= _LINE else text[:_LINE].rstrip() + "…"


def _around(way: Way) -> str:
    """A word about the proxy that other programs would use, where there is one."""
    scheme = "https" if way.tls else "http"
    return f". {scheme.upper()}_PROXY is set, but {way.proxy}" if scheme in getproxies() else ""


def _are_here(addresses: list[str]) -> bool:
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no connection."""

    text: str
    errno: int | None = None

    def __str__(self) -> str:
        return self.text


async def _connected(address: str, port: int) -> _Failure | None:
    """Why there is no connection; None where there is one."""
    try:
        async with asyncio.timeout(STEP_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return _Failure(f"no answer within {STEP_SECONDS:g} s")
    except OSError as error:
        if isinstance(error, ConnectionRefusedError):
            return _Failure("refused", error.errno)
        return _Failure(os.strerror(error.errno).lower() if error.errno else type(error).__name__, error.errno)
    await _leave(writer)
    return None


async def _leave(writer: asyncio.StreamWriter) -> None:
    """At once, without a goodbye that the other side could draw out."""
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _certificate(way: Way, reached: list[str], found: Findings, now: float) -> bool:
    if not way.tls:
        if _are_here(reached) and not way.encrypted_later:
            found.skipped("tls", "nothing is encrypted, and nothing leaves this machine")
        elif not way.encrypted_later:
            found.warning(
                "tls",
                "nothing is encrypted on the way, credentials neither",
                way.encrypt or f"write https:// in {way.setting}",
            )
        return True
    try:
        context = tls_context(way.ca_file)
    except ValueError as unreadable:
        found.failed("tls", str(unreadable), "give the path of a readable PEM file")
        return False
    try:
        said, version = await _agreed(way, reached[0], context)
    except (TimeoutError, ConnectionAbortedError):  # the latter is asyncio's word for a handshake that takes too long
        text = f"{way.place} takes connections, but does not agree on TLS within {STEP_SECONDS:g} s"
        found.failed("tls", text, "check that this port speaks TLS, and what stands in between")
    except ssl.SSLError as error:
        await _explained(way, reached[0], CertificateTrouble.of(error), found)
    except OSError:
        found.failed("tls", f"{way.place} closes the connection instead of agreeing on TLS", _FIREWALL)
    else:
        note_certificate(said, version, way, found, now)
        return True
    return False


async def _agreed(way: Way, address: str, context: ssl.SSLContext) -> tuple[Certificate, str]:
    # The handshake has a limit of its own: one that is cancelled from outside leaves its socket open.
    async with asyncio.timeout(2 * STEP_SECONDS):
        _, writer = await asyncio.open_connection(
            address, way.port, ssl=context, server_hostname=way.host, ssl_handshake_timeout=STEP_SECONDS
        )
        peer: ssl.SSLObject = writer.get_extra_info("ssl_object")
        await _leave(writer)
    return Certificate.of(peer.getpeercert() or {}), peer.version() or "TLS"


def note_certificate(
    shown: Certificate, version: str, way: Way, found: Findings, now: float, check: str = "tls"
) -> None:
    """Note a certificate that is trusted, and how long it still is."""
    left = shown.days_left(now)
    text = f"trusted, issued by {shown.issuer or 'nobody named'}, valid until {day(shown.ends_at)} ({version})"
    if left < EXPIRES_SOON:
        days = "less than a day" if left < 1 else f"{left} day{'' if left == 1 else 's'}"
        found.warning(check, f"{text}: {days} left", f"have the certificate of {way.host} renewed")
    else:
        found.ok(check, text)


async def _explained(way: Way, address: str, trouble: CertificateTrouble, found: Findings) -> None:
    """What is wrong with the certificate, what it says of itself, and what to do about it."""
    text = await explain(trouble, f"https://{way.place}")
    shown = await certificate_of(address, way.port, way.host) if trouble.about != "protocol" else None
    found.failed("tls", text + describe(shown), mend_of(trouble, way, shown))


def describe(shown: Certificate | None) -> str:
    """What a certificate says of itself, as the end of a sentence."""
    if shown is None:
        return ""
    names = ", ".join(shown.names[:4]) + (" and more" if len(shown.names) > 4 else "")  # noqa: PLR2004  # a line is enough
    return (
        f"; it is made out to {names or 'no name'} by {shown.issuer or 'nobody named'},"
        f" from {day(shown.begins_at)} to {day(shown.ends_at)}"
    )


def mend_of(trouble: CertificateTrouble, way: Way, shown: Certificate | None) -> str:
    """What to do about a certificate that is not accepted."""
    match trouble.about:
        case "dates":
            return f"check this machine's clock; if it is right, have the certificate of {way.host} renewed"
        case "name":
            other = f"if one of those names is meant, write it in {way.setting}; else " if shown is not None else ""
            return f"{other}have a certificate made out to {way.host}"
        case "trust":
            given = f"{way.ca_file} does not vouch for it; " if way.ca_file else ""
            return given + way.trust_mend
        case _:
            return f"check scheme and port in {way.setting}, and what stands in between"


def day(at: float) -> str:
    """The day of an instant, in UTC."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()
