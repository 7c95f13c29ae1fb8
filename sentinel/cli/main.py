"""The front door: nothing is imported for `sentinel --help`, one module for any command."""

from __future__ import annotations

import sys

from sentinel.cli.contents import help_text


def main() -> None:
    """Run the command that the process was started with, and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    if sys.argv[1:] in ([], ["-h"], ["--help"]):
        sys.stdout.write(help_text() + "\n")  # half of the start-up time would be the command line library
        return
    from sentinel.cli.commands import sentinel  # noqa: PLC0415  # see above

    sentinel.main(prog_name="sentinel")
