"""What a server's certificate says of itself: for whom, by whom, from when until when. Looked at without trusting it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_LOOK_SECONDS = 4.0
_NO_CHECK_TIME = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME (x509_vfy.h)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Instants in Unix seconds; `names` are those it is made out to."""

    names: tuple[str, ...]
    issuer: str
    begins_at: float
    ends_at: float

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Certificate:
        """From what `SSLObject.getpeercert()` tells of a verified certificate."""
        names = tuple(str(value) for _, value in said.get("subjectAltName", ()))
        return cls(
            names=names or tuple(filter(None, (_part(said.get("subject", ()), "commonName"),))),
            issuer=_part(said.get("issuer", ()), "organizationName") or _part(said.get("issuer", ()), "commonName"),
            begins_at=float(ssl.cert_time_to_seconds(said["notBefore"])),
            ends_at=float(ssl.cert_time_to_seconds(said["notAfter"])),
        )

    def days_left(self, now: float) -> int:
        """Whole days until it expires; negative once it has."""
        return int((self.ends_at - now) // 86400)


def _part(name: Iterable[Iterable[tuple[str, str]]], wanted: str) -> str:
    """One part of a distinguished name."""
    return next((value for group in name for key, value in group if key == wanted), "")


async def certificate_of(address: str, port: int, host: str) -> Certificate | None:
    """The certificate that `host` shows at an address; nothing is sent. None where it shows none that can be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    peer = await _peer(address, port, host, context)
    shown = peer.getpeercert(binary_form=True) if peer is not None else None
    if not shown:
        return None
    # Python decodes only certificates that it has verified: this one is made its own authority, its dates ignored.
    itself = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    itself.check_hostname = False
    itself.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    with contextlib.suppress(ssl.SSLError, ValueError, KeyError):
        itself.load_verify_locations(cadata=shown)
        peer = await _peer(address, port, host, itself)
        said = peer.getpeercert() if peer is not None else None
        return Certificate.of(said) if said else None
    return None


async def _peer(address: str, port: int, host: str, context: ssl.SSLContext) -> ssl.SSLObject | None:
    """The other side after a handshake, None where there was none."""
    with contextlib.suppress(OSError, TimeoutError):
        _, writer = await asyncio.open_connection(
            address, port, ssl=context, server_hostname=host, ssl_handshake_timeout=_LOOK_SECONDS
        )
        peer: ssl.SSLObject = writer.get_extra_info("ssl_object")
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return peer
    return None
