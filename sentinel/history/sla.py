"""Reports on service levels, made from the ledgers: for any agreement, service, period and node."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import or_, select

from sentinel.config.definitions import Loaded
from sentinel.domain.accounts import Account
from sentinel.domain.alarm import PREFIX
from sentinel.domain.calendars import instant
from sentinel.domain.dossier import Dossier, Outage, Row
from sentinel.domain.hierarchy import Node
from sentinel.domain.metrics import nearest
from sentinel.domain.mutes import covers
from sentinel.domain.periods import Kind, Period, Term, days_between
from sentinel.domain.sla import WINDOW, Sla
from sentinel.domain.spans import NOTHING, Spans
from sentinel.domain.upkeep import calendar_of, planned
from sentinel.errors import NotFound
from sentinel.history.filters import name_test, node_test
from sentinel.history.sla_report import Day, Episode, Exclusion, Report, Section, Silent
from sentinel.store import ledgers, silences
from sentinel.store.database import Database
from sentinel.store.incidents import incident_from
from sentinel.store.tables import incidents

MONTHS = 12
DAYS = 90
_DAY = 86400


def report(
    db: Database,
    loaded: Loaded,
    at: float,
    *,
    period: str | None = None,
    slas: Sequence[str] = (),
    services: Sequence[str] = (),
    nodes: Sequence[str] = (),
    trends: bool = True,
    places: bool = True,
) -> Report:
    """What the ledgers say of one period, as of an instant.

    Args:
        db: the record.
        loaded: the rules file with its agreements, calendars and maintenance.
        at: Unix seconds: later time is not reported on.
        period: `this` (also None), `last`, `2026`, `2026-Q4` or `2026-11`.
        slas: globs of agreements; every one without any.
        services: globs of services, likewise.
        nodes: globs of nodes; one that matches a node takes everything below it.
        trends: with twelve months, ninety days and the burn-down.
        places: with the figures of every node, not of the whole alone.

    Raises:
        NotFound: no agreement fits, or there is none.
        ValueError: the period is none; the message says how one is written.
        StoreError: the record cannot be read.
    """
    chosen = _chosen(loaded, slas)
    wanted = name_test(tuple(services))
    shown = node_test(tuple(nodes))
    sections: list[Section] = []
    silent = []
    for sla in chosen:
        term, before = term_of(sla, period, at), len(sections)
        recorded = ledgers.services(db, sla.id)
        for service in sorted(recorded):
            if wanted(service):
                view = _View(db, loaded, sla, service, term, int(min(at, term.end)), trends=trends, places=places)
                section = view.section(shown)
                if section is not None:
                    sections.append(section)
        if len(sections) == before:
            silent.append(Silent(sla.id, elsewhere=bool(recorded)))
    return Report(
        at=int(at),
        timezone=loaded.defaults.timezone,
        sections=tuple(sections),
        silent=() if services else tuple(silent),
    )


def _chosen(loaded: Loaded, globs: Sequence[str]) -> list[Sla]:
    agreed = loaded.rulebook.slas
    if not agreed:
        raise NotFound("the rules file has no [[sla]]", hint="docs/how-to/sla-report.md shows one")
    fits = name_test(tuple(globs))
    found = [sla for sla in agreed if fits(sla.id)]
    if not found:
        near = nearest(globs[0], [sla.id for sla in agreed])
        hint = f'did you mean "{near}"?' if near else f"there are {', '.join(sla.id for sla in agreed)}"
        raise NotFound(f'no [[sla]] is called "{globs[0]}"', hint=hint)
    return found


_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NAMED = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", re.IGNORECASE)


def term_of(sla: Sla, text: str | None, at: float) -> Term:
    """The period that a word means for an agreement.

    Raises:
        ValueError: it means none.
    """
    current = sla.period.around(at, sla.timezone)
    if text in (None, "this"):
        return current
    if text == "last":
        return current.previous()
    match = _NAMED.fullmatch(text or "")
    if match is None or not 1 < int(match[1]) < 9999:  # noqa: PLR2004  # years that dates can have
        raise ValueError("write this, last, 2026, 2026-Q4 or 2026-11")
    year, quarter, month = match.groups()
    kind = Kind.QUARTER if quarter else Kind.MONTH if month else Kind.YEAR
    first = date(int(year), int(month or 3 * int(quarter or 1) - 2), 1)
    return Period(kind).around(instant(first, 12 * 3600, ZoneInfo(sla.timezone)), sla.timezone)


@dataclass
class _View:
    """One agreement and service over one term."""

    db: Database
    loaded: Loaded
    sla: Sla
    service: str
    term: Term
    at: int
    trends: bool
    places: bool

    def section(self, shown: Callable[[Node], bool]) -> Section | None:
        """Everything about it; None where there is no ledger yet."""
        earliest = self.term.previous(MONTHS - 1).start if self.trends else self.term.start
        since = min(earliest, self.at - (DAYS + 1) * _DAY) if self.trends else earliest
        accounts = tuple(self._accounts(since))
        if not accounts or not (self._is_agreed() or self._is_seen(accounts)):
            return None
        episodes = self._episodes(since)
        outages = tuple(Outage(one.node, one.opened_at, one.resolved_at or float(self.at + 1)) for one in episodes)
        book = self.loaded.rulebook
        work = planned(book, silences.planned_work(self.db, since, max(self.at, self.term.end)))
        dossier = Dossier(self.sla, self.service, accounts, calendar_of(book, self.sla), work, outages)
        every = dossier.rows(self.term, self.at) if self.places else ()
        rows = [row for row in every if shown(row.node)]
        return Section(
            sla=self.sla.id,
            summary=self.sla.summary,
            service=self.service,
            period_name=self.term.name,
            whole=dossier.whole(self.term, self.at),
            rows=tuple(rows),
            months=tuple(self._months(dossier)) if self.trends else (),
            days=tuple(self._days(dossier)) if self.trends else (),
            burn_down=tuple(self._burn_down(dossier)) if self.trends else (),
            incidents=tuple(one for one in episodes if self._touches(one)),
            exclusions=tuple(self._exclusions(dossier, dossier.deepest)),
            objectives=tuple(self._objectives()),
            unknown_spans=tuple(self._unseen(dossier, dossier.deepest).pairs()),
            chosen=len(rows) < len(every),
        )

    def _is_agreed(self) -> bool:
        """Whether the agreement still covers the service. One that is named by its identifier may be any."""
        uids = {one.name: one.uid for one in self.loaded.services if one.source == self.sla.source}
        by_uid = any(_UID.fullmatch(one.text) for one in self.sla.services)
        return by_uid or self.sla.covers(self.service, uids.get(self.service, ""))

    def _is_seen(self, accounts: Iterable[Account]) -> bool:
        """Whether anything of it was in the period: a service that left the agreement is in the reports of its time."""
        return any(account.covered.clip(self.term.start, self.at).seconds for account in accounts)

    def _accounts(self, since: int) -> Iterable[Account]:
        window = WINDOW[self.sla.scope] if self.sla.counts is not None else 0
        for query in self.sla.queries(self.service):
            found = ledgers.read(self.db, (self.sla.id, self.service, query.key), since, self.at, window)
            if found is not None:
                yield found

    def _months(self, dossier: Dossier) -> Iterable[Row]:
        """The term and those before it, as far as anything was judged in them."""
        first = min(
            (int(account.covered.starts[0]) for account in dossier.accounts if account.covered.seconds), default=0
        )
        for back in range(MONTHS - 1, -1, -1):
            term = self.term.previous(back)
            if back and term.end <= first:
                continue
            row = dossier.whole(term, min(self.at, term.end))
            if row.measured is not None or back == 0:
                yield row

    def _days(self, dossier: Dossier) -> Iterable[Day]:
        today = Period(Kind.ROLLING, DAYS).around(max(self.at - 1, 0), self.sla.timezone)
        days = list(days_between(today.first, today.after, self.sla.timezone))
        edges = np.minimum(np.array([days[0].start, *(day.end for day in days)], np.int64), self.at)
        found = dossier.curves(days[0].start, max(self.at, days[0].start + 1)).between(edges)
        for day, seconds in zip(days, found, strict=True):
            date_ = day.date.isoformat()
            yield Day(
                date=date_, good=seconds.good, bad=seconds.bad, unknown=seconds.unknown, excluded=seconds.excluded
            )

    def _burn_down(self, dossier: Dossier) -> Iterable[tuple[int, int]]:
        """What is left of the budget at the beginning, after each day, and now."""
        whole = dossier.whole(self.term, self.at)
        ends = [day.end for day in self.term.days() if day.end < self.at]
        edges = [self.term.start, *ends, self.at]
        curves = dossier.curves(self.term.start, max(self.at, self.term.start + 1))
        bad = self.sla.unknown.value == "bad"
        for end in edges:
            spent = curves.between(np.array([self.term.start, end], np.int64))[0]
            yield end, whole.budget_seconds - spent.bad - (spent.unknown if bad else 0)

    def _episodes(self, since: int) -> list[Episode]:
        """Incidents of the service that lasted at some time since then, oldest first."""
        chosen = select(incidents).where(
            (incidents.c.source == self.sla.source)
            & (incidents.c.service == self.service)
            & (incidents.c.hierarchy == self.sla.hierarchy)
            & (incidents.c.opened_at < self.at)
            & or_(incidents.c.resolved_at.is_(None), incidents.c.resolved_at > since)
        )
        with self.db.reading() as connection:
            rows = connection.execute(chosen.order_by(incidents.c.opened_at, incidents.c.id)).all()
        return [
            Episode(
                incident=row.id,
                node=row.node,
                opened_at=row.opened_at,
                acknowledged_at=incident_from(row).attention.first_at,
                acknowledged_by=incident_from(row).attention.first_by or None,
                resolved_at=row.resolved_at,
                severity=row.worst_severity,
                text=str(row.facts.get("summary") or row.rule),
            )
            for row in rows
            if not row.rule.startswith(PREFIX)  # that a budget burns, this agreement's or another's, is no outage
        ]

    def _touches(self, one: Episode) -> bool:
        return one.opened_at < self.at and (one.resolved_at is None or one.resolved_at > self.term.start)

    def _exclusions(self, dossier: Dossier, account: Account) -> Iterable[Exclusion]:
        found = []
        for work in dossier.exclusions():
            hit = sum(covers(work.matchers.node, node) for node in account.nodes)
            if hit:
                spans = work.spans(self.term.start, self.term.end)
                found += [Exclusion(name=work.name, start=a, end=b, nodes=hit) for a, b in spans.pairs()]
        return sorted(found, key=lambda one: (one.start, one.end, one.name))

    def _objectives(self) -> Iterable[tuple[int, Decimal]]:
        zone = ZoneInfo(self.sla.timezone)
        for one in self.sla.objectives:
            yield (0 if one.since is None else instant(one.since, 0, zone)), one.share

    def _unseen(self, dossier: Dossier, account: Account) -> Spans:
        """Service time of the term so far that no sample covers, for whatever node."""
        if self.at <= self.term.start:
            return NOTHING
        return dossier.calendar.open(self.term.start, self.at).minus(account.covered)
