"""What a system made of the truth: how much was told, lost, repeated, late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.rivals.episodes import CLOSE, OPEN, Episode, Truth
from benchmarks.rivals.receiver import Post

Step = tuple[Episode, str]

LATE = 30.0
"""Seconds after the truth changed; polling, evaluating and grouping take up to twelve of them."""


@dataclass(frozen=True, slots=True)
class Count:
    """Figures of one system in one run. `due` are two notices per episode: that it began and that it ended."""

    due: int
    posts: int
    lost: int
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


ROWS = (
    ("notices due (two per episode)", "due"),
    ("posts accepted by the receiver", "posts"),
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


@dataclass
class _Told:
    """What was accepted, post by post: when each step was first told, and what a post was that told nothing new."""

    first: dict[Step, float] = field(default_factory=dict)
    repeated: int = 0
    marked: int = 0
    in_vain: int = 0
    merged: int = 0
    digests: set[str] = field(default_factory=set)

    def take(self, at: float, post: Post) -> None:
        """A digest lists where all of its incidents stand, so it is a repeat only under its own key."""
        news = [step for step in post.steps if step not in self.first]
        again = post.digest in self.digests if post.digest else not news
        self.repeated += again and not post.marked
        self.marked += again and post.marked
        self.in_vain += post.marked and not again
        self.merged += sum((episode, CLOSE) in news for episode, step in news if step == OPEN)
        self.digests |= {post.digest} if post.digest else set()
        for step in news:
            self.first[step] = at


def count(truth: Truth, accepted: Sequence[tuple[float, Post]], kills: int) -> Count:
    """Hold what a receiver accepted (seconds since the beginning, post) against the truth."""
    told = _Told()
    for at, post in sorted(accepted, key=lambda one: one[0]):
        told.take(at, post)
    first = told.first
    missing = {(one, step) for one in truth.episodes for step in (OPEN, CLOSE)} - first.keys()
    delays = [at - one.began(step) for (one, step), at in first.items()]
    return Count(
        due=2 * len(truth.episodes),
        posts=len(accepted),
        lost=len(missing),
        unheard=sum((one, CLOSE) in missing for one, step in missing if step == OPEN),
        hanging=sum((one, OPEN) not in missing for one, step in missing if step == CLOSE),
        repeated=told.repeated,
        marked=told.marked,
        in_vain=told.in_vain,
        merged=told.merged,
        disorder=sum(first.get((one, CLOSE), one.end + 1e9) < first.get((one, OPEN), 0.0) for one in truth.episodes),
        late=sum(delay > LATE for delay in delays),
        delay=median(delays) if delays else 0.0,
        worst=max(delays, default=0.0),
        kills=kills,
    )


def table(columns: Sequence[tuple[str, Count]]) -> Iterator[str]:
    """The figures side by side, as lines of Markdown."""
    yield "| | " + " | ".join(name for name, _ in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for words, name in ROWS:
        figures = [getattr(one, name) for _, one in columns]
        yield (
            f"| {words} | " + " | ".join(f"{one:.1f}" if isinstance(one, float) else str(one) for one in figures) + " |"
        )


SHORT = (
    ("lost", "lost"),
    ("repeated, nothing says so", "repeated"),
    ("repeated, and marked as that", "marked"),
    (f"more than {LATE:.0f} s late", "late"),
    ("median seconds", "delay"),
)


def summary(runs: Mapping[str, Mapping[str, Count]]) -> Iterator[str]:
    """All runs in one table of few figures."""
    systems = list(dict.fromkeys(system for found in runs.values() for system in found))
    yield "| run | notices | " + " | ".join(systems) + " |"
    yield "|---|---|" + "---|" * len(systems)
    for run, found in runs.items():
        due = next(iter(found.values())).due
        for number, (words, name) in enumerate(SHORT):
            figures = " | ".join(_shown(getattr(found[system], name)) for system in systems)
            yield f"| {f'{run}, {due} due' if number == 0 else ''} | {words} | {figures} |"


def _shown(figure: float) -> str:
    return f"{figure:.1f}" if isinstance(figure, float) else str(figure)
