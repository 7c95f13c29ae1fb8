"""How old an answer is, by what it says of itself: a cache on the way may give out yesterday's for as long as it likes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from sentinel.domain.reading import Failure, Reason
from sentinel.domain.sentences import duration

SLOTS = 3
"""An answer that is older than so many of its source's slots tells nothing about now."""

AT_LEAST = 1800.0
"""Seconds that are allowed in any case, for sources without slots."""

WOBBLE = 120.0
"""Seconds by which two clocks may differ without a word."""


def stale(headers: Mapping[str, str], at: float, step: float, host: str) -> Failure | None:
    """Why the answer, received at `at`, is too old to be judged; None when it is not, or says nothing of its age."""
    allowed = max(SLOTS * step, AT_LEAST)
    lain = _seconds(headers.get("age", ""))
    if lain > allowed:
        text = f"the answer of {host} has lain in a cache for {duration(lain)}"
        return Failure(Reason.STALE, text, "let nothing between Sentinel and the Portal keep answers")
    dated = _dated(headers)
    if dated is not None and at - dated > allowed:
        text = f"the answer of {host} is dated {duration(at - dated)} ago"
        return Failure(Reason.STALE, text, "a cache keeps answers, or the Portal's or this machine's clock is wrong")
    return None


def remark(headers: Mapping[str, str], at: float) -> str:
    """What is odd about its date; empty when nothing is."""
    dated = _dated(headers)
    if dated is None or abs(at - dated) <= WOBBLE:
        return ""
    if dated > at:
        return f"the answer is dated {duration(dated - at)} ahead of this machine's clock"
    return f"the answer is dated {duration(at - dated)} before this machine's clock"


def _seconds(text: str) -> float:
    text = text.strip()
    return float(text[:10]) if text.isascii() and text.isdecimal() else 0.0


def _dated(headers: Mapping[str, str]) -> float | None:
    try:
        then = parsedate_to_datetime(headers.get("date", ""))
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
