"""The functions of conditions, described once: for the parser, for `sentinel explain` and for the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how it is written, what it means, the unit of its result, and when it has none."""

    name: str
    shape: str
    meaning: str
    unit: str
    missing: str
    example: str


_FUNCTIONS = (
    Function(
        "parent",
        "parent(figure)",
        "the same figure of the node's parent, from the same answer",
        "that of the figure",
        "the answer has no row of the parent's own, or no figure in it",
        "devices_with_errors / devices > 2 * parent(devices_with_errors / devices)",
    ),
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType({one.name: one for one in _FUNCTIONS})
"""Name -> function, in the order of the reference."""
