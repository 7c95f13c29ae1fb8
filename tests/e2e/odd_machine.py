"""The program on an odd machine: `python -m tests.e2e.odd_machine run`.

The product has no such switches. `SENTINEL_TEST_CLOCK` sets the machine's wall clock wrong by so many seconds.
`SENTINEL_TEST_STOP` stops the process at the worst moment, once: an attempt is on record, its call is not made.
`frozen`: as by SIGSTOP, while the machine's clocks go on. `suspended`: with the machine, whose steady clock stands still.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

from sentinel import app
from sentinel.cli.main import main
from sentinel.clock import SystemClock
from sentinel.store import outbox

wrong_by = float(os.environ.get("SENTINEL_TEST_CLOCK", "0"))
stop = os.environ.get("SENTINEL_TEST_STOP", "")
asleep = 0.0


class OddClock(SystemClock):
    """Wrong, and unaware of the time for which the machine was suspended."""

    def now(self) -> float:
        return round(super().now() + wrong_by, 3)

    def monotonic(self) -> float:
        return super().monotonic() - asleep


def stop_once_begun() -> None:
    """Stop right behind the commit of the first attempt."""
    begin = outbox.begin

    def begun(db: Any, ids: Sequence[int], at: float, epoch: int | None, **rest: Any) -> None:
        global stop, asleep  # noqa: PLW0603  # of this process alone
        begin(db, ids, at, epoch, **rest)
        if stop:
            kind, stop = stop, ""
            since = SystemClock().monotonic()
            os.kill(os.getpid(), signal.SIGSTOP)
            asleep = SystemClock().monotonic() - since if kind == "suspended" else 0.0

    outbox.begin = begun


if __name__ == "__main__":
    app.SystemClock = OddClock  # type: ignore[misc]  # the only place that makes the program's clock
    stop_once_begun()
    main()
