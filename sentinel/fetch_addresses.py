"""Which addresses Sentinel never connects to, whatever name leads there: link-local ones and clouds' metadata."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

_FORBIDDEN = tuple(
    ipaddress.ip_network(one)
    for one in (
        "169.254.0.0/16",  # link-local; AWS, Azure, Google and most others serve credentials there
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's wire server
        "192.0.0.192/32",  # Oracle, first generation
        "fe80::/10",
        "fd00:ec2::/32",  # AWS over IPv6
        "fd20:ce::/32",  # Google over IPv6
    )
)
_CARRY_IPV4 = tuple(ipaddress.ip_network(one) for one in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48"))
"""IPv6 networks whose last 32 bits are an IPv4 address: mapped, compatible, translated (RFC 6052, RFC 8215)."""
_6TO4 = ipaddress.ip_network("2002::/16")

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host, which may be an address already, and a port to addresses, the best first.

Raises `socket.gaierror` where there is none.
"""


class ForbiddenAddress(OSError):
    """The host is, or leads to, an address that nothing of Sentinel's asks."""

    def __init__(self, host: str, address: str) -> None:
        self.host, self.address = host, address
        leads = "is" if host == address else f"leads to {address},"
        super().__init__(f"{host} {leads} a link-local or cloud metadata address, which Sentinel never asks")


def is_forbidden(address: str) -> bool:
    """Whether this address is never connected to. A name is not: it has to be resolved first."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    inner = _carried(found) if isinstance(found, ipaddress.IPv6Address) else None
    return any(one in network for one in (found, inner) if one is not None for network in _FORBIDDEN)


def is_forbidden_host(host: str) -> bool:
    """The same for a host as it stands in a URL: an address in any spelling that a resolver takes, or a name."""
    if is_forbidden(host):
        return True
    try:
        return is_forbidden(socket.inet_ntoa(socket.inet_aton(host)))  # 2852039166 and 0xa9.0xfe.0xa9.0xfe too
    except (OSError, ValueError):
        return False


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The machine's."""
    import asyncio  # noqa: PLC0415  # commands that only check a file do without

    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def allowed(host: str, port: int, resolver: Resolver = system_resolver) -> list[str]:
    """The addresses of a host that may be connected to, each once.

    Raises:
        ForbiddenAddress: there are only others.
        socket.gaierror: there are none.
    """
    found = list(dict.fromkeys(await resolver(host, port)))
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    good = [one for one in found if not is_forbidden(one)]
    if not good:
        raise ForbiddenAddress(host, found[0])
    return good


async def open_allowed(
    host: str, port: int, resolver: Resolver = system_resolver, **options: Any
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """As `asyncio.open_connection` with these options, to the first allowed address that takes the connection.

    Raises:
        OSError: the first one's refusal; over TLS that does not come about no other address is asked.
    """
    import asyncio  # noqa: PLC0415  # as above
    import ssl  # noqa: PLC0415  # as above

    refusals: list[OSError] = []
    for address in await allowed(host, port, resolver):
        try:
            return await asyncio.open_connection(address, port, **options)
        except ssl.SSLError:
            raise
        except OSError as refused:
            refusals.append(refused)
    raise refusals[0]


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that packets to this IPv6 address end at."""
    number = int(address)
    if any(address in network for network in _CARRY_IPV4):
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return ipaddress.IPv4Address(number >> 80 & 0xFFFFFFFF) if address in _6TO4 else None
