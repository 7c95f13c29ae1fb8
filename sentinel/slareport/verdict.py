"""Was it kept, by how much, why not, what was unknown: an SLA's figures in the words that every form of a report uses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import Enum
from fractions import Fraction
from zoneinfo import ZoneInfo

from sentinel.deliver.parts import place_of
from sentinel.domain.attained import kept
from sentinel.domain.attained_text import objective_text, percent_text, rate_text, share_text
from sentinel.domain.hierarchy import Node
from sentinel.domain.sentences import counted, duration
from sentinel.history.sla_report import Row, Section

NAMED = 3
"""Places that the reason names."""


class Verdict(Enum):
    """What became of an objective: its word, a sign that is not told by colour alone."""

    MISSED = ("missed", "✗")
    AT_RISK = ("at risk", "!")
    NO_DATA = ("no data", "?")
    KEPT = ("kept", "✓")

    def __init__(self, word: str, sign: str) -> None:
        self.word = word
        self.sign = sign


def is_over(row: Row) -> bool:
    """Whether the period has ended, so that the figures are final. A rolling window that holds today never has."""
    return row.at >= row.period_end


def verdict(row: Row) -> Verdict:
    """By the exact figures. A period that runs is missed when its whole budget is gone, at risk when it goes too fast."""
    if row.availability is None:
        return Verdict.NO_DATA
    attained = kept(row.availability, row.objective)
    if is_over(row):
        return Verdict.KEPT if attained else Verdict.MISSED
    if row.budget_left_seconds < 0:
        return Verdict.MISSED
    burns = row.burn_rate is not None and row.burn_rate > 1
    return Verdict.KEPT if attained and not burns else Verdict.AT_RISK


def coverage(row: Row) -> Fraction | None:
    """Which share of the service time was judged at all."""
    service = service_seconds(row)
    return Fraction(row.good_seconds + row.bad_seconds, service) if service else None


def service_seconds(row: Row) -> int:
    """Time so far in which the service was owed."""
    return row.good_seconds + row.bad_seconds + row.unknown_seconds


def place(node: Node) -> str:
    """A node as people read it: clean and bounded, the end kept, which says most."""
    return place_of(node, "") if node else "All nodes"


def kind_of(row: Row) -> str:
    """`month`, `quarter`, `year`, else `window`."""
    first, after = _dates(row)
    months = 12 * (after.year - first.year) + after.month - first.month
    begins = first.day == after.day == 1
    names = {1: ("month", 1), 3: ("quarter", 3), 12: ("year", 12)}
    name, every = names.get(months, ("window", 0))
    return name if begins and every and (first.month - 1) % every == 0 else "window"


def period_of(row: Row, *, short: bool = False) -> str:
    """A period of a trend by its name: `October 2026`, `Q4 2026`, `2026`, `30 days to 28 Nov 2026`; or `Oct`, `Q4`."""
    first, after = _dates(row)
    last = after - timedelta(days=1)
    match kind_of(row):
        case "month":
            return f"{first:%b}" if short else f"{first:%B} {first.year}"
        case "quarter":
            return f"Q{(first.month + 2) // 3}" + ("" if short else f" {first.year}")
        case "year":
            return str(first.year)
        case _:
            end = f"{last.day} {last:%b}"
            return end if short else f"{(after - first).days} days to {end} {last.year}"


def _dates(row: Row) -> tuple[date, date]:
    """Its first local day, and the first that is no longer in it."""
    zone = ZoneInfo(row.timezone)
    return (datetime.fromtimestamp(row.period_start, zone).date(), datetime.fromtimestamp(row.period_end, zone).date())


def headline(row: Row) -> str:
    """`Missed: 99.31 % attained, 99.5 % agreed`."""
    found, running = verdict(row), not is_over(row)
    if found is Verdict.NO_DATA:
        return f"No data: nothing was measured, so nothing can be said about {objective_text(row.objective)}"
    begins = {Verdict.MISSED: "Missed already", Verdict.KEPT: "Kept so far"}.get(found) if running else None
    begins = begins or found.word.capitalize()
    if found is Verdict.KEPT and in_doubt(row):
        begins += ", as far as is known"
    return f"{begins}: {percent_text(row.availability, row.objective)} attained, {objective_text(row.objective)} agreed"


def in_doubt(row: Row) -> bool:
    """Whether the unknown time decides: kept by what was measured, missed if all that was not had been bad."""
    return kept(row.availability, row.objective) is True and kept(row.pessimistic, row.objective) is False


def word(row: Row) -> str:
    """The verdict in one word for tables: `kept?` where unknown time decides."""
    found = verdict(row)
    return f"{found.word}?" if found is Verdict.KEPT and in_doubt(row) else found.word


def exactly(seconds: int) -> str:
    """`4 h 22 min 30 s`: to the second, so that what is used and what is left add up."""
    parts, rest = [], seconds
    for name, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts) or "0 s"


def by_how_much(row: Row, *, shares: bool = True) -> str:
    """Bad time against the budget, and how fast it goes while the period runs. Without `shares`, no percentages."""
    if row.availability is None:
        return f"The budget is {exactly(row.budget_seconds)}; nothing of it was seen to be used."
    spent, left = row.budget_seconds - row.budget_left_seconds, row.budget_left_seconds
    if not row.budget_seconds:
        return "Nothing may be bad, and nothing was." if not spent else f"Nothing may be bad; {exactly(spent)} was."
    used = f"{exactly(spent)} of a budget of {exactly(row.budget_seconds)} used"
    if left < 0:
        said = f"{used}: {exactly(-left)} too much"
    else:
        said = f"{used}: {exactly(left)} left" + (f" ({share_text(left, row.budget_seconds)})" if shares else "")
    odd = is_over(row) and verdict(row) is Verdict.MISSED and left >= 0
    return said + (", but of the time that was measured too much was bad." if odd else f"{_pace(row)}.")


def _pace(row: Row) -> str:
    """When the budget will be gone, while the period runs and some is left."""
    if is_over(row) or row.burn_rate is None or row.budget_left_seconds < 0:
        return ""
    rate = f"; it burns at {rate_text(row.burn_rate, 2)} times the even pace"
    spent, passed = row.budget_seconds - row.budget_left_seconds, row.at - row.period_start
    if row.burn_rate <= 1 or spent <= 0 or passed <= 0:
        return rate if row.burn_rate > 0 else ""
    gone = row.at + row.budget_left_seconds * passed / spent
    if gone >= row.period_end:
        return rate
    day = datetime.fromtimestamp(gone, ZoneInfo(row.timezone))
    return f"{rate} and will be gone about {day:%a} {day.day} {day:%b}"


def why_not(section: Section) -> str:
    """Where the bad time was; empty where there was none. Of incidents elsewhere nothing counted as bad: it was planned, or at night."""
    hit = sorted((one for one in section.rows if one.leaf and one.bad_seconds), key=lambda one: -one.bad_seconds)
    if not hit:
        if section.whole.bad_seconds:
            return f"{duration(section.whole.bad_seconds)} were bad."
        return ""
    named = ", ".join(f"{place(one.node)} ({duration(one.bad_seconds)})" for one in hit[:NAMED])
    leaves = sum(one.leaf for one in section.rows)
    nodes = f"{counted(leaves, 'node')}{' that were asked for' if section.chosen else ''}"
    began = f"{len(hit):,} of {nodes} had bad time" if leaves > 1 or section.chosen else "Bad time"
    there = sum(any(_of_one_line(one.node, row.node) for row in hit) for one in section.incidents)
    episodes = f" in {counted(there, 'incident')}" if there else ""
    where = "the worst:" if len(hit) > NAMED else "of them" if section.chosen else "all of it at"
    return f"{began}{episodes}; {where} {named}."


def _of_one_line(one: Node, other: Node) -> bool:
    """Whether one is the other, or lies below it."""
    depth = min(len(one), len(other))
    return one[:depth] == other[:depth]


def unknown(row: Row, *, shares: bool = True) -> str:
    """How much was not known, what the figure makes of it, and what it would be otherwise; as in `by_how_much`."""
    service = service_seconds(row)
    if not service:
        return "There was no service time yet." if not is_over(row) else "There was no service time."
    if not row.unknown_seconds:
        return "Nothing was unknown: the figure covers all of the service time."
    share = f" ({percent_text(Fraction(row.unknown_seconds, service))})" if shares else ""
    found = f"{duration(row.unknown_seconds)} unknown{share}"
    if row.measured is None:
        return f"{found}: no figure came at all."
    bad, good = (_reading(one, row, shares=shares) for one in (row.pessimistic, row.optimistic))
    if bad == good:
        return f"{found}, {counted_as(row)}. Had it all been bad, or all good: {bad} either way."
    return f"{found}, {counted_as(row)}. Had it all been bad: {bad}; all good: {good}."


def counted_as(row: Row) -> str:
    """What the figure makes of unknown time."""
    if row.availability == row.measured:
        return "left out of the figure"
    return "counted as bad" if row.availability == row.pessimistic else "counted as good"


def _reading(share: Fraction | None, row: Row, *, shares: bool) -> str:
    told = {True: "kept", False: "missed", None: "no data"}[kept(share, row.objective)]
    return f"{percent_text(share, row.objective)}, {told}" if shares else told


def mean(seconds: Iterable[float | None]) -> tuple[float, int] | None:
    """The mean of those that there are, and of how many it is."""
    found = [one for one in seconds if one is not None]
    return (sum(found) / len(found), len(found)) if found else None
