"""Whatever a Portal answers: figures that fit together or a reason, and never a recovery or an OK out of garbage."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.collect.parse import Expected, parse
from sentinel.collect.table import Unreadable
from sentinel.demo.answers import Layout, Shape, written
from sentinel.demo.tables import Row, Table
from sentinel.domain.alerts import State
from sentinel.domain.hierarchy import Node
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason
from tests.domain.polls import Run, a_rule, threshold
from tests.effort import effort
from tests.fuzz.mutations import replanted, spoilt

LEVELS = ("Country", "Site")
SITES: tuple[Node, ...] = tuple((country, f"{country} {n}") for country in ("CH", "FR", "DE") for n in range(1, 5))
QUERY = Query("portal", "Mail", "Location", level="Site")
TYPES = {"json": "application/json;charset=UTF-8", "csv": "text/csv;charset=UTF-8"}
SHAPES: tuple[Shape, ...] = ("rows", "envelope", "columns")
LIMIT = 0.1


@cache
def valid(wanted: str, layout: int, *, bad: bool) -> bytes:
    """An answer of the simulated Portal: every site with 30 of 100 devices in error, or with 1."""
    rows = [Row(site, is_all=False, cells=_cells(100, 30 if bad else 1)) for site in SITES]
    rows.append(Row(("CH",), is_all=True, cells=_cells(400, 120 if bad else 4)))
    table = Table("Mail", "Location", "all", LEVELS, ("devices", "devices_with_errors", "average_response_time"), rows)
    shape = SHAPES[layout % 3]
    units, delimiter, bom = layout & 1 == 1, ",;\t"[layout % 3], layout & 2 == 2
    made = Layout(shape=shape, csv_units=units, csv_delimiter=delimiter, csv_bom=bom)
    return written(table, wanted, made).body  # type: ignore[arg-type]  # json or csv


def _cells(devices: int, errors: int) -> dict[str, Any]:
    return {"devices": devices, "devices_with_errors": errors, "average_response_time": 38.2}


FORMATS = st.sampled_from(["json", "json", "csv"])
LAYOUTS = st.integers(0, 5)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, bytes]:
    """The format that was asked for, and a body that is nearly right."""
    wanted, layout = draw(FORMATS), draw(LAYOUTS)
    body = valid(wanted, layout, bad=draw(st.booleans()))
    if wanted == "json" and draw(st.integers(0, 3)):
        return wanted, draw(replanted(body))
    return wanted, draw(spoilt(body))


def read(body: bytes, wanted: str) -> Figures | Failure:
    """As the source does it."""
    try:
        return parse(body, TYPES[wanted], Expected(QUERY, wanted, {}, LEVELS)).figures
    except Unreadable as unreadable:
        return Failure(unreadable.reason, unreadable.text, unreadable.hint)
    except RecursionError:
        return Failure(Reason.NOT_A_TABLE, "nested too deeply")


def town(*, bad: bool) -> Run:
    """Every site is critical, or every site is well, by two answers of the Portal."""
    rule = a_rule(threshold("devices_with_errors / devices > 10%"), rollup=None)
    run = Run(rules=(rule,))
    for _ in range(2):
        figures = read(valid("json", 0, bad=bad), "json")
        assert isinstance(figures, Figures)
        poll(run, figures)
    assert (len(run.open_places) > 0) is bad
    return run


def poll(run: Run, found: Figures | Failure) -> Any:
    """One answer is judged."""
    good = isinstance(found, Figures)
    done = run.feed(Reading(QUERY, run.now, run.now, found if good else None, None if good else found))  # type: ignore[arg-type]  # one or the other
    run.skip()
    return done


@effort(400)
@given(bodies())
def test_nothing_recovers_that_the_figures_do_not_show_to_be_well(given_: tuple[str, bytes]) -> None:
    wanted, body = given_
    run, found = town(bad=True), read(body, wanted)
    for _ in range(2):
        done = poll(run, found)
        for change in done.transitions:
            if change.after is State.OK and change.service is not None and change.node:
                share = _share(found, change.node)
                assert share is not None, (change, body)
                assert share <= LIMIT, (change, body)
    if isinstance(found, Failure):
        assert run.open_places, "a broken answer ends nothing"
        assert not [told for told in run.told if "recovered" in told]


@effort(300)
@given(bodies())
def test_nothing_goes_bad_by_a_figure_that_is_none(given_: tuple[str, bytes]) -> None:
    wanted, body = given_
    run, found = town(bad=False), read(body, wanted)
    for _ in range(2):
        for change in poll(run, found).transitions:
            if change.after in (State.WARNING, State.CRITICAL) and change.service is not None and change.node:
                share = _share(found, change.node)
                assert share is not None, (change, body)
                assert share > LIMIT, (change, body)
            assert change.value is None or math.isfinite(change.value)


@effort(400)
@given(bodies())
def test_figures_fit_together_and_names_can_be_kept(given_: tuple[str, bytes]) -> None:
    wanted, body = given_
    found = read(body, wanted)
    if isinstance(found, Failure):
        assert found.text
        assert len(found.text) < 1000
        found.text.encode()
        return
    nodes = found.rows.nodes
    assert len(nodes) == len(set(nodes)) > 0
    for column in found.columns.values():
        assert column.dtype == np.float64
        assert column.shape == (len(nodes),)
        assert not np.isinf(column).any()


@effort(120)
@given(st.one_of(st.binary(max_size=200), spoilt(b'[{"service":"Mail","Country":"CH","Site":"CH 1","devices":1}]', 8)))
def test_any_bytes_have_an_end(body: bytes) -> None:
    for wanted in ("json", "csv"):
        found = read(body, wanted)
        poll(town(bad=True), found)


@pytest.mark.fault(80)
@pytest.mark.parametrize("depth", [100, 10_000, 1_000_000])
def test_depth_is_no_way_in(depth: int) -> None:
    for body in (b"[" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b"[" * depth + b"]" * depth):
        assert isinstance(read(body, "json"), Failure)


def _share(found: Figures | Failure, node: Node) -> float | None:
    """Devices in error as a share of all, of that node; None where the answer does not say."""
    if isinstance(found, Failure) or node not in found.rows.position:
        return None
    row = found.rows.position[node]
    devices, errors = (float(found.column(name)[row]) for name in ("devices", "devices_with_errors"))
    share = errors / devices if devices else math.nan
    return share if math.isfinite(share) else None
