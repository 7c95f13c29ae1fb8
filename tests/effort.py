"""How long tests of random stories look: always the same bounded stories in the checks, other and more ones by command."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

FACTOR = float(os.environ.get("SENTINEL_TEST_FUZZ", "1"))
"""`python -m tests.fuzz` sets it; 1 is what the checks run, with the same stories each time."""


def effort(examples: int) -> settings:
    """So many stories, or FACTOR times as many of a seed of their own."""
    return settings(
        max_examples=max(1, round(examples * FACTOR)),
        derandomize=FACTOR == 1,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.target, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
