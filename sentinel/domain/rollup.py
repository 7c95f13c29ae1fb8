"""Where an incident stands: the highest node that explains the active leaves below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sentinel.domain.hierarchy import Bools, Ints, Node, NodeList
from sentinel.domain.rules import Rollup

_ROUNDING = 1e-9
"""A share of exactly 0.7 must not fail for the sake of binary fractions."""


@dataclass(frozen=True)
class Tree:
    """The leaves of one answer and everything above them.

    `prefix[d][i]` is the number of leaf i's ancestor at depth d (its own at the depth of its name), -1 below it.
    `names[d][n]` is the node with number n at depth d, `parents[d][n]` the number of its parent at depth d-1.
    """

    leaves: tuple[Node, ...]
    prefix: tuple[Ints, ...]
    names: tuple[tuple[Node, ...], ...]
    parents: tuple[Ints, ...]


def tree_of(leaves: Sequence[Node]) -> Tree:
    """Number all ancestors of the leaves, depth by depth."""
    deepest = max((len(node) for node in leaves), default=0)
    prefix, names, parents = [], [], []
    above: dict[Node, int] = {}
    for depth in range(deepest + 1):
        numbers: dict[Node, int] = {}
        own = np.full(len(leaves), -1, np.int64)
        for i, node in enumerate(leaves):
            if len(node) >= depth:
                own[i] = numbers.setdefault(node[:depth], len(numbers))
        prefix.append(own)
        names.append(tuple(numbers))
        parents.append(np.fromiter((above.get(node[:-1], 0) for node in numbers), np.int64, len(numbers)))
        above = numbers
    return Tree(tuple(leaves), tuple(prefix), tuple(names), tuple(parents))


def tree_of_rows(rows: NodeList) -> Tree:
    """The tree over an answer's judged rows; kept with them."""
    kept = rows.memo.get("tree")
    if not isinstance(kept, Tree):
        kept = tree_of([rows.nodes[i] for i in rows.judged])
        rows.memo["tree"] = kept
    return kept


def places(
    tree: Tree, active: Bools, judged: Bools, rollup: Rollup | None, counted: Bools | None = None
) -> dict[Node, Node]:
    """For every active leaf the node where its incident stands.

    `active`, `judged` and `counted` are per leaf; active leaves must be judged, judged ones counted. Leaves that are not
    counted (None: all are) might as well not be there. From the top down, a node takes all active
    leaves below it when at least `min_children` of its branches hold one, active / judged >= `min_share` and
    judged / all >= `min_coverage`; an active leaf that is reached stands for itself.
    """
    which = np.flatnonzero(active)
    if rollup is None:
        return {tree.leaves[i]: tree.leaves[i] for i in which}
    counts = [_Counts.of(tree, depth, active, judged, counted) for depth in range(len(tree.prefix))]
    found: dict[Node, Node] = {}
    undecided = which
    for depth in range(len(tree.prefix)):
        number = tree.prefix[depth][undecided]
        own = np.fromiter((len(tree.leaves[i]) == depth for i in undecided), bool, undecided.size)
        explains = _explains(tree, depth, counts, rollup)
        taken = explains[number] | own
        for i, n, alone in zip(undecided[taken], number[taken], own[taken], strict=True):
            found[tree.leaves[i]] = tree.leaves[i] if alone else tree.names[depth][n]
        undecided = undecided[~taken]
        if not undecided.size:
            break
    return found


def judged_below(tree: Tree, judged: Bools, leaves: Ints, found: dict[Node, Node]) -> dict[Node, int]:
    """For each place that `places` found for these leaf numbers: how many judged leaves lie below it."""
    below: dict[Node, int] = {}
    counts: dict[int, Ints] = {}
    for i in leaves:
        place = found[tree.leaves[i]]
        depth = len(place)
        if place in below:
            continue
        if depth not in counts:
            number = tree.prefix[depth]
            counts[depth] = np.bincount(number[(number >= 0) & judged], minlength=len(tree.names[depth]))
        below[place] = int(counts[depth][tree.prefix[depth][i]])
    return below


@dataclass(frozen=True)
class _Counts:
    """Leaves below every node of one depth: active, judged, all."""

    active: Ints
    judged: Ints
    all: Ints

    @classmethod
    def of(cls, tree: Tree, depth: int, active: Bools, judged: Bools, counted: Bools | None) -> _Counts:
        number, size = tree.prefix[depth], len(tree.names[depth])
        below = number >= 0
        every = below if counted is None else below & counted
        return cls(
            np.bincount(number[below & active], minlength=size),
            np.bincount(number[below & judged], minlength=size),
            np.bincount(number[every], minlength=size),
        )


def _explains(tree: Tree, depth: int, counts: list[_Counts], rollup: Rollup) -> Bools:
    """Which nodes of that depth become one incident."""
    here = counts[depth]
    if depth + 1 >= len(counts):
        return np.zeros(here.active.size, bool)
    bad_branches = tree.parents[depth + 1][counts[depth + 1].active > 0]
    branches = np.bincount(bad_branches, minlength=here.active.size)
    return (
        (branches >= rollup.min_children)
        & (here.active >= rollup.min_share * here.judged - _ROUNDING)
        & (here.judged >= rollup.min_coverage * here.all - _ROUNDING)
        & (here.active > 0)
    )


def outermost(found: Sequence[Node]) -> dict[Node, Node]:
    """Every place with the highest of the places that covers it: an incident covers what stands below it."""
    every = set(found)
    return {place: next(above for above in _ancestry(place) if above in every) for place in every}


def _ancestry(node: Node) -> Iterator[Node]:
    """From the top down to the node itself."""
    return (node[:depth] for depth in range(len(node) + 1))
