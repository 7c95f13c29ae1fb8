"""`sentinel rules`: what an edit of the rules file means, before it is saved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import options, screen
from sentinel.cli.suggest import suggest

if TYPE_CHECKING:
    from sentinel.backtest.reload import Consequences
    from sentinel.backtest.rule_changes import NamedChange, RuleChange

    Named = Mapping[str, tuple[NamedChange, ...]]
    """By the word for what they are: maintenance, calendars."""

RULES = ("RULE", "CHANGE", "KEY", "OLD", "NEW")
INCIDENTS = ("EFFECT", "SERVICE", "NODE", "RULE", "WHAT", "INCIDENT")
NEWCOMERS = ("STATE", "SERVICE", "NODE", "RULE")
AFFECTED = 1


@click.group()
def rules() -> None:
    """The rules file: what an edit of it means, and which limits fit the past."""


rules.add_command(suggest)


@rules.command(short_help="What a reload of another file would do now.")
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--against", metavar="FILE", type=click.Path(path_type=Path), help="The rules in force [default: SENTINEL_RULES]."
)
@options.database
@options.as_json
@click.pass_context
def diff(ctx: click.Context, /, *, new: Path, against: Path | None, database: str | None, as_json: bool) -> None:
    """Show what a reload of NEW would do: which rules change, and what becomes of every open incident.

    The last readings in the database are judged once more by the new rules; nothing is written and nothing sent.
    Exit code 1 when an open incident would close or change, or when something new would be found. What the edit would
    have done in the past, `sentinel backtest --against` shows.
    """
    from sentinel.backtest.present import present  # noqa: PLC0415  # not for --help
    from sentinel.backtest.reload import consequences  # noqa: PLC0415  # as above
    from sentinel.backtest.rule_changes import named_changes, routing_changed, rule_changes  # noqa: PLC0415  # as above
    from sentinel.clock import SystemClock  # noqa: PLC0415  # as above
    from sentinel.config.loader import load  # noqa: PLC0415  # as above

    before = load(against or Path(os.environ.get("SENTINEL_RULES") or options.RULES))
    after = load(new)
    with present(options.database_url(database)) as now:
        found = consequences(after.rulebook, after.services, now, SystemClock().now())
    changed = rule_changes(before.rulebook, after.rulebook)
    routes = routing_changed(before.rulebook, after.rulebook)
    named = {
        "maintenance": named_changes(before.rulebook.maintenance, after.rulebook.maintenance),
        "calendars": named_changes(before.rulebook.calendars, after.rulebook.calendars),
    }
    if as_json:
        screen.print_json(_as_json(changed, found, named, routes=routes))
    else:
        _show(changed, found, named, routes=routes)
    if any(one.effect != "goes on" for one in found.effects) or found.newcomers:
        ctx.exit(AFFECTED)


def _show(changed: tuple[RuleChange, ...], found: Consequences, named: Named, *, routes: bool) -> None:
    screen.say("Rules" if changed else "Rules: no change")
    screen.print_table(RULES, rule_rows(changed))
    for one in changed:
        if one.twin is not None and one.change == "removed":
            screen.say(screen.one_line(f"{one.rule} looks renamed to {one.twin}: {_RENAMED}"))
    if routes:
        screen.say("Routes or receivers changed: what is open goes on being told to whom it was told")
    for kind, changes in named.items():
        if changes:
            told = ", ".join(f"{one.name} {one.change}" for one in changes)
            screen.say(screen.one_line(f"{kind.capitalize()}: {told}"))
    screen.say("\nOpen incidents" if found.effects else "\nOpen incidents: none")
    screen.print_table(
        INCIDENTS,
        [
            (
                one.effect,
                one.incident.service or "",
                " / ".join(one.incident.node),
                one.incident.rule,
                one.text,
                one.incident.id,
            )
            for one in found.effects
        ],
    )
    if found.newcomers:
        screen.say("\nFound by the new rules in the last figures")
        rows = [(one.state.value, one.service, " / ".join(one.node), one.rule) for one in found.newcomers]
        screen.print_table(NEWCOMERS, rows)
    for query in found.unknown:
        screen.say(
            screen.one_line(
                f"not asked yet, so nothing is known of it: {query.service}, {query.hierarchy}, {query.where}"
            )
        )


_RENAMED = "its incidents close as rule removed and open anew; keep the id to carry them on"


def rule_rows(changed: tuple[RuleChange, ...]) -> list[tuple[str, ...]]:
    """A row for each setting that changed, one for each rule that came or went."""
    rows: list[tuple[str, ...]] = []
    for one in changed:
        rows += [(one.rule, one.change, setting.key, setting.old, setting.new) for setting in one.settings] or [
            (one.rule, one.change, "", "", "")
        ]
    return rows


def _as_json(changed: tuple[RuleChange, ...], found: Consequences, named: Named, *, routes: bool) -> dict[str, Any]:
    return {
        "rules": [
            {
                "rule": one.rule,
                "change": one.change,
                "renamed": one.twin,
                "settings": [{"key": s.key, "old": s.old or None, "new": s.new or None} for s in one.settings],
            }
            for one in changed
        ],
        "routing_changed": routes,
        **{kind: [{"name": one.name, "change": one.change} for one in changes] for kind, changes in named.items()},
        "incidents": [
            {
                "id": one.incident.id,
                "rule": one.incident.rule,
                "service": one.incident.service,
                "node": list(one.incident.node),
                "effect": one.effect.replace(" ", "_"),
                "text": one.text,
            }
            for one in found.effects
        ],
        "new_alerts": [
            {"rule": one.rule, "service": one.service, "node": list(one.node), "state": one.state.value}
            for one in found.newcomers
        ],
        "not_asked_yet": [f"{query.service}, {query.hierarchy}, {query.where}" for query in found.unknown],
    }
