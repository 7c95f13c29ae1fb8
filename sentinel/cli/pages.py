"""Files that commands write because they were asked to: nothing else is ever overwritten by one."""

from __future__ import annotations

from pathlib import Path

import click

from sentinel.cli import screen

PAGE = b"<!doctype html"
STANDARD_OUTPUT = Path("-")
"""As a file's name: what is written goes where a table would."""


def refuse_other(
    option: str, path: Path, begins: tuple[bytes, ...] = (PAGE,), what: str = "page", *, may_print: bool = False
) -> None:
    """Before any work is done: refuse to write over what does not begin as an earlier one does: rules, a database.

    `may_print`: the command prints nothing else when the file is standard output.
    """
    if path == STANDARD_OUTPUT:
        if may_print:
            return
        raise click.UsageError(f"{option} -: this command prints something else there, so the {what} needs a file")
    try:
        with path.open("rb") as file:
            there = file.read(100).lstrip().lower()
    except OSError:
        return  # nothing there, or nothing that could be overwritten: writing tells
    if there and not there.startswith(begins):
        raise click.UsageError(f"{option} {path}: there is another file by that name, which is no {what}")


def write(option: str, path: Path, content: bytes) -> None:
    """Write the file and say so; `-` is standard output."""
    if path == STANDARD_OUTPUT:
        click.echo(content, nl=False)
        return
    try:
        path.write_bytes(content)
    except OSError as broken:
        raise click.UsageError(f"{option} {path}: cannot be written: {broken.strerror or broken}") from None
    screen.say(f"written: {path}")
