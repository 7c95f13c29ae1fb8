"""`sentinel discover`: what the sources offer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentinel.cli import options, screen

if TYPE_CHECKING:
    from sentinel.collect.nexthink import NexthinkSource
    from sentinel.collect.source import Offer
    from sentinel.domain.reading import Failure

    Found = dict[str, Offer | Failure]

HEADS = ("WHAT", "SOURCE", "NAME", "KIND", "DETAIL")


@click.command()
@click.option("--source", multiple=True, metavar="NAME", help="Only these sources of the rules.")
@click.option("--url", metavar="URL", help="A Portal that no rules file names yet; it is taken for the source portal.")
@options.rules
@options.as_json
@click.pass_context
def discover(
    ctx: click.Context, /, *, source: tuple[str, ...], url: str | None, rules: Path | None, as_json: bool
) -> None:
    """Show the services, hierarchies and levels that the sources offer.

    User and password come from the environment: SENTINEL_SOURCE_<NAME>_USERNAME and _PASSWORD. Exit code 3 when a
    source cannot be asked, 5 when it refuses the credentials.
    """
    import asyncio  # noqa: PLC0415  # not for --help

    from sentinel.cli import sources  # noqa: PLC0415  # as above
    from sentinel.domain.reading import Failure  # noqa: PLC0415  # as above

    wanted, _ = sources.chosen(rules, source, url)
    found = asyncio.run(_ask(wanted))
    failures = {name: answer for name, answer in found.items() if isinstance(answer, Failure)}
    if as_json:
        screen.print_json([_json(name, answer) for name, answer in found.items()])
    else:
        screen.print_table(HEADS, [line for name, answer in found.items() for line in _rows(name, answer)])
    for name, failure in failures.items():
        sources.complain(name, failure)
    ctx.exit(sources.exit_code(failures.values()))


async def _ask(wanted: list[NexthinkSource]) -> Found:
    found: Found = {}
    for one in wanted:
        try:
            found[one.name] = await one.discover()
        finally:
            await one.close()
    return found


def _json(name: str, answer: Offer | Failure) -> dict[str, object]:
    from sentinel.cli.sources import failure_json  # noqa: PLC0415  # not for --help
    from sentinel.collect.source import Offer  # noqa: PLC0415  # as above

    if not isinstance(answer, Offer):
        return {"source": name, "services": [], "hierarchies": [], "failure": failure_json(answer)}
    return {
        "source": name,
        "services": [{"name": one.name, "uid": one.uid, "kind": one.kind or None} for one in answer.services],
        "hierarchies": [{"name": one.name, "levels": list(one.levels)} for one in answer.hierarchies],
        "failure": None,
    }


def _rows(name: str, answer: Offer | Failure) -> list[tuple[str, ...]]:
    from sentinel.collect.source import Offer  # noqa: PLC0415  # not for --help

    if not isinstance(answer, Offer):
        return []
    services: list[tuple[str, ...]] = [("service", name, one.name, one.kind, one.uid) for one in answer.services]
    return services + [("hierarchy", name, one.name, "", " > ".join(one.levels)) for one in answer.hierarchies]
