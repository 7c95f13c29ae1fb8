"""A process that may open no more files: people hear of it before, nothing is concluded from it, and it goes on by itself."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.stage import stage
from tests.fakes.program import Program, eventually

pytestmark = pytest.mark.process


@contextmanager
def handles_left(program: Program, number: int) -> Iterator[None]:
    """The running process may open so many files more than it has open now."""
    before = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{program.pid}/fd").iterdir()))
    resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (used + number, before[1]))
    try:
        yield
    finally:
        resource.prlimit(program.pid, resource.RLIMIT_NOFILE, before)


@pytest.mark.promise("P1", "P4")
@pytest.mark.fault(15)
def test_without_file_handles_states_are_held_and_it_is_told_as_sentinels_own_trouble(
    sqlite_url: str, tmp_path: Path
) -> None:
    def texts() -> list[str]:
        return [message.text for message in it.slack.roots("#team-rest")]

    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        program.start(until="polling")
        it.bad = {it.sites[0]}
        eventually(lambda: len(it.roots) == 1, "the opening")
        with handles_left(program, 2):
            eventually(texts, "the trouble is told while there are handles left")
            assert "file handles" in texts()[0]
        with handles_left(program, 0):
            it.bad = {it.sites[0], it.sites[1]}
            eventually(
                lambda: "told later" in program.log or "reading failed" in program.log, "something needs a handle"
            )
            assert program.running
            assert "recovered" not in it.slack.roots("#team-aland")[0].text.lower()
        it.bad = set()
        eventually(lambda: all("recovered" in one.text.lower() for one in it.roots), "everything recovers, and is told")
        assert "Traceback" not in program.log
        assert program.terminate() == 0
