"""What a run of a ledger says of a node."""

from __future__ import annotations

from typing import Final


class Standing:
    """What a run says. Plain numbers, as `alerts.Phase`."""

    UNKNOWN: Final = 0
    GOOD: Final = 1
    BAD: Final = 2
    GONE: Final = 3  # the source has not shown the node for so long that it is no part of the agreement any more
