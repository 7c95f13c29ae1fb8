"""`rules.toml` as it is written: one model per table, unknown keys forbidden. What values mean together is judged later."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag
from pydantic_core import PydanticCustomError

from sentinel.config.durations import PATTERN, parse_duration

_WRITTEN = {str: "text", list: "list", dict: "table", bool: "switch"}


def _seconds(value: object) -> float:
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError as error:
            raise PydanticCustomError("duration", "{why}", {"why": str(error)}) from None
    raise PydanticCustomError("duration", "a duration is text: a number with a unit, in quotes")


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Duration = Annotated[float, BeforeValidator(_seconds, json_schema_input_type=Annotated[str, Field(pattern=PATTERN)])]
Interval = Annotated[Duration, Field(ge=1.0)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Expression = Annotated[str, StringConstraints(min_length=1)]
Identifier = Annotated[str, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Share = Annotated[float, Field(ge=0.0, le=1.0, strict=False)]
Some = Annotated[
    list[Text], Field(min_length=1), BeforeValidator(_one_or_many, json_schema_input_type=Text | list[Text])
]
Scope = Literal["hour", "day"]
NoDataWord = Literal["unknown", "breach", "ok"]


class Table(BaseModel):
    """A table whose keys are all known and whose values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False, allow_inf_nan=False)


class ThresholdTable(Table):
    """One severity in full."""

    breach: Expression
    clear: Expression | None = None
    hold: Duration | None = Field(None, alias="for")
    recover_for: Duration | None = None


class OffSwitch(Table):
    """Never instantiated: `false` is spelled out by the literal below."""


def _form(value: Any) -> str:
    return _WRITTEN.get(type(value), "text")


ThresholdValue = Annotated[
    Annotated[Expression, Tag("<text>")] | Annotated[ThresholdTable, Tag("<table>")],
    Discriminator(lambda value: "<table>" if isinstance(value, dict | ThresholdTable) else "<text>"),
]
ThresholdOrOff = Annotated[
    Annotated[Expression, Tag("<text>")]
    | Annotated[ThresholdTable, Tag("<table>")]
    | Annotated[Literal[False], Tag("<off>")],
    Discriminator(
        lambda value: (
            "<table>"
            if isinstance(value, dict | ThresholdTable)
            else "<off>"
            if isinstance(value, bool)
            else "<text>"
        )
    ),
]


class RollupTable(Table):
    """When a node explains its leaves."""

    min_children: Annotated[int, Field(ge=1, le=1_000_000)] = 2
    min_share: Share = 0.5
    min_coverage: Share = 0.5


RollupOrOff = Annotated[
    Annotated[RollupTable, Tag("<table>")] | Annotated[Literal[False], Tag("<off>")],
    Discriminator(lambda value: "<off>" if isinstance(value, bool) else "<table>"),
]


class Timing(Table):
    """What `[defaults]`, rules and overrides may say about time."""

    hold: Duration | None = Field(None, alias="for")
    recover_for: Duration | None = None
    no_data_after: Interval | None = None


class DefaultsTable(Timing):
    """`[defaults]`: what rules say that do not say it themselves."""

    every: Interval | None = None
    reopen_within: Duration | None = None
    retire_after: Interval | None = None
    timezone: Text | None = None
    scope: Scope | None = None


class ColumnTable(Table):
    """A column of the source's own, with the unit of its figures."""

    column: Text
    unit: Text


ColumnValue = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[ColumnTable, Tag("<table>")],
    Discriminator(lambda value: "<table>" if isinstance(value, dict | ColumnTable) else "<text>"),
]
MetricName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]


class SourceTable(Table):
    """`[[source]]`: a system that is asked."""

    name: Identifier
    type: Literal["nexthink"] = "nexthink"
    url: Text
    step: Duration = 600.0
    ca_file: Text | None = None
    format: Literal["json", "csv"] = "json"
    path_style: Literal["repeated", "slash"] = "repeated"
    columns: dict[MetricName, ColumnValue] = Field(default_factory=dict)
    max_missing_share: Share = 0.4
    timeout: Annotated[Interval, Field(le=3600.0)] = 60.0
    max_concurrent: Annotated[int, Field(ge=1, le=100)] = 3
    insecure: bool = False
    follow_redirects: bool = False
    trust_env: bool = False
    levels: dict[Text, Annotated[list[Text], Field(min_length=1)]] = Field(default_factory=dict)


class ServiceTable(Table):
    """`[[service]]`: a service whose identifier is written down instead of discovered."""

    name: Text
    uid: Text
    source: Text | None = None


class OverrideTable(Timing):
    """`[[rule.override]]`: other criteria for some nodes and services."""

    node: Text | None = None
    service: Text | None = None
    warning: ThresholdOrOff | None = None
    critical: ThresholdOrOff | None = None
    only_if: Expression | None = None
    no_data: NoDataWord | None = None


class RuleTable(Timing):
    """`[[rule]]`: what is bad, for how long, and where."""

    id: Identifier
    summary: Text
    service: Some
    hierarchy: Text
    source: Text | None = None
    level: Some | None = None
    path: list[Text] | None = None
    scope: Scope | None = None
    every: Interval | None = None
    only_if: Expression | None = None
    warning: ThresholdValue | None = None
    critical: ThresholdValue | None = None
    no_data: NoDataWord | None = None
    reopen_within: Duration | None = None
    retire_after: Interval | None = None
    timezone: Text | None = None
    runbook: Text | None = None
    owner: Text | None = None
    rollup: RollupOrOff = Field(default_factory=RollupTable)
    override: list[OverrideTable] = Field(default_factory=list)


class SlackTable(Table):
    """A channel that the bot writes to."""

    channel: Text


class SlackWebhookTable(Table):
    """An incoming webhook; its URL is a credential and stands in the environment."""

    name: Identifier


class EmailTable(Table):
    """Who gets a mail."""

    to: Annotated[
        list[str], Field(min_length=1), BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])
    ]


class WebhookTable(Table):
    """A URL that gets the notice as JSON; the signing secret stands in the environment."""

    name: Identifier
    url: Text


class ReceiverTable(Table):
    """`[[receiver]]`: people, and the channels that reach them."""

    name: Text
    slack: SlackTable | None = None
    slack_webhook: SlackWebhookTable | None = None
    email: EmailTable | None = None
    webhook: WebhookTable | None = None
    console: bool = False


SeverityWord = Literal["warning", "critical"]
Severities = Annotated[
    list[SeverityWord],
    Field(min_length=1),
    BeforeValidator(_one_or_many, json_schema_input_type=SeverityWord | list[SeverityWord]),
]


class RouteTable(Table):
    """`[[route]]`: who is told about what."""

    source: Some | None = None
    service: Some | None = None
    rule: Some | None = None
    node: Some | None = None
    severity: Severities | None = None
    owner: Some | None = None
    to: Some
    remind_every: Duration = 0.0
    onwards: bool = Field(default=False, alias="continue")


class DeliveryTable(Table):
    """`[delivery]`: how patient telling is."""

    lookup_after: Annotated[list[Interval], Field(min_length=1, max_length=10)] = Field(
        default_factory=lambda: [5.0, 20.0, 60.0]
    )
    retry_min: Interval = 5.0
    retry_max: Interval = 900.0
    greylist_wait: Interval = 300.0
    edit_every: Interval = 45.0
    storm_after: Annotated[int, Field(ge=1, le=10_000)] = 10
    insecure: bool = False


class RulesFile(Table):
    """The whole file."""

    defaults: DefaultsTable = Field(default_factory=DefaultsTable)
    source: list[SourceTable] = Field(default_factory=list)
    service: list[ServiceTable] = Field(default_factory=list)
    rule: list[RuleTable] = Field(default_factory=list)
    receiver: list[ReceiverTable] = Field(default_factory=list)
    route: list[RouteTable] = Field(default_factory=list)
    delivery: DeliveryTable = Field(default_factory=DeliveryTable)


UNAVAILABLE = ("maintenance", "calendar", "sla")
"""Tables of the format that this version does not act upon."""
