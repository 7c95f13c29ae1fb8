"""A file of rule tests as it is written. It may hold everything that a rules file does, and the tests."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

from pydantic import Field

from sentinel.config.fields import Duration, LongText, SomeTime, Text
from sentinel.config.figures import Rate, Seconds, Share
from sentinel.config.json_schema import schema_text
from sentinel.config.schema import RulesFile, SeverityWord
from sentinel.config.table import Table

StateWord = Literal["ok", "pending", "warning", "critical", "unknown"]
KindWord = Literal[
    "degraded",
    "escalated",
    "deescalated",
    "widened",
    "narrowed",
    "reopened",
    "reminder",
    "recovered",
    "closed",
    "unknown",
    "flapping",
    "acknowledged",
    "digest",
    "test",
]
Values = Annotated[str, Field(max_length=5_000_000)]
NodeNames = Annotated[list[Text], Field(min_length=1, max_length=100)]


class SeriesTable(Table):
    """The figures of one metric at one node, one for each poll."""

    title = "[[test.series]]"
    service: Text
    node: NodeNames
    metric: Text
    values: Values


class AnswersTable(Table):
    """How a source answered, one letter for each poll."""

    title = "[[test.source]]"
    source: Text | None = None
    values: Values


class ExpectTable(Table):
    """The states of some nodes at an instant."""

    title = "[[test.expect]]"
    at: Duration
    states: dict[str, StateWord]
    service: Text | None = None
    rule: Text | None = None


class NoticeTable(Table):
    """One notice; what is not said may be anything."""

    title = "[[test.expect_notices]]"
    at: Duration | None = None
    kind: KindWord | None = None
    severity: SeverityWord | None = None
    node: list[Text] | None = None
    service: Text | None = None
    rule: Text | None = None


class NotToldTable(NoticeTable):
    """One notice that nobody gets, and why."""

    title = "[[test.expect_not_told]]"
    reason: Text | None = None


class ExpectSlaTable(Table):
    """What an SLA must have come to at the end; what is not said may be anything."""

    title = "[[test.expect_sla]]"
    sla: Text
    service: Text | None = None
    node: list[Text] = Field(default_factory=list)
    period_start: Any = None
    objective: Share = None
    availability: Share = None
    measured: Share = None
    pessimistic: Share = None
    optimistic: Share = None
    good_seconds: Seconds = 0
    bad_seconds: Seconds = 0
    unknown_seconds: Seconds = 0
    excluded_seconds: Seconds = 0
    budget_seconds: Seconds = 0
    budget_left_seconds: int = 0
    burn_rate: Rate = None
    incidents: Seconds = 0
    formula: LongText = ""


class TestTable(Table):
    """One story: figures in, states and notices out."""

    __test__ = False  # the name is the file's, not that of a class of tests
    title = "[[test]]"
    name: Text
    start: Any = None
    series: list[SeriesTable] = Field(default_factory=list)
    source: list[AnswersTable] = Field(default_factory=list)
    expect: list[ExpectTable] = Field(default_factory=list)
    expect_notices: list[NoticeTable] | None = None
    expect_not_told: list[NotToldTable] | None = None
    expect_sla: list[ExpectSlaTable] = Field(default_factory=list)


class RuleTestsFile(RulesFile):
    """The whole file: `rules` names a rules file, or the tables of one stand here."""

    rules: Text | None = None
    every: SomeTime | None = None
    test: list[TestTable] = Field(default_factory=list)


if __name__ == "__main__":  # python -m sentinel.config.rule_test_schema > tests.schema.json
    sys.stdout.write(schema_text(RuleTestsFile, "Sentinel rule tests"))
