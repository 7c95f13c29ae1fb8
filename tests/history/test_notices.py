"""What `notices list` finds."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.domain.rules import Address
from sentinel.history.filters import Filters
from sentinel.history.notices import KINDS, STATES, notices
from sentinel.store import outbox, tables
from sentinel.store.database import Database
from sentinel.store.outbox import Lane
from tests.domain.polls import START, TEAM, a_route
from tests.history.ledger import recorded

MINUTE = 60.0


@pytest.fixture
def listed(snapshot: Any) -> Any:
    def ask(incident: str | None = None, kind: Any = (), receiver: Any = (), **filters: Any) -> list[dict[str, Any]]:
        with snapshot() as record:
            found = notices(record, Filters(**filters), incident=incident, kind=kind, receiver=receiver)
            return [one.as_json() for one in found]

    return ask


def test_a_waiting_notice_has_every_key_of_the_contract(database: Database, listed: Any) -> None:
    run = recorded(database)
    run.figures(tokyo=20)
    (found,) = listed()
    wanted = {
        "incident": next(iter(run.incidents)),
        "kind": "degraded",
        "receiver": "team",
        "channel": "slack:#team",
        "state": "waiting",
        "decided_at": "2026-03-02T08:00:00Z",
        "delivered_at": None,
        "attempts": 0,
        "reason": None,
    }
    assert {key: found[key] for key in wanted} == wanted
    assert isinstance(found["id"], int)


def test_what_became_of_it_is_told(database: Database, listed: Any) -> None:
    run = recorded(database)
    run.an_outage()
    lane = Lane(next(iter(run.incidents)), TEAM)
    first, second, third = (one.id for one in outbox.lane(database, lane))
    outbox.begin(database, [first], run.now, None)
    outbox.delivered(database, [first], run.now + 1.5, None, lane=lane, ref={"ts": "1"}, edited=True)
    outbox.begin(database, [second], run.now + 2, None)
    outbox.later(database, [second], run.now + 3, None, next_attempt_at=run.now + 60, reason="Slack said ratelimited")
    outbox.begin(database, [third], run.now + 4, None)
    outbox.abandoned(database, [third], run.now + 5, None, reason="channel_not_found")
    found = {one["kind"]: one for one in listed()}
    assert found["degraded"]["state"] == "delivered"
    assert found["degraded"]["delivered_at"] == "2026-03-02T08:50:01.500Z"
    assert (found["widened"]["state"], found["widened"]["reason"]) == ("waiting", "Slack said ratelimited")
    assert (found["widened"]["attempts"], found["widened"]["delivered_at"]) == (1, None)
    assert (found["recovered"]["state"], found["recovered"]["reason"]) == ("abandoned", "channel_not_found")
    assert found["recovered"]["delivered_at"] is None
    assert [one["kind"] for one in listed(state=("abandoned", "waiting"))] == ["recovered", "widened"]


def test_what_nobody_was_told_keeps_its_reason(database: Database, listed: Any) -> None:
    run = recorded(database, routes=(a_route(service=()),))
    run.routes = ()
    run.figures(tokyo=20)
    (found,) = listed()
    keys = ("state", "receiver", "channel", "reason")
    assert [found[key] for key in keys] == ["not_told", None, None, "no route matches"]


def test_filters_are_about_the_incident_and_the_time_of_deciding(database: Database, listed: Any) -> None:
    mail = Address("night", "email", "night@example.com")
    run = recorded(database, routes=(a_route(TEAM, mail),))
    run.an_outage()
    run.figures(tokyo=99)
    outbox.enqueue_test(database, TEAM, run.now, "Test notice")
    kinds = lambda **asked: [one["kind"] for one in listed(**asked)]  # noqa: E731
    assert kinds(receiver=("team",)) == ["test", "degraded", "recovered", "widened", "degraded"]
    assert kinds(receiver=("team",), node=("France",)) == ["recovered", "widened", "degraded"]
    assert kinds(receiver=("nig*",), since=START + 40 * MINUTE) == ["degraded", "recovered"]
    assert kinds(receiver=("team",), until=START + 20 * MINUTE) == ["degraded"]
    assert kinds(kind=("test",)) == ["test"]
    assert kinds(limit=1) == ["test"]
    assert {one["channel"] for one in listed(receiver=("night",))} == {"email:night@example.com"}
    first = min(run.incidents.values(), key=lambda one: one.opened_at)
    assert len(listed(incident=first.id)) == 6


def test_the_words_are_those_of_the_store() -> None:
    from sentinel.domain.notices import NoticeKind  # noqa: PLC0415

    assert STATES == tables.NOTICE_STATES
    assert tuple(kind.value for kind in NoticeKind) == KINDS
