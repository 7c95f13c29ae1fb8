"""The tables of the ledgers. Instants in them are whole Unix seconds: they are counted, millions at a time.

A node is a number within its ledger: its place in the order of first samples.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, SmallInteger, String, Table, UniqueConstraint

from sentinel.store.columns import Blob, NodePath, Words
from sentinel.store.tables import metadata

__all__ = ["ledger_counts", "ledger_nodes", "ledger_runs", "ledger_spans", "ledger_weights", "ledgers", "metadata"]


def _ledger() -> Column[int]:
    return Column("ledger", Integer, ForeignKey("ledgers.id"), primary_key=True, autoincrement=False)


def _number() -> Column[int]:
    return Column("number", Integer, primary_key=True, autoincrement=False)


def _instant(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


ledgers = Table(
    "ledgers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("digest", String(32), nullable=False),
    Column("sla", Words, nullable=False),
    Column("service", Words, nullable=False),
    Column("query", Words, nullable=False),
    Column("sampled_at", BigInteger, nullable=False),
    Column("counted_at", BigInteger),
    UniqueConstraint("digest"),
)

ledger_spans = Table(
    "ledger_spans",
    metadata,
    _ledger(),
    _instant("start"),
    Column("until", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What samples cover, [start, until). The rest is unknown for every node."""

ledger_nodes = Table(
    "ledger_nodes",
    metadata,
    _ledger(),
    _number(),
    Column("node", NodePath, nullable=False),
    sqlite_with_rowid=False,
)

ledger_runs = Table(
    "ledger_runs",
    metadata,
    _ledger(),
    _number(),
    _instant("start"),
    Column("standing", SmallInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""From `start` until the node's next run: see `domain.ledger.Standing`."""

ledger_weights = Table(
    "ledger_weights",
    metadata,
    _ledger(),
    _number(),
    _instant("start"),
    Column("weight", Double, nullable=False),
    sqlite_with_rowid=False,
)

ledger_counts = Table(
    "ledger_counts",
    metadata,
    _ledger(),
    _instant("at"),
    Column("packed", Blob, nullable=False),
    sqlite_with_rowid=False,
)
"""The events of the window that ends at `at`: columns `number`, `good`, `total`."""
