"""The ledgers of service level agreements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledgers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("sla", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("sampled_at", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledgers")),
        sa.UniqueConstraint("digest", name=op.f("uq_ledgers_digest")),
    )
    _of_ledger("ledger_spans", ["start"], sa.Column("until", sa.BigInteger(), nullable=False))
    _of_ledger("ledger_nodes", ["number"], sa.Column("node", sa.Text(), nullable=False))
    _of_ledger("ledger_runs", ["number", "start"], sa.Column("standing", sa.SmallInteger(), nullable=False))
    _of_ledger("ledger_weights", ["number", "start"], sa.Column("weight", sa.Double(), nullable=False))
    _of_ledger("ledger_counts", ["at"], sa.Column("packed", sa.LargeBinary(), nullable=False))


def _of_ledger(name: str, keys: list[str], value: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("ledger", sa.Integer(), autoincrement=False, nullable=False),
        *(
            sa.Column(key, sa.Integer() if key == "number" else sa.BigInteger(), autoincrement=False, nullable=False)
            for key in keys
        ),
        value,
        sa.ForeignKeyConstraint(["ledger"], ["ledgers.id"], name=op.f(f"fk_{name}_ledger")),
        sa.PrimaryKeyConstraint("ledger", *keys, name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for name in ("ledger_counts", "ledger_weights", "ledger_runs", "ledger_nodes", "ledger_spans", "ledgers"):
        op.drop_table(name)
