"""An agreement over three sites in miniature: answers in, ledger entries out, and a second-by-second count beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from sentinel.domain.accounts import Account
from sentinel.domain.asking import Asked
from sentinel.domain.attained import Seconds
from sentinel.domain.calendars import ALWAYS, Calendar, Maintenance
from sentinel.domain.dossier import Dossier, Outage
from sentinel.domain.expressions import parse
from sentinel.domain.hierarchy import Node, NodeList
from sentinel.domain.memory import Replay
from sentinel.domain.patterns import NamePattern
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason
from sentinel.domain.recorder import Recorder
from sentinel.domain.records import Plan
from sentinel.domain.rules import Rulebook, SourceTraits
from sentinel.domain.sla import Objective, Sla
from sentinel.domain.standing import Standing
from tests.domain.polls import START, UNITS

STEP = 600
BERN, BASEL, PARIS = ("CH", "Bern"), ("CH", "Basel"), ("FR", "Paris")
SITES: tuple[Node, ...] = (BERN, BASEL, PARIS)
QUERY = Query("portal", "Mail", "Location", "Site")
GOOD, BAD = 0.0, 99.0
GONE = None
"""What a node may have in an answer: a figure, NaN, or no row at all."""


def an_sla(**changes: object) -> Sla:
    """Sites of Mail must have a value of at most 10 for 99.5 % of a month, unless told otherwise."""
    sla = Sla(
        id="mail-sites",
        summary="Mail at the sites",
        services=(NamePattern("Mail"),),
        source="portal",
        hierarchy="Location",
        levels=("Site",),
        good=parse("value <= 10", UNITS),
        objectives=(Objective(Decimal("0.995")),),
        timezone="Europe/Zurich",
    )
    return replace(sla, **changes)  # type: ignore[arg-type]


@dataclass
class Keeping:
    """A replay that keeps its ledger. `every` seconds between two samples of the source."""

    sla: Sla = field(default_factory=an_sla)
    at: float = START
    step: float = float(STEP)
    recorder: Recorder = field(default_factory=Recorder)
    plans: list[tuple[Plan, Reading]] = field(default_factory=list)

    def __post_init__(self) -> None:
        traits = SourceTraits(name="portal", step=self.step, max_missing_share=1.0)
        book = Rulebook(rules=(), routes=(), sources=(traits,), slas=(self.sla,))
        self.replay = Replay(book, [Asked(QUERY, (), self.sla.every, (self.sla,))])

    def answer(self, figures: Mapping[Node, float | None], *, at: float | None = None, **columns: float) -> Plan:
        """One good answer now (or then); the clock goes on by a step."""
        nodes = [node for node, value in figures.items() if value is not None]
        table = {"value": np.array([figures[node] for node in nodes], np.float64)}
        table |= {name: np.full(len(nodes), value) for name, value in columns.items()}
        return self.heard(Figures(NodeList.of(nodes), table), at=at)

    def heard(self, figures: Figures | None, *, at: float | None = None) -> Plan:
        """An answer, or None for one that failed."""
        now = self.at if at is None else at
        slot = now - now % self.step if self.step else now
        failure = None if figures is not None else Failure(Reason.TIMEOUT, "no answer")
        reading = Reading(QUERY, now, slot, figures, failure)
        done = self.replay.feed(reading)
        assert done is not None
        for entry in done.entries:
            self.recorder.add(entry)
        self.plans.append((done, reading))
        self.at = now + (self.step or self.sla.every)
        return done

    def fail(self) -> Plan:
        """An answer that failed."""
        return self.heard(None)

    def all(self, *values: float | None) -> Plan:
        """An answer about the three sites."""
        return self.answer(dict(zip(SITES, values, strict=True)))

    def wait(self, seconds: float) -> None:
        """Nobody asks."""
        self.at += seconds

    @property
    def account(self) -> Account:
        """What the ledger says."""
        return self.recorder.account()

    def dossier(
        self,
        *,
        calendar: Calendar | None = None,
        planned: Sequence[Maintenance] = (),
        outages: Sequence[Outage] = (),
    ) -> Dossier:
        """The agreement with its ledger."""
        return Dossier(
            self.sla, "Mail", (self.account,), calendar or ALWAYS(self.sla.timezone), tuple(planned), tuple(outages)
        )


def second_by_second(
    keeping: Keeping, node: Node, start: int, end: int, counted: np.ndarray, open_: np.ndarray
) -> Seconds:
    """The long way: one cell for every second of [start, end), filled sample after sample.

    `open_` says of each second whether the calendar is open, `counted` whether it counts.
    """
    cells = np.full(end - start, Standing.UNKNOWN, np.uint8)
    samples = _samples(keeping, node)
    interval = round(max(keeping.sla.every, keeping.step))
    for place, (at, standing) in enumerate(samples):
        until = at + interval
        if place + 1 < len(samples) and samples[place + 1][0] - at <= 1.5 * interval:
            until = samples[place + 1][0]
        cells[max(0, at - start) : max(0, until - start)] = standing
    good, bad = (int(np.count_nonzero(counted & (cells == one))) for one in (Standing.GOOD, Standing.BAD))
    unknown = int(np.count_nonzero(counted & (cells == Standing.UNKNOWN)))
    return Seconds(good, bad, unknown, int(np.count_nonzero(open_ & ~counted)))


def _samples(keeping: Keeping, node: Node) -> list[tuple[int, int]]:
    """Instants of the good samples with what each says of the node; the last word of a slot that says anything."""
    found: dict[int, int] = {}
    for _, reading in keeping.plans:
        if reading.figures is None or (found and reading.sample_at < max(found)):
            continue
        row = reading.figures.rows.position.get(node)
        value = np.nan if row is None else reading.figures.columns["value"][row]
        said = Standing.UNKNOWN if np.isnan(value) else Standing.GOOD if value <= 10 else Standing.BAD
        at = int(reading.sample_at)
        if said != Standing.UNKNOWN or at not in found:
            found[at] = said
    return sorted(found.items())
