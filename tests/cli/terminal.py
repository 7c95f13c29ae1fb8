"""The program as people start it: in this process, as a process of its own, and on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from click.testing import CliRunner, Result

from sentinel.cli.commands import sentinel

ROOT = Path(__file__).parents[2]


def call(*arguments: str, env: Mapping[str, str | None] | None = None) -> Result:
    """One command in this process. `stdout` and `stderr` of the result are kept apart."""
    return CliRunner().invoke(sentinel, arguments, env=dict(env or {}), prog_name="sentinel")


def start(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """One command as a process of its own."""
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "sentinel", *arguments],
        env=environment(env),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def on_a_terminal(*arguments: str, columns: int = 120, env: Mapping[str, str] | None = None) -> str:
    """What a command shows on a terminal, words and data as they come."""
    main, child = pty.openpty()
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "sentinel", *arguments],
        env={**environment(env), "COLUMNS": str(columns), "TERM": "xterm"},
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    shown = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:  # the last writer has gone
            break
        if not chunk:
            break
        shown += chunk
    os.close(main)
    process.wait(60)
    return shown.decode().replace("\r\n", "\n")


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: nothing of Sentinel's but what is given."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith("SENTINEL_")}
    return {**mine, "PYTHONPATH": str(ROOT), "TZ": "UTC", **(more or {})}
