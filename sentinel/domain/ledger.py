"""The ledger of an agreement: for each node when it was good, bad or unknown, as runs that last until the next one.

Time is counted in whole Unix seconds. A sample's verdict holds until the next sample is due; what no sample covers is
unknown, for every node, and stands beside the runs: a gap costs one row however many nodes there are. The figures of
overlapping windows are states, never added up.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from sentinel.domain.accounts import Account
from sentinel.domain.alerts import Codes
from sentinel.domain.hierarchy import Bools, Ints, Node, NodeList
from sentinel.domain.reading import GAP_FACTOR, Figures, Floats, Reading
from sentinel.domain.sla import WINDOW, Sla
from sentinel.domain.spans import Spans
from sentinel.domain.standing import Standing

LedgerKey = tuple[str, str, str]
"""Agreement, service, key of the query."""

SWAY = 0.1
"""A node's weight is noted anew when it has changed by more than this share of itself: devices come and go all day."""

WEIGHED_EVERY = 3 * 3600
"""Seconds, counted from midnight UTC, in each of which a weight is noted at most once: of a site with three devices it changes
with every sample, and a mean over months needs no more than morning, noon and night."""


@dataclass(frozen=True, eq=False)
class Ledger:
    """Where one ledger stands after its last sample.

    Columns over `nodes`, every node ever seen, in the order of their first sample: `standing` since `since`, and the
    `weight` that was noted last (NaN: none yet). The ledger is covered from `covered_from` until `covered_until`
    (None before the first sample), `sampled_at` is the last sample. `counted_at`: the end of the last window whose
    events were counted.
    """

    nodes: tuple[Node, ...] = ()
    standing: Codes = field(default_factory=lambda: np.zeros(0, np.uint8))
    since: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    weight: Floats = field(default_factory=lambda: np.zeros(0))
    covered_from: int | None = None
    covered_until: int | None = None
    sampled_at: int | None = None
    counted_at: int | None = None
    recent: Account | None = None
    """Its latest stretch, for agreements whose budget is watched; None: not looked up, or not needed."""
    rows: NodeList | None = field(default=None, repr=False)
    """The rows that `at_row` refers to; from here on nothing is stored: it saves work between two samples."""
    at_row: Ints | None = field(default=None, repr=False)

    def evolve(self, **changes: object) -> Ledger:
        """A copy with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Entry:
    """What one sample adds to a ledger: the span that is covered now, new nodes, and the runs that begin at `at`.

    `first`: how many nodes were known before, so that `nodes` have the numbers from there on. `numbers` and `standing`
    are the runs; a run that began at the same instant is replaced. `weighed`: numbers of nodes whose weight is noted
    from `at` on, `weights` the new ones. `good` and `total` (per number in `counted`): the events of the window that
    ends at `at`.
    """

    key: LedgerKey
    at: int
    covered: tuple[int, int]
    first: int
    nodes: tuple[Node, ...]
    numbers: Ints
    standing: Codes
    weighed: Ints
    weights: Floats
    counted: Ints
    good: Floats
    total: Floats


_NONE: Ints = np.zeros(0, np.int64)
_NO_FIGURES: Floats = np.zeros(0)


def enter(
    sla: Sla, key: LedgerKey, ledger: Ledger, reading: Reading, interval: float, waited: float | None = None
) -> tuple[Ledger, Entry] | None:
    """The ledger after a good reading and what to write of it; None when the reading tells it nothing.

    `interval`: seconds until the next sample is due. `waited`: seconds between the last good answer and this one by the
    clock, None where answers failed in between or it is not known. Instants that are covered already, as after a clock was set
    back, are not judged anew.
    """
    figures = reading.figures
    at = int(reading.sample_at)
    if figures is None or (ledger.sampled_at is not None and at < ledger.sampled_at):
        return None
    grown, new, at_row = _grown(ledger, figures.rows, at)
    standing = _standing(sla, grown, figures, at_row, at)
    weighed, weights = _weights(sla, grown, figures, at_row, at)
    counted, good, total = _counts(sla, grown, figures, at_row, at)
    changed = np.flatnonzero(standing != grown.standing)
    numbers = np.union1d(changed, np.arange(len(ledger.nodes), len(grown.nodes)))
    entry = Entry(
        key=key,
        at=at,
        covered=(_start(ledger, at, interval, waited), at + max(1, round(interval))),
        first=len(ledger.nodes),
        nodes=new,
        numbers=numbers,
        standing=standing[numbers],
        weighed=weighed,
        weights=weights,
        counted=counted,
        good=good,
        total=total,
    )
    after = _after(grown, entry, changed, standing)
    return after.evolve(rows=figures.rows, at_row=at_row), entry


def _after(grown: Ledger, entry: Entry, changed: Ints, standing: Codes) -> Ledger:
    """Where the ledger stands with the entry in it."""
    since, weight = grown.since, grown.weight
    if changed.size:
        since = since.copy()
        since[changed] = entry.at
    if entry.weighed.size:
        weight = weight.copy()
        weight[entry.weighed] = entry.weights
    return grown.evolve(
        standing=standing,
        since=since,
        weight=weight,
        covered_from=entry.covered[0],
        covered_until=entry.covered[1],
        sampled_at=entry.at,
        counted_at=entry.at if entry.counted.size else grown.counted_at,
    )


def _start(ledger: Ledger, at: int, interval: float, waited: float | None) -> int:
    """Where the span begins that the sample belongs to: a late poll is no gap, a missed one is.

    Polls now before, now after the edge of a slot seem to leave slots out, yet none was missed: the clock tells.
    """
    last = ledger.sampled_at
    if last is None or ledger.covered_from is None:
        return at
    apart = at - last if waited is None else min(at - last, waited)
    return at if apart > GAP_FACTOR * interval else ledger.covered_from


def _grown(ledger: Ledger, rows: NodeList, at: int) -> tuple[Ledger, tuple[Node, ...], Ints]:
    """The ledger with the nodes that it sees for the first time, and every node's row (-1: not in the answer)."""
    if ledger.rows is rows and ledger.at_row is not None:
        return ledger, (), ledger.at_row
    known = set(ledger.nodes)
    new = tuple(node for row in rows.judged if (node := rows.nodes[row]) not in known)
    position = {rows.nodes[row]: int(row) for row in rows.judged}
    nodes = ledger.nodes + new
    at_row = np.fromiter((position.get(node, -1) for node in nodes), np.int64, len(nodes))
    if not new:
        return ledger, (), at_row
    count = len(new)
    grown = ledger.evolve(
        nodes=nodes,
        standing=np.concatenate([ledger.standing, np.zeros(count, np.uint8)]),
        since=np.concatenate([ledger.since, np.full(count, at, np.int64)]),
        weight=np.concatenate([ledger.weight, np.full(count, np.nan)]),
    )
    return grown, new, at_row


def _standing(sla: Sla, ledger: Ledger, figures: Figures, at_row: Ints, at: int) -> Codes:
    """What the sample says about every node."""
    verdict = _verdicts(sla, figures)
    here = at_row >= 0
    standing = np.full(at_row.size, Standing.UNKNOWN, np.uint8)
    standing[here] = verdict[at_row[here]]
    if at == ledger.sampled_at:  # the same slot once more: what it told before is not forgotten
        standing = np.where(standing == Standing.UNKNOWN, ledger.standing, standing)
    lost = ~here & (ledger.standing == Standing.UNKNOWN) & (at - ledger.since >= sla.retire_after)
    standing[lost | (~here & (ledger.standing == Standing.GONE))] = Standing.GONE
    return standing


def _verdicts(sla: Sla, figures: Figures) -> Codes:
    """Per row of the answer. What is counted in events is known where both counts are."""
    if sla.good is not None:
        found = sla.good.judge(figures)
        good, known = found.true, found.known
    else:
        _, total = _events(sla, figures)
        good = known = np.isfinite(total)  # how good it was, the events tell
    if sla.only_if is not None:
        known = known & sla.only_if.judge(figures).true
    verdict = np.where(good, Standing.GOOD, Standing.BAD).astype(np.uint8)
    verdict[~known] = Standing.UNKNOWN
    return verdict


def _events(sla: Sla, figures: Figures) -> tuple[Floats, Floats]:
    """Good and all events per row, NaN in both where they cannot be: unknown, negative, or more good ones than all."""
    assert sla.counts is not None
    good, total = sla.counts.good.value(figures), sla.counts.total.value(figures)
    usable = np.isfinite(good) & np.isfinite(total)
    usable &= np.where(usable, (good >= 0) & (total >= good), False)
    return np.where(usable, good, np.nan), np.where(usable, total, np.nan)


def _weights(sla: Sla, ledger: Ledger, figures: Figures, at_row: Ints, at: int) -> tuple[Ints, Floats]:
    """The nodes whose weight is to be noted, or anew, and their weights."""
    if not sla.weight:
        return _NONE, _NO_FIGURES
    column = figures.column(sla.weight)
    now = np.where(at_row >= 0, column[np.maximum(at_row, 0)], np.nan) if column.size else np.full(at_row.size, np.nan)
    usable: Bools = np.isfinite(now) & (now >= 0)
    noted = ledger.weight
    anew = ledger.sampled_at is not None and at // WEIGHED_EVERY > ledger.sampled_at // WEIGHED_EVERY
    with np.errstate(invalid="ignore"):
        moved = np.isnan(noted) | (anew & (np.abs(now - noted) > SWAY * noted))
    numbers = np.flatnonzero(usable & moved)
    return numbers, now[numbers]


def _counts(sla: Sla, ledger: Ledger, figures: Figures, at_row: Ints, at: int) -> tuple[Ints, Floats, Floats]:
    """The events of a window that overlaps none that was counted before."""
    if sla.counts is None or (ledger.counted_at is not None and at < ledger.counted_at + WINDOW[sla.scope]):
        return _NONE, _NO_FIGURES, _NO_FIGURES
    good, total = _events(sla, figures)
    if sla.only_if is not None:
        total = np.where(sla.only_if.judge(figures).true, total, np.nan)
    numbers = np.flatnonzero(at_row >= 0)
    rows = at_row[numbers]
    known = np.isfinite(total[rows])
    numbers, rows = numbers[known], rows[known]
    return numbers, good[rows], total[rows]


def extended(account: Account | None, entry: Entry, since: int) -> Account:
    """A stretch of the ledger with what a sample adds, from `since` on: what ended before is let go."""
    old = account or Account((), _NONE, _NONE, np.zeros(0, np.uint8), Spans.of(()))
    again = (old.start == entry.at) & np.isin(old.number, entry.numbers)
    number = np.concatenate([old.number[~again], entry.numbers])
    start = np.concatenate([old.start[~again], np.full(entry.numbers.size, entry.at, np.int64)])
    standing = np.concatenate([old.standing[~again], entry.standing])
    order = np.lexsort((start, number))
    again = (old.weighed_at == entry.at) & np.isin(old.weighed, entry.weighed)
    weighed = np.concatenate([old.weighed[~again], entry.weighed])
    weighed_at = np.concatenate([old.weighed_at[~again], np.full(entry.weighed.size, entry.at, np.int64)])
    weights = np.concatenate([old.weight[~again], entry.weights])
    by_weight = np.lexsort((weighed_at, weighed))
    counts = [one for one in old.counts if one[0] > since and one[0] != entry.at]
    if entry.counted.size:
        counts.append((entry.at, entry.counted, entry.good, entry.total))
    whole = Account(
        nodes=old.nodes + entry.nodes,
        number=number[order],
        start=start[order],
        standing=standing[order],
        covered=old.covered.union(Spans.of([entry.covered])).clip(since, entry.covered[1]),
        weighed=weighed[by_weight],
        weighed_at=weighed_at[by_weight],
        weight=weights[by_weight],
        counts=tuple(counts),
    )
    return whole.since(since)
