"""One rule's alerts of one service, carried on by one reading: phases, timers, missing data, what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sentinel.domain.alerts import OK, UNKNOWN, Alerts, Codes, Phase, Verdict, freeze, shown_state, step
from sentinel.domain.hierarchy import Bools, Ints, Node, NodeList
from sentinel.domain.reading import GAP_FACTOR, Figures, Floats, Reading
from sentinel.domain.records import QueryState
from sentinel.domain.rules import Criteria, NoData, Rule, Severity
from sentinel.domain.verdicts import Judged, is_blind, judge, observed, variant_of


@dataclass(frozen=True, slots=True)
class Elapsed:
    """How the time since the last tick counts, in seconds of sample time.

    `at`: this sample. `step`: since the last tick. `missed`: of the time since the last good sample, what no timer may
    count. `is_gap`: polls were missed. `shift`: how far the clock was set back (negative), else 0.
    """

    at: float
    step: float
    missed: float
    is_gap: bool
    shift: float = 0.0

    @property
    def gap(self) -> float:
        """The length of the gap in polling, 0 without one."""
        return self.step if self.is_gap else 0.0


def elapsed_since(before: QueryState, reading: Reading, interval: float) -> Elapsed:
    """How time has passed for a query that is asked every `interval` seconds."""
    at, last = reading.sample_at, before.last_at
    if last is None or before.last_reading_at is None:
        return Elapsed(at, 0.0, 0.0, is_gap=False)
    if at < last:
        return Elapsed(at, 0.0, _failed_span(before, last), is_gap=False, shift=at - last)
    if at == last:
        return _within_slot(before, at, interval)
    # A poll now before, now after the edge of a slot seems to leave slots out, yet none was missed: the clock tells.
    is_gap = min(at - last, reading.at - before.last_reading_at) > GAP_FACTOR * interval
    missed = _failed_span(before, last) + (at - last if is_gap else 0.0)
    return Elapsed(at, at - last, missed, is_gap)


def _within_slot(before: QueryState, at: float, interval: float) -> Elapsed:
    """A slot asked again: no time has passed, unless the slot has only failed so far. Then this poll takes its place."""
    good, failing = before.last_good_at, before.failing_since
    if good is None or good >= at:
        return Elapsed(at, 0.0, 0.0, is_gap=False)
    previous = good if failing is None or failing >= at else max(failing, at - interval)
    is_gap = at - previous > GAP_FACTOR * interval
    missed = max(0.0, previous - good) + (at - previous if is_gap else 0.0)
    return Elapsed(at, at - previous, missed, is_gap)


def _failed_span(before: QueryState, last: float) -> float:
    if before.last_good_at is None:
        return 0.0
    return max(0.0, last - before.last_good_at)


def shifted(alerts: Alerts, seconds: float) -> Alerts:
    """All timers moved by `seconds`: what a clock that was set back does to them, so that durations stay true."""
    return alerts.evolve(
        warning_since=alerts.warning_since + seconds,
        critical_since=alerts.critical_since + seconds,
        good_at=alerts.good_at + seconds,
        missing_since=alerts.missing_since + seconds,
    )


@dataclass(frozen=True, slots=True)
class Unseen:
    """The last look before this one, in Unix seconds, when there should have been others, and why there were none."""

    since: float
    why: str


def _unseen(rule: Rule, *, figures_at: float, state: QueryState, time: Elapsed) -> Unseen | None:
    last = state.last_good_at if state.failures else state.last_reading_at
    if last is None:
        return None
    if time.is_gap:
        return Unseen(last, "Sentinel was down")
    if state.failures and figures_at - last >= rule.criteria.no_data_after:
        return Unseen(last, "the source gave no figures")
    return None


@dataclass(frozen=True)
class Advanced:
    """The alerts after the reading. `before` has the same entries in the same order (new ones as quietly ok).

    `gone`: entries that are quiet now and leave the record. `retired`: of those, the ones that left because the
    source has not shown the node for too long. `judged`: per row of `rows.judged`, whether the sample told anything
    or the alert is active all the same; None for a failed reading. `unsure`: entries of which the sample told nothing,
    and the rule does not say what that counts as. `unseen`: when nobody saw for long how things went. `shifted`:
    the clock was set back, and every timer has moved, in `before` as in `after`.
    """

    before: Alerts
    after: Alerts
    gone: Bools
    retired: Bools
    judged: Bools | None
    unsure: Bools
    unseen: Unseen | None = None
    shifted: bool = False


def advance(rule: Rule, service: str, alerts: Alerts, figures: Figures, state: QueryState, time: Elapsed) -> Advanced:
    """Carry the alerts on by a good answer. `state` is the query's before this reading."""
    rows = figures.rows
    verdicts = judge(rule, service, figures)
    if time.shift:
        alerts = shifted(alerts, time.shift)
    before, row = _with_new_entries(alerts, verdicts, rows, state, time)
    unseen = _unseen(rule, figures_at=time.at, state=state, time=time)
    if not before.nodes:
        # The usual tick: all is well.
        return Advanced(before, before, _NOBODY, _NOBODY, verdicts.known, _NOBODY, unseen)
    index = rows.judged_at(row)
    criteria = _criteria_numbers(rule, service, before.nodes, verdicts, index)
    absent = index < 0
    warning = np.where(absent, Verdict.UNKNOWN, verdicts.warning[index] if rows.judged.size else 0).astype(np.uint8)
    critical = np.where(absent, Verdict.UNKNOWN, verdicts.critical[index] if rows.judged.size else 0).astype(np.uint8)
    entries = _Entries((rule.criteria, *(o.criteria for o in rule.overrides)), criteria)
    warning = entries.without_threshold(Severity.WARNING, warning)
    critical = entries.without_threshold(Severity.CRITICAL, critical)

    blind = is_blind(warning, critical, np.maximum(warning, critical))
    good_at, missing_since = _missing(before, blind, state, time)
    reached = blind & (time.at - missing_since >= entries.no_data_after())
    policy = entries.no_data()
    if reached.any():
        for policy_code, verdict in ((1, Verdict.BREACH), (2, Verdict.CLEAR)):
            here = reached & (policy == policy_code)
            warning[here], critical[here] = verdict, verdict
        warning = entries.without_threshold(Severity.WARNING, warning)
        critical = entries.without_threshold(Severity.CRITICAL, critical)

    w_phase, w_since = _turn(entries, Severity.WARNING, before.warning, before.warning_since, warning, time)
    c_phase, c_since = _turn(entries, Severity.CRITICAL, before.critical, before.critical_since, critical, time)
    retired = absent & blind & (time.at - missing_since >= rule.retire_after)
    if retired.any():
        w_phase, c_phase = np.where(retired, _INACTIVE, w_phase), np.where(retired, _INACTIVE, c_phase)
    unsure = blind & ~(reached & (policy > 0))
    unknown = unsure & (np.isnan(good_at) | reached)
    shown = shown_state(w_phase, c_phase, unknown & ~retired)
    watched = (c_phase != Phase.INACTIVE) | (w_phase == Phase.INACTIVE)
    after = before.evolve(
        warning=w_phase,
        warning_since=w_since,
        critical=c_phase,
        critical_since=c_since,
        blind=blind & ~retired,
        good_at=good_at,
        missing_since=missing_since,
        shown=shown,
        value=_values(entries, watched, before.value, figures, row),
        rows=rows,
        at_row=row,
    )
    gone = ((w_phase == Phase.INACTIVE) & (c_phase == Phase.INACTIVE) & ~blind) | retired
    judged = verdicts.known
    judged[index[after.active & ~absent]] = True
    return Advanced(before, after, gone, retired, judged, unsure & ~retired, unseen, shifted=time.shift != 0)


def advance_blind(rule: Rule, service: str, alerts: Alerts, state: QueryState, time: Elapsed) -> Advanced:
    """Carry the alerts on by a failed reading: nothing moves, but what has had no data for too long shows unknown."""
    if time.shift:
        alerts = shifted(alerts, time.shift)
    count = len(alerts.nodes)
    numbers = np.fromiter((variant_of(rule, service, node) for node in alerts.nodes), np.int64, count)
    entries = _Entries((rule.criteria, *(o.criteria for o in rule.overrides)), numbers)
    good_at, missing_since = _missing(alerts, np.ones(count, bool), state, time)
    unknown = (time.at - missing_since >= entries.no_data_after()) | np.isnan(good_at)
    unknown &= ~(alerts.blind & (alerts.shown != UNKNOWN) & (entries.no_data() > 0))
    after = alerts.evolve(
        blind=alerts.blind | unknown,
        good_at=np.where(unknown, good_at, alerts.good_at),
        missing_since=np.where(unknown, missing_since, alerts.missing_since),
        shown=np.where(unknown, UNKNOWN, alerts.shown).astype(np.uint8),
    )
    nothing = np.zeros(count, bool)
    return Advanced(alerts, after, nothing, nothing, None, ~nothing, shifted=time.shift != 0)


def _with_new_entries(
    alerts: Alerts, verdicts: Judged, rows: NodeList, state: QueryState, time: Elapsed
) -> tuple[Alerts, Ints]:
    """The alerts and those rows that were quietly ok and are not now, with every entry's row (-1: not reported)."""
    row = alerts.positions(rows)
    fresh = verdicts.notable.copy()
    present = rows.judged_index[row[row >= 0]]
    fresh[present[present >= 0]] = False
    # Looking for nothing in a large column is much quicker with `any` than with `flatnonzero`.
    new_rows = rows.judged[np.flatnonzero(fresh)] if fresh.any() else rows.judged[:0]
    vanished = _vanished(alerts, rows, state)
    if not new_rows.size and not vanished:
        return alerts, row
    nodes = (*(rows.nodes[i] for i in new_rows), *vanished)
    grown = alerts.grown(nodes, time.at)
    if state.last_good_at is not None and state.known is not None:
        known = state.known
        seen = np.fromiter((node in known.position for node in nodes), bool, len(nodes))
        good = np.where(seen, state.last_good_at + time.shift, np.nan)
        grown = grown.evolve(good_at=np.concatenate([alerts.good_at, good]))
    return grown, np.concatenate([row, new_rows, np.full(len(vanished), -1, np.int64)])


def _vanished(alerts: Alerts, rows: NodeList, state: QueryState) -> tuple[Node, ...]:
    """Nodes of the last good answer that this one lacks and that have no entry yet: quiet until now, unseen from now."""
    known = state.known
    if known is None or known is rows:
        return ()
    recorded = set(alerts.nodes)
    nodes = (known.nodes[i] for i in known.judged)
    return tuple(node for node in nodes if node not in rows.position and node not in recorded)


def _criteria_numbers(rule: Rule, service: str, nodes: tuple[Node, ...], verdicts: Judged, index: Ints) -> Ints | None:
    """Per entry which criteria bind it; None: the rule's own bind all."""
    if verdicts.variants.index is None:
        return None
    if not verdicts.variants.index.size:
        return np.fromiter((variant_of(rule, service, node) for node in nodes), np.int64, len(nodes))
    numbers = verdicts.variants.index[index]
    for entry in np.flatnonzero(index < 0):
        numbers[entry] = variant_of(rule, service, nodes[entry])
    return numbers


_NOBODY = np.zeros(0, bool)
_INACTIVE, _CLEAR = np.uint8(Phase.INACTIVE), np.uint8(Verdict.CLEAR)
_POLICY = {NoData.UNKNOWN: 0, NoData.BREACH: 1, NoData.OK: 2}


@dataclass(frozen=True)
class _Entries:
    """Which criteria bind each entry (`number` None: the first bind all), and the numbers in them.

    Numbers come as a column, or as the one number that holds for all entries: most rules have no overrides, and numpy
    takes either.
    """

    criteria: tuple[Criteria, ...]
    number: Ints | None

    def no_data_after(self) -> Floats | float:
        return self._each([c.no_data_after for c in self.criteria])

    def no_data(self) -> Floats | float:
        return self._each([_POLICY[c.no_data] for c in self.criteria])

    def hold(self, severity: Severity) -> Floats | float:
        thresholds = [c.threshold(severity) for c in self.criteria]
        return self._each([t.hold if t else 0.0 for t in thresholds])

    def recover_for(self, severity: Severity) -> Floats | float:
        thresholds = [c.threshold(severity) for c in self.criteria]
        return self._each([t.recover_for if t else 0.0 for t in thresholds])

    def without_threshold(self, severity: Severity, verdict: Codes) -> Codes:
        """A severity that the criteria do not have (any more) is always clear."""
        has = [c.threshold(severity) is not None for c in self.criteria]
        if self.number is None:
            return verdict if has[0] else np.zeros_like(verdict)
        return np.where(np.array(has)[self.number], verdict, _CLEAR)

    def bound_by(self) -> Iterable[tuple[Criteria, Bools | bool]]:
        """The criteria that bind any entry, each with those entries."""
        if self.number is None:
            return ((self.criteria[0], True),)
        return ((self.criteria[number], self.number == number) for number in np.unique(self.number))

    def _each(self, numbers: Sequence[float]) -> Floats | float:
        return float(numbers[0]) if self.number is None else np.array(numbers, np.float64)[self.number]


def _missing(before: Alerts, blind: Bools, state: QueryState, time: Elapsed) -> tuple[Floats, Floats]:
    """Last good sample and start of the no-data clock of every entry that is blind now."""
    newly = blind & ~before.blind
    if not newly.any():
        return before.good_at, before.missing_since
    last = np.nan if state.last_good_at is None else state.last_good_at + time.shift
    good_at = np.where(newly & (before.shown != OK), last, before.good_at)
    start = np.where(np.isnan(good_at), time.at, good_at)
    return good_at, np.where(newly, start, before.missing_since)


def _turn(
    entries: _Entries, severity: Severity, phase: Codes, since: Floats, verdict: Codes, time: Elapsed
) -> tuple[Codes, Floats]:
    """One severity's step, with the time taken out that must not count."""
    if not phase.any() and not verdict.any():
        return phase, since  # all of them inactive and clear, as a severity is that the rule does not have
    if time.missed:
        since = freeze(phase, since, np.ones(phase.size, bool), time.missed)
    if not time.is_gap:
        since = freeze(phase, since, verdict == Verdict.UNKNOWN, time.step)
    else:
        restarts = (phase == Phase.PENDING) & (time.gap > entries.no_data_after())
        since = np.where(restarts, time.at, since)
    return step(
        phase, since, verdict, at=time.at, hold=entries.hold(severity), recover_for=entries.recover_for(severity)
    )


def _values(entries: _Entries, critical: Bools, previous: Floats, figures: Figures, row: Ints) -> Floats:
    """The figure that people want to see of every entry; the last known one where the sample has none.

    `critical`: where the critical condition's figure is wanted, elsewhere it is the warning's.
    """
    values = previous.copy()
    present = row >= 0
    for criteria, bound in entries.bound_by():
        for severity, chosen in ((Severity.CRITICAL, critical), (Severity.WARNING, ~critical)):
            here = np.flatnonzero(bound & chosen & present)
            if here.size:
                found = observed(criteria, severity, figures, row[here])
                values[here] = np.where(np.isnan(found), values[here], found)
    return values
