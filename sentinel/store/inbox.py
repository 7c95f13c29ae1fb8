"""The inbox: what people want of incidents is written down for the instance that leads, or done where none does."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sentinel.domain.incidents import Incident
from sentinel.domain.records import Plan
from sentinel.domain.requests import Answer, Request
from sentinel.store import incidents, lease, requests
from sentinel.store.database import Database
from sentinel.store.unit_of_work import write

Decide = Callable[[Request, Incident | None], Plan]
"""What one request changes, decided from the incident as the database has it; None where there is none."""


def hand_in(db: Database, request: Request, decide: Decide) -> Answer | None:
    """Have a request done at once where no instance leads, else leave it to the one that does. The same again is no other.

    None: it is written down, and whoever leads will do it. An instance that begins to lead meanwhile waits for this
    transaction, and one that only seems to lead (it was killed, or its lease has run out) writes nothing any more.

    Raises:
        StoreBusy: nothing was written, or nobody knows; handing the same request in again does no harm.
    """
    with db.transaction() as connection:
        led = lease.is_led(connection, db)
        known = requests.answer_to(connection, request.key)
        if known is not None:
            return known
        requests.add(connection, request)
        if led:
            return None
        lease.vacate(connection)
        done = decide(request, incidents.find(connection, request.incident))
        write(connection, done)
        return done.answers[0]


def incidents_of(db: Database, asked: Iterable[Request]) -> dict[str, Incident]:
    """The incidents that requests are about, by id, as the database has them."""
    with db.reading() as connection:
        found = [incidents.find(connection, name) for name in sorted({one.incident for one in asked})]
    return {one.id: one for one in found if one is not None}
