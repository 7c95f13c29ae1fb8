"""The report for programs: the fields of the contract, exact texts, nothing where there is nothing."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import jsonschema
import pytest

from sentinel.domain.attained import Seconds
from sentinel.slareport.as_json import as_json
from tests.slareport import months

RATIO = {"type": ["string", "null"], "pattern": r"^[01]\.[0-9]{6}$"}
SECONDS = {"type": "integer", "minimum": 0}
INSTANT = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "sla": {"type": "string"},
            "service": {"type": "string"},
            "node": {"type": "array", "items": {"type": "string"}},
            "leaf": {"type": "boolean"},
            "period": {"type": "string"},
            "period_start": INSTANT,
            "period_end": INSTANT,
            "at": INSTANT,
            "timezone": {"type": "string"},
            "final": {"type": "boolean"},
            "objective": {**RATIO, "type": "string"},
            "availability": RATIO,
            "kept": {"type": ["boolean", "null"]},
            "verdict": {"enum": ["kept", "at risk", "missed", "no data"]},
            "measured": RATIO,
            "pessimistic": RATIO,
            "optimistic": RATIO,
            "coverage": RATIO,
            "good_seconds": SECONDS,
            "bad_seconds": SECONDS,
            "unknown_seconds": SECONDS,
            "excluded_seconds": SECONDS,
            "budget_seconds": SECONDS,
            "budget_left_seconds": {"type": "integer"},
            "burn_rate": {"type": ["string", "null"], "pattern": r"^[0-9]+\.[0-9]{6}$"},
            "incidents": {"type": "integer", "minimum": 0},
            "weight": {"type": "number"},
            "formula": {"type": "string", "minLength": 1},
        },
        "additionalProperties": False,
    },
}
ITEM = SCHEMA["items"]
assert isinstance(ITEM, dict)
ITEM["required"] = list(ITEM["properties"])

EVERY = (
    months.missed,
    months.kept,
    months.at_risk,
    months.over_budget,
    months.all_unknown,
    months.no_data,
    months.half_unknown,
    months.hostile,
)


@pytest.mark.parametrize("story", EVERY, ids=lambda one: one.__name__)
def test_every_report_has_the_fields_of_the_contract(story: object) -> None:
    assert callable(story)
    text = json.dumps(as_json(months.report(story())), allow_nan=False)
    jsonschema.validate(json.loads(text), SCHEMA)


def test_the_whole_comes_first_and_every_node_once() -> None:
    nodes = [tuple(row["node"]) for row in as_json(months.report(months.missed()))]
    assert nodes[0] == ()
    assert len(nodes) == len(set(nodes)) == 18
    assert ("Europe", "France", "Paris") in nodes


def test_times_are_in_utc_and_the_month_is_that_of_its_zone() -> None:
    row = as_json(months.report(months.kept()))[0]
    assert (row["period_start"], row["period_end"]) == ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")
    assert row["timezone"] == "Europe/Zurich"


def test_where_nothing_was_judged_there_is_no_figure() -> None:
    for story in (months.all_unknown(), months.no_data()):
        row = as_json(months.report(story))[0]
        assert row["availability"] is None
        assert row["measured"] is None
        assert row["kept"] is None
        assert row["verdict"] == "no data"


@pytest.mark.parametrize(
    ("seconds", "objective", "text"),
    [
        (Seconds(994_999_999, 5_000_001), "0.995", "0.994999"),
        (Seconds(995_000, 5_000), "0.995", "0.995000"),
        (Seconds(999_999_999, 1), "0.5", "0.999999"),
        (Seconds(1, 0), "1", "1.000000"),
    ],
)
def test_a_ratio_is_never_rounded_up_to_the_objective_nor_to_one(seconds: Seconds, objective: str, text: str) -> None:
    found = months.section({}, whole=months.row((), seconds, objective=Decimal(objective)), rows=())
    assert as_json(months.report(found))[0]["availability"] == text


def test_what_the_contract_names_is_spelled_as_it_says() -> None:
    named = re.findall(
        r"\w+",
        "sla service node period_start period_end objective availability good_seconds bad_seconds unknown_seconds "
        "excluded_seconds budget_seconds budget_left_seconds burn_rate incidents formula",
    )
    assert set(named) <= set(as_json(months.report(months.kept()))[0])
