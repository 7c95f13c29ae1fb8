"""Files that commands write because they were asked to: nothing else is ever overwritten by one."""

from __future__ import annotations

from pathlib import Path

import click

from sentinel.cli import screen


def refuse_other(option: str, path: Path) -> None:
    """Before any work is done: refuse to write a page over what is none."""
    if is_no_page(path):
        raise click.UsageError(f"{option} {path}: there is another file by that name, which is no page")


def is_no_page(path: Path) -> bool:
    """Whether something is there that is not an earlier page: rules, an archive, a database."""
    try:
        with path.open("rb") as file:
            return not file.read(100).lstrip().lower().startswith(b"<!doctype html")
    except OSError:
        return False  # nothing there, or nothing that could be overwritten: writing tells


def write(option: str, path: Path, content: bytes) -> None:
    """Write the file and say so."""
    try:
        path.write_bytes(content)
    except OSError as broken:
        raise click.UsageError(f"{option} {path}: cannot be written: {broken.strerror or broken}") from None
    screen.say(f"written: {path}")
