"""The truth: when each site goes bad and when it is well again. Made of a seed, before anything starts."""

from __future__ import annotations

import random
from dataclasses import dataclass

BAD_SECONDS = (20.0, 60.0)
GOOD_SECONDS = (15.0, 45.0)

OPEN, CLOSE = "open", "close"


@dataclass(frozen=True, slots=True)
class Episode:
    """One site was bad from `start` to `end`, in seconds since the beginning. `number` counts the site's episodes."""

    site: str
    number: int
    start: float
    end: float

    def began(self, step: str) -> float:
        """When people should have been told of this step at the earliest."""
        return self.start if step == OPEN else self.end


@dataclass(frozen=True, slots=True)
class Truth:
    """All episodes of all sites within the time of the run, the last of them over at its end."""

    sites: tuple[str, ...]
    episodes: tuple[Episode, ...]

    def is_bad(self, site: str, at: float) -> bool:
        """Whether the site is bad then."""
        return any(one.site == site and one.start <= at < one.end for one in self.episodes)

    def episode_at(self, site: str, at: float) -> Episode | None:
        """The latest episode of the site that had begun by then."""
        begun = [one for one in self.episodes if one.site == site and one.start <= at]
        return begun[-1] if begun else None


def truth(seed: int, seconds: float, sites: int) -> Truth:
    """Every site begins well; episodes that would go on at the end of the run stop there."""
    names = tuple(f"Site {number:02d}" for number in range(1, sites + 1))
    found = []
    for name in names:
        dice = random.Random(f"{seed}/{name}")  # noqa: S311  # no secret hangs on it
        at, number = dice.uniform(0.0, GOOD_SECONDS[1]), 1
        while at + BAD_SECONDS[0] < seconds:
            end = min(at + dice.uniform(*BAD_SECONDS), seconds)
            found.append(Episode(name, number, at, end))
            at, number = end + dice.uniform(*GOOD_SECONDS), number + 1
    return Truth(names, tuple(found))
