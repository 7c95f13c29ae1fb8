"""`sentinel rules suggest`: limits from recorded history, and how many notices each would have made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import options, screen
from sentinel.cli.moments import EXAMPLES, Instant

if TYPE_CHECKING:
    from sentinel.backtest.suggest import Suggestion, Unsuited

HEADS = ("LIMIT", "BEYOND", "INCIDENTS", "NOTICES", "FLAPPING", "WHAT")


@click.command("suggest", short_help="Limits from the figures of the past.")
@click.argument("rule", required=False)
@options.rules
@click.option("--since", type=Instant(), default="7d", show_default=True, help=f"Look at figures since: {EXAMPLES}.")
@click.option("--until", type=Instant(), default="now", show_default=True, help="And until then.")
@options.database
@click.option("--archive", metavar="FILE", type=click.Path(path_type=Path), help="Take an exported archive instead.")
@options.as_json
def suggest(
    *,
    rule: str | None,
    rules: Path | None,
    since: float,
    until: float,
    database: str | None,
    archive: Path | None,
    as_json: bool,
) -> None:
    """Suggest limits for the rules, or for RULE, from the figures of the past, and say what each would have cost.

    Each limit is tried on the recorded readings with the rule's own timers. Beyond is the share of figures that are worse than
    the limit; notices are those for one receiver. A rule that you have not got yet: write it with any limit, then ask.
    """
    from sentinel.backtest.past import Place  # noqa: PLC0415  # not for --help
    from sentinel.backtest.suggest import Unsuited  # noqa: PLC0415  # as above
    from sentinel.backtest.suggest import suggest as look  # noqa: PLC0415  # as above
    from sentinel.config.loader import load  # noqa: PLC0415  # as above
    from sentinel.domain.metrics import nearest  # noqa: PLC0415  # as above
    from sentinel.errors import NotFound, StoreError  # noqa: PLC0415  # as above

    options.in_order(since, until)
    loaded = load(rules or Path(os.environ.get("SENTINEL_RULES") or options.RULES))
    chosen = [one for one in loaded.rulebook.rules if not one.is_alarm and rule in (None, one.id)]
    if rule is not None and not chosen:
        near = nearest(rule, [one.id for one in loaded.rulebook.rules])
        raise NotFound(f"there is no rule {rule!r}", hint=f"did you mean {near!r}?" if near else "")
    place = Place(archive=archive) if archive is not None else Place(database=options.database_url(database))
    with place.opened() as past:
        found = [(one.id, look(loaded.rulebook, loaded.services, past, one, since, until)) for one in chosen]
    if not chosen:
        screen.say("no rules")
    if found and all(one is Unsuited.NO_FIGURES for _, one in found):
        raise StoreError(f"{_ABOUT[rule is None]} were recorded in that time", hint=_HINT)
    if as_json:
        screen.print_json([_as_json(one) for _, one in found if not isinstance(one, Unsuited)])
        return
    for name, one in found:
        _show(name, one)


_ABOUT = {True: "no figures of what the rules look at", False: "no figures of what the rule looks at"}
_HINT = "`sentinel history list` shows of what there are readings, and since when"


def _show(name: str, one: Suggestion | Unsuited) -> None:
    from sentinel.backtest.suggest import Unsuited  # noqa: PLC0415  # not for --help

    if isinstance(one, Unsuited):
        screen.say(screen.one_line(f"{name}: {one.value}"))
        return
    screen.say(screen.one_line(f"{name}: {one.figures:,} figures of {one.subject} in {one.readings:,} readings"))
    screen.say(f"  half of them are at most {one.shown(one.middle)}, the worst is {one.shown(one.worst)}")
    if one.more:
        screen.say("  the condition asks for more than this comparison; the limits are tried without the rest")
    rows = [
        (
            f"{'<' if one.low_is_bad else '>'} {one.shown(each.limit)}",
            f"{each.beyond * 100:.2g} %",
            str(each.incidents),
            str(each.notices),
            str(each.flapping),
            each.role,
        )
        for each in one.candidates
    ]
    screen.print_table(HEADS, rows)
    for each in one.candidates:
        severity = each.role.partition(",")[0]
        if severity in ("warning", "critical"):
            screen.say(screen.one_line(f'  {severity} = "{each.text}"'))


def _as_json(one: Suggestion) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "subject": one.subject,
        "unit": one.unit.value,
        "readings": one.readings,
        "figures": one.figures,
        "median": one.middle,
        "worst": one.worst,
        "limits": [
            {
                "limit": each.limit,
                "condition": each.text,
                "beyond": each.beyond,
                "incidents": each.incidents,
                "notices": each.notices,
                "flapping": each.flapping,
                "role": each.role or None,
            }
            for each in one.candidates
        ],
    }
