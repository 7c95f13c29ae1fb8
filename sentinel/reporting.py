"""Reports that go out by themselves, wired: when (engine), what (history), in which form (slareport)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sentinel.config.loader import Loaded
from sentinel.deliver.document import Document
from sentinel.domain.reports import as_of, parse_name
from sentinel.domain.rules import Address
from sentinel.engine.instance import Instance
from sentinel.engine.reports import Reports
from sentinel.store import ledgers
from sentinel.store.database import Database


def reports_of(instance: Instance, loaded: Callable[[], Loaded]) -> Reports:
    """What puts reports into the outbox, and from now on the instance's dispatcher knows what they say."""
    db = instance.db
    instance.dispatcher.reports = composer(db, loaded)
    return Reports(
        db,
        instance.clock,
        rulebook=lambda: loaded().rulebook,
        receivers=lambda: receivers_of(loaded()),
        begun=lambda sla: ledgers.begun(db, sla),
        epoch=instance.tenure.writes_as,
    )


def receivers_of(loaded: Loaded) -> Mapping[str, Sequence[Address]]:
    """Addresses by the receiver's name."""
    return {one.name: one.addresses for one in loaded.receivers}


def composer(db: Database, loaded: Callable[[], Loaded]) -> Callable[[str, float], Document | None]:
    """What makes the report of a name, as of an instant; None where the present rules have no such report."""

    def made(name: str, at: float) -> Document | None:
        from sentinel.history.sla import report  # noqa: PLC0415  # once a month is not at every start
        from sentinel.slareport.message import document  # noqa: PLC0415  # as above

        found = parse_name(name, loaded().rulebook.slas)
        if found is None:
            return None
        sla, label = found
        then = as_of(sla, label)
        period = label if then is None else None
        made = report(db, loaded(), at if then is None else then, period=period, slas=(sla.id,), services=(), nodes=())
        return document(made, label) if made.sections else None

    return made
