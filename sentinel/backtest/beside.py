"""Work in a process beside this one, which ends with it: whoever is interrupted here waits for nothing there."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from sentinel.errors import SentinelError

A = TypeVar("A")
R = TypeVar("R")


@contextmanager
def beside(work: Callable[[A], R], given: A) -> Iterator[Callable[[], R]]:
    """Begin the work; what the block gets waits for its result. The process is gone when the block ends, however it ends.

    Raises:
        SentinelError: what the work raised, or that the process was ended from outside.
    """
    context = get_context("spawn")
    there, here = context.Pipe(duplex=False)
    process = context.Process(target=_there, args=(work, given, here), daemon=True)

    def result() -> R:
        try:
            done: R | SentinelError = there.recv()
        except EOFError:
            process.join()
            how = f"ended with {process.exitcode}"
            raise SentinelError(f"the process that replays the other rules {how}", hint=_HINT) from None
        if isinstance(done, SentinelError):
            raise done
        return done

    process.start()
    here.close()
    try:
        yield result
    finally:
        process.kill()
        process.join()
        there.close()


_HINT = "-9: somebody ended it, or the memory of this machine does not hold two replays; a shorter --since needs less"


def _end_with(other: BaseProcess) -> None:
    """Whoever is killed cannot clean up: nobody is left to take an answer then."""
    other.join()
    os._exit(1)


def _there(work: Callable[[Any], object], given: Any, answer: Connection) -> None:
    other = parent_process()
    assert other is not None, "begun by `beside`"
    threading.Thread(target=_end_with, args=(other,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the one who waits ends the other
    try:
        done: object = work(given)
    except SentinelError as broken:
        done = broken
    answer.send(done)
