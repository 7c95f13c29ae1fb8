"""What `incidents list` and `incidents show` find."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.errors import NotFound
from sentinel.history.filters import Filters
from sentinel.history.incidents import IncidentStory, incident, incidents
from sentinel.store.database import Database
from tests.domain.polls import START, a_rule
from tests.history.ledger import recorded

MINUTE = 60.0


@pytest.fixture
def listed(snapshot: Any) -> Any:
    def ask(**filters: Any) -> list[dict[str, Any]]:
        with snapshot() as record:
            return [one.as_json() for one in incidents(record, Filters(**filters))]

    return ask


@pytest.fixture
def story(snapshot: Any) -> Any:
    def ask(name: str) -> IncidentStory:
        with snapshot() as record:
            return incident(record, name)

    return ask


def test_a_finished_outage_has_every_key_of_the_contract(database: Database, listed: Any) -> None:
    run = recorded(database)
    run.an_outage()
    (found,) = listed()
    wanted = {
        "id": next(iter(run.incidents)),
        "rule": "errors",
        "service": "Mail",
        "hierarchy": "Location",
        "node": ["Europe", "France"],
        "state": "resolved",
        "severity": "critical",
        "opened_at": "2026-03-02T08:10:00Z",
        "resolved_at": "2026-03-02T08:40:00Z",
        "close_reason": "recovered",
        "members": 0,
        "reopened": 0,
        "acknowledged_by": None,
    }
    assert {key: found[key] for key in wanted} == wanted


def test_an_open_one_has_no_end(database: Database, listed: Any) -> None:
    run = recorded(database)
    run.figures()
    run.figures(paris=20, lyon=15)
    (found,) = listed()
    keys = ("state", "resolved_at", "close_reason", "members")
    assert [found[key] for key in keys] == ["open", None, None, 2]


def test_a_window_holds_what_was_open_at_any_time_in_it(database: Database, listed: Any) -> None:
    run = recorded(database)
    run.an_outage()  # 08:10 to 08:40
    count = lambda since, until: len(  # noqa: E731
        listed(
            since=None if since is None else START + since * MINUTE,
            until=None if until is None else START + until * MINUTE,
        )
    )
    assert count(20, 30) == 1, "opened before, still open after"
    assert count(39, None) == 1
    assert count(40, None) == 0, "it was no longer open at 08:40"
    assert count(None, 10) == 0, "until is not included"
    assert count(None, 11) == 1
    assert count(0, 5) == 0


def test_states_rules_severities_and_limits(database: Database, listed: Any) -> None:
    run = recorded(database)
    run.an_outage()
    run.figures(tokyo=99)
    assert [one["node"][-1] for one in listed()] == ["Tokyo", "France"], "newest first"
    assert [one["node"][-1] for one in listed(state=("open",))] == ["Tokyo"]
    assert [one["node"][-1] for one in listed(state=("resolved",))] == ["France"]
    assert [one["node"][-1] for one in listed(state=("open", "resolved"), limit=1)] == ["Tokyo"]
    assert listed(severity=("warning",)) == []
    assert len(listed(rule=("ERR*",))) == 2
    assert listed(rule=("slow",)) == []
    assert [one["node"][-1] for one in listed(node=("Europe/**",))] == ["France"]


def test_a_story_has_its_timeline_and_its_notices_oldest_first(database: Database, story: Any) -> None:
    run = recorded(database)
    run.an_outage()
    name = next(iter(run.incidents))
    shape = story(name).as_json()
    assert [(step["at"][11:16], step["kind"]) for step in shape["timeline"]] == [
        ("08:10", "degraded"),
        ("08:20", "widened"),
        ("08:40", "recovered"),
    ]
    assert set(shape["timeline"][0]) == {"at", "kind", "text", "value"}
    assert shape["timeline"][0]["text"] == "Critical at Europe / France / Paris: 20 > 10"
    assert shape["timeline"][0]["value"] == "20"
    assert [notice["kind"] for notice in shape["notices"]] == ["degraded", "widened", "recovered"]
    assert {notice["incident"] for notice in shape["notices"]} == {name}


def test_the_beginning_of_an_id_is_enough_while_no_other_has_it(database: Database, story: Any) -> None:
    run = recorded(database, a_rule(rollup=None))
    run.figures(paris=20, tokyo=20)
    names = sorted(run.incidents)
    assert story(names[0]).incident.id == names[0]
    assert story(names[0][:9]).incident.id == names[0]
    assert story(names[1][3:9]).incident.id == names[1]
    with pytest.raises(NotFound, match="2 incidents begin with 'sn-'") as several:
        story("sn-")
    assert names[0] in several.value.hint


def test_what_is_not_there_is_not_found_and_the_nearest_is_named(database: Database, story: Any) -> None:
    run = recorded(database)
    run.an_outage()
    name = next(iter(run.incidents))
    wrong = name[:-2] + "01"
    with pytest.raises(NotFound, match=f"no incident '{wrong}'") as nearly:
        story(wrong)
    assert nearly.value.hint == f"did you mean {name}?"
    with pytest.raises(NotFound):
        story("")
    with pytest.raises(NotFound):
        story("%")


def test_one_that_flaps_says_so_and_is_open_without_members_in_a_good_moment(database: Database, listed: Any) -> None:
    run = recorded(database, a_rule(every=300.0), step=300.0, interval=300.0)
    keys = ("state", "flapping", "members", "resolved_at", "close_reason", "reopened")

    def shown() -> list[Any]:
        (found,) = listed()
        return [found[key] for key in keys]

    for zurich in (20, 1) * 2:
        run.figures(zurich=zurich)
    assert shown()[:3] == ["resolved", False, 0]
    for zurich in (20, 1):
        run.figures(zurich=zurich)
    assert shown() == ["open", True, 0, None, None, 2]
    run.figures(zurich=20)
    assert shown() == ["open", True, 1, None, None, 3]
    for _ in range(4):
        run.figures()
    assert shown() == ["resolved", False, 0, "2026-03-02T08:50:00Z", "recovered", 3]
