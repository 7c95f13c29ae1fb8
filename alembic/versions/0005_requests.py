"""What people want of incidents, written down until whoever leads has done it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.text("answered_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("deed", sa.String(length=8), nullable=False),
        sa.Column("incident", sa.String(length=64), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.CheckConstraint("deed = 'ack' OR deed = 'unack' OR deed = 'note'", name=op.f("ck_requests_deed")),
        sa.CheckConstraint(
            "outcome = 'done' OR outcome = 'nothing_new' OR outcome = 'refused'", name=op.f("ck_requests_outcome")
        ),
        sa.CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name=op.f("ck_requests_answered")),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_requests_answer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("key", name=op.f("uq_requests_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_requests_waiting", "requests", ["id"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_index(op.f("ix_requests_answered_at"), "requests", ["answered_at"])


def downgrade() -> None:
    op.drop_table("requests")
