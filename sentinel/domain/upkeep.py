"""The ledgers of one reading: what they are after it, what to write, and the figures of the alarms that watch them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from sentinel.domain.alarm import Watch
from sentinel.domain.calendars import ALWAYS, Calendar, Maintenance
from sentinel.domain.hierarchy import Node
from sentinel.domain.ledger import Entry, Ledger, LedgerKey, enter, extended
from sentinel.domain.mutes import Silence, as_maintenance
from sentinel.domain.reading import Floats, Reading
from sentinel.domain.rules import Rulebook
from sentinel.domain.sla import Sla


@dataclass
class Upkeep:
    """`reading`: the one that rules judge, with how fast budgets burn. `remarks`: by rule, what to add of a node."""

    reading: Reading
    ledgers: dict[LedgerKey, Ledger] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    remarks: dict[str, Callable[[Node], str]] = field(default_factory=dict)


def upkeep(
    rulebook: Rulebook,
    slas: Iterable[Sla],
    ledgers: Mapping[LedgerKey, Ledger],
    silences: Iterable[Silence],
    reading: Reading,
    every: float,
    waited: float | None = None,
) -> Upkeep:
    """Enter a reading into the ledgers of its agreements. `every`: seconds until the next sample is due; `waited` as in `enter`."""
    done = Upkeep(reading)
    columns: dict[str, Floats] = {}
    work: tuple[Maintenance, ...] | None = None
    for sla in slas:
        key: LedgerKey = (sla.id, reading.query.service, reading.query.key)
        before = ledgers.get(key) or Ledger()
        entered = enter(sla, key, before, reading, every, waited)
        if entered is None:
            continue
        after, entry = entered
        if sla.alarm is not None:
            work = planned(rulebook, silences) if work is None else work
            watch = Watch(sla, reading.query.service, calendar_of(rulebook, sla), work)
            if before.recent is not None or not before.nodes:
                recent = extended(before.recent, entry, watch.reach(entry.at))
                after = after.evolve(recent=recent)
            if reading.figures is not None:
                columns |= watch.columns(after, reading.figures)
            done.remarks[sla.alarm.rule] = partial(watch.remark, after, at=after.covered_until or entry.at)
        done.ledgers[key] = after
        done.entries.append(entry)
    if columns and reading.figures is not None:
        figures = replace(reading.figures, columns={**reading.figures.columns, **columns})
        done.reading = replace(reading, figures=figures)
    return done


def reach(rulebook: Rulebook, sla: Sla, at: int) -> int:
    """From which instant on a ledger whose budget is watched must be known at that one."""
    return Watch(sla, "", calendar_of(rulebook, sla), ()).reach(at)


def calendar_of(rulebook: Rulebook, sla: Sla) -> Calendar:
    """The hours for which an agreement holds."""
    named = {one.name: one for one in rulebook.calendars}
    return named.get(sla.calendar or "") or ALWAYS(sla.timezone)


def planned(rulebook: Rulebook, silences: Iterable[Silence]) -> tuple[Maintenance, ...]:
    """All planned work: that of the rules file, and what was declared on the spot."""
    spot = (as_maintenance(one) for one in silences if one.maintenance)
    return (*rulebook.maintenance, *spot)
