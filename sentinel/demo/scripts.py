"""Exact figures for exact nodes, put in place of the model's: the direct way for tests to say what the Portal answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from sentinel.demo.outages import BUCKET
from sentinel.demo.tenants import Path, Service


class _Mark(Enum):
    ABSENT = "absent"


ABSENT = _Mark.ABSENT
"""A scripted value that leaves the whole row out of the answer."""

Figures = Callable[[Service, Path, str, float], float | None]
"""Called with service, node, canonical metric and the Portal's time: the figure, NaN for a missing one, None for the model's."""


@dataclass(frozen=True, slots=True)
class Script:
    """Values of one metric of one node, one per `every` seconds from `start`; the last one stays."""

    service: str
    node: Path
    metric: str
    values: tuple[object, ...]
    start: float
    every: float = float(BUCKET)

    def value(self, at: float) -> object:
        """The value in force at or after `start`."""
        return self.values[min(int((at - self.start) // self.every), len(self.values) - 1)]


class Scripts:
    """All scripts of a Portal; a later one replaces an earlier one for the same service, node and metric."""

    def __init__(self) -> None:
        self._scripts: dict[tuple[str, Path, str], Script] = {}

    def __len__(self) -> int:
        return len(self._scripts)

    def add(self, script: Script) -> None:
        """Put a script in force.

        Raises:
            ValueError: it has no values.
        """
        if not script.values:
            raise ValueError("a script needs a value")
        self._scripts[script.service, script.node, script.metric] = script

    def clear(self) -> None:
        """Back to the model's figures."""
        self._scripts.clear()

    def cell(self, service: Service, node: Path, metric: str, at: float, cell: object) -> object:
        """The scripted value, looked up by the service's UID and then its name, or `cell`."""
        for name in (service.uid, service.name):
            script = self._scripts.get((name, node, metric))
            if script is not None and at >= script.start:
                return script.value(at)
        return cell


def values_of(values: Sequence[object] | object) -> tuple[object, ...]:
    """A sequence as it is, anything else as the only value."""
    return tuple(values) if isinstance(values, (list, tuple)) else (values,)
