"""Readings from an archive that `store.archiving` wrote, chunk by chunk: no more is held than one chunk of each query."""

from __future__ import annotations

import heapq
import json
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from sentinel.domain.hierarchy import NodeList
from sentinel.domain.reading import Failure, Figures, Floats, Query, Reading, Reason
from sentinel.errors import StoreError
from sentinel.store.archiving import CHUNK_BYTES, FORMAT, INDEX, VERSION, bytes_of, figures_of, instants
from sentinel.store.digests import query_digest
from sentinel.store.packing import rows_from
from sentinel.store.readings import Span

_BROKEN = (
    OSError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged or a hostile file may end in: encrypted, nested without end, infinite where a count belongs."""

MOST_BYTES = 128 * 2**20
"""Unpacked bytes of the index or of a node list at most: some hundred thousand chunks, or a million nodes. A file of a few
kilobytes may claim any number, and memory is to hold it."""


@dataclass
class Archive:
    """An open archive. Damage is found where it is reached.

    Raises:
        StoreError: on every use: it cannot be read, is none, is damaged or of a newer program.
    """

    path: Path
    _file: zipfile.ZipFile
    _index: Mapping[str, Any]
    _queries: tuple[Query, ...]
    _lists: dict[str, NodeList] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> Archive:
        """Open a file and read its index."""
        try:
            file = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise StoreError(f"{path}: there is no such file") from None
        except _BROKEN:
            raise StoreError(f"{path}: this is no archive of readings", hint=_HINT) from None
        try:
            index = json.loads(_text(file, INDEX))
            if index.get("format") != FORMAT:
                raise ValueError
            version = int(index["version"])
            queries = tuple(Query.from_key(key) for key in index["queries"])
        except _BROKEN:
            file.close()
            raise StoreError(f"{path}: this is no archive of readings", hint=_HINT) from None
        if version > VERSION:
            file.close()
            raise StoreError(f"{path}: was written by a newer program (format {version})", hint="update this one")
        return cls(path, file, index, queries)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def recorded_queries(self) -> tuple[Query, ...]:
        """Every query of which there are readings."""
        return tuple(sorted(self._queries, key=lambda query: query.key))

    def spans(self) -> tuple[Span, ...]:
        """What there is of each query, in the order of their keys."""
        instants: dict[Query, list[float]] = {query: [] for query in self.recorded_queries()}
        numbers = dict.fromkeys(instants, 0)
        try:
            for chunk in self._chunks():
                query = self._queries[chunk["query"]]
                numbers[query] += int(chunk["readings"])
                instants[query] += [float(chunk["since"]), float(chunk["until"])]
        except _BROKEN:
            raise self._damaged() from None
        for failed in self._failures(set(instants), 0.0, math.inf):
            numbers[failed.query] += 1
            instants[failed.query].append(failed.at)
        return tuple(Span(query, numbers[query], min(at), max(at)) for query, at in instants.items() if at)

    def count(self, wanted: Iterable[Query], since: float, until: float) -> int:
        """How many readings `stream` gives, or a few more: chunks are counted whole."""
        chosen = set(wanted)
        chunks = sum(int(one["readings"]) for one in self._chunks() if self._concerns(one, chosen, since, until))
        return chunks + sum(1 for _ in self._failures(chosen, since, until))

    def stream(
        self, wanted: Iterable[Query], since: float, until: float, *, metrics: Container[str] | None = None
    ) -> Iterator[Reading]:
        """The readings of these queries received from `since` until before `until`, oldest first.

        `metrics`: only their columns; None for all.
        """
        chosen = set(wanted)
        by_query: dict[int, list[tuple[int, Mapping[str, Any]]]] = {}
        for number, chunk in enumerate(self._chunks()):
            if self._concerns(chunk, chosen, since, until):
                by_query.setdefault(chunk["query"], []).append((number, chunk))
        failures = sorted(self._failures(chosen, since, until), key=_order)
        streams = [iter(failures), *(self._of_query(chunks, since, until, metrics) for chunks in by_query.values())]
        yield from heapq.merge(*streams, key=_order)

    def _of_query(
        self,
        chunks: list[tuple[int, Mapping[str, Any]]],
        since: float,
        until: float,
        metrics: Container[str] | None,
    ) -> Iterator[Reading]:
        for number, chunk in sorted(chunks, key=lambda one: (one[1]["since"], one[0])):
            for reading in self._readings(number, chunk, metrics):
                if since <= reading.at < until:
                    yield reading

    def _readings(self, number: int, chunk: Mapping[str, Any], metrics: Container[str] | None) -> list[Reading]:
        try:
            rows = self._rows(chunk["nodes"])
            count, shape = int(chunk["readings"]), (int(chunk["readings"]), len(rows.nodes))
            if count > 1 and bytes_of(count, len(rows.nodes), len(chunk["metrics"])) > CHUNK_BYTES:
                raise ValueError(count)
            at, sample_at = (
                self._array(instants(number, "at"), (count,)),
                self._array(instants(number, "sample_at"), (count,)),
            )
            names = [name for name in chunk["metrics"] if metrics is None or name in metrics]
            columns = {name: self._array(figures_of(number, name), shape) for name in names}
            query, remarks = self._queries[chunk["query"]], chunk["remarks"]
            return [
                Reading(
                    query,
                    float(at[n]),
                    float(sample_at[n]),
                    Figures(rows, {name: column[n] for name, column in columns.items()}),
                    remarks=tuple(remarks.get(str(n), ())),
                )
                for n in range(count)
            ]
        except _BROKEN:
            raise self._damaged() from None

    def _failures(self, chosen: set[Query], since: float, until: float) -> Iterator[Reading]:
        try:
            for one in self._index["failures"]:
                query, at = self._queries[one["query"]], float(one["at"])
                if query in chosen and since <= at < until:
                    failure = Failure(
                        Reason(one["failure_reason"]),
                        one["failure_text"],
                        one["failure_hint"] or "",
                        one["retry_after"],
                    )
                    yield Reading(query, at, float(one["sample_at"]), None, failure, tuple(one["remarks"]))
        except _BROKEN:
            raise self._damaged() from None

    def _chunks(self) -> list[Mapping[str, Any]]:
        chunks = self._index.get("chunks")
        if not isinstance(chunks, list):
            raise self._damaged()
        return chunks

    def _concerns(self, chunk: Mapping[str, Any], chosen: set[Query], since: float, until: float) -> bool:
        try:
            inside: bool = chunk["since"] < until and chunk["until"] >= since
            return inside and self._queries[chunk["query"]] in chosen
        except _BROKEN:
            raise self._damaged() from None

    def _rows(self, digest: str) -> NodeList:
        found = self._lists.get(digest)
        if found is None:
            found = self._lists[digest] = rows_from(_text(self._file, f"nodes/{digest}.json"))
        return found

    def _array(self, name: str, shape: tuple[int, ...]) -> Floats:
        """An array of just that shape: what a header promises beyond it is never allocated."""
        with self._file.open(name) as stream:
            found_shape, _, kind = _header(stream)
            if found_shape != shape or kind != np.dtype("<f8"):
                raise ValueError(name)
            data = stream.read(8 * math.prod(shape))
        return np.frombuffer(data, "<f8").reshape(shape).astype(np.float64, copy=False)

    def _damaged(self) -> StoreError:
        return StoreError(f"{self.path}: the archive is damaged", hint=_HINT)


_HINT = "`sentinel history export` writes one; a copy that was cut off cannot be read either"


def _text(file: zipfile.ZipFile, name: str) -> bytes:
    """A whole member, unless it claims to be larger than any that this program writes."""
    if file.getinfo(name).file_size > MOST_BYTES:
        raise ValueError(name)
    return file.read(name)


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(version)
    return np.lib.format.read_array_header_1_0(stream)


def _order(reading: Reading) -> tuple[float, str]:
    return reading.at, query_digest(reading.query.key)
