"""Time zones by their names in the IANA database."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.domain.metrics import nearest

_ABBREVIATION = 5
"""Letters of CEST and AEST: names in capitals that are not longer mean no place."""


def is_timezone(name: str) -> bool:
    """Whether a zone has this name."""
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return False
    return True


def check_timezone(name: str, path: Path, problems: Problems) -> None:
    """Note that a name at `path` is that of no zone."""
    if not is_timezone(name):
        known = {zone.lower(): zone for zone in available_timezones()}
        near = None if name.isupper() and len(name) <= _ABBREVIATION else nearest(name, known)
        hint = f'did you mean "{known[near]}"?' if near else 'names look like "Europe/Zurich"'
        if near is None and name.isupper():
            hint = f"an abbreviation does not say where: {hint}"
        problems.error("E119", "unknown time zone", path, hint=hint)


def usable_timezone(*names: str | None) -> str:
    """The first of these names that is one of a zone; what is wrong with the others is told elsewhere."""
    return next((name for name in names if name is not None and is_timezone(name)), "UTC")
