"""This machine's clock: a real year, and the same time as the database and the sources have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sentinel.clock import EARLIEST
from sentinel.findings import Findings

APART = 30.0
"""Seconds between two clocks from which on it is a warning."""

FAR_APART = 120.0
"""Seconds from which on times in messages mislead, and look-ups may miss what they look for."""

_MEND = "compare with another clock and switch time synchronisation on (timedatectl set-ntp true, chronyd, the host's)"


def note(now: float, ahead: Mapping[str, float | None], found: Findings) -> None:
    """Note how the clock is. `ahead`: how many seconds others' clocks are ahead of it; None where it is not known."""
    found_at = datetime.fromtimestamp(now, UTC)
    if now < EARLIEST:
        text = f"it is {found_at:%Y-%m-%d} by this machine's clock, before this program was made"
        found.failed("year", text, "set the clock; without a battery it starts in 1970 until time is synchronised")
    else:
        found.ok("year", f"it is {found_at:%Y-%m-%d %H:%M:%S} UTC")
    for name, seconds in ahead.items():
        if seconds is None:
            found.skipped(name, "it was not reached, or tells no time")
        elif abs(seconds) >= FAR_APART:
            found.failed(name, _apart(seconds), _MEND)
        elif abs(seconds) >= APART:
            found.warning(name, _apart(seconds), _MEND)
        else:
            found.ok(name, f"agrees within {max(1.0, abs(seconds)):.0f} s")


def _apart(seconds: float) -> str:
    size = abs(seconds)
    for above, unit in ((2 * 3600.0, "h"), (2 * FAR_APART, "min")):
        if size >= above:
            shown = f"{size / (3600 if unit == 'h' else 60):.0f} {unit}"
            break
    else:
        shown = f"{size:.0f} s"
    return f"its clock is {shown} {'ahead of' if seconds > 0 else 'behind'} this machine's"
