"""What a question is limited to: services, nodes, rules, severities, states and a stretch of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from sentinel.domain.patterns import NamePattern
from sentinel.history.record import Node

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Every field that is set must fit; of several words in one field any may.

    `service`, `rule`: globs, case does not matter. `node`: globs over nodes (see `domain.hierarchy.NodePattern`); one
    that matches a node also takes everything below it. `state`: those of what is asked for. `since` and `until` in
    Unix seconds, the latter not included; `limit` counts what remains.
    """

    service: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    limit: int | None = None

    def limited(self, found: Iterable[T]) -> Iterator[T]:
        """At most `limit` of them."""
        return islice(found, self.limit)


def name_test(globs: tuple[str, ...]) -> Callable[[str | None], bool]:
    """Whether a name fits one of the globs; every name does when there are none."""
    patterns = [NamePattern(text) for text in globs]
    return lambda name: not patterns or (name is not None and any(one.matches(name) for one in patterns))


def node_test(globs: tuple[str, ...]) -> Callable[[Node], bool]:
    """Whether a node, or one above it, fits one of the globs; every node does when there are none."""
    if not globs:
        return _any_node
    from sentinel.domain.hierarchy import NodePattern  # noqa: PLC0415  # brings numpy with it

    patterns = [NodePattern(text) for text in globs]

    def covered(node: Node) -> bool:
        return any(one.matches(node[:depth]) for one in patterns for depth in range(len(node), -1, -1))

    return covered


def _any_node(_: Node) -> bool:
    return True
