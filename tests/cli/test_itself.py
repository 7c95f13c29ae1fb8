"""Trouble with Sentinel itself, as `status` and `incidents` show it."""

from __future__ import annotations

import json

import pytest

from sentinel.domain.rules import SELF_RULES, Rulebook, Severity
from sentinel.domain.selfcheck import Sighting, Symptom, judge
from sentinel.history.alerts import BUILT_IN
from tests.cli.terminal import call
from tests.domain.polls import TEAM, a_route
from tests.history.ledger import RecordedRun
from tests.store.records import record

ABANDONED = Symptom(
    rule="sentinel/abandoned",
    subject="slack",
    summary="Notices by Slack were given up",
    detail="Not told: 1 in slack:#team; channel_not_found",
    hint="Mend what was refused.",
    severity=Severity.CRITICAL,
)


@pytest.fixture
def incident(run: RecordedRun) -> str:
    """The id of an incident about given-up notices that is recorded beside the run's own."""
    assert run.db is not None
    book = Rulebook(rules=(), routes=(a_route(TEAM),), sources=())
    done = judge(book, [Sighting(rule="sentinel/abandoned", symptoms=(ABANDONED,))], {}, run.now)
    assert done is not None
    record(run.db, done.incidents, done.events, done.notices)
    return done.incidents[0].id


def test_status_lists_it_beside_the_services(incident: str) -> None:
    shown = call("status", "--utc")
    assert f"critical\tSentinel\tslack\tsentinel/abandoned\t{ABANDONED.detail}" in shown.stdout
    assert "2 critical" in shown.stderr
    assert call("status", "--exit-code", "--rule", "sentinel/*").exit_code == 1
    (alert,) = json.loads(call("status", "--json", "--rule", "sentinel/*").stdout)["alerts"]
    assert (alert["service"], alert["source"], alert["node"]) == (None, "sentinel", ["slack"])
    assert alert["incident"] == incident


def test_incidents_list_and_show_it(incident: str) -> None:
    assert "\tSentinel\tslack\tsentinel/abandoned\t" in call("incidents", "list", "--utc").stdout
    page = call("incidents", "show", incident, "--utc").stdout
    assert page.splitlines()[0] == "Sentinel: slack – Notices by Slack were given up"
    assert "channel_not_found" in page
    assert "Mend what was refused." in page


def test_every_built_in_rule_is_known_by_the_beginning_of_its_id() -> None:
    assert all(rule.startswith(BUILT_IN) for rule in SELF_RULES)
