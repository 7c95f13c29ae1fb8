"""The reference of the condition language, made from the code that reads and judges conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sentinel.domain.expression_parser import DEEPEST, LONGEST_WINDOW, MOST
from sentinel.domain.expression_tokens import LONGEST, UNITS
from sentinel.domain.expressions import parse
from sentinel.domain.functions import FUNCTIONS
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.metrics import CATALOGUE, UNITS_IN_WORDS, Unit, format_value
from sentinel.domain.past_windows import BUCKETS, ENOUGH
from sentinel.domain.reading import Figures

PAGE = "docs/reference/conditions.md"
STEP = 600.0
"""Seconds of Nexthink's step, for which the page gives numbers."""

GRAMMAR = (
    ("`or`", "one of two conditions is true", "devices_with_errors > 20 or failed_connections > 100"),
    ("`and`", "both are true", "network_response_time > 300ms and devices >= 5"),
    ("`not`", "the condition is false", "not devices < 5"),
    ("`<` `<=` `>` `>=` `==` `!=`", "two figures are compared; no chains", "devices_with_errors / devices > 5%"),
    ("`+` `-`", "sum and difference of figures of one unit", "devices_with_errors + devices_with_warnings > 20"),
    ("`*` `/`", "product and quotient", "failed_connections / connections > 5%"),
    ("`-` before a figure", "its opposite", "change(devices, 1h) < -100"),
    ("`( )`", "what belongs together", "(devices_with_errors + devices_with_warnings) / devices > 10%"),
    ("`name(figure)`, `name(figure, window)`", "a function", "avg(devices_with_errors / devices, 1h) > 5%"),
    ("`name`", "a metric", "devices > 5"),
    ("`5` `0.5` `5%` `150ms`", "a number, with a unit where the metric has one", "web_request_duration > 2s"),
)
"""What binds least comes first."""

_HEAD = """# Conditions

The language of `warning`, `critical`, `breach`, `clear` and `only_if` in [rules.toml](rules.md). This page is made from the
program by `python -m tests.catalogue`. `sentinel explain metric NAME` and `sentinel explain function NAME` say the same in
a terminal.

## How they are written

What binds least comes first.

| written | means | for instance |
|---|---|---|
"""

_FIT = """Like divided by like is a ratio, and a ratio or a plain number times something is still that something. A plain number
may stand for a ratio: `0.05` is `5%`. Zero needs no unit. Other mixtures of units are mistakes, which `sentinel check` reports
with their place."""


def conditions_page() -> str:
    """The whole of docs/reference/conditions.md."""
    parts = [
        _HEAD + "\n".join(f"| {form} | {meaning} | `{example}` |" for form, meaning, example in GRAMMAR),
        f"A condition has at most {LONGEST} characters and {MOST} operators, nested {DEEPEST} deep.",
        "## Numbers and units",
        _units(),
        _FIT,
        "## Metrics",
        _metrics(),
        "A source's own columns are metrics too: [`columns`](rules.md#source).",
        "## Functions",
        _functions(),
        "For instance\n\n```\n" + "\n".join(one.example for one in FUNCTIONS.values()) + "\n```",
        _windows(),
        "## Unknown",
        _unknown(),
    ]
    return "\n\n".join(parts) + "\n"


def _units() -> str:
    lines = ["| unit | figures are shown as | numbers are written as |", "|---|---|---|"]
    shown: Mapping[Unit, float] = {Unit.COUNT: 17, Unit.RATIO: 0.142, Unit.TIME: 6800, Unit.BYTES: 1.2e9, Unit.ANY: 17}
    for unit, value in shown.items():
        names = [name for name, (kind, _) in UNITS.items() if kind is unit and name]
        told = format_value(value, unit, as_percent=unit is Unit.RATIO)
        written = f"{UNITS_IN_WORDS[unit]}" + (f" (units {_code(names)})" if names else "")
        lines.append(f"| {unit.value} | {told} | {written} |")
    return "\n".join(lines)


def _metrics() -> str:
    lines = ["| metric | unit | meaning | services |", "|---|---|---|---|"]
    lines += [f"| `{m.key}` | {m.unit.value} | {m.meaning} | {', '.join(m.services)} |" for m in CATALOGUE.values()]
    return "\n".join(lines)


def _functions() -> str:
    lines = ["| function | gives | unit | unknown when |", "|---|---|---|---|"]
    lines += [f"| `{f.shape}` | {f.meaning} | {f.unit} | {f.missing} |" for f in FUNCTIONS.values()]
    return "\n".join(lines)


def _windows() -> str:
    looking = _code(name for name, function in FUNCTIONS.items() if function.looks_back)
    edge = BUCKETS * STEP / 3600
    return (
        f"A figure is any arithmetic. {looking} look back, and none of them may stand inside another; `parent(avg(devices, 1h))` "
        "and `avg(parent(devices), 1h)` are both fine.\n\n"
        "A window is one duration, `30m`, `1h`, `7d`: at least the time between two samples, at most "
        f"{LONGEST_WINDOW / 86400:.0f}d. It counts samples, one per slot of the source: at steps of ten minutes `1h` is six of them, and "
        f"{ENOUGH:.0%} of them must have a figure. Windows of more than {BUCKETS} samples ({edge:.0f} h at ten minutes) are kept in at most "
        f"{BUCKETS} buckets, and their far edge moves by a bucket: of `7d` by an hour. "
        "[How the past is counted](../explanation/past.md) says the rest."
    )


def _unknown() -> str:
    words = {(True, True): "true", (False, True): "false", (False, False): "unknown"}
    rows = NodeList.of([(str(n),) for n in range(9)])
    values = (1.0, 0.0, np.nan)
    a, b = np.repeat(values, 3), np.tile(values, 3)
    units = {"a": Unit.COUNT, "b": Unit.COUNT}
    both, either = (
        parse(f"a > 0 {word} b > 0", units).judge(Figures(rows, {"a": a, "b": b})) for word in ("and", "or")
    )
    lines = ["| one | other | `and` | `or` |", "|---|---|---|---|"]
    names = ("true", "false", "unknown")
    for n in range(9):
        if n // 3 <= n % 3:
            told = (words[bool(one.true[n]), bool(one.known[n])] for one in (both, either))
            lines.append(f"| {names[n // 3]} | {names[n % 3]} | {' | '.join(told)} |")
    return (
        "A missing figure is unknown, so is a division by zero, and so is every comparison with either. `not` unknown is unknown.\n\n"
        + "\n".join(lines)
        + "\n\nA condition that is unknown is neither a breach nor clear: no timer runs, and after `no_data_after` the "
        "[state](../explanation/states.md) shows as unknown."
    )


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
