"""The rule that watches an error budget: how fast it burns, as figures that a rule like any other is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np

from sentinel.domain.accounts import Account
from sentinel.domain.attained_text import share_text
from sentinel.domain.burn import forecast, reaching_back
from sentinel.domain.calendars import Calendar, Maintenance
from sentinel.domain.dossier import Dossier, weights_of
from sentinel.domain.hierarchy import Bools, Ints, Node
from sentinel.domain.ledger import Ledger
from sentinel.domain.mutes import covers
from sentinel.domain.paces import Guard, Pace
from sentinel.domain.periods import MONTHS, Term
from sentinel.domain.reading import Figures, Floats
from sentinel.domain.scope import Scope
from sentinel.domain.sla import WINDOW, Sla
from sentinel.domain.spans import Spans

PREFIX = "sla/"
"""How the ids of these rules begin: no rule of a file has a name with a slash."""

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_AS_NAME = str.maketrans({"-": "__", "_": "_u", ".": "_d"})
"""An underscore begins what stands for one character, so two ids never come to the same."""
_SLACK = 14 * 86400
"""Seconds that a window reaches back further than its service time takes on average: holidays."""


def column(sla: str, window: int) -> str:
    """The figure that says how fast an agreement's budget burned over so many seconds: `burn_1h_of_mail`.

    Agreements on the same figures must not share it, so every id has a name of its own.
    """
    size, unit = next((size, unit) for size, unit in _UNITS if window % size == 0)
    return f"burn_{window // size}{unit}_of_{sla.translate(_AS_NAME)}"


def events_column(sla: str, window: int) -> str:
    """The figure that says of how many events that is, where events are counted: `events_1h_of_mail`."""
    return column(sla, window).replace("burn", "events", 1)


def condition(sla: str, paces: Sequence[Pace], period: int, least_events: int = 0) -> str:
    """Any of these paces, as a condition over the columns; `least_events`: in the long window, where events are counted.

    The short window needs no such guard: it only says that what the long one shows still goes on.
    """
    pairs = []
    for pace in paces:
        least = _plain(pace.factor(period))
        pair = f"{column(sla, pace.long)} >= {least} and {column(sla, pace.short)} >= {least}"
        pairs.append(pair + (f" and {events_column(sla, pace.long)} >= {least_events}" if least_events else ""))
    return " or ".join(f"({pair})" for pair in pairs)


def _plain(number: Fraction) -> str:
    """At most two places, rounded down: an alarm that is a shade too early is none too late."""
    return f"{int(number * 100) / 100:g}"


Burned = tuple[Floats, Floats, Bools]
"""Per node the bad and all judged seconds of a window, or events, and where enough of it was judged."""


@dataclass(frozen=True)
class Watch:
    """What the burn rates of one ledger are made of, in one tick."""

    sla: Sla
    service: str
    calendar: Calendar
    planned: tuple[Maintenance, ...]
    _dossiers: dict[int, Dossier] = field(default_factory=dict, init=False, repr=False, compare=False)
    _burned: dict[tuple[int, int, int], Burned] = field(default_factory=dict, init=False, repr=False, compare=False)

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
            rates, events = self._rates(dossier, account, until, window, allowed)
            found[column(self.sla.id, window)] = _by_row(rates, rows, figures)
            if self.sla.counts is not None:
                found[events_column(self.sla.id, window)] = _by_row(events, rows, figures)
        return found

    def remark(self, ledger: Ledger, node: Node, at: int) -> str:
        """What is left of the budget, and when it will be used up at the present pace.

        `at` ends what is covered: at the last slot of a month it is the first instant of the next, which is not meant.
        """
        account, alarm = ledger.recent, self.sla.alarm
        if account is None or alarm is None:
            return ""
        term = self.sla.period.around(at - 1, self.sla.timezone)
        dossier = self._dossier(account)
        row = dossier.row(node, term, at)
        share = self._share(dossier, node, at, min(pace.long for pace in alarm.paces))
        left = row.budget_left_seconds
        if left <= 0:
            return f"The error budget of {term.name} is used up."
        budget = f"{left // 60} of {row.budget_seconds // 60} min ({share_text(left, row.budget_seconds)}) are left"
        service = self.calendar.open(term.start, term.end)
        for planned in dossier.exclusions():
            if covers(planned.matchers.node, node):
                service = service.minus(planned.spans(term.start, term.end))
        end = forecast(left, share, at, service) if share else None
        if end is None:
            return f"Of the error budget of {term.name}, {budget}."
        return f"At this pace it uses up the error budget of {term.name} on {_day(end, term)}; {budget}."

    def _dossier(self, account: Account) -> Dossier:
        """The same one for the same account: what is counted of it is counted once in a tick."""
        kept = self._dossiers.get(id(account))
        if kept is None or kept.accounts[0] is not account:
            kept = self._dossiers[id(account)] = Dossier(
                self.sla, self.service, (account,), self.calendar, self.planned
            )
        return kept

    def _objective(self, at: int) -> Fraction:
        return Fraction(self.sla.objective(self.sla.period.around(at - 1, self.sla.timezone).first))

    def _open(self, until: int) -> Spans:
        return self.calendar.open(self.reach(until), until)

    def _rates(
        self, dossier: Dossier, account: Account, until: int, window: int, allowed: Fraction
    ) -> tuple[Floats, Floats]:
        """How many times faster than the budget allows each node was bad, and of how many seconds or events that is."""
        bad, judged, enough = self._burnt(dossier, account, until, window)
        share = np.divide(bad, judged, out=np.full(bad.size, np.nan), where=judged > 0)
        share[(bad > 0) & ~enough] = np.nan
        rates: Floats = share / float(allowed)
        return rates, judged

    def _burnt(self, dossier: Dossier, account: Account, until: int, window: int) -> Burned:
        key = (id(account), until, window)
        found = self._burned.get(key)
        if found is None:
            found = self._burned[key] = self._burn(dossier, account, until, window)
        return found

    def _burn(self, dossier: Dossier, account: Account, until: int, window: int) -> Burned:
        start = reaching_back(self._open(until), until, window)
        if self.sla.counts is not None:
            early = dossier.scope(account, start - WINDOW[self.sla.scope], until)
            bad, judged = _events(self.sla, account, early, start, until)
            return bad, judged, judged > 0
        scope = dossier.scope(account, start, until)
        tally = account.seconds(scope.left, scope.of)
        seen = tally.good + tally.bad
        known = np.where(seen > 0, seen + _not_begun(account, scope), 0).astype(np.float64)
        guard = self.sla.alarm.guard if self.sla.alarm else Guard()
        return tally.bad.astype(np.float64), known, known >= float(guard.judged_share) * scope.per_node()

    def _share(self, dossier: Dossier, node: Node, at: int, window: int) -> Fraction:
        """The bad share of the last hour or so, of the node or of what lies below it, by its weight; events weigh by themselves."""
        account = dossier.deepest
        bad, judged, _ = self._burnt(dossier, account, at, window)
        below = np.fromiter((one[: len(node)] == node for one in account.nodes), bool, len(account.nodes))
        weights = np.where(below, weights_of(account, at - window, at) if self.sla.counts is None else 1, 0)
        whole = Fraction(float((judged * weights).sum()))
        return Fraction(float((bad * weights).sum())) / whole if whole else Fraction(0)


def _not_begun(account: Account, scope: Scope) -> Ints:
    """Per node the seconds before anything was known of it: counted as good, once there is anything else to count.

    A node that is new has not burned before; else one bad sample of its first hours would leave the windows of days
    unknown for days, and an alarm that has opened could not end.
    """
    first = np.full(len(account.nodes), np.iinfo(np.int64).max)
    np.minimum.at(first, account.number, account.start)
    before = np.zeros(first.size, np.int64)
    for place, spans in enumerate(scope.left):
        mine = scope.of == place
        before[mine] = spans.before(first[mine])
    return before


def _by_row(values: Floats, rows: Ints, figures: Figures) -> Floats:
    """Values per node of a ledger as a column of an answer."""
    found = np.full(len(figures.rows.nodes), np.nan)
    here = rows >= 0
    found[rows[here]] = values[here]
    return found


def _events(sla: Sla, account: Account, scope: Scope, start: int, until: int) -> tuple[Floats, Floats]:
    """Bad and all events per node of the counted spans that ended within and began in what counts."""
    size = len(account.nodes)
    bad, total = np.zeros(size), np.zeros(size)
    for at, numbers, good, every in account.counts:
        if start < at <= until:
            begun = at - WINDOW[sla.scope]
            counts = np.array([one.holds(begun) for one in scope.left], bool)[scope.of][numbers]
            bad[numbers[counts]] += (every - good)[counts]
            total[numbers[counts]] += every[counts]
    return bad, total


def _day(at: int, term: Term) -> str:
    """`19 November`."""
    day = datetime.fromtimestamp(at, ZoneInfo(term.timezone))
    return f"{day.day} {MONTHS[day.month - 1]}"
