"""Nodes that look as if they had only been renamed: sources know no other identity than the names from the top down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from sentinel.domain.hierarchy import Node, NodeList, node_text
from sentinel.domain.reading import Reading

NAMED = 3
"""How many pairs a reading remarks on."""

_LONGEST = 80


def renames(before: NodeList | None, now: NodeList) -> tuple[tuple[Node, Node], ...]:
    """Pairs of a node that is gone and one that is new: the only ones under their parent, or of their own name.

    A guess for people. To Sentinel they stay two nodes, and what was wrong with the old one is never taken for mended.
    """
    if before is None or before is now:
        return ()
    gone = {before.nodes[row] for row in before.judged} - now.position.keys()
    new = {now.nodes[row] for row in now.judged} - before.position.keys()
    found: list[tuple[Node, Node]] = []
    for likeness in (_parent, _own_name):
        old_ones, new_ones = _single(gone, likeness), _single(new, likeness)
        pairs = [(old_ones[key], new_ones[key]) for key in sorted(old_ones.keys() & new_ones.keys())]
        gone -= {old for old, _ in pairs}
        new -= {fresh for _, fresh in pairs}
        found += pairs
    return tuple(found)


def remarked(reading: Reading, known: NodeList | None) -> Reading:
    """The reading with a remark on each pair that looks like a rename."""
    if reading.figures is None:
        return reading
    pairs = renames(known, reading.figures.rows)
    texts = [f"{_shown(old)} is gone and {_shown(new)} is new: looks like a rename" for old, new in pairs[:NAMED]]
    if len(pairs) > NAMED:
        texts.append(f"and {len(pairs) - NAMED} more that look like renames")
    return replace(reading, remarks=(*reading.remarks, *texts)) if texts else reading


def _single(nodes: Iterable[Node], likeness: Callable[[Node], Node]) -> dict[Node, Node]:
    """By likeness the node that alone has it."""
    alike: dict[Node, list[Node]] = {}
    for node in nodes:
        alike.setdefault(likeness(node), []).append(node)
    return {key: only[0] for key, only in alike.items() if len(only) == 1}


def _parent(node: Node) -> Node:
    return node[:-1]


def _own_name(node: Node) -> Node:
    return node[-1:]


def _shown(node: Node) -> str:
    """In quotes, so that invisible characters show."""
    text = node_text(node)
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
