"""What of a span counts: service time without what was planned, for every node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sentinel.domain.hierarchy import Ints
from sentinel.domain.spans import Spans


@dataclass(frozen=True, eq=False)
class Scope:
    """What of a span counts: per distinct set of exclusions the spans that are left, and which set binds which node."""

    open: Spans
    left: tuple[Spans, ...]
    of: Ints

    def per_node(self) -> Ints:
        """The seconds that count, per node."""
        lengths = np.array([one.seconds for one in self.left], np.int64)
        return lengths[self.of] if self.of.size else np.zeros(0, np.int64)
