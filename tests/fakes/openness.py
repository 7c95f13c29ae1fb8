"""Files that everybody on the machine can read."""

from __future__ import annotations

from pathlib import Path


def open_to_all(file: Path) -> None:
    """Let everybody read the file and walk to it."""
    file.chmod(0o644)
    for folder in file.resolve().parents:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
