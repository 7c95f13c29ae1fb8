"""Small facts about names and hosts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from sentinel.domain.metrics import nearest


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name most like this one in the way it is written, whatever the case."""
    lower = {one.lower(): one for one in known}
    near = nearest(name, lower)
    return None if near is None else lower[near]


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
