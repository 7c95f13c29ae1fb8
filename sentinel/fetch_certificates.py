"""Which certificates are trusted, and what exactly is wrong with one that is not."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from sentinel.fetch_addresses import Resolver, open_allowed, system_resolver

_PEEK_SECONDS = 5.0

# OpenSSL's X509_V_ERR_* numbers (x509_vfy.h); Python hands them on as `verify_code`.
_NOT_YET_VALID = 9
_EXPIRED = 10
_UNKNOWN_CA = "the certificate of {host} comes from an authority that is not trusted"
_WRONG_HOST = "the certificate is not for {host}"
_COMPLAINTS = {
    2: _UNKNOWN_CA,
    18: "the certificate of {host} is self-signed and not among the trusted ones",
    19: _UNKNOWN_CA,
    20: _UNKNOWN_CA,
    21: _UNKNOWN_CA,
    62: _WRONG_HOST,
    64: _WRONG_HOST,
}


def tls_context(ca_file: Path | str | None) -> ssl.SSLContext:
    """A verifying context. With `ca_file` its certificates are trusted instead of the system's; one may be a leaf.

    Raises:
        ValueError: the file cannot be read or holds no certificate.
    """
    if ca_file is None:
        return ssl.create_default_context()
    try:
        context = ssl.create_default_context(cafile=str(ca_file))
    except ssl.SSLError:
        raise ValueError(f"ca_file {ca_file} holds no PEM certificate") from None
    except OSError as error:
        raise ValueError(f"ca_file {ca_file} cannot be read: {error.strerror}") from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


@dataclass(frozen=True, slots=True)
class CertificateTrouble:
    """What TLS complained about: OpenSSL's verify code (0: not the certificate) and its words."""

    code: int
    message: str

    @property
    def about(self) -> Literal["dates", "name", "trust", "protocol"]:
        """What is to be mended."""
        if self.code in (_EXPIRED, _NOT_YET_VALID):
            return "dates"
        if _COMPLAINTS.get(self.code) == _WRONG_HOST:
            return "name"
        return "trust" if self.code else "protocol"

    @classmethod
    def of(cls, error: ssl.SSLError) -> CertificateTrouble:
        """From the exception."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return cls(error.verify_code, error.verify_message)
        return cls(0, (error.reason or "").replace("_", " ").lower())


async def explain(
    trouble: CertificateTrouble, url: str, shown: bytes | None = None, *, resolver: Resolver = system_resolver
) -> str:
    """The exact reason in a sentence; for an expired certificate with its dates, where the server shows them.

    `shown` is the certificate itself (DER), where it has been looked at already.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    if trouble.code in (_EXPIRED, _NOT_YET_VALID):
        dates = validity_of(shown) if shown is not None else await _validity(host, port, resolver)
        return _out_of_date(host, dates, expired=trouble.code == _EXPIRED)
    if trouble.code in _COMPLAINTS:
        return _COMPLAINTS[trouble.code].format(host=host)
    if trouble.code:
        return f"the certificate of {host} is not acceptable ({trouble.message})"
    if "wrong version number" in trouble.message or "http request" in trouble.message:
        return f"{host}:{port} does not speak TLS"
    return f"no TLS connection with {host} ({trouble.message or 'closed during the handshake'})"


def _out_of_date(host: str, dates: tuple[str, str] | None, *, expired: bool) -> str:
    if expired:
        return f"the certificate of {host} has expired" + (f" on {dates[1]}" if dates else "")
    return f"the certificate of {host} is not valid yet" + (f", only from {dates[0]}" if dates else "")


async def _validity(host: str, port: int, resolver: Resolver) -> tuple[str, str] | None:
    """First and last day (ISO) of the server's certificate, looked at without trusting it; nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(OSError, TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(_PEEK_SECONDS):
            _, writer = await open_allowed(host, port, resolver, ssl=context, server_hostname=host)
            try:
                shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        return validity_of(shown) if shown else None
    return None


def validity_of(certificate: bytes) -> tuple[str, str]:
    """First and last day (ISO) of a DER certificate.

    Raises:
        ValueError, IndexError: not a certificate.
    """
    first, last = _dates(certificate)
    return f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"


def instants_of(certificate: bytes) -> tuple[float, float]:
    """From when and until when a DER certificate is valid, in Unix seconds.

    Raises:
        ValueError, IndexError: not a certificate.
    """
    first, last = _dates(certificate)
    return first.timestamp(), last.timestamp()


def _dates(certificate: bytes) -> tuple[datetime, datetime]:
    """Read off the structure (RFC 5280, section 4.1)."""
    _, content, _ = _element(certificate, 0)
    _, content, _ = _element(content, 0)
    position = 0
    fields: list[tuple[int, bytes]] = []
    while position < len(content) and len(fields) < 6:  # noqa: PLR2004 - validity is the fifth, after an optional version
        tag, value, position = _element(content, position)
        fields.append((tag, value))
    versioned = 1 if fields[0][0] == 0xA0 else 0  # noqa: PLR2004 - the tag of the explicit version
    validity = fields[versioned + 3][1]
    tag, first, position = _element(validity, 0)
    later_tag, last, _ = _element(validity, position)
    return _instant(tag, first), _instant(later_tag, last)


def _element(data: bytes, position: int) -> tuple[int, bytes, int]:
    """Tag, content and end of the DER element at `position`."""
    tag, length = data[position], data[position + 1]
    position += 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[position : position + size], "big")
        position += size
    return tag, data[position : position + length], position + length


def _instant(tag: int, value: bytes) -> datetime:
    text = value.decode("ascii")
    if tag == 0x17:  # noqa: PLR2004 - UTCTime has two digits for the year; 50 and above are 19xx
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
