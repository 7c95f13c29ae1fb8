"""The rows of an answer: which nodes, which of them are called `all`, and their figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sentinel.demo.asking import Ask
from sentinel.demo.load import Columns, World
from sentinel.demo.metrics import COUNTS, METRICS, gathered, ruled, status_of
from sentinel.demo.scripts import ABSENT, Figures, Scripts
from sentinel.demo.tenants import Path, Service

ALL = "all"

Change = Callable[[Path, str, object], object]
"""Node, canonical metric and the cell so far: the cell to show."""


@dataclass(slots=True)
class Row:
    """One node of an answer; `is_all`: it is the aggregate of its parent query and called `all`."""

    node: Path
    is_all: bool
    cells: dict[str, object]


@dataclass(slots=True)
class Table:
    """An answer before it is written in some format.

    Attributes:
        service: name of the service.
        levels: titles of the level columns, from the top down to the level that was asked for.
        metrics: canonical names of the figure columns, in order.
        extra: titles and cells of further columns, the same in every row.
    """

    service: str
    hierarchy: str
    scope: str
    levels: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    extra: dict[str, object] = field(default_factory=dict)

    def names(self, row: Row) -> list[str]:
        """The level cells of a row: the node's names, then `all` down to the last level."""
        width = len(self.levels)
        names = [*row.node[:width], *[ALL] * (width - len(row.node))]
        if row.is_all and len(row.node) == width:
            names[-1] = ALL
        return names


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a table is cut: the visible entities, the top of the view domain, and the switches that bear on rows."""

    visible: NDArray[np.bool_] | None = None
    top: Path = ()
    global_row: bool = False
    entity_row_is_all: bool = True
    empty_is_null: bool = False


def table_of(ask: Ask, world: World, at: float, *, view: View, scripts: Scripts, override: Figures | None) -> Table:
    """Answer a query at one instant."""
    wanted = _level_rows(ask, view) if ask.depth is not None else _path_rows(ask, view)
    depth = ask.depth or min(len(ask.path or ()) + 1, len(ask.hierarchy.levels))
    figures = _Figures(ask, world, at, view)
    change = _changes(ask.service, at, scripts, override)
    rows = []
    for node, is_all in wanted:
        cells = figures.cells(node)
        if change is not None:
            cells = _changed(ask.service, node, cells, change)
        if not any(cell is ABSENT for cell in cells.values()):
            rows.append(Row(node, is_all, cells))
    return Table(
        service=ask.service.name,
        hierarchy=ask.hierarchy.name,
        scope=ask.scope,
        levels=ask.hierarchy.levels[:depth],
        metrics=METRICS[ask.service.kind],
        rows=rows,
    )


def _level_rows(ask: Ask, view: View) -> list[tuple[Path, bool]]:
    """Each node of the parent level as `all`, followed by its children; a global `all` above them if switched on."""
    depth = ask.depth or 1
    children: dict[Path, list[Path]] = {}
    for node in _seen(ask, depth, view):
        children.setdefault(node[:-1], []).append(node)
    rows: list[tuple[Path, bool]] = []
    if view.global_row and depth > 1 and not view.top:
        rows.append(((), True))
    for parent, nodes in children.items():
        if len(parent) >= len(view.top):
            rows.append((parent, True))
        rows.extend((node, False) for node in nodes)
    return rows


def _path_rows(ask: Ask, view: View) -> list[tuple[Path, bool]]:
    """The node itself as `all` and its immediate children; an entity has none."""
    path = ask.path or ()
    if len(path) == len(ask.hierarchy.levels):
        return [(path, view.entity_row_is_all)]
    nodes = [node for node in _seen(ask, len(path) + 1, view) if node[:-1] == path]
    return [(path, True), *((node, False) for node in nodes)]


def _seen(ask: Ask, depth: int, view: View) -> list[Path]:
    layer = ask.hierarchy.layers[depth]
    if view.visible is None:
        return list(layer.paths)
    shown = np.bincount(layer.groups, weights=view.visible, minlength=len(layer.paths)) > 0
    return [
        path for path, there in zip(layer.paths, shown.tolist(), strict=True) if there and len(path) >= len(view.top)
    ]


class _Figures:
    """Figures of nodes of any depth, gathered once per depth."""

    def __init__(self, ask: Ask, world: World, at: float, view: View) -> None:
        self._ask = ask
        self._view = view
        window = world.window(ask.service, ask.scope, at) if ask.service.enabled else None
        self._entities = None if window is None else ruled(ask.service, window)
        self._depths: dict[int, dict[str, list[object]]] = {}

    def cells(self, node: Path) -> dict[str, object]:
        metrics = METRICS[self._ask.service.kind]
        if self._entities is None:
            return dict.fromkeys(metrics)
        depth = len(node)
        if depth not in self._depths:
            self._depths[depth] = self._gather(depth)
        position = self._ask.hierarchy.layers[depth].index[node]
        columns = self._depths[depth]
        cells = {metric: columns[metric][position] for metric in metrics if metric != "status"}
        if self._view.empty_is_null and not cells["devices"]:
            cells = dict.fromkeys(cells)
        status = _status(self._ask.service, cells)
        return {metric: status if metric == "status" else cells[metric] for metric in metrics}

    def _gather(self, depth: int) -> dict[str, list[object]]:
        assert self._entities is not None
        layer = self._ask.hierarchy.layers[depth]
        return _plain(gathered(self._entities, layer.groups, len(layer.paths), self._view.visible))


def _plain(columns: Columns) -> dict[str, list[object]]:
    """Python numbers: counts as whole numbers, averages with one decimal, None for NaN."""
    plain: dict[str, list[object]] = {}
    for name, column in columns.items():
        if name in COUNTS:
            plain[name] = list(column.astype(np.int64).tolist())
        else:
            plain[name] = [None if figure != figure else round(figure, 1) for figure in column.tolist()]  # noqa: PLR0124 - NaN differs from itself
    return plain


def _status(service: Service, cells: Mapping[str, object]) -> str:
    return status_of(service, cells["devices"], cells["devices_with_errors"], cells["devices_with_warnings"])


def _changed(service: Service, node: Path, cells: Mapping[str, object], change: Change) -> dict[str, object]:
    """The cells after every change; the status follows from the changed figures unless it is changed itself."""
    figures = {metric: change(node, metric, cell) for metric, cell in cells.items() if metric != "status"}
    status = change(node, "status", cells["status"] if cells["status"] is None else _status(service, figures))
    return {metric: status if metric == "status" else figures[metric] for metric in cells}


def _changes(service: Service, at: float, scripts: Scripts, override: Figures | None) -> Change | None:
    """What tests put in place of the model's figures; None where they put nothing."""
    if override is None and not scripts:
        return None

    def change(node: Path, metric: str, cell: object) -> object:
        if override is not None:
            figure = override(service, node, metric, at)
            if figure is not None:
                return None if figure != figure else figure  # noqa: PLR0124 - NaN asks for a missing figure
        return scripts.cell(service, node, metric, at, cell)

    return change
