"""Which state of its incident a message shows: instants of two clocks say nothing about that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("threads") as batch:
        batch.add_column(sa.Column("shown", MOMENT, nullable=True))
    threads = sa.table("threads", sa.column("incident"), sa.column("last_edit_at"), sa.column("shown"))
    incidents = sa.table("incidents", sa.column("id"), sa.column("changed_at"))
    seen = (incidents.c.id == threads.c.incident) & (incidents.c.changed_at <= threads.c.last_edit_at)
    changed = sa.select(incidents.c.changed_at).where(seen).scalar_subquery()
    op.execute(sa.update(threads).values(shown=sa.func.coalesce(changed, threads.c.last_edit_at)))
    with op.batch_alter_table("threads") as batch:
        batch.alter_column("shown", existing_type=MOMENT, nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("threads") as batch:
        batch.drop_column("shown")
