"""What rules and SLAs have in common: which figures, of which services of which source, and how often."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.domain.hierarchy import Node
from sentinel.domain.patterns import NamePattern
from sentinel.domain.reading import Query, Scope


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The services by pattern, and where in the hierarchy. `every` in seconds. Exactly one of `levels` and `path` is set.

    `retire_after`: seconds that a node may be missing from good answers before it counts as no longer reported.
    """

    id: str
    summary: str
    services: tuple[NamePattern, ...]
    source: str
    hierarchy: str
    levels: tuple[str, ...] = ()
    path: Node | None = None
    scope: Scope = "hour"
    every: float = 600.0
    retire_after: float = 7 * 86400.0
    timezone: str = "UTC"
    owner: str = ""
    runbook: str = ""

    def covers(self, service: str, uid: str = "") -> bool:
        """Whether it is about that service: by its name, or by its identifier where nothing declares it."""
        folded = uid.casefold()
        return any(one.matches(service) or (folded and one.text.casefold() == folded) for one in self.services)

    def queries(self, service: str) -> tuple[Query, ...]:
        """What must be asked for that service."""
        if self.path is not None:
            return (Query(self.source, service, self.hierarchy, None, self.path, self.scope),)
        return tuple(Query(self.source, service, self.hierarchy, level, None, self.scope) for level in self.levels)
