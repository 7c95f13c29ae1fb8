"""What the tests of looking at channels share."""

from __future__ import annotations

from sentinel.findings import Finding, Findings

NOW = 1_780_300_800.0


def by_check(found: Findings) -> dict[str, Finding]:
    """Each finding under its check; every check was looked at once."""
    named = {one.check: one for one in found}
    assert len(named) == len(found), found
    return named


def shown(found: Findings) -> str:
    """Everything that people would read."""
    return "\n".join(f"{one.check} {one.text} {one.mend}" for one in found)
