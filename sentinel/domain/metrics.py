"""The metrics Sentinel knows: names, units, meaning; and how figures are written for people."""

from __future__ import annotations

import difflib
import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Unit(Enum):
    """What a figure measures. Base units: milliseconds, bytes, fractions of 1."""

    COUNT = "count"
    RATIO = "ratio"
    TIME = "time"
    BYTES = "bytes"
    ANY = "any"  # a source's own column without a declared unit: fits everything


UNITS_IN_WORDS: Mapping[Unit, str] = MappingProxyType(
    {
        Unit.COUNT: "a plain number, 17",
        Unit.RATIO: "a percentage, 5%, or a fraction of 1, 0.05",
        Unit.TIME: "a time, 150ms, 2s, 5min, 1h",
        Unit.BYTES: "a size, 10kB, 10MB, 2GB",
        Unit.ANY: "a plain number; Sentinel does not know what the column measures",
    }
)
"""How conditions write a figure of each unit."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: canonical key, unit, meaning, and the kinds of service that have it."""

    key: str
    unit: Unit
    meaning: str
    services: tuple[str, ...] = ("connection", "web")


_METRICS = (
    Metric("devices", Unit.COUNT, "active devices that used the service in the scope"),
    Metric("users", Unit.COUNT, "users of the service"),
    Metric("devices_with_errors", Unit.COUNT, "devices in error"),
    Metric("devices_with_warnings", Unit.COUNT, "devices in warning"),
    Metric("failed_connections", Unit.COUNT, "connection attempts without success"),
    Metric("connections", Unit.COUNT, "TCP connections", ("connection",)),
    Metric("application_crashes", Unit.COUNT, "crashes of the programs that use the service"),
    Metric("network_response_time", Unit.TIME, "average time to establish a TCP connection"),
    Metric("incoming_traffic", Unit.BYTES, "bytes received by devices"),
    Metric("outgoing_traffic", Unit.BYTES, "bytes sent by devices"),
    Metric("web_requests", Unit.COUNT, "HTTP and TLS requests", ("web",)),
    Metric("web_request_duration", Unit.TIME, "average duration of a request", ("web",)),
    Metric("http_3xx", Unit.COUNT, "redirected requests", ("web",)),
    Metric("http_4xx", Unit.COUNT, "requests refused for the client's fault", ("web",)),
    Metric("http_5xx", Unit.COUNT, "requests failed by the server's fault", ("web",)),
)

CATALOGUE: Mapping[str, Metric] = MappingProxyType({metric.key: metric for metric in _METRICS})
"""Canonical key -> metric. The names are ours; the vendor does not publish the titles of its columns."""


MOST_COMPARED = 1000
"""Words that are compared letter by letter: a tenth of a second. Nodes may be a hundred thousand."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known word most like `name` whatever its case, if any is close; of very many one that begins and ends alike."""
    return next(iter(nearest_few(name, known, 1)), None)


def nearest_few(name: str, known: Iterable[str], count: int) -> tuple[str, ...]:
    """The known words most like `name`, as many as that at most, the most alike first and of equals by the alphabet."""
    words, wanted = {word.lower(): word for word in known}, name.lower()
    compared = list(words)
    if len(compared) > MOST_COMPARED:
        compared = heapq.nlargest(MOST_COMPARED, compared, key=lambda word: _alike_outside(wanted, word))
    found = difflib.get_close_matches(wanted, compared, n=count, cutoff=0.6)
    found.sort(key=lambda word: (-difflib.SequenceMatcher(None, word, wanted).ratio(), word))
    return tuple(words[word] for word in found)


def _alike_outside(one: str, other: str) -> int:
    """How many letters both have in common at the beginning and at the end."""
    return _alike_before(one, other) + _alike_before(reversed(one), reversed(other))


def _alike_before(one: Iterable[str], other: Iterable[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


_STEPS: Mapping[Unit, tuple[tuple[float, str], ...]] = {
    Unit.TIME: ((3_600_000.0, "h"), (60_000.0, "min"), (1000.0, "s"), (1.0, "ms")),
    Unit.BYTES: ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
}


def format_value(value: float, unit: Unit, *, as_percent: bool = False, exact: bool = False) -> str:
    """A figure in base units as people read it: `14.2 %`, `6.8 s`, `1.2 GB`, `17`; empty where there is none.

    `exact`: with as many digits as it takes to tell it from its neighbours.
    """
    if not math.isfinite(value):
        return ""
    written = _exact if exact else _short
    if as_percent:
        return f"{written(value * 100)} %"
    for size, name in _STEPS.get(unit, ()):
        if size == 1.0 or float(f"{abs(value) / size:.3g}") >= 1:  # as it will be shown: 999.9 ms is 1 s
            return f"{written(value / size)} {name}"
    return written(value)


def _exact(number: float) -> str:
    return f"{number:.12g}"


def _short(number: float) -> str:
    """Up to three digits below 100, else whole; never in exponent form below a quadrillion."""
    number += 0.0  # no minus before a zero
    size = abs(number)
    if size >= 1e15 or 0 < size < 1e-4:  # noqa: PLR2004  # where plain digits stop being readable
        return f"{number:.3g}"
    if size >= 100 or number == int(number):  # noqa: PLR2004  # three digits already
        return f"{number:.0f}"
    digits = 1 if size >= 10 else 2 if size >= 0.1 else 4  # noqa: PLR2004  # three digits in all
    return f"{number:.{digits}f}".rstrip("0").rstrip(".")
