"""`[[sla]]` as it is written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sentinel.config.fields import LongText, Names, Share, Text, refused
from sentinel.config.table import SubjectTable, Table


class ObjectiveTable(Table):
    """An objective and the day from which on it holds."""

    title = "an objective"
    share: Text
    since: Text | None = None


def _objectives(value: object) -> object:
    if isinstance(value, str):
        return [{"share": value}]
    if isinstance(value, list):
        return value
    raise refused("E105", "must be a percentage in quotes, or a list of tables with share and since", 'e.g. "99.5%"')


class BurnTable(Table):
    """How much must be known before a budget is said to burn."""

    title = "burn_alerts"
    min_judged: Share = 0.5
    min_events: int = Field(default=100, ge=1, le=1_000_000_000)


class NoBurn(BurnTable):
    """Nobody is warned."""


def _burn(value: object) -> object:
    if value is False:
        return NoBurn()
    if value is True:
        return BurnTable()
    if isinstance(value, dict):
        return value
    raise refused("E105", "must be true, or a table with min_judged and min_events")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class SlaTable(SubjectTable):
    """What is good, how much of the time it must be, and over which periods."""

    title = "[[sla]]"
    good: LongText
    total: LongText | None = None
    objective: Annotated[
        list[ObjectiveTable],
        Field(min_length=1, max_length=1000),
        BeforeValidator(_objectives, json_schema_input_type=str | list[ObjectiveTable]),
    ]
    period: Text = "month"
    calendar: Text | None = None
    unknown: Literal["exclude", "good", "bad"] = "exclude"
    exclude: Annotated[list[Text], BeforeValidator(_listed, json_schema_input_type=str | list[str])] = Field(
        default_factory=lambda: ["*"], max_length=1000
    )
    weight: Text | None = None
    burn_alerts: Annotated[BurnTable, BeforeValidator(_burn, json_schema_input_type=BurnTable | bool)] = NoBurn()
    report_to: Names | None = None
