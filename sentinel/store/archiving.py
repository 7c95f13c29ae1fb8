"""Write readings into an archive: one file that this program, and anybody with numpy, can read without a database.

docs/reference/archive.md describes the format. `store.archive` reads it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import quote

import numpy as np

from sentinel.domain.hierarchy import NodeList
from sentinel.domain.reading import Figures, Query, Reading
from sentinel.errors import StoreError
from sentinel.store.node_lists import digest_of
from sentinel.store.packing import rows_text
from sentinel.store.queries import failure_columns

FORMAT, VERSION = "sentinel-history", 1
INDEX = "index.json"

CHUNK_BYTES = 4 * 2**20
"""Figures of one query that are held before they are written, and that a reader holds: few, since queries may be many."""

_DATE = (1980, 1, 1, 0, 0, 0)
"""The date of every member, so that the same readings make the same file."""


def bytes_of(readings: int, nodes: int, metrics: int) -> int:
    """How much memory the figures of a chunk take."""
    return readings * nodes * max(1, metrics) * 8


def instants(chunk: int, which: str) -> str:
    """Where the instants of a chunk lie in the archive: `at` or `sample_at`."""
    return f"{chunk:06d}/{which}.npy"


def figures_of(chunk: int, metric: str) -> str:
    """Where the figures of a metric lie. Its name is percent-encoded as in a URL."""
    return f"{chunk:06d}/figures/{quote(metric, safe='', errors='surrogatepass')}.npy"


@dataclass
class _Chunk:
    """Readings of one query with the same rows and columns, one after the other."""

    query: int
    rows: NodeList
    metrics: tuple[str, ...]
    readings: list[Reading] = field(default_factory=list)

    def fits(self, figures: Figures) -> bool:
        size = bytes_of(len(self.readings) + 1, len(self.rows.nodes), len(self.metrics))
        return (
            digest_of(figures.rows) == digest_of(self.rows)
            and tuple(figures.columns) == self.metrics
            and (size <= CHUNK_BYTES)
        )


@dataclass
class _Writer:
    file: zipfile.ZipFile
    queries: dict[Query, int] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)
    chunks: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    open: dict[int, _Chunk] = field(default_factory=dict)
    readings: int = 0

    def add(self, reading: Reading) -> None:
        self.readings += 1
        query = self.queries.setdefault(reading.query, len(self.queries))
        figures = reading.figures
        if figures is None:
            self.failures.append(
                {
                    "query": query,
                    "at": reading.at,
                    "sample_at": reading.sample_at,
                    **failure_columns(reading.failure),
                    "remarks": list(reading.remarks),
                }
            )
            return
        chunk = self.open.get(query)
        if chunk is None or not chunk.fits(figures):
            self._flush(query)
            chunk = self.open[query] = _Chunk(query, figures.rows, tuple(figures.columns))
        chunk.readings.append(reading)

    def finish(self) -> None:
        for query in list(self.open):
            self._flush(query)
        index = {
            "format": FORMAT,
            "version": VERSION,
            "queries": [query.key for query in self.queries],
            "chunks": self.chunks,
            "failures": self.failures,
        }
        self._write(INDEX, json.dumps(index, separators=(",", ":")).encode("ascii"))

    def _flush(self, query: int) -> None:
        chunk = self.open.pop(query, None)
        if chunk is None:
            return
        digest, number = digest_of(chunk.rows), len(self.chunks)
        if digest not in self.lists:
            self.lists.add(digest)
            self._write(f"nodes/{digest}.json", rows_text(chunk.rows))
        readings = chunk.readings
        self._array(instants(number, "at"), [one.at for one in readings])
        self._array(instants(number, "sample_at"), [one.sample_at for one in readings])
        for metric in chunk.metrics:
            self._array(figures_of(number, metric), [one.figures.columns[metric] for one in readings if one.figures])
        self.chunks.append(
            {
                "query": query,
                "nodes": digest,
                "readings": len(readings),
                "since": readings[0].at,
                "until": readings[-1].at,
                "metrics": list(chunk.metrics),
                "remarks": {str(n): list(one.remarks) for n, one in enumerate(readings) if one.remarks},
            }
        )

    def _array(self, name: str, values: list[Any]) -> None:
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.asarray(values, np.float64), allow_pickle=False)
        self._write(name, buffer.getvalue())

    def _write(self, name: str, data: bytes) -> None:
        info = zipfile.ZipInfo(name, _DATE)
        info.compress_type = zipfile.ZIP_DEFLATED
        self.file.writestr(info, data, compresslevel=1)


def write(path: Path, readings: Iterable[Reading]) -> int:
    """Write an archive of these readings, which come oldest first per query; how many they were.

    The file appears whole or not at all: it is written beside its place, under a name that nobody can have prepared, and
    moved there in the end. Like the database it is readable by its owner only.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as beside:
            try:
                with zipfile.ZipFile(beside, "w") as file:
                    writer = _Writer(file)
                    for reading in readings:
                        writer.add(reading)
                    writer.finish()
                beside.close()
                Path(beside.name).replace(path)
            finally:
                Path(beside.name).unlink(missing_ok=True)
    except OSError as broken:
        raise StoreError(f"{path}: cannot be written: {broken.strerror or broken}") from None
    return writer.readings
