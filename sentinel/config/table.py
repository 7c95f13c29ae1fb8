"""What all tables of a file have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from sentinel.config.fields import LongText, Names, SomeTime, Text
from sentinel.domain.reading import Scope

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""A name that variables of the environment or the history are made of."""


class Table(BaseModel):
    """A table: unknown keys are refused, values are never converted. `title` is how messages name it.

    `example` is how it is written where people write something else.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)
    title: ClassVar[str] = ""
    example: ClassVar[str] = ""


class MatchingTable(Table):
    """What something is meant for: all that is given must fit; nothing given fits everything."""

    source: Names | None = None
    service: Names | None = None
    rule: Names | None = None
    node: Names | None = None
    owner: Names | None = None


class SubjectTable(Table):
    """What a rule or an SLA is called, and which figures it is about."""

    id: Identifier
    summary: Text | None = None
    service: Names
    hierarchy: Text
    source: Text | None = None
    level: Names | None = None
    path: list[Text] | None = None
    scope: Scope | None = None
    every: SomeTime | None = None
    only_if: LongText | None = None
    timezone: Text | None = None
    runbook: LongText = ""
    owner: Text | None = None
