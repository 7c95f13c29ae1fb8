"""Rows to nodes: names from the level columns, `all` told by its position, the asked path put in front."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sentinel.collect.quality import Remarks, shown
from sentinel.collect.table import Unreadable
from sentinel.domain.hierarchy import Ints, Node, NodeList, node_text
from sentinel.domain.reading import Query, Reason

ALL = "all"
"""What the Portal calls the row of the parent itself (Nexthink documentation, Services API)."""

_NO_NAME = frozenset({ALL, ""})
_MOST_NAMED = 3


@dataclass(frozen=True)
class Named:
    """The nodes of a table's rows.

    `take[i]` is the row of the table that node i stands in: a node that stands in several rows is kept once, without
    figures, in `ambiguous` (indices of nodes). `names` are the level columns that this was made of.
    """

    names: tuple[list[str], ...]
    rows: NodeList
    take: Ints | None
    ambiguous: Ints
    remarks: tuple[str, ...]


def named(columns: Sequence[list[object]], query: Query, size: int, before: Named | None = None) -> Named:
    """The nodes that the level columns name.

    Args:
        columns: the level columns from the top; none where the table has no such column.
        query: what was asked.
        size: the number of rows.
        before: what the last answer to this query came to; given back if the names are the same.

    Raises:
        Unreadable: several rows without a column that tells them apart, or an answer about another path.
    """
    if not columns and size > 1:
        raise Unreadable(Reason.NOT_A_TABLE, "no column names the nodes of the hierarchy")
    if before is not None and tuple(columns) == before.names:
        return before
    remarks = Remarks()
    names = tuple(_texts(column, remarks) for column in columns)
    if before is not None and before.names == names:
        return before
    names = tuple(map(_shared, names))
    nodes: list[Node] = list(zip(*names, strict=True)) if names else [()] * size
    aggregate = _strip(nodes, names)
    if query.path is not None:
        _place(nodes, aggregate, query.path, len(names))
    lost = _hidden_aggregates(nodes, aggregate, len(names), remarks)
    return _unique(names, nodes, aggregate, lost, remarks)


def _texts(column: list[object], remarks: Remarks) -> list[str]:
    """Names as text that can be stored: numbers written out, half characters and NUL replaced."""
    if set(map(type, column)) != {str}:
        column = ["" if name is None else name if isinstance(name, str) else str(name) for name in column]
    texts: list[str] = column  # type: ignore[assignment]  # every entry is text by now
    joined = "".join(texts)
    if "\0" in joined or not _encodable(joined):
        remarks.add("names hold characters that cannot be stored (NUL or half a character); they are replaced")
        texts = [
            name.replace("\0", "␀").encode("utf-16", "surrogatepass").decode("utf-16", "replace") for name in texts
        ]
    return texts


def _shared(texts: list[str]) -> list[str]:
    """The same texts, equal ones being one object: the list is kept, and parents repeat thousands of times in it."""
    known: dict[str, str] = {}
    return [known.setdefault(text, text) for text in texts]


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _strip(nodes: list[Node], names: tuple[list[str], ...]) -> list[bool]:
    """Cut `all` (or nothing) off the end of each node; which rows had it are the aggregates."""
    aggregate = [False] * len(nodes)
    if not names:
        return [True] * len(nodes)
    for row, last in enumerate(names[-1]):
        if last in _NO_NAME:
            node = nodes[row]
            while node and node[-1] in _NO_NAME:
                node = node[:-1]
            nodes[row], aggregate[row] = node, True
    return aggregate


def _place(nodes: list[Node], aggregate: list[bool], path: Node, width: int) -> None:
    """Make the nodes of a path query start with the path, whether or not the table shows it.

    An answer that shows whole paths is wider than the path asked for. The only row of an answer is the asked node.
    """
    if len(nodes) == 1:
        node = nodes[0]
        if path and width >= len(path) and node[: len(path)] != path[: len(node)]:
            _elsewhere(node, path)
        # An entity's row may be called by its own name, or `all` in its place.
        nodes[0] = path or node
        aggregate[0] = False
        return
    if width <= len(path):
        nodes[:] = [path + node for node in nodes]
    else:
        stray = next((node for node in nodes if node[: len(path)] != path), None)
        if stray is not None:
            _elsewhere(stray, path)
    for row, node in enumerate(nodes):
        if node == path:
            aggregate[row] = True


def _elsewhere(node: Node, path: Node) -> None:
    text = f"asked about {node_text(path)}, the answer is about {node_text(node)[:80] or 'the whole hierarchy'}"
    raise Unreadable(Reason.NOT_A_TABLE, text, "see how path elements are chained: path_style")


def _hidden_aggregates(nodes: list[Node], aggregate: list[bool], width: int, remarks: Remarks) -> list[int]:
    """Aggregate rows that may be those of a node really called `all`, told by children that stand below one."""
    parents: set[Node] = set()
    for row, node in enumerate(nodes):
        if not aggregate[row] and ALL in node:
            parents.update(node[:depth] for depth, name in enumerate(node) if name == ALL)
    lost = [row for row, node in enumerate(nodes) if aggregate[row] and node in parents and len(node) < width]
    if lost:
        remarks.add("a node is called 'all', so the row of its parent and its own cannot be told apart")
    return lost


def _unique(
    names: tuple[list[str], ...], nodes: list[Node], aggregate: list[bool], lost: list[int], remarks: Remarks
) -> Named:
    if len(set(nodes)) == len(nodes):
        rows = NodeList.of(nodes, aggregate)
        return Named(names, rows, None, np.array(lost, np.int64), remarks.told())
    count = Counter(nodes)
    twice = [node for node, times in count.items() if times > 1]
    for node in twice[:_MOST_NAMED]:
        who = shown(node_text(node), 120) if node else "the whole hierarchy"
        remarks.add(f"{who} stands in {count[node]} rows; none of them can be trusted, its figures count as missing")
    if len(twice) > _MOST_NAMED:
        remarks.add(f"{len(twice) - _MOST_NAMED} more nodes stand in several rows")
    first: dict[Node, int] = {}
    plain: set[Node] = set()
    for row, node in enumerate(nodes):
        first.setdefault(node, row)
        if not aggregate[row]:
            plain.add(node)
    unsure = {*twice, *(nodes[row] for row in lost)}
    kept = list(first)
    flags = [node not in plain for node in kept]
    ambiguous = np.array([place for place, node in enumerate(kept) if node in unsure], np.int64)
    take = np.array(list(first.values()), np.int64)
    return Named(names, NodeList.of(kept, flags), take, ambiguous, remarks.told())
