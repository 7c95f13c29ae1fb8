"""What agreements came to where there is no store: ledgers kept while readings are played, and their figures at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil, floor
from typing import NamedTuple

from sentinel.domain.alarm import PREFIX
from sentinel.domain.asking import Asked
from sentinel.domain.dossier import Dossier, Outage, Row
from sentinel.domain.incidents import Incident
from sentinel.domain.ledger import LedgerKey
from sentinel.domain.periods import Period, Term, stretch
from sentinel.domain.recorder import Recorder
from sentinel.domain.records import Plan
from sentinel.domain.rules import Rulebook
from sentinel.domain.sla import Sla
from sentinel.domain.upkeep import calendar_of, planned


class Reckoned(NamedTuple):
    """A row, and the name of its period."""

    period: str
    row: Row


class Reckoning:
    """Keeps what ticks add to the ledgers of the queries that are played, and the incidents."""

    def __init__(self, rulebook: Rulebook, asked: Iterable[Asked]) -> None:
        self._rulebook = rulebook
        self._agreed = {(sla.id, one.query.service): sla for one in asked for sla in one.slas}
        self._ledgers: dict[LedgerKey, Recorder] = {}
        self._incidents: dict[str, Incident] = {}

    def take(self, done: Plan) -> None:
        """One tick's."""
        for entry in done.entries:
            self._ledgers.setdefault(entry.key, Recorder()).add(entry)
        self._incidents.update({one.id: one for one in done.incidents})

    def rows(self, start: float, end: float) -> tuple[Reckoned, ...]:
        """Of every agreement and service the figures at `end`, for each period that [start, end) touches.

        Periods from the oldest on, in each the whole first and then its nodes and their ancestors, worst first. None of
        what no reading was about.
        """
        return tuple(
            row for (_, service), sla in self._agreed.items() for row in self._rows_of(sla, service, start, end)
        )

    def wholes(self, start: float, end: float) -> tuple[Row, ...]:
        """Of every agreement and service the figures of the whole over one span, and the budget of that span."""
        dossiers = (self._dossier(sla, service) for (_, service), sla in self._agreed.items())
        return tuple(one.whole(stretch(start, end, one.timezone), ceil(end)) for one in dossiers if one is not None)

    def _rows_of(self, sla: Sla, service: str, start: float, end: float) -> Iterator[Reckoned]:
        dossier = self._dossier(sla, service)
        if dossier is None:
            return
        at = ceil(end)
        for term in touched(sla.period, dossier.timezone, start, end):
            whole = dossier.whole(term, at)
            yield Reckoned(term.name, whole)
            yield from (Reckoned(term.name, row) for row in dossier.rows(term, at) if row.node != whole.node)

    def _dossier(self, sla: Sla, service: str) -> Dossier | None:
        keys = [(sla.id, service, query.key) for query in sla.queries(service)]
        accounts = tuple(self._ledgers[key].account() for key in keys if key in self._ledgers)
        if not any(account.nodes for account in accounts):
            return None
        calendar = calendar_of(self._rulebook, sla)
        return Dossier(
            sla, service, accounts, calendar, planned(self._rulebook, ()), tuple(self._outages(sla, service))
        )

    def _outages(self, sla: Sla, service: str) -> Iterator[Outage]:
        """Not those of alarms on error budgets, whosever: that a budget burns is no outage."""
        for one in self._incidents.values():
            if not one.rule.startswith(PREFIX) and (one.source, one.service, one.hierarchy) == (
                sla.source,
                service,
                sla.hierarchy,
            ):
                yield Outage(one.node, one.opened_at, float("inf") if one.resolved_at is None else one.resolved_at)


def touched(period: Period, timezone: str, start: float, end: float) -> list[Term]:
    """The periods that have a second of [start, end), oldest first."""
    terms = [period.around(max(floor(start), ceil(end) - 1), timezone)]
    while terms[0].start > start:
        terms.insert(0, terms[0].previous())
    return terms
