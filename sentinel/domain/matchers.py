"""What a route, a maintenance window or a silence asks of an incident before it is meant for it."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.domain.hierarchy import NodePattern
from sentinel.domain.patterns import NamePattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Matchers:
    """What is asked for; an empty tuple asks for nothing. Severities by word."""

    source: tuple[NamePattern, ...] = ()
    service: tuple[NamePattern, ...] = ()
    rule: tuple[NamePattern, ...] = ()
    owner: tuple[NamePattern, ...] = ()
    node: tuple[NodePattern, ...] = ()
    severity: tuple[str, ...] = ()
