"""rules.toml as it is written. What the tables mean together is judged by the loader."""

from __future__ import annotations

import runpy
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sentinel.config.calendar_schema import CalendarTable, MaintenanceTable
from sentinel.config.fields import ConditionOrFalse, Duration, LongText, Names, Share, SomeTime, Text, refused
from sentinel.config.sla_schema import SlaTable
from sentinel.config.table import Identifier, MatchingTable, SubjectTable, Table
from sentinel.domain.reading import Scope

NoDataWord = Literal["unknown", "breach", "ok"]
SeverityWord = Literal["warning", "critical"]


class FlappingTable(Table):
    """When an incident flaps, and when it is steady again."""

    title = "flapping"
    changes: int = Field(default=6, ge=2, le=1000)
    within: SomeTime = 3600.0
    quiet: SomeTime = 900.0


class NoFlapping(FlappingTable):
    """Every change is told."""


def _flapping(value: object) -> object:
    if value is False:
        return NoFlapping()
    if value is True:
        return FlappingTable()
    if isinstance(value, dict):
        return value
    raise refused("E105", "must be false, or a table with changes, within and quiet")


Flapping = Annotated[FlappingTable, BeforeValidator(_flapping, json_schema_input_type=FlappingTable | bool)]


class DefaultsTable(Table):
    """What holds for every rule that does not say otherwise."""

    title = "[defaults]"
    every: SomeTime = 600.0
    hold: Duration = Field(default=600.0, alias="for")
    recover_for: Duration = 1200.0
    no_data_after: SomeTime | None = None
    reopen_within: Duration = 900.0
    flapping: Flapping = Field(default_factory=FlappingTable)
    retire_after: SomeTime = 7 * 86400.0
    timezone: Text = "UTC"
    scope: Scope = "hour"


class ColumnTable(Table):
    """A column of the source and what its figures are measured in."""

    title = "a column"
    column: Text
    unit: Literal["", "%", "us", "ms", "s", "min", "h", "B", "kB", "MB", "GB", "TB"] | None = None


def _column(value: object) -> object:
    if isinstance(value, str):
        return {"column": value}
    if isinstance(value, dict):
        return value
    raise refused("E105", "must be a column's title, or a table with column and unit")


class SourceTable(Table):
    """Where figures come from."""

    title = "[[source]]"
    name: Identifier
    type: Literal["nexthink"] = "nexthink"
    url: LongText
    step: Duration = 600.0
    ca_file: Text | None = None
    format: Literal["json", "csv"] = "json"
    path_style: Literal["repeated", "slash"] = "repeated"
    columns: dict[str, Annotated[ColumnTable, BeforeValidator(_column, json_schema_input_type=str | ColumnTable)]] = (
        Field(default_factory=dict)
    )
    levels: dict[str, list[Text]] = Field(default_factory=dict)
    max_missing_share: Share = 0.4
    timeout: SomeTime = 60.0
    max_concurrent: int = Field(default=3, ge=1, le=50)
    follow_redirects: bool = False
    trust_env: bool = False
    insecure: bool = False


class ServiceTable(Table):
    """A service by name, where the source's own list cannot be read."""

    title = "[[service]]"
    name: Text
    uid: Text
    source: Text | None = None


class ThresholdTable(Table):
    """One severity of a rule."""

    title = "a threshold"
    breach: LongText | None = None
    clear: LongText | None = None
    hold: Duration | None = Field(default=None, alias="for")
    recover_for: Duration | None = None


class Off(ThresholdTable):
    """A severity that an override switches off."""


def _threshold(value: object) -> object:
    if isinstance(value, str):
        return {"breach": value}
    if isinstance(value, dict):
        return value
    hint = 'e.g. "devices_with_errors / devices > 5%"'
    raise refused("E105", "must be a condition in quotes, or a table with breach and clear", hint)


def _threshold_or_false(value: object) -> object:
    return Off() if value is False else _threshold(value)


Threshold = Annotated[ThresholdTable, BeforeValidator(_threshold, json_schema_input_type=str | ThresholdTable)]
ThresholdOrFalse = Annotated[
    ThresholdTable, BeforeValidator(_threshold_or_false, json_schema_input_type=str | ThresholdTable | Literal[False])
]


class RollupTable(Table):
    """When a node explains what is below it."""

    title = "rollup"
    min_children: int = Field(default=2, ge=1, le=1_000_000)
    min_share: Share = 0.5
    min_coverage: Share = 0.5


class NoRollup(RollupTable):
    """Every node is an incident of its own."""


def _rollup(value: object) -> object:
    if value is False:
        return NoRollup()
    if value is True:
        return RollupTable()
    if isinstance(value, dict):
        return value
    raise refused("E105", "must be false, or a table with min_children, min_share and min_coverage")


class OverrideTable(Table):
    """Other criteria for some nodes or services."""

    title = "[[rule.override]]"
    node: Text | None = None
    service: Text | None = None
    warning: ThresholdOrFalse | None = None
    critical: ThresholdOrFalse | None = None
    only_if: ConditionOrFalse = None
    hold: Duration | None = Field(default=None, alias="for")
    recover_for: Duration | None = None
    no_data: NoDataWord | None = None
    no_data_after: SomeTime | None = None


class RuleTable(SubjectTable):
    """What is bad, for how long, and where it is looked for."""

    title = "[[rule]]"
    warning: Threshold | None = None
    critical: Threshold | None = None
    hold: Duration | None = Field(default=None, alias="for")
    recover_for: Duration | None = None
    no_data: NoDataWord = "unknown"
    no_data_after: SomeTime | None = None
    reopen_within: Duration | None = None
    flapping: Flapping | None = None
    retire_after: SomeTime | None = None
    rollup: Annotated[RollupTable, BeforeValidator(_rollup, json_schema_input_type=RollupTable | bool)] = RollupTable()
    override: list[OverrideTable] = Field(default_factory=list)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class SlackTable(Table):
    """A channel of the workspace whose bot token the environment has."""

    title = "slack"
    example = '{ channel = "#workplace-alerts" }'
    channel: Text


class SlackWebhookTable(Table):
    """An incoming webhook: its URL is a credential and stands in the environment."""

    title = "slack_webhook"
    example = '{ name = "workplace" }, and its URL into SENTINEL_SLACK_WEBHOOK_WORKPLACE'
    name: Identifier


class EmailTable(Table):
    """Recipients of one mail."""

    title = "email"
    example = '{ to = ["workplace@example.com"] }'
    to: Annotated[list[str], Field(min_length=1), BeforeValidator(_listed, json_schema_input_type=str | list[str])]


class WebhookTable(Table):
    """A URL that takes JSON."""

    title = "webhook"
    example = '{ name = "tickets", url = "https://tickets.example.com/hook" }'
    name: Identifier
    url: LongText


class ReceiverTable(Table):
    """Somebody who can be told, on one channel or several."""

    title = "[[receiver]]"
    name: Text
    slack: SlackTable | None = None
    slack_webhook: SlackWebhookTable | None = None
    email: EmailTable | None = None
    webhook: WebhookTable | None = None
    console: bool = False


class RouteTable(MatchingTable):
    """Who is told about what; without matchers: about everything."""

    title = "[[route]]"
    severity: (
        Annotated[
            list[SeverityWord], BeforeValidator(_listed, json_schema_input_type=SeverityWord | list[SeverityWord])
        ]
        | None
    ) = None
    to: Names
    remind_every: Duration = 0.0
    escalate_after: SomeTime | None = None
    escalate_to: Names | None = None
    onwards: bool = Field(default=False, alias="continue")


class DeliveryTable(Table):
    """How telling behaves when channels do not."""

    title = "[delivery]"
    lookup_after: list[SomeTime] = Field(default=[5.0, 20.0, 60.0], min_length=1, max_length=20)
    retry_min: SomeTime = 5.0
    retry_max: SomeTime = 900.0
    greylist_wait: SomeTime = 300.0
    edit_every: Duration = 45.0
    storm_after: int = Field(default=10, ge=1, le=100_000)
    insecure: bool = False


class RulesFile(Table):
    """The whole file."""

    title = "the file"
    defaults: DefaultsTable = Field(default_factory=DefaultsTable)
    source: list[SourceTable] = Field(default_factory=list)
    service: list[ServiceTable] = Field(default_factory=list)
    rule: list[RuleTable] = Field(default_factory=list)
    receiver: list[ReceiverTable] = Field(default_factory=list)
    route: list[RouteTable] = Field(default_factory=list)
    delivery: DeliveryTable = Field(default_factory=DeliveryTable)
    maintenance: list[MaintenanceTable] = Field(default_factory=list)
    calendar: list[CalendarTable] = Field(default_factory=list)
    sla: list[SlaTable] = Field(default_factory=list)


if __name__ == "__main__":  # python -m sentinel.config.schema > rules.schema.json
    runpy.run_module("sentinel.config.json_schema", run_name="__main__")
