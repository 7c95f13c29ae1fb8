"""Durations as people write them, `10m`, and seconds."""

from __future__ import annotations

import re

LONGEST = 10 * 365 * 86400.0
"""Ten years: anything beyond is a slip of the finger."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|s|m|h|d|w)")

PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$"
"""The written form, for editors."""


def parse_duration(text: str) -> float:
    """Seconds of `30s`, `10m`, `1h30m`, `7d`, `0s`.

    Raises:
        ValueError: the text is no duration, or longer than ten years. The message does not repeat it.
    """
    total, position = 0.0, 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            raise ValueError("a duration is a number with a unit")
        total += float(part.group(1)) * _UNITS[part.group(2)]
        position = part.end()
    if not text:
        raise ValueError("a duration is a number with a unit")
    if total > LONGEST:
        raise ValueError("a duration is at most ten years")
    return total


def duration_text(seconds: float) -> str:
    """Seconds as `parse_duration` reads them, in the largest units that fit: `1h30m`."""
    if seconds <= 0:
        return "0s"
    written, left = "", seconds
    for unit in ("d", "h", "m", "s"):
        count = int(left // _UNITS[unit])
        if count:
            written += f"{count}{unit}"
            left -= count * _UNITS[unit]
    milliseconds = round(left * 1000)
    return written + (f"{milliseconds}ms" if milliseconds else "") or "1ms"
