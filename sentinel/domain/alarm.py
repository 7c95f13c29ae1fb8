"""The rule that watches an error budget: how fast it burns, as figures that a rule like any other is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np

from sentinel.domain.accounts import Account
from sentinel.domain.attained_text import seconds_text
from sentinel.domain.burn import Guard, Pace, forecast, reaching_back
from sentinel.domain.calendars import Calendar, Maintenance
from sentinel.domain.dossier import Dossier
from sentinel.domain.hierarchy import Bools, Node
from sentinel.domain.ledger import Ledger
from sentinel.domain.mutes import covers
from sentinel.domain.periods import MONTHS, Term
from sentinel.domain.reading import Figures, Floats
from sentinel.domain.sla import Sla
from sentinel.domain.spans import Spans

PREFIX = "sla/"
"""How the ids of these rules begin: no rule of a file has a name with a slash."""

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_SLACK = 14 * 86400
"""Seconds that a window reaches back further than its service time takes on average: holidays."""


def column(window: int) -> str:
    """The figure that says how fast the budget burned over a window of so many seconds: `burn_1h`."""
    size, unit = next((size, unit) for size, unit in _UNITS if window % size == 0)
    return f"burn_{window // size}{unit}"


def condition(paces: Sequence[Pace], period: int) -> str:
    """Any of these paces, as a condition over the columns."""
    pairs = []
    for pace in paces:
        least = _plain(pace.factor(period))
        pairs.append(f"{column(pace.long)} >= {least} and {column(pace.short)} >= {least}")
    return " or ".join(f"({pair})" for pair in pairs)


def _plain(number: Fraction) -> str:
    """At most two places, rounded down: an alarm that is a shade too early is none too late."""
    return f"{int(number * 100) / 100:g}"


@dataclass(frozen=True)
class Watch:
    """What the burn rates of one ledger are made of."""

    sla: Sla
    service: str
    calendar: Calendar
    planned: tuple[Maintenance, ...]

    def reach(self, at: int) -> int:
        """From which instant on the ledger must be known at that one: the period, and the longest window, are in it."""
        assert self.sla.alarm is not None
        term = self.sla.period.around(at, self.sla.timezone)
        return min(term.start, at - self.sla.alarm.reach - (_SLACK if self.sla.calendar else 0))

    def columns(self, ledger: Ledger, figures: Figures) -> Mapping[str, Floats]:
        """The burn rates per row of the answer. NaN: there may be a fire, and too little was seen to say so."""
        account, until = ledger.recent, ledger.covered_until
        if self.sla.alarm is None or account is None or until is None or ledger.at_row is None:
            return {}
        dossier = self._dossier(account)
        allowed = 1 - Fraction(self._objective(until))
        rows = ledger.at_row
        found: dict[str, Floats] = {}
        for window in sorted({length for pace in self.sla.alarm.paces for length in (pace.long, pace.short)}):
            rate = self._rates(dossier, account, until, window, allowed)
            values = np.full(len(figures.rows.nodes), np.nan)
            here = rows >= 0
            values[rows[here]] = rate[here]
            found[column(window)] = values
        return found

    def remark(self, ledger: Ledger, node: Node, at: int) -> str:
        """What is left of the budget, and when it will be used up at the present pace."""
        account, alarm = ledger.recent, self.sla.alarm
        if account is None or alarm is None:
            return ""
        term = self.sla.period.around(at, self.sla.timezone)
        dossier = self._dossier(account)
        row = dossier.row(node, term, at)
        share = self._share(dossier, node, at, min(pace.long for pace in alarm.paces))
        left = row.budget_left_seconds
        budget = f"{seconds_text(max(left, 0))} of {seconds_text(row.budget_seconds)} are left"
        if left <= 0:
            return f"The error budget of {term.name} is used up."
        service = self.calendar.open(term.start, term.end)
        for planned in dossier.exclusions():
            if covers(planned.matchers.node, node):
                service = service.minus(planned.spans(term.start, term.end))
        end = forecast(left, share, at, service) if share else None
        if end is None:
            return f"Of the error budget of {term.name}, {budget}."
        return f"At this pace it uses up the error budget of {term.name} on {_day(end, term)}; {budget}."

    def _dossier(self, account: Account) -> Dossier:
        return Dossier(self.sla, self.service, (account,), self.calendar, self.planned)

    def _objective(self, at: int) -> Fraction:
        return Fraction(self.sla.objective(self.sla.period.around(at - 1, self.sla.timezone).first))

    def _open(self, until: int) -> Spans:
        return self.calendar.open(self.reach(until), until)

    def _rates(self, dossier: Dossier, account: Account, until: int, window: int, allowed: Fraction) -> Floats:
        """How many times faster than the budget allows each node was bad."""
        start = reaching_back(self._open(until), until, window)
        scope = dossier.scope(account, start, until)
        tally = account.seconds(scope.left, scope.of)
        bad, judged = tally.bad.astype(np.float64), (tally.good + tally.bad).astype(np.float64)
        guard = self.sla.alarm.guard if self.sla.alarm else Guard()
        enough: Bools = judged >= float(guard.judged_share) * scope.per_node()
        if self.sla.counts is not None:
            bad, judged = _events(account, start, until)
            enough = judged > 0
            bad = np.where(judged >= guard.events, bad, 0.0)  # one failure of ten is no fire
        share = np.divide(bad, judged, out=np.full(bad.size, np.nan), where=judged > 0)
        share[(bad > 0) & ~enough] = np.nan
        rates: Floats = share / float(allowed)
        return rates

    def _share(self, dossier: Dossier, node: Node, at: int, window: int) -> Fraction:
        """The bad share of the last hour or so, of the node or of what lies below it."""
        account = dossier.accounts[-1]
        start = reaching_back(self._open(at), at, window)
        scope = dossier.scope(account, start, at)
        tally = account.seconds(scope.left, scope.of)
        below = np.fromiter((one[: len(node)] == node for one in account.nodes), bool, len(account.nodes))
        bad, judged = int(tally.bad[below].sum()), int((tally.good + tally.bad)[below].sum())
        return Fraction(bad, judged) if judged else Fraction(0)


def _events(account: Account, start: int, until: int) -> tuple[Floats, Floats]:
    """Bad and all events per node of the windows that ended within."""
    size = len(account.nodes)
    bad, total = np.zeros(size), np.zeros(size)
    for at, numbers, good, every in account.counts:
        if start < at <= until:
            bad[numbers] += every - good
            total[numbers] += every
    return bad, total


def _day(at: int, term: Term) -> str:
    """`19 November`."""
    day = datetime.fromtimestamp(at, ZoneInfo(term.timezone))
    return f"{day.day} {MONTHS[day.month - 1]}"
