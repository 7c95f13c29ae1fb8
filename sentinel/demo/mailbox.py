"""A mail server for the demonstration: takes every mail on loopback and keeps it."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from typing import Self

LARGEST = 32 * 1024 * 1024
"""Bytes of a mail: a report brings its page along."""


class Mailbox:
    """Speaks as much SMTP (RFC 5321) as a well-behaved client needs; `on_mail` hears of each mail."""

    def __init__(self, on_mail: Callable[[EmailMessage], None] = lambda _mail: None) -> None:
        self.mails: list[EmailMessage] = []
        self.port = 0
        self._on_mail = on_mail
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0, limit=LARGEST)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 demonstration\r\n")
        try:
            while line := await reader.readline():
                verb = line[:4].upper().strip()
                if verb == b"DATA":
                    writer.write(b"354 go on\r\n")
                    self._take(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(
                    {b"EHLO": b"250-demonstration\r\n250 8BITMIME\r\n", b"QUIT": b"221 bye\r\n"}.get(
                        verb, b"250 ok\r\n"
                    )
                )
                await writer.drain()
                if verb == b"QUIT":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _take(self, data: bytes) -> None:
        text = data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        mail = email.message_from_bytes(text, policy=email.policy.default)
        self.mails.append(mail)
        self._on_mail(mail)
