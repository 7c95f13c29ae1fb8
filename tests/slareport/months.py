"""Reports as they come from months of figures: kept, missed, at risk, unknown, empty, large, and with hostile names.

What a node was is written as stretches: (start, seconds, "bad" or "unknown") counted from the start of the period.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from sentinel.domain.attained import (
    Seconds,
    Weighted,
    availability,
    budget,
    budget_left,
    burn_rate,
    readings,
    weighted,
)
from sentinel.domain.attained_text import formula
from sentinel.domain.hierarchy import Node
from sentinel.history.sla_report import Day, Episode, Exclusion, Report, Row, Section

ZONE = "Europe/Zurich"
OBJECTIVE = Decimal("0.995")
DAY = 86400

Stretches = Sequence[tuple[int, int, str]]


def instant(text: str, zone: str = ZONE) -> int:
    """Unix seconds of a local time, `2026-10-01` or `2026-10-01T08:00`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


START, END = instant("2026-10-01"), instant("2026-11-01")


def row(node: Node = (), seconds: Seconds | Weighted | None = None, **changed: object) -> Row:
    """A row whose figures follow from its seconds as the product counts them."""
    amounts = Seconds(2_600_000, 4_000, 0, 0) if seconds is None else seconds
    plain = amounts if isinstance(amounts, Seconds) else amounts.mean
    objective = changed.get("objective", OBJECTIVE)
    start, end = changed.get("period_start", START), changed.get("period_end", END)
    assert isinstance(objective, Decimal)
    assert isinstance(start, int)
    assert isinstance(end, int)
    found = readings(amounts)
    allowed = budget(objective, end - start - plain.excluded)
    made = Row(
        sla="exchange-sites",
        service="Exchange Online",
        node=node,
        leaf=len(node) > 2,
        period_start=start,
        period_end=end,
        at=end,
        timezone=ZONE,
        objective=objective,
        availability=availability(amounts),
        measured=found.measured,
        pessimistic=found.pessimistic,
        optimistic=found.optimistic,
        good_seconds=plain.good,
        bad_seconds=plain.bad,
        unknown_seconds=plain.unknown,
        excluded_seconds=plain.excluded,
        budget_seconds=allowed,
        budget_left_seconds=budget_left(allowed, plain),
        burn_rate=burn_rate(amounts, objective),
        incidents=0,
        formula=formula(amounts, objective=objective),
        weight=1.0,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def section(
    sites: Mapping[Node, Stretches],
    *,
    at: int = END,
    excluded: Sequence[Exclusion] = (),
    incidents: Sequence[Episode] = (),
    **changed: object,
) -> Section:
    """A section over October of which each site was good but for its stretches. `at` may lie within the month."""
    gone = sum(one.end - one.start for one in excluded)
    leaves = {node: _seconds(stretches, min(at, END) - START, gone) for node, stretches in sites.items()}
    above = {node[:depth] for node in leaves for depth in range(len(node))} or {()}
    touched = {node: sum(one.node[: len(node)] == node for one in incidents) for node in (*leaves, *above)}
    rows = [row(node, seconds, at=at, incidents=touched[node], leaf=True) for node, seconds in leaves.items()]
    for node in above:
        below = [(1.0, seconds) for leaf, seconds in leaves.items() if leaf[: len(node)] == node]
        amounts = weighted(below) if below else Seconds()
        rows.append(row(node, amounts, at=at, incidents=touched[node], leaf=False))
    whole = next(one for one in rows if one.node == ())
    rows.sort(key=lambda one: (one.availability is None, one.availability, one.node))
    made = Section(
        sla=whole.sla,
        summary="Exchange as the sites feel it",
        service=whole.service,
        period_name="October 2026",
        whole=whole,
        rows=tuple(rows),
        months=_months(whole),
        days=_days(sites, at),
        burn_down=_burn_down(sites, whole),
        incidents=tuple(incidents),
        exclusions=tuple(excluded),
        objectives=((instant("2025-01-01"), Decimal("0.99")), (instant("2026-04-01"), OBJECTIVE)),
        unknown_spans=tuple(
            sorted(
                {
                    (START + start, START + start + length)
                    for stretches in sites.values()
                    for start, length, kind in stretches
                    if kind == "unknown"
                }
            )
        ),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def report(*sections: Section, at: int | None = None) -> Report:
    """A report of these."""
    return Report(
        at=at if at is not None else max((one.whole.at for one in sections), default=END),
        timezone=ZONE,
        sections=sections,
    )


def _seconds(stretches: Stretches, length: int, gone: int) -> Seconds:
    bad, unknown = (sum(amount for _, amount, kind in stretches if kind == wanted) for wanted in ("bad", "unknown"))
    return Seconds(max(0, length - bad - unknown - gone), bad, unknown, gone)


def _months(whole: Row) -> tuple[Row, ...]:
    """Eleven months before it, of which the first had no figures yet, and itself."""
    bad = (0, 9_000, 15_200, 4_000, 0, 22_000, 8_000, 12_000, 11_500, 3_000, 14_000)
    made = []
    for number, amount in enumerate(bad):
        year, month = divmod(2025 * 12 + 10 + number, 12)
        start = instant(f"{year}-{month + 1:02d}-01")
        following = instant(f"{year + month // 11}-{(month + 1) % 12 + 1:02d}-01")
        length = following - start
        seconds = Seconds(length - amount, amount, 0, 0) if number else Seconds(0, 0, length, 0)
        objective = Decimal("0.99") if start < instant("2026-04-01") else OBJECTIVE
        made.append(
            row((), seconds, period_start=start, period_end=following, at=whole.at, objective=objective, leaf=False)
        )
    return (*made, whole)


def _days(sites: Mapping[Node, Stretches], at: int) -> tuple[Day, ...]:
    """Ninety days up to `at`: those before October from dice, those of it from the stretches, as a mean of the sites."""
    dice = random.Random(11)
    last = datetime.fromtimestamp(at - 1, ZoneInfo(ZONE)).date()
    days = []
    for back in range(89, -1, -1):
        date = last - timedelta(days=back)
        begin = instant(date.isoformat())
        if begin < START:
            bad = dice.choice((0, 0, 0, 0, 0, 120, 600, 2_400))
            unknown = dice.choice((0,) * 12 + (1_800, DAY - bad))
        else:
            bad, unknown = (
                sum(
                    max(0, min(START + start + length, begin + DAY) - max(START + start, begin))
                    for stretches in sites.values()
                    for start, length, kind in stretches
                    if kind == wanted
                )
                // max(1, len(sites))
                for wanted in ("bad", "unknown")
            )
        unknown = min(unknown, DAY - bad)
        days.append(Day(date=date.isoformat(), good=DAY - bad - unknown, bad=bad, unknown=unknown, excluded=0))
    return tuple(days)


def _burn_down(sites: Mapping[Node, Stretches], whole: Row) -> tuple[tuple[int, int], ...]:
    points = []
    bad = [(start, length) for stretches in sites.values() for start, length, kind in stretches if kind == "bad"]
    for at in range(START, min(whole.at, END) + 1, DAY // 4):
        spent = sum(max(0, min(at, START + start + length) - START - start) for start, length in bad)
        points.append((at, whole.budget_seconds - spent // max(1, len(sites))))
    return tuple(points)


def episode(
    number: int, node: Node, began: str, minutes: int, *, acknowledged: int | None = None, **changed: object
) -> Episode:
    """An incident of so many minutes, acknowledged after so many."""
    opened = instant(began)
    made = Episode(
        incident=f"sn-{number:06d}",
        node=node,
        opened_at=opened,
        acknowledged_at=None if acknowledged is None else opened + 60 * acknowledged,
        acknowledged_by=None if acknowledged is None else "ana.keller",
        resolved_at=opened + 60 * minutes,
        severity="critical" if minutes > 60 else "warning",
        text="devices_with_errors / devices 14.2 % > 10 %",
    )
    return replace(made, **changed)  # type: ignore[arg-type]


PLACES: tuple[Node, ...] = (
    ("Europe", "France", "Paris"),
    ("Europe", "France", "Lyon"),
    ("Europe", "Switzerland", "Zürich"),
    ("Europe", "Switzerland", "Genève"),
    ("Europe", "Germany", "München"),
    ("Asia", "Japan", "東京"),
    ("Asia", "Singapore", "Singapore"),
    ("America", "United States", "New York"),
)

PATCHING = tuple(
    Exclusion(name="Sunday patching", start=start, end=start + 3 * 3600, nodes=8)
    for start in (instant("2026-10-04T02:00"), instant("2026-10-11T02:00"), instant("2026-10-18T02:00"))
)


def missed() -> Section:
    """Two outages of Europe: too much for the month. Some hours are not known."""
    sites: dict[Node, Stretches] = dict.fromkeys(PLACES, ((5 * DAY + 3 * 3600, 2280, "unknown"),))
    for place in PLACES[:5]:
        sites[place] = ((5 * DAY + 3 * 3600, 2_280, "unknown"), (8 * DAY + 9 * 3600, 14_400, "bad"))
    sites[PLACES[0]] = (*sites[PLACES[0]], (20 * DAY + 10 * 3600, 30_000, "bad"))
    sites[PLACES[1]] = (*sites[PLACES[1]], (20 * DAY + 10 * 3600, 24_000, "bad"))
    incidents = (
        episode(1, ("Europe",), "2026-10-09T09:00", 240, acknowledged=6),
        episode(2, ("Europe", "France"), "2026-10-21T10:00", 500, acknowledged=31),
        episode(3, PLACES[5], "2026-10-24T03:10", 12),
        episode(4, PLACES[7], "2026-10-31T22:10", 12, resolved_at=None, text="no answer for 20 min"),
    )
    return section(sites, excluded=PATCHING, incidents=incidents)


def kept() -> Section:
    """One short outage, well within the budget."""
    sites: dict[Node, Stretches] = dict.fromkeys(PLACES, ())
    sites[PLACES[2]] = ((12 * DAY, 5_400, "bad"),)
    return section(sites, incidents=(episode(5, PLACES[2], "2026-10-13T00:00", 90, acknowledged=4),))


def at_risk() -> Section:
    """Twelve days into the month, and the budget goes too fast."""
    sites: dict[Node, Stretches] = dict.fromkeys(PLACES, ((9 * DAY, 9000, "bad"),))
    return section(sites, at=START + 12 * DAY)


def over_budget() -> Section:
    """Twelve days into the month, and nothing is left."""
    sites: dict[Node, Stretches] = dict.fromkeys(PLACES, ((9 * DAY, 30000, "bad"),))
    return section(sites, at=START + 12 * DAY)


def all_unknown() -> Section:
    """The source never answered."""
    return section(dict.fromkeys(PLACES, ((0, END - START, "unknown"),)))


def no_data() -> Section:
    """Not a single sample, no nodes: the SLA was written today."""
    empty = row((), Seconds(), leaf=False)
    found = section({})
    return replace(
        found, whole=empty, rows=(), months=(empty,), days=(), burn_down=(), objectives=((START, OBJECTIVE),)
    )


def large(number: int = 1_500) -> Section:
    """So many sites, every fortieth of them with bad time of its own."""
    sites: dict[Node, Stretches] = {}
    for site in range(number):
        place = ("Europe", f"Country {site % 30:02d}", f"Site {site:04d}")
        sites[place] = ((site % 30 * DAY, 600 + site * 7, "bad"),) if site % 40 == 0 else ()
    return section(sites)


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "x;=1+1",
    'y",=1+1',
    "＝1",
    "{{ 7 * 7 }}",
    "\x1b]0;owned\x07",
    "\u202egnp.exe",
    "nul\x00l",
    "lone \ud800 half",
    "javascript:alert(1)",
    "&lt;b&gt; & co",
    "日本 / Ünï\\code",
    "<!channel> *bold* `code`",
    "x" * 3_000,
)


def hostile() -> Section:
    """Names by somebody who wishes us ill, everywhere a name can stand."""
    sites: dict[Node, Stretches] = {
        ("Europe", "Land", name): ((number * 3600, 60 * (number + 1), "bad"),) for number, name in enumerate(HOSTILE)
    }
    evil = " ".join(HOSTILE[:10])
    found = section(
        sites,
        excluded=(Exclusion(name=evil, start=START, end=START + 3600, nodes=3),),
        incidents=(
            episode(
                6, ("Europe", "Land", evil), "2026-10-09T09:00", 5, acknowledged=1, acknowledged_by=evil, text=evil
            ),
        ),
        summary=evil,
        service=evil,
        sla=evil,
    )
    named = [replace(one, service=evil, sla=evil) for one in (found.whole, *found.rows, *found.months)]
    return replace(
        found, whole=named[0], rows=tuple(named[1 : 1 + len(found.rows)]), months=tuple(named[1 + len(found.rows) :])
    )


def half_unknown() -> Section:
    """Kept by what was measured, missed if what was not measured had been bad."""
    return section(dict.fromkeys(PLACES, ((10 * DAY, 3 * DAY, "unknown"),)))


def share(part: int, whole: int) -> Fraction:
    """A short name for tests."""
    return Fraction(part, whole)
