"""Filters and names of the command line are data: they choose rows and never become SQL."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from sentinel.domain.hierarchy import NodePattern
from sentinel.domain.patterns import NamePattern
from sentinel.errors import NotFound
from sentinel.history.filters import Filters
from sentinel.history.incidents import incident, incidents
from sentinel.history.notices import notices
from sentinel.history.record import reading
from sentinel.history.status import status
from sentinel.store.database import Database
from sentinel.store.tables import metadata
from tests.effort import effort
from tests.fakes.hostile import HOSTILE
from tests.history.ledger import recorded

SQL = (
    "' OR '1'='1",
    "'; DROP TABLE incidents; --",
    "x' UNION SELECT version_num FROM alembic_version --",
    '" OR 1=1 --',
    "%' OR rule LIKE '%",
    "_%",
    "$1",
    ":id",
    "%(id)s",
    "?",
    "\\'",
    "/* */",
)
WORDS = st.one_of(
    st.sampled_from([*SQL, *HOSTILE, "*", "Mail", "France"]), st.text(st.characters(codec=None), max_size=20)
)
pytestmark = pytest.mark.threat("sql-injection")


@pytest.fixture
def filled(database: Database) -> Database:
    recorded(database).an_outage()
    return database


def counts(database: Database) -> dict[str, Any]:
    with database.reading() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar()
            for table in metadata.sorted_tables
        }


@effort(60)
@given(service=WORDS, node=WORDS, rule=WORDS)
def test_any_filter_chooses_what_the_words_say(filled: Database, service: str, node: str, rule: str) -> None:
    before = counts(filled)
    with reading(filled) as record:
        every = list(incidents(record))
        for wanted in (Filters(service=(service,)), Filters(rule=(rule,)), Filters(node=(node,))):
            found = {row.id for row in incidents(record, wanted)}
            assert found == {row.id for row in every if _fits(row, wanted)}
            list(notices(record, wanted))
            status(record, 2e9, wanted)
    assert counts(filled) == before


@effort(60)
@given(name=WORDS)
def test_any_name_is_an_incident_or_none(filled: Database, name: str) -> None:
    before = counts(filled)
    with reading(filled) as record:
        known = {row.id for row in incidents(record)}
        try:
            found = incident(record, name)
        except NotFound:
            found = None
        assert found is None or found.row.id in known
    assert counts(filled) == before


def _fits(row: Any, wanted: Filters) -> bool:
    """The meaning itself, without a database."""
    if wanted.service:
        return row.service is not None and NamePattern(wanted.service[0]).matches(row.service)
    if wanted.rule:
        return NamePattern(wanted.rule[0]).matches(row.rule)
    pattern = NodePattern(wanted.node[0])
    return any(pattern.matches(row.node[:depth]) for depth in range(len(row.node) + 1))
