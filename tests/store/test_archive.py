"""Archives of readings: what was written comes back equal, and damage is said, not guessed around."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sentinel.domain.hierarchy import NodeList
from sentinel.domain.reading import Figures, Query, Reading
from sentinel.engine.importing import take_in
from sentinel.errors import StoreError
from sentinel.store import archiving, readings
from sentinel.store.archive import Archive
from sentinel.store.database import Database
from tests.store.records import AT, PARIS, QUERY, ROME, a_failed_reading, a_reading

OTHER = Query("portal", "SAP / R3", "Location", None, ("Europe", "Zürich"), "day")
EVER = (0.0, 4e9)


def a_story() -> list[Reading]:
    """Two queries, a node that goes, a missing figure, a failure, an awkward name, a remark."""
    odd = NodeList.of([("Europe", "A/B \u202e"), ("Europe", "\ud800")], [False, True])
    gaps = Figures(odd, {"devices": np.array([np.nan, 0.1]), "own column %": np.array([1e-9, -3.5])})
    return [
        a_reading(AT),
        Reading(OTHER, AT + 1, AT, gaps, remarks=("a figure is missing",)),
        a_reading(AT + 600),
        a_failed_reading(AT + 1200),
        a_reading(AT + 1800, nodes=(PARIS,)),
        Reading(OTHER, AT + 1801, AT + 1800, gaps),
        a_reading(AT + 2400, nodes=(PARIS, ROME)),
    ]


def same(one: Reading, other: Reading) -> bool:
    if (one.figures is None) != (other.figures is None) or replace(one, figures=None) != replace(other, figures=None):
        return False
    if one.figures is None or other.figures is None:
        return True
    return (
        one.figures.rows.same_rows(other.figures.rows.nodes, list(other.figures.rows.aggregate))
        and list(one.figures.columns) == list(other.figures.columns)
        and all(
            np.array_equal(one.figures.columns[k], other.figures.columns[k], equal_nan=True)
            for k in one.figures.columns
        )
    )


def assert_same(found: list[Reading], expected: list[Reading]) -> None:
    assert [one.at for one in found] == [one.at for one in expected]
    assert all(same(one, other) for one, other in zip(found, expected, strict=True))


def test_readings_come_back_from_an_archive_as_they_were_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "history.npz"
    assert archiving.write(path, a_story()) == 7
    archive = Archive.open(path)
    assert set(archive.recorded_queries()) == {QUERY, OTHER}
    assert archive.count((QUERY, OTHER), *EVER) == 7
    assert_same(list(archive.stream((QUERY, OTHER), *EVER)), a_story())
    assert [one.at for one in archive.stream((OTHER,), AT + 2, AT + 1801)] == []
    assert [one.at for one in archive.stream((QUERY,), AT + 600, AT + 1800)] == [AT + 600, AT + 1200]
    archive.close()


def test_only_the_columns_that_are_asked_for_are_read(tmp_path: Path, database: Database) -> None:
    path = tmp_path / "history.npz"
    archiving.write(path, a_story())
    archive = Archive.open(path)
    take_in(database, a_story())
    for stream in (archive.stream, partial(readings.stream, database)):
        found = [one.figures.columns for one in stream((OTHER,), *EVER, metrics={"devices"}) if one.figures]
        assert [list(one) for one in found] == [["devices"], ["devices"]]
    archive.close()


def test_equal_rows_are_one_object_as_in_a_live_run(tmp_path: Path) -> None:
    path = tmp_path / "history.npz"
    archiving.write(path, a_story())
    archive = Archive.open(path)
    first, second, *_ = (one.figures for one in archive.stream((QUERY,), *EVER))
    assert first is not None
    assert second is not None
    assert first.rows is second.rows
    archive.close()


def test_the_same_readings_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        archiving.write(tmp_path / name, a_story())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_many_readings_are_cut_into_chunks_that_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "CHUNK_BYTES", 100)
    path, story = tmp_path / "history.npz", [a_reading(AT + 600 * n) for n in range(50)]
    archiving.write(path, story)
    with zipfile.ZipFile(path) as file:
        assert len(json.loads(file.read("index.json"))["chunks"]) == 9
    archive = Archive.open(path)
    assert_same(list(archive.stream((QUERY,), *EVER)), story)
    archive.close()


def test_numpy_alone_reads_the_figures(tmp_path: Path) -> None:
    """The format is documented for others: docs/reference/archive.md."""
    path = tmp_path / "history.npz"
    archiving.write(path, a_story())
    with np.load(path, allow_pickle=False) as found:
        assert found["000000/figures/devices"].shape == (2, 2)
        assert found["000000/at"].tolist() == [AT, AT + 600]
        assert json.loads(found["index.json"])["format"] == "sentinel-history"


def test_a_file_that_is_no_archive_is_refused_with_a_word(tmp_path: Path) -> None:
    text, other = tmp_path / "notes.txt", tmp_path / "other.zip"
    text.write_text("not a zip")
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("index.json", "{}")
    for path in (text, other):
        with pytest.raises(StoreError, match="this is no archive of readings"):
            Archive.open(path)
    with pytest.raises(StoreError, match="there is no such file"):
        Archive.open(tmp_path / "nowhere")


def test_an_archive_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("index.json", json.dumps({"format": "sentinel-history", "version": 2, "queries": []}))
    with pytest.raises(StoreError, match="newer program"):
        Archive.open(path)


@pytest.mark.parametrize("lost", ["000000/figures/devices.npy", "000000/at.npy", "nodes"])
def test_a_damaged_archive_gives_no_readings_but_a_word(tmp_path: Path, lost: str) -> None:
    whole, damaged = tmp_path / "whole", tmp_path / "damaged"
    archiving.write(whole, a_story())
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data[: len(data) // 2] if name.startswith(lost) else data)
    archive = Archive.open(damaged)
    with pytest.raises(StoreError, match="damaged"):
        list(archive.stream((QUERY, OTHER), *EVER))
    archive.close()


def test_an_archive_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        archiving.write(tmp_path / "no folder" / "history.npz", a_story())
    folder = tmp_path / "history.npz"
    folder.mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        archiving.write(folder, a_story())
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.threat("symlink")
def test_a_link_that_somebody_laid_beside_an_archive_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".history.npz.part").symlink_to(victim)
    (tmp_path / "history.npz").symlink_to(victim)
    archiving.write(tmp_path / "history.npz", a_story())
    assert victim.read_text() == "mine"
    assert not (tmp_path / "history.npz").is_symlink()
    assert (tmp_path / "history.npz").stat().st_mode & 0o077 == 0


def test_readings_of_an_archive_are_taken_into_the_record_once(tmp_path: Path, database: Database) -> None:
    """Postgres and SQLite; nobody is asked for these queries, so no live run waits for them."""
    path = tmp_path / "history.npz"
    archiving.write(path, a_story())
    archive = Archive.open(path)
    assert take_in(database, archive.stream(archive.recorded_queries(), *EVER)) == 7
    assert take_in(database, archive.stream(archive.recorded_queries(), *EVER)) == 0
    archive.close()
    assert set(readings.recorded_queries(database)) == {QUERY, OTHER}
    assert readings.count(database, (QUERY, OTHER), *EVER) == 7
    assert_same(list(readings.stream(database, (QUERY, OTHER), *EVER)), a_story())
    assert_same(list(readings.stream(database, (QUERY, OTHER), *EVER, page=2)), a_story())
    assert [one.at for one in readings.stream(database, (QUERY,), AT + 600, AT + 1800)] == [AT + 600, AT + 1200]
