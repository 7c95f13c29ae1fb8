"""Nodes of a hierarchy, their written form, patterns over them, and a node list with its tree as columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sentinel.domain.patterns import name_regex

Node = tuple[str, ...]
"""Names from the top of the hierarchy down; `()` is the whole of it."""

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def node_text(node: Node) -> str:
    r"""`("Europe", "A/B")` is written `Europe/A\/B`; the whole hierarchy is written as the empty text."""
    return "/".join(name.replace("\\", "\\\\").replace("/", "\\/") for name in node)


def parse_node(text: str) -> Node:
    r"""The node that `node_text` wrote. A backslash before anything but `/` or `\` stands for itself."""
    names: list[str] = []
    name = ""
    position = 0
    while position < len(text):
        char = text[position]
        following = text[position + 1 : position + 2]
        if char == "\\" and following in ("/", "\\") and following:
            name += following
            position += 1
        elif char == "/":
            names.append(name)
            name = ""
        else:
            name += char
        position += 1
    return (*names, name) if text else ()


@dataclass(frozen=True, slots=True)
class NodePattern:
    r"""A glob over nodes: `*` and `?` within one name, `**` for any number of names (also none).

    A pattern without `/` is looked for at any depth: `Paris` matches every node of that name, `Europe/*` only the
    children of the top node Europe. Matching is exact in case. `\` takes the meaning from the character after it.
    """

    text: str
    _names: tuple[re.Pattern[str] | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = _names_of(self.text)
        if len(names) == 1 and names[0] != "**":
            names = ["**", *names]
        compiled = tuple(None if name == "**" else name_regex(name) for name in names)
        object.__setattr__(self, "_names", compiled)

    def matches(self, node: Node) -> bool:
        """Whether the pattern covers that node."""
        *_, reached = self._used_up(node)
        return len(node) in reached

    def reaches(self, node: Node) -> bool:
        """Whether the pattern may cover that node, or some node below it."""
        return any(len(node) in reached for reached in self._used_up(node))

    def _used_up(self, node: Node) -> Iterator[set[int]]:
        """How many of the node's names the pattern may have used up: before its first name, and after each."""
        reached = {0}
        yield reached
        for name in self._names:
            if name is None:
                reached = set(range(min(reached), len(node) + 1))
            else:
                reached = {used + 1 for used in reached if used < len(node) and name.fullmatch(node[used])}
            yield reached
            if not reached:
                return


def _names_of(pattern: str) -> list[str]:
    """The pattern cut at its unescaped slashes, escapes kept."""
    names, current, position = [], "", 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            current += pattern[position : position + 2]
            position += 2
            continue
        if char == "/":
            names.append(current)
            current = ""
        else:
            current += char
        position += 1
    return [*names, current]


def is_under(node: Node, ancestor: Node) -> bool:
    """Whether `node` is `ancestor` or lies below it."""
    return node[: len(ancestor)] == ancestor


def common_ancestor(nodes: Iterable[Node]) -> Node:
    """The deepest node that covers all of them; of a single node, the node itself.

    Raises:
        ValueError: there are no nodes.
    """
    shared: Node | None = None
    for node in nodes:
        if shared is None:
            shared = node
            continue
        length = 0
        for ours, theirs in zip(shared, node, strict=False):
            if ours != theirs:
                break
            length += 1
        shared = shared[:length]
    if shared is None:
        raise ValueError("no nodes")
    return shared


@dataclass(frozen=True, eq=False)
class NodeList:
    """The rows of an answer, in its order: `nodes[i]` with `aggregate[i]` telling a parent's own row (`all`).

    What is derived is computed once and kept, so one NodeList should be shared by all readings with the same rows.
    """

    nodes: tuple[Node, ...]
    aggregate: Bools
    memo: dict[object, object] = field(default_factory=dict, repr=False)
    """What others derive from the rows alone; it lives as long as the list does."""

    @classmethod
    def of(cls, nodes: Sequence[Node], aggregate: Sequence[bool] | None = None) -> NodeList:
        """From plain sequences; without `aggregate` every row is a node of the asked level."""
        flags = np.zeros(len(nodes), bool) if aggregate is None else np.asarray(aggregate, bool)
        return cls(tuple(nodes), flags)

    @cached_property
    def position(self) -> dict[Node, int]:
        """Node -> row. Aggregate rows are found under the node that they stand for."""
        return {node: row for row, node in enumerate(self.nodes)}

    @cached_property
    def judged(self) -> Ints:
        """The rows a rule judges: those that are not aggregates; all of them where there is nothing else."""
        rows = np.flatnonzero(~self.aggregate)
        return rows if rows.size else np.arange(len(self.nodes))

    @cached_property
    def judged_index(self) -> Ints:
        """For each row its place in `judged`, or -1."""
        index = np.full(len(self.nodes), -1, np.int64)
        index[self.judged] = np.arange(self.judged.size)
        return index

    def judged_at(self, row: Ints) -> Ints:
        """For each of these rows (-1: not here) its place in `judged`, or -1."""
        return np.where(row >= 0, self.judged_index[row], -1) if self.nodes else np.full(row.size, -1, np.int64)

    @cached_property
    def parent(self) -> Ints:
        """For each row the row of its parent's own figures, or -1."""
        position = self.position
        return np.fromiter(
            (position.get(node[:-1], -1) if node else -1 for node in self.nodes), np.int64, len(self.nodes)
        )

    def same_rows(self, nodes: Sequence[Node], aggregate: Sequence[bool]) -> bool:
        """Whether an answer with these rows may share this list."""
        return self.nodes == tuple(nodes) and bool(np.array_equal(self.aggregate, np.asarray(aggregate, bool)))
