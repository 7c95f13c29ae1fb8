"""What a source is: asked a query it gives a reading; asked what it offers it gives an offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sentinel.domain.hierarchy import Node
from sentinel.domain.reading import Failure, Query, Reading
from sentinel.domain.rules import Service


@dataclass(frozen=True, slots=True)
class OfferedService:
    """A service of the source; `kind` is `connection`, `web` or empty where the source does not tell."""

    name: str
    uid: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class OfferedHierarchy:
    """A hierarchy with its levels from the top, as far as they are shown."""

    name: str
    levels: Node = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be asked for."""

    services: tuple[OfferedService, ...]
    hierarchies: tuple[OfferedHierarchy, ...] = ()


class Source(Protocol):
    """One place figures come from."""

    @property
    def name(self) -> str:
        """As `rules.toml` calls it."""

    def services(self) -> tuple[Service, ...]:
        """The services known by now: the declared ones and those of the last discovery."""

    async def ask(self, query: Query) -> Reading:
        """Ask once. Whatever the source or the network does is a reading with its failure, never an exception."""

    async def discover(self) -> Offer | Failure:
        """What the source offers; the services found become known."""

    async def close(self) -> None:
        """Let go of connections."""
