"""Who writes: one row with a holder, an epoch that only grows, and an end by the database's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text, update

from sentinel.errors import LeaseLost
from sentinel.store.columns import Moment
from sentinel.store.database import Database
from sentinel.store.tables import lease


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease as it stands. `seconds_left` by the database's clock; None and 0 where nobody holds it."""

    epoch: int
    holder: str | None
    expires_at: float | None
    rules_hash: str | None
    seconds_left: float


def acquire(
    db: Database, holder: str, ttl: float, rules_hash: str | None, *, only_same_rules: bool = False
) -> int | None:
    """Take the lease for `ttl` seconds; its epoch, or None while somebody else holds it.

    On SQLite the instance that has claimed the file takes it at once: whoever held it before is gone. `rules_hash` None
    leaves the lease with the rules that it stands for; `only_same_rules`: not when these are others, even if it is free.
    """
    with db.transaction() as connection:
        now = database_time(connection)
        row = connection.execute(select(lease).with_for_update()).one()
        mine = row.holder == holder or db.claimed
        free = mine or row.holder is None or row.expires_at <= now
        differs = row.rules_hash not in (None, rules_hash)
        if not free or (only_same_rules and differs and not mine):
            return None
        epoch: int = row.epoch + 1
        changes = {"holder": holder, "epoch": epoch, "expires_at": now + ttl}
        connection.execute(update(lease).values(changes | _rules(rules_hash)))
        return epoch


def renew(db: Database, epoch: int, ttl: float, rules_hash: str | None = None) -> None:
    """Hold the lease for another `ttl` seconds from now; with `rules_hash` it stands for these rules from now on.

    Raises:
        LeaseLost: somebody else took it.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        changes = {"expires_at": database_time(connection) + ttl}
        connection.execute(update(lease).values(changes | _rules(rules_hash)))


def release(db: Database, epoch: int) -> None:
    """Let go of the lease, so that a standby need not wait for its end. Nothing happens when it is lost already."""
    with db.transaction() as connection:
        mine = (lease.c.epoch == epoch) & lease.c.holder.is_not(None)
        connection.execute(update(lease).where(mine).values(holder=None, expires_at=None))


def current(db: Database) -> Lease:
    """The lease as it stands now."""
    with db.reading() as connection:
        now = database_time(connection)
        row = connection.execute(select(lease)).one()
        left = max(0.0, row.expires_at - now) if row.expires_at is not None else 0.0
        return Lease(row.epoch, row.holder, row.expires_at, row.rules_hash, left)


def holds(db: Database, epoch: int) -> bool:
    """Whether the lease is ours at this moment, and has not run out by the database's clock."""
    with db.reading() as connection:
        row = connection.execute(select(lease)).one()
        return row.epoch == epoch and row.holder is not None and row.expires_at > database_time(connection)


def is_led(connection: Connection, db: Database) -> bool:
    """Whether an instance leads. Where none does, none can begin to before this transaction ends.

    A SQLite file has whoever claims it for a leader, whatever the time; of a lease that nobody lives behind, or that
    has run out, only its row is left.
    """
    if _has_leader(connection, db, connection.execute(select(lease)).one()):
        return True
    return _has_leader(connection, db, connection.execute(select(lease).with_for_update()).one())


def vacate(connection: Connection) -> None:
    """Nobody leads from now on: whoever thinks so and was only asleep finds another epoch, and writes nothing."""
    connection.execute(update(lease).values(epoch=lease.c.epoch + 1, holder=None, expires_at=None))


def _has_leader(connection: Connection, db: Database, row: Any) -> bool:
    if row.holder is None:
        return False
    return db.in_use if db.dialect == "sqlite" else bool(row.expires_at > database_time(connection))


def check_epoch(connection: Connection, epoch: int | None) -> None:
    """Make sure that the lease is still ours until this transaction ends: a taker waits for it. None: no lease in use.

    Raises:
        LeaseLost: somebody else took it, or it was released.
    """
    if epoch is None:
        return
    row = connection.execute(select(lease.c.epoch, lease.c.holder).with_for_update(read=True)).one()
    if row.epoch != epoch or row.holder is None:
        raise LeaseLost(
            f"another instance ({row.holder or 'none yet'}) writes now",
            hint="this one has written nothing and stands by",
        )


def _rules(rules_hash: str | None) -> dict[str, Any]:
    return {} if rules_hash is None else {"rules_hash": rules_hash}


def database_time(connection: Connection) -> float:
    """The database's clock in Unix seconds: the one clock that all instances share."""
    if connection.dialect.name == "postgresql":
        statement = "SELECT clock_timestamp() AS now"
    else:
        statement = "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now"
    now: Any = connection.execute(text(statement).columns(now=Moment)).scalar_one()
    return float(now)
