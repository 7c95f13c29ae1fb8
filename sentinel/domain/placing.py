"""Where the active alerts of one query stand after roll-up: muted ones among themselves, the others as if those were not there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sentinel.domain.advance import Advanced
from sentinel.domain.alerts import Alerts, Rolled
from sentinel.domain.hierarchy import Bools, Ints, Node
from sentinel.domain.mutes import Muting
from sentinel.domain.reading import Figures
from sentinel.domain.rollup import Tree, judged_below, places, tree_of, tree_of_rows
from sentinel.domain.rules import Rollup, Rule

Below = Mapping[tuple[bool, Node], int]
"""Whether of muted leaves, place -> how many judged leaves lie below it."""


def placed(rule: Rule, done: Advanced, figures: Figures | None, muting: Muting | None) -> tuple[Alerts, Below]:
    """The alerts with their place after roll-up, and how many judged leaves lie below each place."""
    after = done.after
    if figures is None or done.judged is None:
        return after, {}
    active = np.flatnonzero(after.active)
    if not active.size:
        return (after.evolve(place=(None,) * len(after.nodes), rolled=None) if any(after.place) else after), {}
    rows, judged = figures.rows, done.judged
    index = rows.judged_at(after.positions(rows)[active])
    complete = bool((index >= 0).all())
    hidden = None if muting is None else muting.by_entry(after, active) >= 0
    muted = None if muting is None or hidden is None else _muted(muting.quiet_rows(rows), index, hidden)
    if complete and after.rolled is not None and after.rolled.still_holds(rows, index, judged, rule.rollup, muted):
        return after, after.rolled.below
    tree = tree_of_rows(rows)
    if not complete:
        missing = active[index < 0]
        tree = tree_of([*tree.leaves, *(after.nodes[i] for i in missing)])
        judged = np.concatenate([judged, np.ones(missing.size, bool)])
        if muted is not None and hidden is not None:
            muted = np.concatenate([muted, hidden[index < 0]])
        index[index < 0] = np.arange(rows.judged.size, judged.size)
    chosen: list[Node | None] = [None] * len(after.nodes)
    below: dict[tuple[bool, Node], int] = {}
    for apart in (False,) if hidden is None else (False, True):
        mine = np.ones(active.size, bool) if hidden is None else hidden == apart
        if mine.any():
            counted = None if muted is None else muted == apart
            found, counts = _rolled_up(tree, index[mine], judged, rule.rollup, counted)
            below.update({(apart, place): count for place, count in counts.items()})
            for i in active[mine]:
                chosen[i] = found[after.nodes[i]]
    rolled = Rolled(rows, index, judged, rule.rollup, below, muted) if complete else None
    return after.evolve(place=tuple(chosen), rolled=rolled), below


def _muted(quiet: Bools, index: Ints, hidden: Bools) -> Bools:
    """Per judged row, whether it is muted: an active one also by what asks for its severity."""
    known = index >= 0
    quiet[index[known]] = hidden[known]
    return quiet


def _rolled_up(
    tree: Tree, leaves: Ints, judged: Bools, rollup: Rollup | None, counted: Bools | None
) -> tuple[dict[Node, Node], dict[Node, int]]:
    judged = judged if counted is None else judged & counted
    mask = np.zeros(judged.size, bool)
    mask[leaves] = True
    found = places(tree, mask, judged, rollup, counted)
    return found, judged_below(tree, judged, leaves, found)
