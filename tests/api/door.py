"""The real HTTP door on a free port of the loopback, and bare requests to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sentinel.api.gate import Gate
from sentinel.api.health import health_app
from sentinel.api.serve import Door
from sentinel.api.tokens import Tokens
from sentinel.engine.health import Check
from tests.fakes.clock import FakeClock

TOKEN = "canary-token-4e1f-aaaaaaaaaaaa"
DETAIL = "canary-detail-of-the-store"


@dataclass
class FakeHealth:
    """Answers what it is told to."""

    checks: list[Check] = field(default_factory=lambda: [Check("store", good=True, text=DETAIL)])

    async def ready(self) -> list[Check]:
        return self.checks

    async def whole(self) -> list[Check]:
        return self.checks

    def measure(self) -> None:
        """There is nothing to count."""


@dataclass
class Place:
    """A door that is open; `clock` is what guesses are counted by."""

    door: Door
    clock: FakeClock

    async def raw(self, request: bytes) -> str:
        """Everything that comes back until the other side closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.door.port)
        writer.write(request)
        try:
            return (await reader.read()).decode("latin-1")
        except ConnectionResetError:
            return ""
        finally:
            writer.close()

    async def ask(self, path: str, *headers: str, method: str = "GET", host: str = "localhost") -> tuple[int, str]:
        """Status and whole answer."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]
        answer = await self.raw("\r\n".join(lines).encode("latin-1"))
        return int(answer.split()[1]), answer


@asynccontextmanager
async def door(
    *tokens: str, checks: Sequence[Check] = (), head_seconds: float = 10.0, host: str = "127.0.0.1"
) -> AsyncIterator[Place]:
    """Open until the block ends. `host` is what the gate believes it listens on."""
    clock = FakeClock()
    health = FakeHealth(list(checks)) if checks else FakeHealth()
    gate = Gate(health_app(health), tokens=Tokens(tokens), seconds=clock.monotonic, host=host)  # type: ignore[arg-type]
    served = Door(gate, "127.0.0.1", 0, head_seconds)
    await served.start()
    try:
        yield Place(served, clock)
    finally:
        await served.stop()


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"
