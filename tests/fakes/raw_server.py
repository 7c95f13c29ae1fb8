"""A server on 127.0.0.1 that reads one request head and then does as told with the bare connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """`requests` holds the heads (and what came with them) in order of arrival."""

    port: int = 0
    scheme: str = "http"
    requests: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@asynccontextmanager
async def raw_server(behave: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve until the block ends; every request on every connection gets `behave`."""
    server = RawServer(scheme="https" if tls else "http")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                server.requests.append(head.decode("latin-1"))
                await behave(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the client is gone, or the test is over
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def answering(
    body: bytes = b"", *, status: str = "200 OK", content_type: str = "application/json", headers: str = ""
) -> Behaviour:
    """A complete answer; `headers` are further lines, each ended by CRLF."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        writer.write(head.encode("latin-1") + body)

    return behave


def sending(raw: bytes, *, then_close: bool = True) -> Behaviour:
    """Exactly these bytes, then the end of the connection."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        if then_close:
            writer.close()

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first request gets the first behaviour and so on; the last one stays."""
    waiting = list(behaviours)

    async def behave(writer: asyncio.StreamWriter) -> None:
        one = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        await one(writer)

    return behave
