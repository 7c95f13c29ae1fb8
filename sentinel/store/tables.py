"""The tables. Every change here needs a migration; a test compares the two.

Long identities (a query, an alert, a notice, a lane) are keyed by a digest of their parts: their text may be longer
than a Postgres index entry can be. The parts stand beside it.
"""

from __future__ import annotations

from enum import Enum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    literal_column,
    text,
)

from sentinel.domain.alerts import State
from sentinel.domain.incidents import CloseReason
from sentinel.domain.notices import NoticeKind
from sentinel.domain.reading import Reason
from sentinel.domain.requests import Deed, Outcome
from sentinel.store.columns import Blob, Json, Moment, NodePath, Words

REVISION = "0007"
"""The schema that this program needs: the newest migration."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PHASES = ("inactive", "pending", "active", "recovering")
"""A phase's code is its place in here: see `domain.alerts.Phase`."""

SEVERITIES = ("warning", "critical")
NOTICE_STATES = ("waiting", "sending", "delivered", "unclear", "abandoned", "not_told")
UNDELIVERED = ("waiting", "sending", "unclear")
GIVEN_UP = ("refused", "unfit", "late", "unclear")
"""Why a notice was abandoned: refused for reasons of channel or credentials; refused for what it says; put off for too
long; or perhaps accepted and never confirmed. The first three were certainly not accepted."""
OUTCOMES = ("delivered", "later", "unclear", "abandoned")
CHANNEL_KINDS = ("slack", "slack_webhook", "email", "webhook", "console")

_Id = BigInteger().with_variant(Integer, "sqlite")


def _digest(name: str, *parts: ForeignKey, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(name, String(32), *parts, nullable=nullable, primary_key=primary_key)


def one_of(column: str, words: tuple[str, ...] | type[Enum]) -> str:
    """The SQL condition of a closed list of words; NULL passes."""
    return f"{column} IN ({', '.join(map(repr, _words(words)))})"


def _words(words: tuple[str, ...] | type[Enum]) -> tuple[str, ...]:
    return words if isinstance(words, tuple) else tuple(str(one.value) for one in words)


def _closed(column: str, words: tuple[str, ...] | type[Enum]) -> CheckConstraint:
    """Single comparisons: for IN, SQLite builds a list for every row it writes, at four times the cost of the row."""
    return CheckConstraint(" OR ".join(f"{column} = {word!r}" for word in _words(words)), name=column)


def _together(name: str, one: str, other: str) -> CheckConstraint:
    return CheckConstraint(f"({one} IS NULL) = ({other} IS NULL)", name=name)


node_lists = Table(
    "node_lists",
    metadata,
    _digest("digest", primary_key=True),
    Column("size", Integer, nullable=False),
    Column("packed", Blob, nullable=False),
)

queries = Table(
    "queries",
    metadata,
    _digest("digest", primary_key=True),
    Column("key", Words, nullable=False),
    Column("last_at", Moment),
    Column("last_good_at", Moment),
    Column("last_reading_at", Moment),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Moment),
    Column("failure_reason", String(32)),
    Column("failure_text", Words),
    Column("failure_hint", Words),
    Column("retry_after", Double),
    _digest("known", ForeignKey("node_lists.digest"), nullable=True),
    Column("held_since", Moment),
    Column("asked", Boolean, nullable=False),
    _closed("failure_reason", Reason),
    _together("failure", "failure_reason", "failure_text"),
    Index(None, "known"),
)

readings = Table(
    "readings",
    metadata,
    _digest("query", ForeignKey("queries.digest"), primary_key=True),
    Column("at", Moment, primary_key=True),
    Column("sample_at", Moment, nullable=False),
    _digest("rows", ForeignKey("node_lists.digest"), nullable=True),
    Column("figures", Blob),
    Column("failure_reason", String(32)),
    Column("failure_text", Words),
    Column("failure_hint", Words),
    Column("retry_after", Double),
    Column("remarks", Json, nullable=False),
    _closed("failure_reason", Reason),
    _together("failure", "failure_reason", "failure_text"),
    _together("figures", "rows", "figures"),
    CheckConstraint("(figures IS NULL) <> (failure_reason IS NULL)", name="answer"),
    Index(None, "at"),
    Index(None, "rows"),
    Index(None, "query", "sample_at"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("rule", Words, nullable=False),
    Column("service", Words),
    Column("source", Words, nullable=False),
    Column("hierarchy", Words, nullable=False),
    Column("node", NodePath, nullable=False),
    Column("severity", String(8), nullable=False),
    Column("worst_severity", String(8), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("resolved_at", Moment),
    Column("close_reason", String(16)),
    Column("merged_into", String(64)),
    Column("reopened", Integer, nullable=False),
    Column("members", Integer, nullable=False),
    Column("peak_members", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("value", Double),
    Column("worst_value", Words, nullable=False),
    Column("reminded_at", Moment),
    Column("acknowledged_by", Words),
    Column("acknowledged_at", Moment),
    Column("audience", Json, nullable=False),
    Column("facts", Json, nullable=False),
    Column("last_members", Blob),
    _closed("severity", SEVERITIES),
    _closed("worst_severity", SEVERITIES),
    _closed("close_reason", CloseReason),
    _together("closed", "resolved_at", "close_reason"),
    _together("acknowledged", "acknowledged_by", "acknowledged_at"),
    Index(None, "resolved_at"),
    Index(None, "opened_at"),
)

alerts = Table(
    "alerts",
    metadata,
    _digest("digest", primary_key=True),
    Column("rule", Words, nullable=False),
    Column("service", Words),
    Column("source", Words, nullable=False),
    _digest("query", ForeignKey("queries.digest")),
    Column("node", NodePath, nullable=False),
    Column("warning", String(12), nullable=False),
    Column("warning_since", Moment),
    Column("critical", String(12), nullable=False),
    Column("critical_since", Moment),
    Column("blind", Boolean, nullable=False),
    Column("good_at", Moment),
    Column("missing_since", Moment),
    Column("shown", String(12), nullable=False),
    Column("changed_at", Moment),
    Column("value", Double),
    Column("place", NodePath),
    Column("incident", String(64), ForeignKey("incidents.id")),
    _closed("warning", PHASES),
    _closed("critical", PHASES),
    _closed("shown", State),
    Index(None, "query"),
    Index(None, "incident"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", _Id, primary_key=True),
    _digest("digest"),
    Column("rule", Words, nullable=False),
    Column("service", Words),
    _digest("query"),
    Column("node", NodePath, nullable=False),
    _digest("node_digest"),
    Column("before", String(12), nullable=False),
    Column("after", String(12), nullable=False),
    Column("at", Moment, nullable=False),
    Column("value", Double),
    Column("why", Words, nullable=False),
    Column("incident", String(64)),
    _closed("before", State),
    _closed("after", State),
    UniqueConstraint("digest"),
    Index(None, "at"),
    Index(None, "node_digest", "at"),
    Index(None, "incident"),
)

events = Table(
    "events",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("incident", String(64), ForeignKey("incidents.id"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Words, nullable=False),
    Column("value", Words, nullable=False),
    UniqueConstraint("incident", "step", "kind"),
)

notices = Table(
    "notices",
    metadata,
    Column("id", _Id, primary_key=True),
    _digest("digest"),
    _digest("lane"),
    Column("incident", String(64), nullable=False),
    Column("step", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("receiver", Words),
    Column("channel_kind", String(16)),
    Column("channel_to", Words),
    Column("at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("line", Words, nullable=False),
    Column("quiet", Boolean, nullable=False),
    Column("reason", Words, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("attempt_started_at", Moment),
    Column("next_attempt_at", Moment, nullable=False),
    Column("may_repeat", Boolean, nullable=False),
    Column("settled_at", Moment),
    Column("bundle", String(64)),
    Column("given_up", String(8)),
    Column("accepted_by", Json),
    _closed("kind", NoticeKind),
    _closed("state", NOTICE_STATES),
    _closed("channel_kind", CHANNEL_KINDS),
    CheckConstraint("channel_kind IS NOT NULL OR state = 'not_told'", name="address"),
    _together("receiver", "receiver", "channel_kind"),
    _together("channel_to", "channel_to", "channel_kind"),
    CheckConstraint("(settled_at IS NOT NULL) = (state IN ('delivered', 'abandoned'))", name="settled"),
    CheckConstraint("state NOT IN ('sending', 'unclear') OR attempt_started_at IS NOT NULL", name="attempt"),
    UniqueConstraint("digest"),
    Index(
        "ix_notices_undelivered",
        "lane",
        "id",
        sqlite_where=text(one_of("state", UNDELIVERED)),
        postgresql_where=text(one_of("state", UNDELIVERED)),
    ),
    Index(
        "ix_notices_abandoned",
        "at",
        sqlite_where=text("state = 'abandoned'"),
        postgresql_where=text("state = 'abandoned'"),
    ),
    Index(
        "ix_notices_bundle",
        "bundle",
        sqlite_where=text("bundle IS NOT NULL"),
        postgresql_where=text("bundle IS NOT NULL"),
    ),
    Index(None, "incident"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    Column("notice", _Id, ForeignKey("notices.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("outcome", String(12)),
    Column("reason", Words, nullable=False),
    _closed("outcome", OUTCOMES),
    _together("finished", "finished_at", "outcome"),
)

threads = Table(
    "threads",
    metadata,
    _digest("lane", primary_key=True),
    Column("incident", String(64), nullable=False),
    Column("receiver", Words, nullable=False),
    Column("channel_kind", String(16), nullable=False),
    Column("channel_to", Words, nullable=False),
    Column("ref", Json, nullable=False),
    Column("last_edit_at", Moment, nullable=False),
    # The incident's changed_at as the message shows it, whoever's clock that was.
    Column("shown", Moment, nullable=False),
    Column("bundle", String(64)),
    _closed("channel_kind", CHANNEL_KINDS),
    Index(None, "incident"),
    Index(None, "bundle"),
)

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Words),
    Column("expires_at", Moment),
    Column("rules_hash", Words),
    CheckConstraint("id = 1", name="single"),
    _together("held", "holder", "expires_at"),
)

requests = Table(
    "requests",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("deed", String(8), nullable=False),
    Column("incident", String(64), nullable=False),
    Column("author", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Words, nullable=False),
    Column("outcome", String(12)),
    Column("answer", Words),
    Column("answered_at", Moment),
    _closed("deed", Deed),
    _closed("outcome", Outcome),
    _together("answered", "outcome", "answered_at"),
    _together("answer", "answer", "answered_at"),
    UniqueConstraint("key"),
    Index(
        "ix_requests_waiting",
        "id",
        sqlite_where=text("answered_at IS NULL"),
        postgresql_where=text("answered_at IS NULL"),
    ),
    Index(None, "answered_at"),
    sqlite_autoincrement=True,
)

silences = Table(
    "silences",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("matchers", Json, nullable=False),
    Column("author", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("maintenance", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("expired_at", Moment),
    Column("expired_by", Words),
    _together("expired", "expired_at", "expired_by"),
    Index(None, "ends_at"),
)

starts = Table(
    "starts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("host", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment),
)

is_undelivered = notices.c.state.in_([literal_column(repr(state)) for state in UNDELIVERED])
"""Spelled out, not bound: only so is the index of undelivered notices seen to fit."""

is_abandoned = notices.c.state == literal_column("'abandoned'")
"""As above."""
