"""Figures and node lists as compressed bytes: small, quick to write, and the same values back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Container, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from sentinel.domain.hierarchy import Node, NodeList
from sentinel.domain.reading import Floats

_LEVEL = 1
_SCALES = (1.0, 10.0, 100.0, 1000.0)
"""Most figures are counts or short decimals: as scaled integers they take two to four bytes instead of eight."""

_INTEGERS = (np.dtype(np.int16), np.dtype(np.int32))
_SAMPLE = 32768


def pack_columns(columns: Mapping[str, Floats]) -> bytes:
    """Columns of float64 as bytes. NaN stays NaN; every figure comes back equal."""
    parts = [(name, *_pack(np.ascontiguousarray(column, np.float64))) for name, column in columns.items()]
    header = json.dumps([[name, coding, len(data)] for name, coding, data in parts]).encode("ascii")
    return b"".join([len(header).to_bytes(4, "little"), header, *(data for _, _, data in parts)])


def unpack_columns(packed: bytes, only: Container[str] | None = None) -> dict[str, Floats]:
    """The columns that `pack_columns` wrote; with `only` those of these metrics, the others are not even unpacked."""
    start = 4 + int.from_bytes(packed[:4], "little")
    columns: dict[str, Floats] = {}
    for name, coding, length in json.loads(packed[4:start]):
        if only is None or name in only:
            columns[name] = _unpack(coding, packed[start : start + length])
        start += length
    return columns


def _pack(column: Floats) -> tuple[str, bytes]:
    for scale in _SCALES:
        if (found := _as_integers(column, scale)) is not None:
            return f"{found.dtype.str[1:]}/{scale:.0f}", zlib.compress(_shuffled(found), _LEVEL)
    raw = _shuffled(column)
    sample = raw[:_SAMPLE]
    if column.size and len(zlib.compress(sample, _LEVEL)) * 10 > len(sample) * 9:
        return "raw", raw
    return "f8", zlib.compress(raw, _LEVEL)


def _as_integers(column: Floats, scale: float) -> npt.NDArray[Any] | None:
    """The column times `scale` as the narrowest integers, the smallest of them for NaN; None where that loses."""
    if not (_survives(column[:64], scale) and _survives(column, scale)):
        return None
    missing = np.isnan(column)
    scaled = np.rint(np.where(missing, 0.0, column) * scale)
    largest = float(np.abs(scaled).max(initial=0.0))
    for kind in _INTEGERS:
        if largest <= np.iinfo(kind).max:
            integers = scaled.astype(kind)
            integers[missing] = np.iinfo(kind).min
            return integers
    return None


def _survives(column: Floats, scale: float) -> bool:
    with np.errstate(over="ignore"):
        back = np.rint(column * scale) / scale
    return bool(np.array_equal(back, column, equal_nan=True)) and not bool(np.isinf(column).any())


def _shuffled(values: npt.NDArray[Any]) -> bytes:
    """First bytes of all values, then second bytes, and so on: that compresses better."""
    return np.ascontiguousarray(values.view(np.uint8).reshape(-1, values.itemsize).T).tobytes()


def _unpack(coding: str, data: bytes) -> Floats:
    raw = data if coding == "raw" else zlib.decompress(data)
    kind, _, scale = coding.partition("/")
    dtype = np.dtype("f8" if kind == "raw" else kind)
    plain = np.ascontiguousarray(np.frombuffer(raw, np.uint8).reshape(dtype.itemsize, -1).T).view(dtype).reshape(-1)
    if not scale:
        return plain.astype(np.float64)
    figures: Floats = plain / float(scale)
    figures[plain == np.iinfo(dtype).min] = np.nan
    return figures


def pack_nodes(nodes: Iterable[Node]) -> bytes:
    """Nodes as compressed JSON."""
    return zlib.compress(_json_of(list(nodes)), _LEVEL)


def unpack_nodes(packed: bytes) -> tuple[Node, ...]:
    """The nodes that `pack_nodes` wrote."""
    return tuple(tuple(names) for names in _json_from(zlib.decompress(packed)))


def rows_text(rows: NodeList) -> bytes:
    """A node list as one text, the same for the same rows in the same order."""
    return _json_of([list(rows.nodes), np.flatnonzero(rows.aggregate).tolist()])


def rows_from(text: bytes) -> NodeList:
    """The node list that `rows_text` wrote."""
    nodes, aggregates = _json_from(text)
    flags = np.zeros(len(nodes), bool)
    flags[aggregates] = True
    return NodeList(tuple(tuple(names) for names in nodes), flags)


def _json_of(value: list[object]) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        # Lone surrogates: only the slower library writes them.
        return json.dumps(value).encode("ascii")


def _json_from(text: bytes) -> list[list[str]]:
    found: list[list[str]]
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = json.loads(text)
    return found
