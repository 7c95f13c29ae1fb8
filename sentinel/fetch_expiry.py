"""Until when a server's certificate is valid: looked at without sending anything that matters."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from sentinel.fetch_addresses import open_allowed
from sentinel.fetch_certificates import CertificateTrouble, explain, instants_of, tls_context

_READY, _DONE = "220", "250"
_LONGEST_REPLY = 100  # lines of one SMTP reply; a server that says more is none


@dataclass(frozen=True, slots=True)
class Shown:
    """The certificate that a server shows. `expires_at` in Unix seconds; `trouble` says why it is not trusted, or ""."""

    expires_at: float
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class NotSeen:
    """There is nothing to say about the certificate; `text` names the host and the reason."""

    text: str


async def expiry(
    host: str,
    port: int,
    *,
    ca_file: Path | str | None = None,
    starttls: bool = False,
    timeout: float = 10.0,  # noqa: ASYNC109 - the whole look, both handshakes; asyncio.timeout needs it inside
) -> Shown | NotSeen:
    """Connect, agree on TLS, read the last day off the certificate, and hang up. No exception leaves this.

    A certificate that is not trusted is looked at a second time without trust, so that its date can be told.
    `starttls`: the port speaks SMTP first. Only the server's own certificate is judged, not those above it.

    Raises:
        ValueError: `ca_file` holds no certificates.
    """
    trusting = tls_context(ca_file)
    url = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    try:
        async with asyncio.timeout(timeout):
            try:
                certificate = await _look(host, port, trusting, starttls=starttls, patience=timeout / 3)
                return Shown(instants_of(certificate)[1])
            except ssl.SSLCertVerificationError as refused:
                trouble = CertificateTrouble.of(refused)
            certificate = await _look(host, port, _curious(), starttls=starttls, patience=timeout / 3)
            return Shown(instants_of(certificate)[1], await explain(trouble, url, certificate))
    except TimeoutError:
        return NotSeen(f"{host}:{port} showed no certificate within {timeout:g} s")
    except ssl.SSLError as broken:
        return NotSeen(await explain(CertificateTrouble.of(broken), url))
    except (OSError, ValueError, IndexError, EOFError) as broken:
        return NotSeen(f"{host}:{port} showed no certificate ({_why(broken)})")


async def _look(host: str, port: int, context: ssl.SSLContext, *, starttls: bool, patience: float) -> bytes:
    """The certificate (DER).

    The handshake has a limit of its own: one that is cancelled from outside leaves its socket open.
    """
    if starttls:
        reader, writer = await open_allowed(host, port)
    else:
        reader, writer = await open_allowed(
            host, port, ssl=context, server_hostname=host, ssl_handshake_timeout=patience
        )
    try:
        if starttls:
            await _ask_for_tls(reader, writer)
            await writer.start_tls(context, server_hostname=host, ssl_handshake_timeout=patience)
        certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return certificate


async def _ask_for_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The first words of SMTP (RFC 3207)."""
    await _reply(reader, _READY)
    for line, wanted in ((b"EHLO sentinel.invalid\r\n", _DONE), (b"STARTTLS\r\n", _READY)):
        writer.write(line)
        await writer.drain()
        await _reply(reader, wanted)


async def _reply(reader: asyncio.StreamReader, wanted: str) -> None:
    for _ in range(_LONGEST_REPLY):
        line = (await reader.readline()).decode("ascii", "replace")
        if not line.startswith(wanted):
            raise ValueError("it does not offer STARTTLS" if line else "it closed the connection")
        if line[3:4] != "-":
            return
    raise ValueError("its answer never ends")


def _curious() -> ssl.SSLContext:
    """Trusts nobody and refuses nobody: only for looking."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _why(broken: Exception) -> str:
    if isinstance(broken, OSError):
        return broken.strerror or str(broken) or type(broken).__name__
    return str(broken) or type(broken).__name__
