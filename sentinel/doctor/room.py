"""How much room is left for the database, judged as the watch over a running Sentinel judges it."""

from __future__ import annotations

import shutil
from pathlib import Path

from sentinel.domain.rules import Severity
from sentinel.engine.machine import disk_sighting
from sentinel.findings import Findings


def note(folder: Path, found: Findings) -> None:
    """Note the disk below a folder."""
    usage = shutil.disk_usage(folder)
    symptoms = disk_sighting(str(folder), usage.free, usage.total).symptoms
    for one in symptoms:
        tell = found.failed if one.severity is Severity.CRITICAL else found.warning
        tell("disk", one.detail, one.hint)
    if not symptoms:
        share = usage.free / usage.total if usage.total else 1.0
        found.ok("disk", f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} GB ({share:.0%})")
