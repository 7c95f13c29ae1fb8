"""The other rules in a process of their own: the same outcome, what went wrong there told here, nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.backtest.beside import beside
from sentinel.errors import SentinelError, StoreError
from tests.cli.terminal import environment
from tests.fakes.program import eventually


def doubled(number: int) -> int:
    return 2 * number


def broken(number: int) -> int:
    raise StoreError(f"no readings of {number}", hint="export some")


def ended(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def endless(folder: str) -> None:
    """Says who it is, and never comes to an end."""
    part = Path(folder, "part")
    part.write_text(str(os.getpid()))
    part.rename(Path(folder, "child"))
    while True:
        signal.pause()


def test_the_result_comes_from_a_process_of_its_own() -> None:
    with beside(doubled, 21) as result:
        assert result() == 42
    assert multiprocessing.active_children() == []


def test_what_goes_wrong_there_is_raised_here() -> None:
    with pytest.raises(StoreError, match="no readings of 7") as caught, beside(broken, 7) as result:
        result()
    assert caught.value.hint == "export some"


def test_a_process_that_is_ended_from_outside_is_told_and_not_waited_for() -> None:
    with pytest.raises(SentinelError, match="ended with -9"), beside(ended, 7) as result:
        result()


def test_what_goes_wrong_here_does_not_wait_for_the_other_process(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="mine"), beside(endless, str(tmp_path)):
        raise StoreError("mine")
    assert multiprocessing.active_children() == []


def begun(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A program of its own that has begun endless work beside itself, and the process that does it."""
    script = folder / "program.py"
    script.write_text(f"""
import sys, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.backtest.test_beside import beside, endless
if __name__ == "__main__":
    with beside(endless, {str(folder)!r}) as result:
        print("begun", flush=True)
        result()
""")
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, str(script)], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    eventually((folder / "child").exists, "the work beside it")
    return process, int((folder / "child").read_text())


def is_gone(process: int) -> bool:
    """Whether it runs no more; who is left to nobody may stay in the table, as a name without a process."""
    try:
        return " Z " in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True


@pytest.mark.process
def test_ctrl_c_that_reaches_this_process_alone_ends_both(tmp_path: Path) -> None:
    """A terminal tells both, `timeout -s INT` and supervisors only the first."""
    process, child = begun(tmp_path)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=60)
    assert words.count("Traceback") == 1, words
    assert "KeyboardInterrupt" in words
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


@pytest.mark.process
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_whoever_is_killed_leaves_no_work_behind(tmp_path: Path, how: signal.Signals) -> None:
    process, child = begun(tmp_path)
    process.send_signal(how)
    process.communicate(timeout=60)
    eventually(lambda: is_gone(child), "the end of what it had begun")
