"""`sentinel probe`: ask a source once and show what was recognised in its answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import options, screen

if TYPE_CHECKING:
    from sentinel.collect.nexthink import NexthinkSource
    from sentinel.collect.probe import Probe
    from sentinel.domain.reading import Failure, Query
    from sentinel.domain.rules import Rulebook

    Probed = list[tuple[Query, Probe]]


@click.command()
@click.option("--source", multiple=True, metavar="NAME", help="Only these sources of the rules.")
@click.option("--url", metavar="URL", help="A Portal that no rules file names yet; it is taken for the source portal.")
@click.option("--service", metavar="NAME", help="Ask for this service, by name or UID.")
@click.option("--hierarchy", metavar="NAME", help="Ask for this hierarchy.")
@click.option("--level", metavar="NAME", help="Ask for all nodes of this level.")
@click.option("--path", metavar="NODE", help="Ask for what is below this node: Europe/Switzerland.")
@click.option("--scope", type=click.Choice(("hour", "day")), default="hour", show_default=True, help="Over how long.")
@click.option("--all", "every", is_flag=True, help="Ask every query that the rules need, not one of each source.")
@options.rules
@options.as_json
@click.pass_context
def probe(
    ctx: click.Context,
    /,
    *,
    source: tuple[str, ...],
    url: str | None,
    rules: Path | None,
    every: bool,
    as_json: bool,
    **wanted: str | None,
) -> None:
    """Ask once and show what was recognised: columns, levels, metrics, the first rows.

    Without --service the first query that the rules need is asked. Exit code 3 when a source cannot be asked or its
    answer is not understood, 5 when it refuses the credentials.
    """
    import asyncio  # noqa: PLC0415  # not for --help

    from sentinel.cli import sources  # noqa: PLC0415  # as above

    _check_usage(wanted, url)
    portals, rulebook = sources.chosen(rules, source, url)
    found, undiscovered = asyncio.run(_ask(portals, rulebook, wanted, every=every))
    if as_json:
        screen.print_json([_json(query, one) for query, one in found])
    else:
        for query, one in found:
            for line in account(query, one):
                click.echo(line)
    failures = [(query.source, one.failure) for query, one in found if one.failure is not None] + undiscovered
    for name, failure in failures:
        sources.complain(name, failure)
    ctx.exit(sources.exit_code(failure for _, failure in failures))


def _check_usage(wanted: dict[str, str | None], url: str | None) -> None:
    if wanted["level"] is not None and wanted["path"] is not None:
        raise click.UsageError("--level and --path exclude each other")
    asked = any(wanted[name] is not None for name in ("hierarchy", "level", "path"))
    if asked and wanted["service"] is None:
        raise click.UsageError("--hierarchy, --level and --path need --service")
    if wanted["service"] is None and url is not None:
        raise click.UsageError("--url needs --service and --hierarchy: `sentinel discover --url` shows what there is")
    if wanted["service"] is not None and wanted["hierarchy"] is None:
        raise click.UsageError("--service needs --hierarchy")


async def _ask(
    portals: list[NexthinkSource], rulebook: Rulebook | None, wanted: dict[str, str | None], *, every: bool
) -> tuple[Probed, list[tuple[str, Failure]]]:
    """What came of the queries, and of the lists of services where they stand in the way of asking."""
    from sentinel.collect.probe import probe as probe_once  # noqa: PLC0415  # not for --help
    from sentinel.domain.reading import Failure, Reason  # noqa: PLC0415  # as above

    found: Probed = []
    undiscovered: list[tuple[str, Failure]] = []
    for portal in portals:
        try:
            offered = await portal.discover()  # tells which UID belongs to a name
            queries = _queries(portal, rulebook, wanted)
            if isinstance(offered, Failure) and (not queries or offered.reason is Reason.UNAUTHORIZED):
                undiscovered.append((portal.name, offered))
                continue
            if not queries:
                screen.say(f"{portal.name}: no rule asks for any of its services")
            found += [(query, await probe_once(portal, query)) for query in (queries if every else queries[:1])]
        finally:
            await portal.close()
    return found, undiscovered


def _queries(portal: NexthinkSource, rulebook: Rulebook | None, wanted: dict[str, str | None]) -> list[Query]:
    from sentinel.domain.asking import needed  # noqa: PLC0415  # as above
    from sentinel.domain.hierarchy import parse_node  # noqa: PLC0415  # not for --help
    from sentinel.domain.reading import Query  # noqa: PLC0415  # as above

    if wanted["service"] is not None:
        level, path, hierarchy = wanted["level"], wanted["path"], wanted["hierarchy"] or ""
        below = None if level is not None else parse_node(path or "")
        scope: Any = wanted["scope"]
        return [Query(portal.name, wanted["service"], hierarchy, level, below, scope)]
    asked = needed(rulebook, portal.services()) if rulebook is not None else ()
    return [one.query for one in asked if one.query.source == portal.name]


def account(query: Query, one: Probe) -> list[str]:
    """What came of one query, for people."""
    where = f"level {query.level}" if query.level is not None else f"below {'/'.join(query.path or ()) or 'the top'}"
    fields = [
        ("asked", f"{query.source}: {query.service}, {query.hierarchy}, {where}, over one {query.scope}"),
        ("url", one.url),
        ("answer", "none" if one.status is None else f"{one.status} {one.content_type}".strip()),
        ("size", f"{one.raw_bytes} bytes, {one.unpacked_bytes} unpacked" if one.status is not None else ""),
        ("shape", one.shape),
        ("rows", str(one.row_count) if one.titles else ""),
        ("service", one.service_column or ""),
        ("levels", " > ".join(one.levels)),
        *(("metric", f"{metric} = {title}") for metric, title in one.metrics.items()),
        *(("extra", f"{metric} = {title}") for metric, title in one.extra.items()),
        *(("ignored", title) for title in one.ignored),
        *(("row", _row(row.node, row.aggregate, dict(row.figures))) for row in one.rows),
        *(("remark", remark) for remark in one.remarks),
        ("begins", one.beginning),
    ]
    return [f"{name:<9}{screen.one_line(value)}" for name, value in fields if value] + [""]


def _row(node: tuple[str, ...], aggregate: bool, figures: dict[str, float | None]) -> str:
    shown = ", ".join(f"{metric} {'–' if value is None else f'{value:g}'}" for metric, value in figures.items())
    return f"{' / '.join(node) or 'all'}{' (the parent itself)' if aggregate else ''}: {shown}"


def _json(query: Query, one: Probe) -> dict[str, Any]:
    from sentinel.cli.sources import failure_json  # noqa: PLC0415  # not for --help
    from sentinel.history.record import iso  # noqa: PLC0415  # as above

    return {
        **query.as_json(),
        "at": iso(one.at),
        "url": one.url,
        "status": one.status,
        "content_type": one.content_type or None,
        "raw_bytes": one.raw_bytes,
        "unpacked_bytes": one.unpacked_bytes,
        "shape": one.shape or None,
        "titles": list(one.titles),
        "service_column": one.service_column,
        "levels": list(one.levels),
        "metrics": dict(one.metrics),
        "extra": dict(one.extra),
        "ignored": list(one.ignored),
        "row_count": one.row_count,
        "rows": [{"node": list(r.node), "aggregate": r.aggregate, "figures": dict(r.figures)} for r in one.rows],
        "remarks": list(one.remarks),
        "failure": failure_json(one.failure),
        "beginning": one.beginning or None,
    }
