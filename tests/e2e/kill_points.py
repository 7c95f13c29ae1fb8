"""The kill matrix: where the program is killed, and what each channel must have got of the step in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

CHANNELS = ("slack", "webhook", "email")
STORES = ("sqlite", "postgres")
NAMES = {"sqlite": "SQLite", "postgres": "Postgres", "slack": "Slack", "webhook": "webhook", "email": "e-mail"}

TIMES = {1: "once", 2: "twice", 3: "three times"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one channel got of one step: how many posts or mails, how many of them under different keys.

    `marked`: how many said that they may repeat an earlier one.
    """

    accepted: int = 1
    keys: int = 1
    marked: int = 0

    def __str__(self) -> str:
        times = TIMES.get(self.accepted, f"{self.accepted} times")
        if self.keys != 1:
            return f"{times}, {self.keys} keys"
        if self.marked:
            return f"{times}, {self.marked} marked"
        return f"{times}, one key" if self.accepted > 1 else times


@dataclass(frozen=True, slots=True)
class Point:
    """Where the process kills itself, in words, and what people must have got. None: the channel has no such point."""

    name: str
    dies: str
    slack: Seen | None = Seen()
    webhook: Seen | None = Seen()
    email: Seen | None = Seen()

    def expected(self, channel: str) -> Seen | None:
        found: Seen | None = getattr(self, channel)
        return found


MARKED = Seen(1, 1, 1)
"""A webhook cannot be asked: what was on record as begun is sent with the word that it may repeat."""

START = (
    Point("start-migration", "while it starts, in the middle of the migration of an empty database"),
    Point("start-lease", "while it starts, with the lease just taken"),
)

POLLING = (
    Point("K0", "a poll is due"),
    Point("K1", "the request to the Portal is written"),
    Point("K2", "the answer's body is read"),
    Point("K3", "the answer is parsed"),
    Point("K4", "the reading is judged"),
    Point("K5-half", "inside the tick's transaction, half of the rows written"),
    Point("K5", "inside the tick's transaction, all rows written, COMMIT not sent"),
    Point("K5-done", "the tick is committed, no notice looked at yet"),
)

ATTEMPT = (
    Point("K6", "the attempt is on record, nothing is prepared", webhook=MARKED),
    Point("K7-before", "just before the call over the wire", webhook=MARKED),
    Point(
        "start-lookup",
        "as K7, and killed again when the start has looked up (Slack) or sent again (the others)",
        webhook=Seen(3, 1, 2),
        email=Seen(3),
    ),
)

OUTCOME = (
    Point("K7", "the other side has accepted, the answer is not seen", webhook=Seen(2, 1, 1), email=Seen(2)),
    Point("K7-edit", "Slack has edited the message, the line of the thread is not posted", webhook=None, email=None),
    Point("K8-before", "the outcome is about to be recorded", webhook=Seen(2, 1, 1), email=Seen(2)),
    Point("K8", "the outcome is recorded"),
    Point("K9-before", "all is told, the heartbeat is about to go out"),
    Point("K9", "the heartbeat is out"),
)

GROUPS = {"start and tick": (*START, *POLLING), "attempt": ATTEMPT, "outcome": OUTCOME}
POINTS = tuple(point for group in GROUPS.values() for point in group)


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one death for one step and one channel. `trouble`: anything else that is wrong, in words."""

    point: str
    step: str
    store: str
    channel: str
    seen: Seen
    trouble: str = ""


def differences(cells: list[Cell]) -> list[str]:
    """Where the run differs from the matrix, as sentences."""
    by_name = {point.name: point for point in POINTS}
    found = []
    for cell in cells:
        wanted = by_name[cell.point].expected(cell.channel)
        where = f"{cell.point}, {cell.step}, {NAMES[cell.store]}, {NAMES[cell.channel]}"
        if wanted is not None and cell.seen != wanted:
            found.append(f"{where}: expected {wanted}, seen {cell.seen}")
        if cell.trouble:
            found.append(f"{where}: {cell.trouble}")
    return found


def table(stores: tuple[str, ...] = STORES) -> Iterator[str]:
    """The matrix as lines of Markdown: what every run is held against."""
    heads = [f"{NAMES[store]}, {NAMES[channel]}" for store in stores for channel in CHANNELS]
    yield "| point | the process dies when | " + " | ".join(heads) + " |"
    yield "|---|---|" + "---|" * len(heads)
    for point in POINTS:
        cells = [str(point.expected(channel) or "–") for _ in stores for channel in CHANNELS]
        yield f"| {point.name} | {point.dies} | " + " | ".join(cells) + " |"
