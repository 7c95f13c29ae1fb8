"""Run the kill matrix: let the real program kill itself at each point, start it again, and look at what people got."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from sqlalchemy import select

from sentinel.demo.workspace_truth import Message
from sentinel.domain.hierarchy import Node
from sentinel.store.database import Database
from sentinel.store.notices import notice_from
from sentinel.store.schema import current_revision
from sentinel.store.tables import incidents, notices
from tests.e2e.audit import audit
from tests.e2e.failpoints import VARIABLE
from tests.e2e.kill_points import CHANNELS, GROUPS, POLLING, START, Cell, Point, Seen
from tests.e2e.outside import READER, Outside, outside
from tests.e2e.stage import Stage, stage
from tests.fakes.program import PATIENCE, Program, eventually

SITES = 8
OPENING, RECOVERY = "opening", "recovery"
WORDS = {OPENING: "degraded", RECOVERY: "recovered"}

Got = tuple[str, str, bool]
"""One thing that a channel accepted: the kind of its step, its key, and whether it says that it may repeat."""

OF_SITES = incidents.c.rule != "sentinel/restarts"
"""After a few kills the program also speaks of its own crashes; that is no part of what is compared."""


@dataclass
class Theatre:
    """One program on one database, with everybody it tells. `steps` are what has to be looked at in the end."""

    store: str
    url: str
    stage: Stage
    outside: Outside
    program: Program
    kills: int = 0
    steps: list[tuple[str, str, Node, str]] = field(default_factory=list)
    strays: tuple[str, ...] = ()

    def start(self, point: str = "") -> None:
        """Start it, to die at that point or not at all."""
        self.arm(point)
        self.program.start()

    def arm(self, point: str) -> None:
        """From now on the running process dies there."""
        orders = self.stage.folder / "orders"
        (new := orders.with_suffix(".new")).write_text(point, encoding="ascii")
        new.replace(orders)

    def dies(self, point: str) -> None:
        """Wait for its death by its own hand."""
        eventually(lambda: not self.program.running, f"death at {point}; the log:\n{self.program.log}", PATIENCE)
        code = self.program.finish()
        assert code == -signal.SIGKILL, f"ended with {code} instead of dying at {point}:\n{self.program.log}"
        self.kills += 1

    def settle(self) -> None:
        """Wait until the record shows the sites as they are and nothing waits to be told."""
        database = self._open()

        def settled() -> bool:
            with database.reading() as connection:
                lasting = incidents.c.resolved_at.is_(None) & OF_SITES
                rows = connection.execute(select(incidents.c.node).where(lasting)).all()
                waiting = connection.execute(select(notices.c.id).where(notices.c.state != "delivered")).all()
            return {tuple(row.node) for row in rows} == self.stage.bad and not waiting

        try:
            eventually(settled, f"all told on {self.store}; the log:\n{self.program.log}", PATIENCE)
        finally:
            database.close()

    def record(self) -> object:
        """Everything that would be told, as the database has it; None without tables."""
        if current_revision(self.url) is None:
            return None
        database = self._open()
        with database.reading() as connection:
            columns = incidents.c.id, incidents.c.step, incidents.c.resolved_at
            known = connection.execute(select(*columns).where(OF_SITES)).all()
            mine = notices.c.incident.in_([row.id for row in known])
            decided = connection.execute(select(notices.c.id, notices.c.state, notices.c.attempts).where(mine)).all()
        database.close()
        return sorted(map(tuple, known), key=str), sorted(map(tuple, decided), key=str)

    @property
    def accepted(self) -> int:
        """How much all channels together have taken."""
        return sum(len(self._got(channel, None)) for channel in CHANNELS)

    def cells(self) -> list[Cell]:
        """What came of every step; call it when the program has ended."""
        database = self._open()
        with database.reading() as connection:
            rows = connection.execute(select(incidents.c.id, incidents.c.node).where(OF_SITES))
            names = {tuple(row.node): row.id for row in rows}
            keys = {notice_from(row).key for row in connection.execute(select(notices))}
        found = audit(self.stage, database)
        database.close()
        unknown = [key for _, key, _ in self._got("webhook", None) if key not in keys]
        silent = [] if self.outside.pulse.beats else ["no heartbeat came"]
        self.strays = (*found.lost, *found.repeated, *(f"webhook: nobody decided {key}" for key in unknown), *silent)
        return [
            self._cell(point, step, names[site], channel, trouble)
            for point, step, site, trouble in self.steps
            for channel in CHANNELS
        ]

    def _cell(self, point: str, step: str, incident: str, channel: str, trouble: str) -> Cell:
        told = self._got(channel, incident)
        mine = [one for one in told if one[0] == WORDS[step]]
        seen = Seen(len(mine), len({key for _, key, _ in mine}), sum(marked for *_, marked in mine))
        order = [kind for kind, _ in groupby(kind for kind, *_ in told)]
        if order not in ([WORDS[OPENING]], [WORDS[OPENING], WORDS[RECOVERY]]):
            trouble = f"{trouble} told in the order {order}".strip()
        return Cell(point, step, self.store, channel, seen, trouble)

    def _got(self, channel: str, incident: str | None) -> list[Got]:
        """What a channel accepted of an incident, or of all, in order."""
        of = {"slack": self._slack, "webhook": self._webhook, "email": self._email}[channel]
        return [got for name, got in of() if incident in (name, None)]

    def _slack(self) -> Iterator[tuple[str, Got]]:
        for message in sorted((*self.stage.roots, *self.stage.lines), key=lambda one: one.ts):
            payload = _payload(message)
            key = payload.get("notice", f"unmarked {message.ts}")
            yield payload.get("incident", ""), (_kind_of(key), key, "may repeat" in message.text)

    def _webhook(self) -> Iterator[tuple[str, Got]]:
        for one in self.outside.hook.received:
            body = json.loads(one.body)
            assert one.headers["idempotency-key"].partition("/")[0] == body["incident"]["id"]
            yield body["incident"]["id"], (body["kind"], body["key"], body["may_repeat"])

    def _email(self) -> Iterator[tuple[str, Got]]:
        for mail in self.outside.mailbox.received_by(READER):
            kind = WORDS[RECOVERY if mail["X-Sentinel-State"] == "recovered" else OPENING]
            yield mail["X-Sentinel-Incident"], (kind, mail["Message-ID"], "may repeat" in mail.as_string())

    def _open(self) -> Database:
        return Database.open(self.url, thorough=False)


@contextmanager
def theatre(store: str, url: str, folder: Path) -> Iterator[Theatre]:
    """A stage with three channels and the program that can be told where to die."""
    with outside() as others:
        given = {**others.given, VARIABLE: f"@{folder / 'orders'}", "SENTINEL_HTTP_BIND": "off"}
        with (
            stage(folder, url, each=SITES, rollup=False, more=others.receiver_lines, given=given) as it,
            it.program(module="tests.e2e.killable") as program,
        ):
            yield Theatre(store, url, it, others, program)


def run(group: str, it: Theatre) -> list[Cell]:
    """All deaths of one group, then an undisturbed end."""
    if group == "start and tick":
        _start_and_tick(it)
    else:
        _delivery(it, GROUPS[group])
    it.stage.polled()
    code = it.program.terminate()
    assert code == 0, it.program.log
    return it.cells()


def _start_and_tick(it: Theatre) -> None:
    """The first start on an empty database, then one tick in which one site goes bad and another one recovers.

    What dies before the commit leaves no trace, so the same tick dies at one point after the other.
    """
    first, second = it.stage.sites[:2]
    it.stage.bad = {first}
    for point in START:
        it.steps.append((point.name, OPENING, first, _untouched(it, point)))
    it.start()
    it.settle()
    it.arm("K0")
    it.dies("K0")
    it.stage.bad = {second}
    for point in POLLING:
        trouble = _untouched(it, point)
        it.steps += [(point.name, OPENING, second, trouble), (point.name, RECOVERY, first, trouble)]
    it.start()
    it.settle()


def _untouched(it: Theatre, point: Point) -> str:
    """Start it and let it die. What is wrong with what it left: nothing new on record unless committed, nobody told."""
    committed = point.name == "K5-done"
    record, accepted = it.record(), it.accepted
    it.start(point.name)
    it.dies(point.name)
    if it.accepted != accepted:
        return "somebody was told before the process died"
    changed = it.record() != record and point not in START
    if changed is not committed:
        return "the tick is on record although nothing was committed" if changed else "the commit is not on record"
    return ""


def _delivery(it: Theatre, points: Sequence[Point]) -> None:
    """Each point with a site that goes bad, and again when it recovers."""
    it.start()
    for point, site in zip(points, it.stage.sites, strict=False):
        for step in (OPENING, RECOVERY):
            deaths = ("K7", point.name) if point.name == "start-lookup" else (point.name,)
            if point.webhook is None and step == OPENING:
                deaths = ()  # there is nothing to edit yet
            it.arm(deaths[0] if deaths else "")
            it.stage.bad = it.stage.bad ^ {site}
            for number, death in enumerate(deaths, 1):
                it.dies(death)
                it.start(*deaths[number : number + 1])
            it.settle()
            if deaths:
                it.steps.append((point.name, step, site, ""))


def _payload(message: Message) -> dict[str, str]:
    payload: dict[str, str] = (message.metadata or {}).get("event_payload", {})
    return payload


def _kind_of(key: str) -> str:
    """`incident/step/kind/receiver/channel`."""
    parts = key.split("/")
    return parts[2] if len(parts) > 2 else key
