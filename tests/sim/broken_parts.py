"""Sentinels with one fault each, to see whether the invariants see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from sentinel.collect.nexthink import NexthinkSource
from sentinel.deliver.channel import Delivered, Delivery, Unclear
from sentinel.deliver.slack import SlackChannel
from sentinel.domain import changes, plan
from sentinel.domain.changes import Changes
from sentinel.domain.incidents import AUDIBLE, Incident
from sentinel.domain.notices import NoticeKind
from sentinel.domain.reading import Figures, Query, Reading
from sentinel.engine.instance import Instance
from sentinel.store import lease, ledgers, outbox
from sentinel.store.tables import notices


class Deaf(SlackChannel):
    """Never finds anything in Slack."""

    async def look_up(self, delivery: Delivery) -> Delivered | Unclear | None:
        del delivery
        return None


class Rosy(NexthinkSource):
    """Takes a failed poll for one where all is well."""

    _last: Figures | None = None

    async def ask(self, query: Query) -> Reading:
        reading = await super().ask(query)
        if reading.figures is not None:
            self._last = reading.figures
            return reading
        if self._last is None:
            return reading
        rows = self._last.rows
        fine = {"devices": np.full(len(rows.nodes), 100.0), "devices_with_errors": np.zeros(len(rows.nodes))}
        return Reading(query, reading.at, reading.sample_at, Figures(rows, fine))


class Blinking(NexthinkSource):
    """Takes a cell without a figure for zero."""

    async def ask(self, query: Query) -> Reading:
        reading = await super().ask(query)
        if reading.figures is None:
            return reading
        columns = {name: np.nan_to_num(column) for name, column in reading.figures.columns.items()}
        return Reading(query, reading.at, reading.sample_at, Figures(reading.figures.rows, columns))


class Forgetful(Instance):
    """Writes and sends without asking whose turn it is."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ticker.epoch = self.dispatcher.epoch = lambda: None
        self.dispatcher.may_act = lambda: True


@contextmanager
def marking_first() -> Iterator[None]:
    """Notices are settled before they are sent."""
    begin = outbox.begin

    def settled(db: Any, ids: Any, at: float, *rest: Any, **more: Any) -> None:
        begin(db, ids, at, *rest, **more)
        with db.transaction() as connection:
            done = {"state": "delivered", "settled_at": at}
            connection.execute(update(notices).where(notices.c.id.in_(list(ids))).values(done))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(outbox, "begin", settled)
        yield


@contextmanager
def sending_first() -> Iterator[None]:
    """Attempts are recorded only when their outcome is."""
    begin = outbox.begin
    open_attempts: dict[Any, Callable[[], None]] = {}

    def later(db: Any, ids: Any, *rest: Any, **more: Any) -> None:
        open_attempts[tuple(ids)] = lambda: begin(db, ids, *rest, **more)

    def recorded(real: Callable[..., None]) -> Callable[..., None]:
        def both(db: Any, ids: Any, *rest: Any, **more: Any) -> None:
            open_attempts.pop(tuple(ids), lambda: None)()
            real(db, ids, *rest, **more)

        return both

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(outbox, "begin", later)
        for name in ("delivered", "later", "unclear", "abandoned"):
            patched.setattr(outbox, name, recorded(getattr(outbox, name)))
        yield


@contextmanager
def chatty() -> Iterator[None]:
    """What is withheld while an incident flaps is told all the same."""

    def told(self: Changes, incident: Incident, kind: NoticeKind, line: str, at: float, _reason: str) -> Incident:
        return self.tell(incident, kind, line, at, ())

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Changes, "withhold", told)
        yield


@contextmanager
def endless() -> Iterator[None]:
    """Nobody looks whether what flaps is steady."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plan, "settle_down", lambda *_: None)
        yield


@contextmanager
def blurting() -> Iterator[None]:
    """What is muted is told all the same, though nobody is written down for having heard it."""

    def told(
        self: Changes, incident: Incident, kind: NoticeKind, line: str, at: float, *given: Any, **more: Any
    ) -> Incident:
        loud = incident.evolve(hush=AUDIBLE)
        return self.tell(loud, more["recorded"], line, at, *given).evolve(hush=incident.hush)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Changes, "_mute", told)
        yield


@contextmanager
def withholding() -> Iterator[None]:
    """Nobody makes up for what was muted."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plan, "make_up", lambda *_: None)
        yield


@contextmanager
def nagging() -> Iterator[None]:
    """Reminds of what somebody has acknowledged."""
    patch, whole = pytest.MonkeyPatch(), changes.remind

    def remind(incident: Incident, *given: Any) -> Any:
        return whole(incident.evolve(acknowledged_by=None), *given)

    patch.setattr(changes, "remind", remind)
    with _patched(patch):
        yield


@contextmanager
def meddling() -> Iterator[None]:
    """A command that writes beside whoever leads."""
    patch = pytest.MonkeyPatch()
    patch.setattr(lease, "is_led", lambda *_: False)
    patch.setattr(lease, "vacate", lambda *_: None)
    with _patched(patch):
        yield


@contextmanager
def _patched(patch: pytest.MonkeyPatch) -> Iterator[None]:
    try:
        yield
    finally:
        patch.undo()


@contextmanager
def entering_later() -> Iterator[None]:
    """A tick's ledger entries are written with the tick after it."""
    save, owed = ledgers.save, []

    def later(connection: Any, entries: Any) -> None:
        late, owed[:] = list(owed), list(entries)
        save(connection, late)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ledgers, "save", later)
        yield
