"""What a simulated Portal knows: services, entities, and the hierarchies the entities hang in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Path = tuple[str, ...]
"""A node: its names from the top; `()` is the whole hierarchy."""

ServiceKind = Literal["connection", "web"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One monitored service.

    Attributes:
        uid: lower-case UUID, the value of the request parameter `metric`.
        kind: decides which metrics exist and which vendor rules apply.
        enabled: a disabled service is unknown to queries (or empty, see `Switches.disabled`).
        since: Unix seconds of its creation, None for "always there": younger ones warm up, ten minutes at a time.
        yellow, red: thresholds of the ratio devices with an issue / devices; None where not defined.
        min_devices: the status stays good while fewer devices than this have an issue.
        share: part of an entity's devices that use the service.
        response_ms, duration_ms: usual network response time and web request duration.
        intensity: connections or web requests per active device in ten minutes.
    """

    uid: str
    name: str
    kind: ServiceKind = "connection"
    enabled: bool = True
    since: float | None = None
    yellow: float | None = 0.05
    red: float | None = 0.10
    min_devices: int = 0
    share: float = 0.8
    response_ms: float = 40.0
    duration_ms: float = 350.0
    intensity: float = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A group of devices, leaf of every hierarchy. `key` seeds its dice and outlives every renaming."""

    key: str
    devices: int
    timezone: str = "Europe/Zurich"


@dataclass(frozen=True, slots=True)
class Layer:
    """The nodes of one depth, in order of first appearance, and for each entity the index of the node above it."""

    paths: tuple[Path, ...]
    groups: NDArray[np.intp]
    index: Mapping[Path, int]


@dataclass(frozen=True, kw_only=True)
class Hierarchy:
    """Names of the levels from the top (the last one is the entity level) and each entity's path, in entity order."""

    name: str
    levels: tuple[str, ...]
    leaves: tuple[Path, ...]

    def __post_init__(self) -> None:
        for leaf in self.leaves:
            if len(leaf) != len(self.levels):
                raise ValueError(f"hierarchy {self.name}: {leaf} does not fill the levels {self.levels}")
        if len(set(self.leaves)) != len(self.leaves):
            raise ValueError(f"hierarchy {self.name}: two entities stand at the same path")

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """One layer per depth: 0 is the whole hierarchy, `len(levels)` the entities."""
        return tuple(self._layer(depth) for depth in range(len(self.levels) + 1))

    def _layer(self, depth: int) -> Layer:
        index: dict[Path, int] = {}
        groups = [index.setdefault(leaf[:depth], len(index)) for leaf in self.leaves]
        return Layer(tuple(index), np.array(groups, dtype=np.intp), index)

    def knows(self, path: Path) -> bool:
        """Whether a node with this path exists."""
        return len(path) <= len(self.levels) and path in self.layers[len(path)].index

    def below(self, path: Path) -> NDArray[np.bool_]:
        """For each entity whether it hangs at or below `path` (nowhere, if the node does not exist)."""
        if not self.knows(path):
            return np.zeros(len(self.leaves), dtype=np.bool_)
        layer = self.layers[len(path)]
        return np.asarray(layer.groups == layer.index[path], dtype=np.bool_)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """Everything one Portal monitors. Immutable: a renaming gives a new tenant.

    Attributes:
        seed: with it all figures are reproducible.
        office_hours: False gives a load that is the same at every hour of the week.
        engines: how many Engines the configuration API lists.
    """

    name: str
    services: tuple[Service, ...]
    entities: tuple[Entity, ...]
    hierarchies: tuple[Hierarchy, ...]
    seed: int = 1
    office_hours: bool = True
    engines: int = 1

    def __post_init__(self) -> None:
        if not self.hierarchies:
            raise ValueError("a tenant needs a hierarchy")
        for hierarchy in self.hierarchies:
            if len(hierarchy.leaves) != len(self.entities):
                raise ValueError(f"hierarchy {hierarchy.name} does not hold every entity once")

    def service(self, name: str) -> Service | None:
        """The service with this UID or name."""
        return next((one for one in self.services if name in (one.uid, one.name)), None)

    def hierarchy(self, name: str | None = None) -> Hierarchy | None:
        """The hierarchy of that name, the first one for None."""
        if name is None:
            return self.hierarchies[0]
        return next((one for one in self.hierarchies if one.name == name), None)

    def renamed(self, path: Path, new_name: str, *, hierarchy: str | None = None) -> "Tenant":
        """The same tenant with one node called otherwise.

        Raises:
            ValueError: no such node, or the new name is taken by a sibling.
        """
        old = self.hierarchy(hierarchy)
        if old is None or not path or not old.knows(path):
            raise ValueError(f"no node {path} in hierarchy {hierarchy or self.hierarchies[0].name}")
        depth, target = len(path), (*path[:-1], new_name)
        if old.knows(target):
            raise ValueError(f"{target} is taken")
        leaves = tuple(target + leaf[depth:] if leaf[:depth] == path else leaf for leaf in old.leaves)
        fresh = replace(old, leaves=leaves)
        return replace(self, hierarchies=tuple(fresh if one is old else one for one in self.hierarchies))

    def without(self, path: Path, *, hierarchy: str | None = None) -> "Tenant":
        """The same tenant after the entities at or below `path` were removed."""
        old = self.hierarchy(hierarchy)
        keep = [] if old is None else [not gone for gone in old.below(path).tolist()]
        if all(keep):
            raise ValueError(f"no node {path} to remove")
        return replace(
            self,
            entities=tuple(one for one, stays in zip(self.entities, keep, strict=True) if stays),
            hierarchies=tuple(
                replace(one, leaves=tuple(leaf for leaf, stays in zip(one.leaves, keep, strict=True) if stays))
                for one in self.hierarchies
            ),
        )
