"""Column types that give the same values back on SQLite and on Postgres."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, LargeBinary, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

from sentinel.domain.hierarchy import Node
from sentinel.store.digests import encode, node_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Blob = LargeBinary


class Moment(TypeDecorator[float]):
    """An instant: Unix seconds in Python, rounded to milliseconds; None and NaN are NULL and come back as None.

    Postgres keeps a timestamp with time zone, SQLite `2026-03-02T08:00:00.000Z`: fixed width, so it sorts as text.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: float | None, dialect: Dialect) -> Any:
        if value is None or math.isnan(value):
            return None
        return _instant(value) if dialect.name == "postgresql" else _instant_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> float | None:  # noqa: ARG002  # the signature is the library's
        if value is None:
            return None
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        return round((instant - _EPOCH) / timedelta(milliseconds=1)) / 1000


@lru_cache(maxsize=4096)
def _instant(value: float) -> datetime:
    """Kept for a while: the rows of a tick share their instants."""
    return _EPOCH + timedelta(milliseconds=round(value * 1000))


@lru_cache(maxsize=4096)
def _instant_text(value: float) -> str:
    return _instant(value).isoformat(timespec="milliseconds")[:23] + "Z"


_AWKWARD = re.compile("[\x00\x1a\ud800-\udfff]")
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")


class Words(TypeDecorator[str]):
    """Any text, also what databases refuse: NUL and lone surrogates are kept as U+001A with four hex digits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # as above
        if value is None or _AWKWARD.search(value) is None:
            return value
        return _AWKWARD.sub(lambda found: f"\x1a{ord(found[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # as above
        if value is None or "\x1a" not in value:
            return value
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


class NodePath(TypeDecorator[Node]):
    """A node as a JSON list of its names in ASCII; None is NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Node | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # as above
        return None if value is None else node_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Node | None:  # noqa: ARG002  # as above
        return None if value is None else tuple(json.loads(value))


class Json(TypeDecorator[Any]):
    """Any JSON value as ASCII text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002  # as above
        return None if value is None else encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002  # as above
        return None if value is None else json.loads(value)
