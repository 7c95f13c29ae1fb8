"""Packed columns: the same figures back, in few bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sentinel.store.packing import pack_columns, pack_nodes, unpack_columns, unpack_nodes

RANDOM = np.random.default_rng(7)


@given(arrays.arrays(np.float64, st.integers(0, 300), elements=st.floats(width=64)))
def test_any_figures_come_back_equal(column: np.ndarray) -> None:  # type: ignore[type-arg]  # float64
    """NaN, infinities, the smallest and the largest included."""
    back = unpack_columns(pack_columns({"m": column}))["m"]
    assert np.array_equal(back, column, equal_nan=True)
    assert back.dtype == np.float64


@given(st.lists(st.none() | st.decimals(-(10**6), 10**6, places=2), max_size=200))
def test_short_decimals_come_back_equal(values: list[object]) -> None:
    """What a Portal prints with two digits is kept as integers, and is the same float again."""
    column = np.array([np.nan if value is None else float(value) for value in values])  # type: ignore[arg-type]
    assert np.array_equal(unpack_columns(pack_columns({"m": column}))["m"], column, equal_nan=True)


@pytest.mark.parametrize(
    ("column", "bytes_per_figure"),
    [
        (RANDOM.integers(0, 3000, 20_000).astype(float), 2),
        (RANDOM.integers(0, 300_000, 20_000).astype(float), 4),
        (RANDOM.integers(0, 30_000, 20_000) / 10, 3),
        (np.full(20_000, np.nan), 0.1),
        (np.full(20_000, 1 / 3), 0.1),
        (RANDOM.random(20_000), 8.01),
    ],
    ids=["counts", "large counts", "tenths", "nothing", "one value", "noise"],
)
def test_columns_take_few_bytes(column: np.ndarray, bytes_per_figure: float) -> None:  # type: ignore[type-arg]  # float64
    """Counts take two bytes at most, and noise never more than it is."""
    assert len(pack_columns({"m": column})) <= column.size * bytes_per_figure + 60


def test_several_columns_keep_their_names_and_order() -> None:
    """Also a name that no sane Portal has."""
    columns = {"b": np.ones(3), "a\0\ud800": np.zeros(3), "": np.arange(3) / 3}
    back = unpack_columns(pack_columns(columns))
    assert list(back) == list(columns)
    assert unpack_columns(pack_columns({})) == {}


def test_only_some_columns_may_be_wanted() -> None:
    columns = {name: np.array([float(n), np.nan, 0.5]) for n, name in enumerate("abc")}
    some = unpack_columns(pack_columns(columns), {"b", "nothing"})
    assert list(some) == ["b"]
    assert np.array_equal(some["b"], columns["b"], equal_nan=True)


def test_unpacked_columns_may_be_written_to() -> None:
    """Whoever reads history may reckon in place."""
    for column in unpack_columns(pack_columns({"a": np.arange(5.0), "b": RANDOM.random(5)})).values():
        assert column.flags.writeable


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=())), max_size=4).map(tuple), max_size=20))
def test_nodes_come_back_equal(nodes: list[tuple[str, ...]]) -> None:
    """Lone surrogates included."""
    assert unpack_nodes(pack_nodes(nodes)) == tuple(nodes)
