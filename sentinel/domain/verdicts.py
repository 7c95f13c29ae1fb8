"""A rule's conditions over one answer: what the sample says about each severity of each judged node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sentinel.domain.alerts import Codes, Verdict
from sentinel.domain.expressions import Condition
from sentinel.domain.hierarchy import Bools, Ints, Node, NodeList
from sentinel.domain.reading import Figures, Floats
from sentinel.domain.rules import Criteria, Rule, Severity, Threshold

_CLEAR, _BETWEEN, _BREACH = np.uint8(Verdict.CLEAR), np.uint8(Verdict.BETWEEN), np.uint8(Verdict.BREACH)


@dataclass(frozen=True)
class Variants:
    """Which criteria bind which judged row: `criteria[index[i]]`; `index` None while there is only the rule's own."""

    criteria: tuple[Criteria, ...]
    index: Ints | None

    def of_row(self, row: int) -> int:
        """The number of the criteria that bind the judged row."""
        return 0 if self.index is None else int(self.index[row])


def variants(rule: Rule, service: str, rows: NodeList) -> Variants:
    """The rule's criteria and those of its overrides, per judged row; kept with the rows."""
    criteria = (rule.criteria, *(override.criteria for override in rule.overrides))
    if not rule.overrides:
        return Variants(criteria, None)
    key = ("variants", rule.overrides, service)
    kept = rows.memo.get(key)
    if not isinstance(kept, np.ndarray):
        numbers = (variant_of(rule, service, rows.nodes[row]) for row in rows.judged)
        kept = np.fromiter(numbers, np.int64, rows.judged.size)
        rows.memo[key] = kept
    return Variants(criteria, kept)


def variant_of(rule: Rule, service: str, node: Node) -> int:
    """0 for the rule's own criteria, n for those of its n-th override: the first that matches wins."""
    for number, override in enumerate(rule.overrides, start=1):
        if override.applies(service, node):
            return number
    return 0


@dataclass(frozen=True)
class Judged:
    """Verdict codes per judged row (UNKNOWN where only_if does not hold), and which rows a quiet alert cannot ignore.

    `known`: the sample told something that can stand, see `is_blind`.
    """

    variants: Variants
    warning: Codes
    critical: Codes
    notable: Bools
    known: Bools

    def codes(self, severity: Severity) -> Codes:
        """The verdicts of that severity."""
        return self.warning if severity is Severity.WARNING else self.critical


def judge(rule: Rule, service: str, figures: Figures) -> Judged:
    """What the answer says about every judged row under the rule."""
    found = variants(rule, service, figures.rows)
    used = () if found.index is None else tuple(int(n) for n in np.unique(found.index))
    results = {number: _judge_criteria(found.criteria[number], figures) for number in used or (0,)}
    warning, critical = next(iter(results.values()))
    if len(results) > 1:
        warning, critical = warning.copy(), critical.copy()
        for number, (w_codes, c_codes) in results.items():
            here = found.index == number
            warning[here], critical[here] = w_codes[here], c_codes[here]
    both = np.maximum(warning, critical)
    return Judged(found, warning, critical, both >= Verdict.BREACH, ~is_blind(warning, critical, both))


def is_blind(warning: Codes, critical: Codes, higher: Codes) -> Bools:
    """Where a sample told nothing that could stand: some severity unknown and none in breach.

    `higher` is the higher code of the two, which every caller has at hand.
    """
    blind: Bools = higher == Verdict.UNKNOWN
    if blind.any():
        blind &= (warning != Verdict.BREACH) & (critical != Verdict.BREACH)
    return blind


def _judge_criteria(criteria: Criteria, figures: Figures) -> tuple[Codes, Codes]:
    allowed = _where_allowed(criteria.only_if, figures)
    return (
        _codes(criteria.warning, figures, allowed),
        _codes(criteria.critical, figures, allowed),
    )


def _where_allowed(only_if: Condition | None, figures: Figures) -> Bools | None:
    return None if only_if is None else only_if.judge(figures).true


def _codes(threshold: Threshold | None, figures: Figures, allowed: Bools | None) -> Codes:
    """Codes of one severity. Breach wins over clear; without a clear condition, not breach is clear."""
    rows = figures.rows
    if threshold is None:
        return _all_clear(rows)
    breach = threshold.breach.judge(figures)
    if threshold.clear is None:
        codes = breach.true.view(np.uint8) * _BREACH
        known = breach.known
    else:
        clear = threshold.clear.judge(figures)
        codes = np.where(clear.true, _CLEAR, _BETWEEN)
        codes = np.where(breach.true, _BREACH, codes)
        known = breach.true | (breach.known & clear.known)
    if not known.all():
        codes[~known] = Verdict.UNKNOWN
    if allowed is not None:
        codes[~allowed] = Verdict.UNKNOWN
    return codes if rows.judged.size == codes.size else codes[rows.judged]


def _all_clear(rows: NodeList) -> Codes:
    """The verdicts of a severity that a rule does not have; never written to."""
    kept = rows.memo.get("clear")
    if not isinstance(kept, np.ndarray):
        kept = np.zeros(rows.judged.size, np.uint8)
        rows.memo["clear"] = kept
    return kept


def observed(criteria: Criteria, severity: Severity, figures: Figures, rows: Ints) -> Floats:
    """The figure that the severity's condition looks at, for these rows; of the other severity where it has none."""
    threshold = criteria.threshold(severity) or criteria.critical or criteria.warning
    if threshold is None:
        return np.full(rows.size, np.nan)
    return threshold.breach.value(figures, rows)
