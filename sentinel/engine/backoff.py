"""When to try again. Pure: the caller brings the instant and the dice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The delivery settings that decide about waiting, in seconds, and about telling together.

    More than `storm_after` new messages to one channel within a minute become one.
    """

    lookup_after: tuple[float, ...] = (5.0, 20.0, 60.0)
    retry_min: float = 5.0
    retry_max: float = 900.0
    greylist_wait: float = 300.0
    edit_every: float = 45.0
    give_up_after: float = 86400.0
    storm_after: int = 10


def retry_in(attempts: int, patience: Patience, *, dice: float) -> float:
    """Seconds until the next attempt after `attempts` failed ones: exponential, capped, with full jitter.

    `dice` is a number from 0 to 1. The first wait is `retry_min`; jitter never shortens a wait below it.
    """
    ceiling = min(patience.retry_max, patience.retry_min * 2.0 ** min(attempts - 1, 30))
    return patience.retry_min + dice * max(0.0, ceiling - patience.retry_min)


def next_lookup(elapsed: float, lookup_after: Sequence[float]) -> float | None:
    """How long after the attempt the next look-up is due, `elapsed` seconds after it; None when all are over."""
    return next((after for after in lookup_after if after > elapsed), None)
