"""Servers on the loopback that read a whole request and answer with whatever they were given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_READING = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError, ConnectionError, ValueError)


@dataclass
class Http:
    """Gives its `answers` one after the other, as they are, and closes; the last one stays."""

    answers: list[bytes] = field(default_factory=list)
    port: int = 0
    requests: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b"0"
            )
            await reader.readexactly(int(length))
            self.requests += 1
            writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            await writer.drain()
        except _READING:
            pass  # the client had enough
        finally:
            writer.close()


@dataclass
class Smtp:
    """Answers each command by `replies[n]`, the greeting first; an empty one hangs up.

    `taken`: how often it said 2xx after a final dot; that is the truth.
    """

    replies: Sequence[bytes] = ()
    port: int = 0
    taken: int = 0
    addressed: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            waiting = list(self.replies)
            await self._say(writer, waiting)
            while command := await reader.readline():
                reply = await self._say(writer, waiting)
                if command[:4].upper() == b"DATA" and reply.startswith(b"354"):
                    await reader.readuntil(b"\r\n.\r\n")
                    self.taken += _is_good(await self._say(writer, waiting))
        except _READING:
            pass  # as above
        finally:
            writer.close()

    @staticmethod
    async def _say(writer: asyncio.StreamWriter, waiting: list[bytes]) -> bytes:
        reply = waiting.pop(0) if waiting else b""
        if not reply:
            raise ConnectionError
        writer.write(reply)
        await writer.drain()
        return reply


def _is_good(reply: bytes) -> bool:
    """Whether the first whole reply in it is a 2xx; a line whose code is followed by `-` goes on."""
    last = next((line for line in reply.split(b"\n")[:-1] if line[3:4] != b"-"), b"")
    return last[:3].isdigit() and last[:1] == b"2"


@asynccontextmanager
async def listening(server: Http | Smtp) -> AsyncIterator[Http | Smtp]:
    """The server on a free port, until the block ends."""
    opened = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**22)
    server.port = opened.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        opened.close()
        await opened.wait_closed()
