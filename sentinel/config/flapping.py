"""`flapping` of a rule: what it inherits, and whether it makes sense at the pace of its polls."""

from __future__ import annotations

from sentinel.config.durations import duration_text
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.schema import FlappingTable, NoFlapping
from sentinel.domain.rules import Flapping

_BACK_AND_FORTH = 3
"""Opened, recovered, bad again: fewer changes are no flapping."""


def flapping_of(own: FlappingTable | None, defaults: FlappingTable) -> Flapping | None:
    """The rule's policy: what its table does not say is that of `[defaults]`; None where it is switched off."""
    said = defaults if own is None else own
    if isinstance(said, NoFlapping):
        return None
    if own is None or isinstance(defaults, NoFlapping):
        return Flapping(changes=said.changes, within=said.within, quiet=said.quiet)
    changes, within, quiet = (
        getattr(own if name in own.model_fields_set else defaults, name) for name in ("changes", "within", "quiet")
    )
    return Flapping(changes=changes, within=within, quiet=quiet)


def check_flapping(table: FlappingTable | None, every: float, path: Path, problems: Problems) -> None:
    """Doubts about what is written at `path`, for a rule that asks every `every` seconds."""
    if table is None or isinstance(table, NoFlapping):
        return
    if "quiet" in table.model_fields_set and table.quiet < every:
        problems.warning(
            "W119",
            f"quiet ({duration_text(table.quiet)}) is shorter than every ({duration_text(every)}), "
            "so the first look without a change counts as steady",
            (*path, "quiet"),
            hint=f'write quiet = "{duration_text(2 * every)}"',
        )
    if {"changes", "within"} & table.model_fields_set and table.within < (table.changes - 1) * every:
        at = "within" if "within" in table.model_fields_set else "changes"
        problems.warning(
            "W120",
            f"asked every {duration_text(every)}, {table.changes} changes within {duration_text(table.within)} "
            "cannot be seen",
            (*path, at),
            hint=f'write within = "{duration_text(table.changes * every)}"',
        )
    if "changes" in table.model_fields_set and table.changes < _BACK_AND_FORTH:
        problems.warning(
            "W121",
            f"{table.changes} changes are one trouble that comes and goes: each of them would count as flapping",
            (*path, "changes"),
            hint="write changes = 6",
        )
