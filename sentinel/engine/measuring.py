"""Figures that are taken when somebody asks for them: ages, leads, what is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sentinel.clock import Clock
from sentinel.domain.asking import Asked
from sentinel.engine import figures
from sentinel.engine.instance import Instance
from sentinel.engine.tick import Ticker


def measure(instance: Instance, clock: Clock) -> None:
    """Set what `/metrics` shows about the present moment."""
    leads = instance.role == "leader"
    figures.LEASE_HELD.set(leads)
    if instance.tenure.epoch is not None:
        figures.LEASE_EPOCH.set(instance.tenure.epoch)
    asked = instance.asked if leads else ()
    _queries(asked, instance.ticker, clock.monotonic())
    _sources(asked, instance.ticker)
    _incidents(instance.ticker)


def _queries(asked: Sequence[Asked], ticker: Ticker, steady: float) -> None:
    figures.TICK_AGE.clear()
    for one in asked:
        at = ticker.ticked.get(one.query.key)
        if at is not None:
            query = one.query
            level = query.level or "/".join(query.path or ())
            figures.TICK_AGE.labels(query.source, query.service, query.hierarchy, level).set(steady - at)


def _sources(asked: Sequence[Asked], ticker: Ticker) -> None:
    troubled = {state.query.source for state in ticker.troubled()}
    figures.SOURCE_REACHABLE.clear()
    for source in {one.query.source for one in asked}:
        figures.SOURCE_REACHABLE.labels(source).set(source not in troubled)


def _incidents(ticker: Ticker) -> None:
    lasting = ticker.open_incidents()
    if lasting is None:
        return
    figures.INCIDENTS_OPEN.clear()
    for rule, number in Counter(one.rule for one in lasting).items():
        figures.INCIDENTS_OPEN.labels(rule).set(number)
