"""An archive from anybody is data to distrust: whatever it holds ends in readings or in a word, and in bounded memory."""

from __future__ import annotations

import copy
import json
import random
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from sentinel.errors import StoreError
from sentinel.store import archive as reader
from sentinel.store import archiving
from sentinel.store.archive import Archive
from tests.store.records import AT, PARIS, a_failed_reading, a_reading

EVER = (0.0, 4e9)
INDEX = "index.json"
ODD: tuple[Any, ...] = (None, -1, 10**30, 1e308, float("nan"), float("inf"), "x", "\ud800", [], [[]], {}, True)


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, bytes]:
    """What an archive of this program holds, by name."""
    story = [a_reading(AT + 600 * n, remarks=("late",)) for n in range(9)]
    story += [a_failed_reading(AT + 9000), a_reading(AT + 9600, nodes=(PARIS,))]
    path = tmp_path / "whole.npz"
    archiving.write(path, story)
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def used(path: Path) -> int:
    """How many readings come of it, after all that commands do with an archive."""
    with closing(Archive.open(path)) as archive:
        archive.spans()
        wanted = archive.recorded_queries()
        archive.count(wanted, *EVER)
        return sum(1 for _ in archive.stream(wanted, *EVER))


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in JSON."""
    yield above
    within = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in within:
        yield from places(one, (*above, key))


def put(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    if not place:
        return odd
    changed = copy.deepcopy(value)
    at = changed
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = odd
    return changed


def test_whatever_stands_in_the_index_ends_in_readings_or_in_a_word(whole: dict[str, bytes], tmp_path: Path) -> None:
    index = json.loads(whole[INDEX])
    assert used(packed(tmp_path / "same", whole)) == 11
    refused = 0
    for place in places(index):
        for odd in ODD:
            text = json.dumps(put(index, place, odd)).encode("ascii")
            try:
                used(packed(tmp_path / "odd", {**whole, INDEX: text}))
            except StoreError:
                refused += 1
    assert refused > 100


def test_whatever_bytes_are_broken_it_ends_in_readings_or_in_a_word(whole: dict[str, bytes], tmp_path: Path) -> None:
    path, dice = tmp_path / "broken", random.Random(7)
    sound = packed(path, whole).read_bytes()
    for _ in range(400):
        data = bytearray(sound)
        for _ in range(dice.choice((1, 1, 2, 5))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data)
        with suppress(StoreError):
            used(path)


@pytest.mark.threat("body-bomb")
def test_json_that_nests_without_end_is_refused(whole: dict[str, bytes], tmp_path: Path) -> None:
    [rows, *_] = [name for name in whole if name.startswith("nodes/")]
    for name in (INDEX, rows):
        with pytest.raises(StoreError, match=r"no archive|damaged"):
            used(packed(tmp_path / "deep", {**whole, name: b"[" * 200_000}))


@pytest.mark.threat("body-bomb")
def test_a_small_file_that_unpacks_to_more_than_memory_should_hold_is_refused(
    whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MOST_BYTES", most := 2**20)
    [rows, *_] = [name for name in whole if name.startswith("nodes/")]
    for name in (INDEX, rows):
        bomb = packed(tmp_path / "bomb", {**whole, name: whole[name] + b" " * most})
        assert bomb.stat().st_size < most // 100
        with pytest.raises(StoreError, match=r"no archive|damaged"):
            used(bomb)


@pytest.mark.threat("body-bomb")
def test_a_chunk_of_more_readings_than_are_ever_written_as_one_is_refused(
    whole: dict[str, bytes], tmp_path: Path
) -> None:
    """Its arrays might really be there, as zeros that take no room in the file."""
    index = json.loads(whole[INDEX])
    count = index["chunks"][0]["readings"] = archiving.CHUNK_BYTES
    zeros = whole["000000/at.npy"].replace(b"(9,), ", b"(%d,)," % count) + bytes(8 * (count - 9))
    bomb = packed(tmp_path / "bomb", {**whole, INDEX: json.dumps(index).encode(), "000000/at.npy": zeros})
    with pytest.raises(StoreError, match="damaged"):
        used(bomb)
