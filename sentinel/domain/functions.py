"""The functions of conditions, described once: for the parser, for `sentinel explain` and for the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how it is written, what it means, the unit of its result, when it has none; and an example.

    `looks_back`: it has a window, and reads the figure's past.
    """

    name: str
    shape: str
    meaning: str
    unit: str
    missing: str
    example: str
    looks_back: bool = False


_OF_FIGURE = "that of the figure"
_TOO_FEW = "fewer than half of the window's samples have a figure"

_FUNCTIONS = (
    Function(
        "parent",
        "parent(figure)",
        "the same figure of the node's parent, from the same answer",
        _OF_FIGURE,
        "the answer has no row of the parent's own, or no figure in it",
        "devices_with_errors / devices > 2 * parent(devices_with_errors / devices)",
    ),
    Function(
        "outliers",
        "outliers(figure)",
        "how many of so many devices may be outliers: a tenth of them, rounded down, and ten at most",
        "count",
        "the figure is missing",
        "devices_with_errors > outliers(devices)",
    ),
    Function(
        "baseline",
        "baseline(figure, window)",
        "the average over the window before the present sample, which does not count: a peak does not raise its own bar",
        _OF_FIGURE,
        _TOO_FEW,
        "network_response_time > 3 * baseline(network_response_time, 7d) and network_response_time > 200ms",
        looks_back=True,
    ),
    Function(
        "avg",
        "avg(figure, window)",
        "the average over the window that ends with the present sample",
        _OF_FIGURE,
        _TOO_FEW,
        "avg(devices_with_errors / devices, 1h) > 5%",
        looks_back=True,
    ),
    Function(
        "min",
        "min(figure, window)",
        "the smallest figure in the window that ends with the present sample",
        _OF_FIGURE,
        _TOO_FEW,
        "min(network_response_time, 30m) > 300ms",
        looks_back=True,
    ),
    Function(
        "max",
        "max(figure, window)",
        "the largest figure in the window that ends with the present sample",
        _OF_FIGURE,
        _TOO_FEW,
        "devices < max(devices, 1d) / 2",
        looks_back=True,
    ),
    Function(
        "change",
        "change(figure, window)",
        "the present figure minus the one of one window ago",
        _OF_FIGURE,
        "there is no figure now, or was none one window ago",
        "change(devices, 1h) < -100",
        looks_back=True,
    ),
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType({one.name: one for one in _FUNCTIONS})
"""Name -> function, in the order of the reference."""
