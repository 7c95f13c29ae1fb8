"""What a system made of the truth: how much was told, lost, repeated, late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.rivals.episodes import CLOSE, OPEN, Episode, Truth
from benchmarks.rivals.receiver import Post

LATE = 30.0
"""Seconds after the truth changed; polling, evaluating and grouping take up to twelve of them."""


@dataclass(frozen=True, slots=True)
class Count:
    """Figures of one system in one run. `due` are two notices per episode: that it began and that it ended."""

    episodes: int
    due: int
    posts: int
    lost_open: int
    lost_close: int
    unheard: int
    hanging: int
    repeated: int
    marked: int
    in_vain: int
    merged: int
    disorder: int
    late: int
    delay: float
    worst: float
    kills: int

    @property
    def lost(self) -> int:
        """Notices that were never accepted."""
        return self.lost_open + self.lost_close


ROWS = (
    ("notices due (two per episode)", "due"),
    ("**lost**: never accepted by the receiver", "lost"),
    ("– of them: episodes nobody ever heard of, two notices each", "unheard"),
    ("– of them: told as begun, never told as ended", "hanging"),
    ("**repeated, unmarked**: accepted again, nothing says so", "repeated"),
    ("repeated, marked: the same key, and it says that it may repeat", "marked"),
    ("marked as a possible repeat, but it was none", "in_vain"),
    ("told in the wrong order", "disorder"),
    (f"late: first accepted more than {LATE:.0f} s after the truth changed", "late"),
    ("beginning and end told in one notice", "merged"),
    ("median seconds from the truth to the receiver", "delay"),
    ("longest", "worst"),
    ("kill -9", "kills"),
)


def count(truth: Truth, accepted: Sequence[tuple[float, Post]], kills: int) -> Count:
    """Hold what a receiver accepted (seconds since the beginning, post) against the truth."""
    told = _told(accepted)
    missing = [(one, step) for one in truth.episodes for step in (OPEN, CLOSE) if not told.get((one, step))]
    unheard = [one for one, step in missing if step == OPEN and (one, CLOSE) in missing]
    again = [marked for times in told.values() for _, marked in times[1:]]
    delays = [times[0][0] - one.began(step) for (one, step), times in told.items()]
    return Count(
        episodes=len(truth.episodes),
        due=2 * len(truth.episodes),
        posts=len(accepted),
        lost_open=sum(step == OPEN for _, step in missing),
        lost_close=sum(step == CLOSE for _, step in missing),
        unheard=len(unheard),
        hanging=sum(step == CLOSE and (one, OPEN) not in missing for one, step in missing),
        repeated=again.count(False),
        marked=again.count(True),
        in_vain=sum(times[0][1] for times in told.values()),
        merged=sum(len(post.steps) > 1 for _, post in accepted),
        disorder=sum(
            told[one, CLOSE][0][0] < told[one, OPEN][0][0]
            for one in truth.episodes
            if told.get((one, OPEN)) and told.get((one, CLOSE))
        ),
        late=sum(delay > LATE for delay in delays),
        delay=median(delays) if delays else 0.0,
        worst=max(delays, default=0.0),
        kills=kills,
    )


def _told(accepted: Sequence[tuple[float, Post]]) -> dict[tuple[Episode, str], list[tuple[float, bool]]]:
    """Per step when it was accepted, and whether that was marked. A digest repeats when it comes under its own key again."""
    told: dict[tuple[Episode, str], list[tuple[float, bool]]] = defaultdict(list)
    digests: set[str] = set()
    for at, post in sorted(accepted, key=lambda one: one[0]):
        for step in post.steps:
            if not post.digest or post.digest in digests or step not in told:
                told[step].append((at, post.marked))
        digests.add(post.digest)
    return told


def table(columns: Sequence[tuple[str, Count]]) -> Iterator[str]:
    """The figures side by side, as lines of Markdown."""
    yield "| | " + " | ".join(name for name, _ in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for words, name in ROWS:
        figures = [getattr(one, name) for _, one in columns]
        yield (
            f"| {words} | " + " | ".join(f"{one:.1f}" if isinstance(one, float) else str(one) for one in figures) + " |"
        )
