"""What a rules file says beside its rules: sources, receivers, delivery. Immutable, without any library's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sentinel.domain.hierarchy import Node
from sentinel.domain.reading import Scope
from sentinel.domain.rules import Address, Flapping, Rulebook, Service
from sentinel.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """A source with all its knobs. Times in seconds; credentials stand in the environment.

    `columns`: canonical metric -> the source's column title. `units`: metric -> what its figures are measured in, where
    the file says so: for conditions; figures are converted by the unit in the column's title alone. `levels`: hierarchy -> its levels from the top. `ca_file` is relative to the rules file's folder
    there, absolute or as found here.
    """

    name: str
    type: Literal["nexthink"]
    url: str
    step: float
    ca_file: Path | None
    format: Literal["json", "csv"]
    path_style: Literal["repeated", "slash"]
    columns: Mapping[str, str]
    units: Mapping[str, str]
    levels: Mapping[str, Node]
    max_missing_share: float
    timeout: float
    max_concurrent: int
    follow_redirects: bool
    trust_env: bool
    insecure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverConfig:
    """Somebody who can be told. `webhook_url` goes with the address of kind `webhook`, whose `to` is its name."""

    name: str
    addresses: tuple[Address, ...]
    webhook_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How telling behaves when channels do not. Seconds; `storm_after` messages per channel and minute."""

    lookup_after: tuple[float, ...] = (5.0, 20.0, 60.0)
    retry_min: float = 5.0
    retry_max: float = 900.0
    greylist_wait: float = 300.0
    edit_every: float = 45.0
    storm_after: int = 10
    insecure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for rules that say nothing else. Seconds; `hold` is TOML's `for`."""

    every: float
    hold: float
    recover_for: float
    no_data_after: float
    reopen_within: float
    flapping: Flapping | None
    retire_after: float
    timezone: str
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A rules file that can be used. `warnings` do not stand in the way; `digest` is the SHA-256 of its text."""

    file: str
    text: str = field(repr=False)
    digest: str
    rulebook: Rulebook
    sources: tuple[SourceConfig, ...]
    services: tuple[Service, ...]
    receivers: tuple[ReceiverConfig, ...]
    delivery: DeliverySettings
    defaults: Defaults
    warnings: tuple[Problem, ...]
