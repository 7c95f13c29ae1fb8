"""Connecting for the HTTP client: the name is resolved once, and only an address that was looked at is connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterable, Sequence

import httpcore

from sentinel.fetch_addresses import ForbiddenAddress, Resolver, allowed

_HEAD_START = 0.25
"""Seconds that one address is tried alone before the next one joins (RFC 8305)."""

Attempt = asyncio.Task[httpcore.AsyncNetworkStream]
Connect = Callable[[str], Coroutine[None, None, httpcore.AsyncNetworkStream]]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """The library's own way to connect, to addresses that are `allowed`.

    A name that answers differently the second time gains nothing: there is no second time.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, look, connect; the whole of it within `timeout`.

        Raises:
            httpcore.ConnectError, httpcore.ConnectTimeout: as the library does.
        """

        async def connect(address: str) -> httpcore.AsyncNetworkStream:
            return await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)

        try:
            async with asyncio.timeout(timeout):
                return await first(_in_turn(await allowed(host, port, self._resolver)), connect)
        except TimeoutError as late:
            raise httpcore.ConnectTimeout from late
        except (socket.gaierror, ForbiddenAddress, UnicodeError) as wrong:
            raise httpcore.ConnectError(str(wrong)) from wrong

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Nothing is asked that way."""
        del path, timeout, socket_options
        raise httpcore.UnsupportedProtocol

    async def sleep(self, seconds: float) -> None:
        """As the library does."""
        await self._plain.sleep(seconds)


async def first(addresses: Sequence[str], connect: Connect) -> httpcore.AsyncNetworkStream:
    """The first connection that stands; each address gets a head start over the next.

    Raises:
        Exception: that of the first address, when none can be connected to.
    """
    if len(addresses) == 1:
        return await connect(addresses[0])
    attempts: list[Attempt] = []
    try:
        for address in addresses:
            attempts.append(asyncio.create_task(connect(address)))
            if won := await _standing(attempts, _HEAD_START):
                return won
        while not all(one.done() for one in attempts):
            if won := await _standing(attempts, None):
                return won
        return attempts[0].result()
    finally:
        await _drop(attempts)


async def _standing(attempts: list[Attempt], seconds: float | None) -> httpcore.AsyncNetworkStream | None:
    """A connection that stands once one more attempt has ended, or after so many seconds; taken off the list."""
    running = [one for one in attempts if not one.done()]
    if running:
        await asyncio.wait(running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    won = next((one for one in attempts if one.done() and not one.cancelled() and one.exception() is None), None)
    if won is None:
        return None
    attempts.remove(won)
    return won.result()


async def _drop(attempts: Sequence[Attempt]) -> None:
    """Those that came too late."""
    for one in attempts:
        one.cancel()
    for late in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(late, httpcore.AsyncNetworkStream):
            await late.aclose()


def _in_turn(addresses: Sequence[str]) -> list[str]:
    """The two families by turns, beginning with the resolver's first choice."""
    six = [":" in one for one in addresses]
    sides = [
        [one for one, is_six in zip(addresses, six, strict=True) if is_six is side] for side in (six[0], not six[0])
    ]
    longest = max(map(len, sides))
    return [side[i] for i in range(longest) for side in sides if i < len(side)]
