"""What the record tells of one node, whatever its service is called."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.domain.hierarchy import parse_node
from sentinel.history.node_story import incident_at, state_changes
from sentinel.store.database import Database
from tests.history.ledger import ZURICH, recorded

SITE = parse_node(ZURICH)


@pytest.mark.parametrize("service", ["Mail", "Mail \x1a\x00 \ud800", "Mail \\x1a'"])
def test_the_states_and_the_incident_of_a_node_are_found(database: Database, snapshot: Any, service: str) -> None:
    """Databases refuse some letters; what is kept in their place is asked for."""
    run = recorded(database)
    run.service = service
    run.figures()
    run.figures(zurich=33.5)
    [incident] = run.incidents
    with snapshot() as record:
        [change] = state_changes(record, "errors", service, SITE, run.now)
        assert (change.before, change.after, change.incident) == ("ok", "critical", incident)
        assert incident_at(record, "errors", service, SITE, run.now) == incident
        assert state_changes(record, "errors", f"{service}x", SITE, run.now) == ()
