"""The first schema: readings, alerts, incidents, and an outbox with a lease."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _asked()
    _judged()
    _told()
    _writer()


def downgrade() -> None:
    for table in (
        "lease",
        "threads",
        "attempts",
        "notices",
        "transitions",
        "alerts",
        "events",
        "incidents",
        "readings",
        "queries",
        "node_lists",
    ):
        op.drop_table(table)


def _asked() -> None:
    """What is asked of the sources and what they answered."""
    op.create_table(
        "node_lists",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_node_lists")),
    )
    op.create_table(
        "queries",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=True),
        sa.Column("last_good_at", MOMENT, nullable=True),
        sa.Column("last_reading_at", MOMENT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("failure_reason", sa.String(length=32), nullable=True),
        sa.Column("failure_text", sa.Text(), nullable=True),
        sa.Column("failure_hint", sa.Text(), nullable=True),
        sa.Column("retry_after", sa.Double(), nullable=True),
        sa.Column("known", sa.String(length=32), nullable=True),
        sa.Column("held_since", MOMENT, nullable=True),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "failure_reason = 'unreachable' OR failure_reason = 'timeout' OR failure_reason = 'tls' OR failure_reason = 'unauthorized' OR failure_reason = 'forbidden' OR failure_reason = 'not_found' OR failure_reason = 'bad_request' OR failure_reason = 'throttled' OR failure_reason = 'server_error' OR failure_reason = 'redirected' OR failure_reason = 'html' OR failure_reason = 'not_a_table' OR failure_reason = 'truncated' OR failure_reason = 'too_large' OR failure_reason = 'empty' OR failure_reason = 'incomplete' OR failure_reason = 'stale' OR failure_reason = 'paused' OR failure_reason = 'unknown_service'",
            name=op.f("ck_queries_failure_reason"),
        ),
        sa.CheckConstraint("(failure_reason IS NULL) = (failure_text IS NULL)", name=op.f("ck_queries_failure")),
        sa.ForeignKeyConstraint(["known"], ["node_lists.digest"], name=op.f("fk_queries_known")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_queries")),
    )
    op.create_index(op.f("ix_queries_known"), "queries", ["known"])
    op.create_table(
        "readings",
        sa.Column("query", sa.String(length=32), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("sample_at", MOMENT, nullable=False),
        sa.Column("rows", sa.String(length=32), nullable=True),
        sa.Column("figures", sa.LargeBinary(), nullable=True),
        sa.Column("failure_reason", sa.String(length=32), nullable=True),
        sa.Column("failure_text", sa.Text(), nullable=True),
        sa.Column("failure_hint", sa.Text(), nullable=True),
        sa.Column("retry_after", sa.Double(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "failure_reason = 'unreachable' OR failure_reason = 'timeout' OR failure_reason = 'tls' OR failure_reason = 'unauthorized' OR failure_reason = 'forbidden' OR failure_reason = 'not_found' OR failure_reason = 'bad_request' OR failure_reason = 'throttled' OR failure_reason = 'server_error' OR failure_reason = 'redirected' OR failure_reason = 'html' OR failure_reason = 'not_a_table' OR failure_reason = 'truncated' OR failure_reason = 'too_large' OR failure_reason = 'empty' OR failure_reason = 'incomplete' OR failure_reason = 'stale' OR failure_reason = 'paused' OR failure_reason = 'unknown_service'",
            name=op.f("ck_readings_failure_reason"),
        ),
        sa.CheckConstraint("(failure_reason IS NULL) = (failure_text IS NULL)", name=op.f("ck_readings_failure")),
        sa.CheckConstraint("(figures IS NULL) <> (failure_reason IS NULL)", name=op.f("ck_readings_answer")),
        sa.CheckConstraint("(rows IS NULL) = (figures IS NULL)", name=op.f("ck_readings_figures")),
        sa.ForeignKeyConstraint(["query"], ["queries.digest"], name=op.f("fk_readings_query")),
        sa.ForeignKeyConstraint(["rows"], ["node_lists.digest"], name=op.f("fk_readings_rows")),
        sa.PrimaryKeyConstraint("query", "at", name=op.f("pk_readings")),
    )
    op.create_index(op.f("ix_readings_at"), "readings", ["at"])
    op.create_index(op.f("ix_readings_query_sample_at"), "readings", ["query", "sample_at"])
    op.create_index(op.f("ix_readings_rows"), "readings", ["rows"])


def _judged() -> None:
    """What the rules made of it."""
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("hierarchy", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("worst_severity", sa.String(length=8), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("close_reason", sa.String(length=16), nullable=True),
        sa.Column("merged_into", sa.String(length=64), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("peak_members", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("worst_value", sa.Text(), nullable=False),
        sa.Column("reminded_at", MOMENT, nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", MOMENT, nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("last_members", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "close_reason = 'recovered' OR close_reason = 'merged' OR close_reason = 'rule_removed' OR close_reason = 'rule_changed' OR close_reason = 'not_reported'",
            name=op.f("ck_incidents_close_reason"),
        ),
        sa.CheckConstraint("severity = 'warning' OR severity = 'critical'", name=op.f("ck_incidents_severity")),
        sa.CheckConstraint(
            "worst_severity = 'warning' OR worst_severity = 'critical'", name=op.f("ck_incidents_worst_severity")
        ),
        sa.CheckConstraint(
            "(acknowledged_by IS NULL) = (acknowledged_at IS NULL)", name=op.f("ck_incidents_acknowledged")
        ),
        sa.CheckConstraint("(resolved_at IS NULL) = (close_reason IS NULL)", name=op.f("ck_incidents_closed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(op.f("ix_incidents_opened_at"), "incidents", ["opened_at"])
    op.create_index(op.f("ix_incidents_resolved_at"), "incidents", ["resolved_at"])
    op.create_table(
        "events",
        sa.Column("id", ID, nullable=False),
        sa.Column("incident", sa.String(length=64), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name=op.f("fk_events_incident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("incident", "step", "kind", name=op.f("uq_events_incident_step_kind")),
    )
    op.create_table(
        "alerts",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("query", sa.String(length=32), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("warning", sa.String(length=12), nullable=False),
        sa.Column("warning_since", MOMENT, nullable=True),
        sa.Column("critical", sa.String(length=12), nullable=False),
        sa.Column("critical_since", MOMENT, nullable=True),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("good_at", MOMENT, nullable=True),
        sa.Column("missing_since", MOMENT, nullable=True),
        sa.Column("shown", sa.String(length=12), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("incident", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "critical = 'inactive' OR critical = 'pending' OR critical = 'active' OR critical = 'recovering'",
            name=op.f("ck_alerts_critical"),
        ),
        sa.CheckConstraint(
            "shown = 'ok' OR shown = 'pending' OR shown = 'warning' OR shown = 'critical' OR shown = 'unknown'",
            name=op.f("ck_alerts_shown"),
        ),
        sa.CheckConstraint(
            "warning = 'inactive' OR warning = 'pending' OR warning = 'active' OR warning = 'recovering'",
            name=op.f("ck_alerts_warning"),
        ),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name=op.f("fk_alerts_incident")),
        sa.ForeignKeyConstraint(["query"], ["queries.digest"], name=op.f("fk_alerts_query")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_alerts")),
    )
    op.create_index(op.f("ix_alerts_incident"), "alerts", ["incident"])
    op.create_index(op.f("ix_alerts_query"), "alerts", ["query"])
    op.create_table(
        "transitions",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("query", sa.String(length=32), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("node_digest", sa.String(length=32), nullable=False),
        sa.Column("before", sa.String(length=12), nullable=False),
        sa.Column("after", sa.String(length=12), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("incident", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "after = 'ok' OR after = 'pending' OR after = 'warning' OR after = 'critical' OR after = 'unknown'",
            name=op.f("ck_transitions_after"),
        ),
        sa.CheckConstraint(
            "before = 'ok' OR before = 'pending' OR before = 'warning' OR before = 'critical' OR before = 'unknown'",
            name=op.f("ck_transitions_before"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transitions")),
        sa.UniqueConstraint("digest", name=op.f("uq_transitions_digest")),
    )
    op.create_index(op.f("ix_transitions_at"), "transitions", ["at"])
    op.create_index(op.f("ix_transitions_incident"), "transitions", ["incident"])
    op.create_index(op.f("ix_transitions_node_digest_at"), "transitions", ["node_digest", "at"])


def _told() -> None:
    """What is told, and what became of it."""
    op.create_table(
        "notices",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("incident", sa.String(length=64), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=True),
        sa.Column("channel_kind", sa.String(length=16), nullable=True),
        sa.Column("channel_to", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("not_before", MOMENT, nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempt_started_at", MOMENT, nullable=True),
        sa.Column("next_attempt_at", MOMENT, nullable=False),
        sa.Column("may_repeat", sa.Boolean(), nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "(settled_at IS NOT NULL) = (state IN ('delivered', 'abandoned'))", name=op.f("ck_notices_settled")
        ),
        sa.CheckConstraint(
            "channel_kind = 'slack' OR channel_kind = 'slack_webhook' OR channel_kind = 'email' OR channel_kind = 'webhook' OR channel_kind = 'console'",
            name=op.f("ck_notices_channel_kind"),
        ),
        sa.CheckConstraint("channel_kind IS NOT NULL OR state = 'not_told'", name=op.f("ck_notices_address")),
        sa.CheckConstraint(
            "kind = 'degraded' OR kind = 'escalated' OR kind = 'deescalated' OR kind = 'widened' OR kind = 'narrowed' OR kind = 'reopened' OR kind = 'reminder' OR kind = 'recovered' OR kind = 'closed' OR kind = 'unknown' OR kind = 'flapping' OR kind = 'acknowledged' OR kind = 'digest' OR kind = 'test'",
            name=op.f("ck_notices_kind"),
        ),
        sa.CheckConstraint(
            "state = 'waiting' OR state = 'sending' OR state = 'delivered' OR state = 'unclear' OR state = 'abandoned' OR state = 'not_told'",
            name=op.f("ck_notices_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('sending', 'unclear') OR attempt_started_at IS NOT NULL", name=op.f("ck_notices_attempt")
        ),
        sa.CheckConstraint("(channel_to IS NULL) = (channel_kind IS NULL)", name=op.f("ck_notices_channel_to")),
        sa.CheckConstraint("(receiver IS NULL) = (channel_kind IS NULL)", name=op.f("ck_notices_receiver")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("digest", name=op.f("uq_notices_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_notices_at"), "notices", ["at"])
    op.create_index(op.f("ix_notices_incident"), "notices", ["incident"])
    op.create_index(
        "ix_notices_abandoned",
        "notices",
        ["at"],
        sqlite_where=sa.text("state = 'abandoned'"),
        postgresql_where=sa.text("state = 'abandoned'"),
    )
    op.create_index(
        "ix_notices_undelivered",
        "notices",
        ["lane", "id"],
        sqlite_where=sa.text("state IN ('waiting', 'sending', 'unclear')"),
        postgresql_where=sa.text("state IN ('waiting', 'sending', 'unclear')"),
    )
    op.create_table(
        "attempts",
        sa.Column("notice", ID, autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "outcome = 'delivered' OR outcome = 'later' OR outcome = 'unclear' OR outcome = 'abandoned'",
            name=op.f("ck_attempts_outcome"),
        ),
        sa.CheckConstraint("(finished_at IS NULL) = (outcome IS NULL)", name=op.f("ck_attempts_finished")),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name=op.f("fk_attempts_notice"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("notice", "n", name=op.f("pk_attempts")),
    )
    op.create_table(
        "threads",
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("incident", sa.String(length=64), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("channel_kind", sa.String(length=16), nullable=False),
        sa.Column("channel_to", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("last_edit_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "channel_kind = 'slack' OR channel_kind = 'slack_webhook' OR channel_kind = 'email' OR channel_kind = 'webhook' OR channel_kind = 'console'",
            name=op.f("ck_threads_channel_kind"),
        ),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_threads")),
    )
    op.create_index(op.f("ix_threads_incident"), "threads", ["incident"])


def _writer() -> None:
    """Who writes."""
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("rules_hash", sa.Text(), nullable=True),
        sa.CheckConstraint("(holder IS NULL) = (expires_at IS NULL)", name=op.f("ck_lease_held")),
        sa.CheckConstraint("id = 1", name=op.f("ck_lease_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lease")),
    )
    op.execute("INSERT INTO lease (id, epoch) VALUES (1, 0)")
