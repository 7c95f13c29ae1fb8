"""Who may read: bearer tokens compared in constant time, and a limit on guessing them."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections import OrderedDict, deque
from collections.abc import Sequence

DIGEST = "sha256:"
"""A token may be given as this and the hexadecimal SHA-256 of it, so that the environment does not hold the token."""

GUESSES = 20
WITHIN = 60.0
"""So many wrong tokens from one address within so many seconds, and it has to wait."""

_REMEMBERED = 1024
"""Addresses whose guesses are counted at most; the ones that were quiet the longest are forgotten first."""


class Tokens:
    """The tokens that open the door; without any, nothing is asked for."""

    def __init__(self, tokens: Sequence[str] = ()) -> None:
        self._digests = tuple(_digest(one) for one in tokens)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def accept(self, authorization: str) -> bool:
        """Whether an Authorization header carries one of them. Every one is compared, so time tells nothing."""
        scheme, _, token = authorization.partition(" ")
        given = hashlib.sha256(token.strip().encode("utf-8", "surrogatepass")).digest()
        fits = [hmac.compare_digest(given, one) for one in self._digests]
        return scheme.lower() == "bearer" and any(fits)


class Guesses:
    """Counts wrong tokens per address; an IPv6 network of 64 bits counts as one."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._wrong)

    def wait(self, address: str, at: float) -> float:
        """Seconds until this address may try again; 0 when it may now. `at` only grows."""
        wrong = self._wrong.get(_network(address))
        return 0.0 if wrong is None or len(wrong) < GUESSES else max(0.0, wrong[0] + WITHIN - at)

    def wrong(self, address: str, at: float) -> None:
        """A wrong token came from there."""
        network = _network(address)
        self._wrong.setdefault(network, deque(maxlen=GUESSES)).append(at)
        self._wrong.move_to_end(network)
        if len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)


def _digest(token: str) -> bytes:
    return bytes.fromhex(token[len(DIGEST) :]) if token.startswith(DIGEST) else hashlib.sha256(token.encode()).digest()


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address  # noqa: PLR2004  # IPv6
