"""`sentinel doctor`: everything outside looked at, each thing that is not well with its mend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import options, screen

if TYPE_CHECKING:
    from sentinel.doctor.groups import Group
    from sentinel.findings import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": None}
_MARGIN = "  "
_STATE = 9
_WIDEST = 24
"""Columns for the names of checks; a longer one pushes its own line only."""


@click.command()
@click.argument("rules", required=False, type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="NAME", help="Only this: clock, database, slack, a source's name, ...")
@click.option("--brief", is_flag=True, help="Show only what is not well.")
@options.as_json
@click.pass_context
def doctor(ctx: click.Context, /, *, rules: Path | None, only: tuple[str, ...], brief: bool, as_json: bool) -> None:
    """Look at everything that Sentinel needs, and say what mends what is not well.

    Configuration, database, clock, each source, each channel, the HTTP address: from the top in the order in which one
    would mend them. RULES is SENTINEL_RULES or rules.toml unless given. Nothing is sent to anybody and nothing is
    changed; beside a running Sentinel the database is only read. A source's account is asked once or twice, and not
    again when it is refused.

    Exit codes: 0 all is well, 2 the configuration, 4 the database, 5 credentials, 3 a source; of several the first in
    this order. 1 when only something else failed, or something is a warning.
    """
    import asyncio  # noqa: PLC0415  # not for --help
    import os  # noqa: PLC0415  # as above

    from sentinel.clock import SystemClock  # noqa: PLC0415  # as above
    from sentinel.doctor.examination import Examination  # noqa: PLC0415  # as above
    from sentinel.doctor.groups import exit_code  # noqa: PLC0415  # as above

    groups = asyncio.run(Examination(os.environ, rules, SystemClock(), only=only).run())
    code = exit_code(groups)
    if as_json:
        screen.print_json({"ok": code == 0, "exit_code": code, "checks": [row for one in groups for row in _json(one)]})
    else:
        lines = [line for one in groups for line in _told(one, brief=brief)]
        if lines:
            click.echo("\n".join(lines))
        screen.say(_summary(groups))
    ctx.exit(code)


def _json(group: Group) -> list[dict[str, Any]]:
    return [
        {
            "group": group.title,
            "check": one.check,
            "state": one.state.value,
            "text": one.text,
            "mend": one.mend or None,
        }
        for one in group.findings
    ]


def _told(group: Group, *, brief: bool) -> Iterator[str]:
    """A group as people read it; with `brief` only what is not well, and nothing where all is."""
    findings = [one for one in group.findings if not brief or one.state.value in ("warning", "failed")]
    if not findings:
        return
    yield click.style(group.title, bold=True) if screen.wants_colour() else screen.one_line(group.title)
    looked = [one for one in findings if one.state.value != "skipped"]
    wide = min(_WIDEST, max((screen.columns(screen.one_line(one.check)) for one in looked), default=0))
    for checks, one in _gathered(findings):
        name = screen.one_line(", ".join(checks))
        left = f"{name}: " if one.state.value == "skipped" else name + " " * max(2, wide + 2 - screen.columns(name))
        yield from _wrapped(_MARGIN, _state(one) + left, one.text)
        if one.mend:
            yield from _wrapped(_MARGIN, " " * _STATE + "mend: ", one.mend)
    yield ""


def _state(one: Finding) -> str:
    word = one.state.value
    shown = (word.upper() if word == "failed" else word).ljust(_STATE)
    colour = _COLOURS[word]
    return click.style(shown, fg=colour) if colour and screen.wants_colour() else shown


def _gathered(findings: Sequence[Finding]) -> Iterator[tuple[list[str], Finding]]:
    """Findings with the name of their check; those left out for one reason are told together."""
    names: list[str] = []
    for number, one in enumerate(findings):
        names.append(one.check)
        after = findings[number + 1] if number + 1 < len(findings) else None
        if one.state.value == "skipped" and after is not None and (after.state, after.text) == (one.state, one.text):
            continue
        yield names, one
        names = []


def _wrapped(margin: str, head: str, text: str) -> Iterator[str]:
    """The text behind its head; on a terminal in lines that fit, one below the other."""
    import textwrap  # noqa: PLC0415  # not for --help

    clean = screen.one_line(text)
    indent = screen.columns(click.unstyle(head)) + len(margin)
    fits = max(40, screen.width() - indent)
    lines = textwrap.wrap(clean, fits, break_on_hyphens=False) if screen.is_terminal() else [clean]
    yield margin + head + (lines[0] if lines else "")
    yield from (" " * indent + line for line in lines[1:])


def _summary(groups: Sequence[Group]) -> str:
    states = [one.state.value for group in groups for one in group.findings]
    counted = [(states.count(word), word) for word in ("failed", "warning", "ok", "skipped")]
    shown = ", ".join(
        f"{count} {'warnings' if word == 'warning' and count > 1 else word}" for count, word in counted if count
    )
    for wanted in ("failed", "warning"):
        for group in groups:
            for one in group.findings:
                if one.state.value == wanted:
                    return f"{shown}. Begin with {group.title}: {one.check}"
    return f"{shown}. All is well"
