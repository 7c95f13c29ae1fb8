"""What is asked for (Query) and what came back at one instant (Reading): columns, or the reason there are none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from sentinel.domain.hierarchy import Node, NodeList

Floats = npt.NDArray[np.float64]
Scope = Literal["hour", "day"]

GAP_FACTOR = 1.5
"""A poll that comes this many intervals after the last one has missed at least one: jitter stays below."""


@dataclass(frozen=True)
class Query:
    """One question to a source: one service over one hierarchy, at a level or below a path, over an hour or a day.

    Exactly one of `level` and `path` is set; `path=()` asks for the top node of what the account may see.
    """

    source: str
    service: str
    hierarchy: str
    level: str | None = None
    path: Node | None = None
    scope: Scope = "hour"

    @cached_property
    def key(self) -> str:
        """The identity of the query as text: a JSON list."""
        path = list(self.path) if self.path is not None else None
        return json.dumps([self.source, self.service, self.hierarchy, self.level, path, self.scope])

    @property
    def where(self) -> str:
        """What of the hierarchy it asks for, as people read it: a level, a path, or the top."""
        return self.level if self.level is not None else " / ".join(self.path or ()) or "the top"

    def as_json(self) -> dict[str, object]:
        """Its parts by name, as commands print them."""
        return {
            "source": self.source,
            "service": self.service,
            "hierarchy": self.hierarchy,
            "level": self.level,
            "path": None if self.path is None else list(self.path),
            "scope": self.scope,
        }

    @classmethod
    def from_key(cls, key: str) -> Query:
        """The query that has this key."""
        source, service, hierarchy, level, path, scope = json.loads(key)
        return cls(source, service, hierarchy, level, None if path is None else tuple(path), scope)


class Reason(Enum):
    """Why there are no figures. The value is the word people and metrics see."""

    UNREACHABLE = "unreachable"  # DNS, refused connection, reset
    TIMEOUT = "timeout"  # the total deadline passed
    TLS = "tls"  # certificate or protocol not acceptable
    UNAUTHORIZED = "unauthorized"  # 401: user or password wrong, or the account is locked
    FORBIDDEN = "forbidden"  # 403
    NOT_FOUND = "not_found"  # 404, 410: feature off, or unknown service, hierarchy, level, node
    BAD_REQUEST = "bad_request"  # 400 and other 4xx
    THROTTLED = "throttled"  # 429
    SERVER_ERROR = "server_error"  # 5xx
    REDIRECTED = "redirected"  # 3xx, not followed
    HTML = "html"  # a page instead of data: login, proxy, HTML table
    NOT_A_TABLE = "not_a_table"  # broken JSON or CSV, or a layout that is not recognised
    TRUNCATED = "truncated"  # the body ended early
    TOO_LARGE = "too_large"  # more bytes, raw or unpacked, than allowed
    EMPTY = "empty"  # a table without a row
    INCOMPLETE = "incomplete"  # many known nodes gone at once
    STALE = "stale"  # an old answer
    PAUSED = "paused"  # not asked: the source refused the credentials and is left alone
    UNKNOWN_SERVICE = "unknown_service"  # no UID is known for the service


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason with the sentence people read: what was asked, what came back, what to do.

    `retry_after` is what a 429 asked for, in seconds.
    """

    reason: Reason
    text: str
    hint: str = ""
    retry_after: float | None = None


@dataclass(frozen=True)
class Figures:
    """A table: `columns[metric][i]` is the figure of `rows.nodes[i]`; NaN where there is none. float64, base units.

    Base units: counts as they are, times in milliseconds, sizes in bytes, ratios as fractions of 1.
    `past`: what functions over the past give for these rows, by their place in a condition's tree. It is derived from
    earlier readings (`domain.past`) before an answer is judged, and never stored.
    """

    rows: NodeList
    columns: Mapping[str, Floats]
    past: Mapping[object, Floats] = field(default_factory=dict, compare=False)

    def column(self, metric: str) -> Floats:
        """The column, or one without any figure where the answer did not have it."""
        found = self.columns.get(metric)
        return found if found is not None else np.full(len(self.rows.nodes), np.nan)


_HELD = "held back: "
"""How the remark begins that tells an answer that was held back from one that counted."""


@dataclass(frozen=True)
class Reading:
    """The answer to one query at one instant.

    `at` is when it was received; `sample_at` is the slot it belongs to (start of the source's step, or `at`
    for a source without steps). Exactly one of `figures` and `failure` is set. `remarks` are about data quality.
    """

    query: Query
    at: float
    sample_at: float
    figures: Figures | None = None
    failure: Failure | None = None
    remarks: tuple[str, ...] = field(default=())

    @property
    def is_held(self) -> bool:
        """Whether nothing was concluded from its figures, though they are on record."""
        return any(remark.startswith(_HELD) for remark in self.remarks)

    def held(self, why: str) -> Reading:
        """The same reading as one from whose figures nothing was concluded."""
        return replace(self, remarks=(*self.remarks, _HELD + why))

    def unheld(self) -> Reading:
        """The same reading as it came: whether anything is concluded from it is for whoever judges it now."""
        if not self.is_held:
            return self
        return replace(self, remarks=tuple(remark for remark in self.remarks if not remark.startswith(_HELD)))

    def failed(self, failure: Failure) -> Reading:
        """The same reading with its figures set aside."""
        return Reading(self.query, self.at, self.sample_at, None, failure, self.remarks)


def slot_of(at: float, step: float) -> float:
    """The start of the step that holds `at`; with `step` 0 every instant is a slot of its own."""
    return at if step <= 0 else at - at % step
