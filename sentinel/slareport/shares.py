"""Percentages together with how they are made: no figure of a report stands alone."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sentinel.domain.attained import Seconds, UnknownAs, availability
from sentinel.domain.attained_text import formula, percent_text, share_text
from sentinel.history.sla_report import Row
from sentinel.slareport.verdict import service_seconds


@dataclass(frozen=True, slots=True)
class Share:
    """A percentage, and under it how it is made: `= (43 200 - 121) / 43 200 min`."""

    text: str
    formula: str


def attained(row: Row) -> Share:
    """The figure that counts, with the formula that comes with it."""
    text = percent_text(row.availability, row.objective)
    return Share(text, _rest(row.formula, text))


def readings(row: Row) -> tuple[tuple[str, Share], ...]:
    """What was measured, and what it would be if all unknown time had been bad, or good."""
    return (
        ("Measured: unknown time left out", _reading(row, row.measured, UnknownAs.EXCLUDE)),
        ("Pessimistic: all unknown time was bad", _reading(row, row.pessimistic, UnknownAs.BAD)),
        ("Optimistic: all unknown time was good", _reading(row, row.optimistic, UnknownAs.GOOD)),
    )


def budget_left(row: Row) -> Share | None:
    """The part of the budget that is left; None where there is no budget."""
    if not row.budget_seconds:
        return None
    left, whole = row.budget_left_seconds, row.budget_seconds
    return Share(share_text(left, whole), f"= {'-' if left < 0 else ''}{_of(abs(left), whole)}")


def unknown_share(row: Row) -> Share | None:
    """The part of the service time of which nothing is known; None where there was no service time."""
    service = service_seconds(row)
    if not service:
        return None
    part = row.unknown_seconds
    return Share(percent_text(Fraction(part, service)), f"= {_of(part, service)}")


def _reading(row: Row, share: Fraction | None, unknown_as: UnknownAs) -> Share:
    """Of plain seconds by their own formula; of weighted means and of counts by what was measured and what was judged."""
    text = percent_text(share, row.objective)
    if share == row.availability and share is not None and unknown_as is _counted(row):
        return attained(row)
    seconds = Seconds(row.good_seconds, row.bad_seconds, row.unknown_seconds)
    if share is None or share == availability(seconds, unknown_as) or row.measured is None:
        return Share(text, _rest(formula(seconds, unknown_as, row.objective), text))
    measured = percent_text(row.measured, row.objective)
    judged = _of(row.good_seconds + row.bad_seconds, service_seconds(row))
    if unknown_as is UnknownAs.BAD:
        return Share(text, f"= {measured} × {judged} judged")
    if unknown_as is UnknownAs.GOOD:
        return Share(text, f"= 100 % - (100 % - {measured}) × {judged} judged")
    return Share(text, "of the judged time alone")


def _counted(row: Row) -> UnknownAs:
    """What the figure itself makes of unknown time."""
    if row.availability == row.measured:
        return UnknownAs.EXCLUDE
    return UnknownAs.BAD if row.availability == row.pessimistic else UnknownAs.GOOD


def _of(part: int, whole: int) -> str:
    """`38 / 44 640 min`, in seconds where minutes are not whole."""
    if part % 60 or whole % 60:
        return f"{part:,} / {whole:,} s".replace(",", " ")
    return f"{part // 60:,} / {whole // 60:,} min".replace(",", " ")


def _rest(whole: str, text: str) -> str:
    """A formula without the percentage that it begins with, which stands above it."""
    return whole.removeprefix(text).removeprefix(":").strip()
