"""Notices that are told together, why one was given up, and who of several recipients has it already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.Text()


def upgrade() -> None:
    op.add_column("notices", sa.Column("bundle", sa.String(length=64), nullable=True))
    op.add_column("notices", sa.Column("given_up", sa.String(length=8), nullable=True))
    op.add_column("notices", sa.Column("accepted_by", JSON, nullable=True))
    op.add_column("threads", sa.Column("bundle", sa.String(length=64), nullable=True))
    bundled = sa.text("bundle IS NOT NULL")
    op.create_index("ix_notices_bundle", "notices", ["bundle"], sqlite_where=bundled, postgresql_where=bundled)
    op.create_index("ix_threads_bundle", "threads", ["bundle"])
    # What was given up before nobody can judge any more: it may have been accepted, so it is never offered by itself.
    op.execute(sa.text("UPDATE notices SET given_up = 'unclear' WHERE state = 'abandoned'"))


def downgrade() -> None:
    op.drop_index("ix_threads_bundle", table_name="threads")
    op.drop_index("ix_notices_bundle", table_name="notices")
    op.drop_column("threads", "bundle")
    for name in ("accepted_by", "given_up", "bundle"):
        op.drop_column("notices", name)
