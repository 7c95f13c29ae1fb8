"""The metric catalogue, the nearest name, and figures as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.metrics import CATALOGUE, Unit, format_value, nearest


def test_the_catalogue_has_every_metric_under_its_own_key() -> None:
    assert {key: metric.key for key, metric in CATALOGUE.items()} == {key: key for key in CATALOGUE}
    assert {"devices", "devices_with_errors", "network_response_time", "http_5xx"} <= CATALOGUE.keys()
    assert "status" not in CATALOGUE
    assert all(metric.meaning and metric.services for metric in CATALOGUE.values())


@pytest.mark.parametrize(
    ("value", "unit", "percent", "text"),
    [
        (0.142, Unit.RATIO, True, "14.2 %"),
        (0.9999, Unit.RATIO, True, "100 %"),
        (0.0, Unit.RATIO, True, "0 %"),
        (1.5, Unit.RATIO, True, "150 %"),
        (0.05, Unit.RATIO, False, "0.05"),
        (999.4, Unit.TIME, False, "999 ms"),
        (999.95, Unit.TIME, False, "1 s"),
        (59_999.0, Unit.TIME, False, "1 min"),
        (7_200_000.0, Unit.TIME, False, "2 h"),
        (0.0, Unit.TIME, False, "0 ms"),
        (0.0, Unit.BYTES, False, "0 B"),
        (999_999.0, Unit.BYTES, False, "1 MB"),
        (1500.0, Unit.BYTES, False, "1.5 kB"),
        (2.5e15, Unit.BYTES, False, "2500 TB"),
        (-6800.0, Unit.TIME, False, "-6.8 s"),
        (-0.0, Unit.COUNT, False, "0"),
        (1234567.0, Unit.COUNT, False, "1234567"),
        (1e18, Unit.COUNT, False, "1e+18"),
        (3.14159, Unit.ANY, False, "3.14"),
        (math.nan, Unit.TIME, False, ""),
        (math.inf, Unit.COUNT, False, ""),
    ],
)
def test_a_figure_is_short(value: float, unit: Unit, percent: bool, text: str) -> None:
    assert format_value(value, unit, as_percent=percent) == text


@given(st.floats(0, 1e14), st.sampled_from(list(Unit)), st.booleans())
def test_every_figure_is_written_close_to_what_it_is(value: float, unit: Unit, percent: bool) -> None:
    sizes = {"%": 0.01, "ms": 1, "s": 1e3, "min": 6e4, "h": 3.6e6, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
    number, _, suffix = format_value(value, unit, as_percent=percent).partition(" ")
    size = sizes[suffix] if suffix else 1.0
    assert float(number) * size == pytest.approx(value, rel=0.05, abs=0.0001 * size)


@pytest.mark.parametrize(
    ("word", "found"),
    [("devises", "devices"), ("DEVICES", "devices"), ("http5xx", "http_5xx"), ("quux", None), ("", None)],
)
def test_the_nearest_metric(word: str, found: str | None) -> None:
    assert nearest(word, CATALOGUE) == found


def test_the_nearest_name_keeps_its_own_case() -> None:
    assert nearest("waittime", ["WaitTime", "devices"]) == "WaitTime"


def test_of_very_many_names_those_that_begin_and_end_alike_are_compared() -> None:
    nodes = [f"Europe/Switzerland/Zurich/Building {number:05d}" for number in range(5000)]
    assert nearest("Europe/Switzerland/Zurich/Bulding 04711", nodes) == nodes[4711]
    assert nearest("building 04711", nodes) is None
