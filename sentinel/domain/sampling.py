"""Which samples of a rolling window may be added up: those whose windows do not overlap."""

from __future__ import annotations

import numpy as np

from sentinel.domain.hierarchy import Ints


def non_overlapping(instants: Ints, window: int) -> Ints:
    """The positions of samples, each of the `window` seconds before its instant, of which no second is counted twice.

    `instants` ascend. The first counts, then always the next that reaches back no further than to the one before: of a
    rolling hour that is asked every ten minutes every sixth, and after a gap as soon as it can be again.
    """
    taken: list[int] = []
    row = 0
    while row < instants.size:
        taken.append(row)
        row = max(row + 1, int(np.searchsorted(instants, instants[row] + window, "left")))
    return np.array(taken, np.int64)
