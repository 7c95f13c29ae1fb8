"""A month of the simulated company, lived through by the program itself: polled, judged and recorded at its own time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sentinel.cli.simulated import DAY, HOUR, Hands, asking, outage
from sentinel.config.definitions import Loaded
from sentinel.demo.outages import Outage
from sentinel.demo.tiers import tier
from sentinel.domain.asking import Asked, needed
from sentinel.domain.hierarchy import Node
from sentinel.domain.rules import Rulebook, Service
from sentinel.engine.tick import Ticker
from sentinel.errors import SentinelError, StoreError
from sentinel.store.database import Database
from sentinel.store.schema import bring_up, current_revision

ZONE = ZoneInfo("Europe/Zurich")
EVERY = HOUR
"""Seconds between two polls, whatever the rules say: a month shall not take longer than a few of them."""

LEAST = 14 * DAY
"""On the first of a month its past would be a few hours: two weeks there are always."""

_OUTAGES: tuple[tuple[float, float, Node, float], ...] = (
    (9 * DAY + 10 * HOUR, 1.5 * HOUR, ("Europe", "France", "Paris"), 0.3),
    (15 * DAY + 15 * HOUR, 5 * HOUR, ("North America", "United States", "Austin"), 0.25),
)
"""How long after the beginning each begins, how long it lasts, where, and for what share of the devices."""

_PATCHED, _PATCHING, _PATCHES = ("Europe", "Germany"), HOUR, 0.25
"""What happens every Sunday from two o'clock on. The figures cover the last hour, so all is well again before five."""

_ABSENT = (12 * DAY + 11 * HOUR, 2 * HOUR)
"""How long after the beginning nobody polled, and for how long: what was then, nobody knows."""

HAS = "it has Exchange Online, SAP ERP and others, in the hierarchy Location with the levels Continent, Country, Site"


def this_month(end: float) -> float:
    """Its first instant, or two weeks before `end` where that is earlier. Unix seconds."""
    return min(_first_of_month(end), (end - LEAST) // HOUR * HOUR)


def last_month(end: float) -> float:
    """The first instant of the month before. Unix seconds."""
    return _first_of_month(_first_of_month(end) - DAY)


def _first_of_month(at: float) -> float:
    local = datetime.fromtimestamp(at, ZONE)
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()


async def live(url: str, loaded: Loaded, begin: float, end: float) -> int:
    """Let that time pass under these rules; how many readings were judged.

    Nobody is told of it, and where there are SLAs nothing else is asked for.

    Raises:
        SentinelError: the rules ask for nothing that the company has.
        StoreError: the database is in use, or there is something in it already.
    """
    if current_revision(url) is not None:
        raise StoreError("the database has a record already", hint="name a file that is not there")
    rulebook = _quiet(loaded.rulebook)
    company = tier("demo", office_hours=False)
    found = {
        source.name: needed(rulebook, [Service(source.name, one.name, one.uid) for one in company.services])
        for source in rulebook.sources
    }
    every_one = [(name, one) for name, several in found.items() for one in several]
    wanted = [(name, one) for name, one in every_one if one.slas] or every_one
    if not wanted:
        raise SentinelError("the rules ask for nothing that the simulated company has", hint=HAS)
    bring_up(url)
    db = Database.open(url)
    clock = Hands(begin)
    judged = 0
    try:
        db.claim()
        ticker = Ticker(db, rulebook, clock)
        for name in dict.fromkeys(name for name, _ in wanted):
            judged += await _live(ticker, clock, name, [one for source, one in wanted if source == name], begin, end)
    finally:
        db.close()
    return judged


async def _live(ticker: Ticker, clock: Hands, source: str, asked: list[Asked], begin: float, end: float) -> int:
    judged = 0
    clock.move(begin - clock.now())
    absent = begin + _ABSENT[0]
    async with asking(clock, tier("demo", office_hours=False), outages(begin, end), source=source) as portal:
        while clock.now() < end:
            if not absent <= clock.now() < absent + _ABSENT[1]:
                for one in asked:
                    await ticker.tick(one, portal)
                judged += len(asked)
            clock.move(EVERY)
    return judged


def _quiet(rulebook: Rulebook) -> Rulebook:
    """The same rules, telling nobody; asked as often as `EVERY` says, and as patient as that makes necessary."""
    rules = []
    for rule in rulebook.rules:
        patient = replace(rule.criteria, no_data_after=max(rule.criteria.no_data_after, 3 * EVERY))
        rules.append(replace(rule, every=EVERY, criteria=patient))
    slas = tuple(replace(sla, every=EVERY) for sla in rulebook.slas)
    return replace(rulebook, routes=(), rules=tuple(rules), slas=slas)


def outages(begin: float, end: float) -> list[Outage]:
    """What goes wrong in that time; all is well again when it ends."""
    found = [
        outage(begin + after, lasts, node, strength)
        for after, lasts, node, strength in _OUTAGES
        if begin + after + lasts + 2 * HOUR < end  # what comes later finds everything well
    ]
    day = datetime.fromtimestamp(begin, UTC).astimezone(ZONE).replace(hour=2, minute=0, second=0, microsecond=0)
    while (start := day.timestamp()) < end - 3 * HOUR:
        if day.isoweekday() == 7 and start >= begin:  # noqa: PLR2004  # Sunday
            found.append(outage(start, _PATCHING, _PATCHED, _PATCHES))
        day += timedelta(days=1)
    return found
