"""What a world left behind: the rows of its database, read without the program."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sentinel.deliver.channel import Digest
from sentinel.deliver.digest_wording import digest_wording
from sentinel.deliver.escape import slack
from sentinel.deliver.wording import incident_wording
from sentinel.domain.hierarchy import Node
from sentinel.domain.rules import Rulebook
from sentinel.store import silences
from sentinel.store.database import Database
from sentinel.store.incidents import story
from sentinel.store.memory import load
from sentinel.store.messages import members
from sentinel.store.outbox import TOLD_SINCE
from sentinel.store.tables import threads, transitions
from tests.sim.ledgers import ledger_complaint

OPENS = frozenset({"degraded", "reopened"})
ENDS = frozenset({"recovered", "closed"})


@dataclass(frozen=True, slots=True)
class Row:
    """A notice, as the outbox keeps it. `key` is what it was told under: its own, or that of what it was told with."""

    id: int
    incident: str
    step: int
    kind: str
    place: str
    key: str
    own_key: str
    state: str
    attempts: int
    begun: float | None
    settled: float | None
    may_repeat: bool
    reason: str
    line: str
    at: float

    @property
    def is_muted(self) -> bool:
        """Whether it is withheld because something mutes it."""
        return self.state == "not_told" and self.reason.startswith(("silence ", "maintenance: "))


@dataclass(frozen=True, slots=True)
class Lane:
    """All notices of one incident for one address, in order; `batches` those that went out together."""

    incident: str
    place: str
    rows: tuple[Row, ...]

    @property
    def is_nobody(self) -> bool:
        """Whether it is what nobody would have been told of."""
        return self.place == "None:None"

    @property
    def batches(self) -> list[list[Row]]:
        """The delivered ones by message, in the order of their steps."""
        found: dict[tuple[float | None, float | None], list[Row]] = {}
        for row in self.rows:
            if row.state == "delivered" and row.reason != TOLD_SINCE:
                found.setdefault((row.begun, row.settled), []).append(row)
        return list(found.values())

    @property
    def has_gaps(self) -> bool:
        """Whether something of it was given up."""
        return any(row.state == "abandoned" for row in self.rows)


@dataclass(frozen=True, slots=True)
class Told:
    """An incident as its message has to show it in the end; `digests`: what the digest shows that has it, by place."""

    id: str
    is_open: bool
    is_source: bool
    headline: str
    members: frozenset[Node]
    audience: frozenset[str]
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """All of it.

    `recoveries`: (incident, at, whether the reading of that instant had figures). `well`: (node, at) of sites that
    became fine by the record. `damage`: what the file itself complains of. `bad`: the sites in trouble. `ledger`: in
    what it is not that of the readings, empty where it is. `mutes`: what each is called, when it began and when it
    ended. `looks`: when there were figures.
    """

    rows: tuple[Row, ...]
    lanes: tuple[Lane, ...]
    incidents: tuple[Told, ...]
    recoveries: tuple[tuple[str, float, bool], ...]
    well: tuple[tuple[Node, float], ...]
    damage: tuple[str, ...]
    bad: frozenset[Node]
    ledger: str
    mutes: tuple[tuple[str, float, float], ...]
    looks: tuple[float, ...]

    @classmethod
    def of(cls, path: Path, database: Database, at: float, rulebook: Rulebook) -> Record:
        """Read the file as it lies; `database` gives incidents as the product itself reads them."""
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            rows = tuple(map(_row, connection.execute("SELECT * FROM notices ORDER BY id")))
            looks = connection.execute(_LOOKS).fetchall()
            recoveries = connection.execute(_RECOVERIES).fetchall()
            damage = [tuple(one) for one in connection.execute("PRAGMA foreign_key_check")]
            damage += [tuple(one) for one in connection.execute("PRAGMA quick_check") if one[0] != "ok"]
            damage += [tuple(one) for one in connection.execute(_HALVES)]
        connection.close()
        lanes: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            lanes.setdefault((row.incident, row.place), []).append(row)
        incidents, bad = _incidents(database, at)
        return cls(
            rows,
            tuple(Lane(*key, tuple(found)) for key, found in lanes.items()),
            incidents,
            tuple((one["incident"], one["at"], bool(one["good"])) for one in recoveries),
            _became_well(database),
            tuple(map(str, damage)),
            bad,
            ledger_complaint(database, rulebook),
            tuple((one.text, one.starts_at, one.over_at) for one in silences.every(database)),
            tuple(_seconds(one["at"]) for one in looks),
        )


_RECOVERIES = """
    SELECT events.incident, events.at,
           EXISTS (SELECT 1 FROM readings WHERE readings.at = events.at AND failure_reason IS NULL) AS good
    FROM events JOIN incidents ON incidents.id = events.incident
    WHERE kind = 'recovered' AND service IS NOT NULL ORDER BY events.id
"""
_LOOKS = """
    SELECT at FROM readings WHERE failure_reason IS NULL AND remarks NOT LIKE '%held back: %' ORDER BY at
"""
_HALVES = """
    SELECT 'a notice of an incident without its event', notices.incident, step FROM notices
    WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.incident = notices.incident AND e.step = notices.step)
    UNION ALL
    SELECT 'an event without a notice', incident, step FROM events
    WHERE NOT EXISTS (SELECT 1 FROM notices n WHERE n.incident = events.incident AND n.step = events.step)
"""


def _became_well(database: Database) -> tuple[tuple[Node, float], ...]:
    over = transitions.c.before.in_(("warning", "critical")) & (transitions.c.after == "ok")
    with database.reading() as connection:
        rows = connection.execute(select(transitions.c.node, transitions.c.at).where(over)).all()
    return tuple((tuple(row.node), row.at) for row in rows)


def _row(row: sqlite3.Row) -> Row:
    place = f"{row['channel_kind']}:{row['channel_to']}"
    own = f"{row['incident']}/{row['step']}/{row['kind']}/{row['receiver']}/{place}"
    return Row(
        id=row["id"],
        incident=row["incident"],
        step=row["step"],
        kind=row["kind"],
        place=place,
        key=row["bundle"] or own,
        own_key=own,
        state=row["state"],
        attempts=row["attempts"],
        begun=row["attempt_started_at"],
        settled=row["settled_at"],
        may_repeat=bool(row["may_repeat"]),
        reason=row["reason"],
        line=row["line"],
        at=_seconds(row["at"]),
    )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _incidents(database: Database, at: float) -> tuple[tuple[Told, ...], frozenset[Node]]:
    """Every incident, and the nodes that are bad by the record."""
    memory = load(database, recent_since=0.0)
    found, bad = [], set()
    digests = _digests(database, at)
    for book in memory.books.values():
        members: dict[str, set[Node]] = {}
        for alerts in book.alerts.values():
            for i, node in enumerate(alerts.nodes):
                if alerts.active[i]:
                    members.setdefault(str(alerts.incident[i]), set()).add(node)
                    bad.add(node)
        for incident in book.incidents.values():
            told = Told(
                incident.id,
                incident.is_open,
                incident.service is None,
                slack(incident_wording(story(database, incident.id), at).text),
                frozenset(members.get(incident.id, ())),
                frozenset(address.channel for address in incident.audience),
                digests.get(incident.id, {}),
            )
            found.append(told)
    return tuple(found), frozenset(bad)


def _digests(database: Database, at: float) -> dict[str, dict[str, str]]:
    """By incident and place: what the root of its digest has to show."""
    with database.reading() as connection:
        rows = connection.execute(select(threads).where(threads.c.bundle.is_not(None))).all()
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        words = digest_wording(Digest(tuple(members(database, row.bundle, ()))), at)
        found.setdefault(row.incident, {})[f"{row.channel_kind}:{row.channel_to}"] = slack(words.text)
    return found


def outcome(record: Record) -> list[Any]:
    """What people know of services in the end, comparable between runs of one story: how many, and where open."""
    known = [one for one in record.incidents if not one.is_source]
    return sorted([one.is_open, sorted(one.members)] for one in known)
