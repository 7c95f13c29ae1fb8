"""Alembic's entry: runs the migrations on the connection that `sentinel.store.migrations` hands over."""

from __future__ import annotations

from alembic import context

from sentinel.store.ledger_tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
