"""Figures of an SLA as texts, by one rule of rounding, which never flatters.

To the nearest, halves down; but what lies below the objective, or below 1, is never written as if it had reached it: it is
rounded down instead. The other way round needs no rule: an objective has four places of a percent at most, a text has
at least as many, and rounding keeps the order, so what reached the objective is never written below it. It may be written
as equal to it, which is less than it was and still kept.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import cache

from sentinel.domain.attained import Amounts, Counts, Seconds, UnknownAs, availability

RATIO_PLACES = 6
PERCENT_PLACES = 2
MOST_PERCENT_PLACES = RATIO_PLACES - 2

_OBJECTIVE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%")
_MINUTE = 60


def parse_objective(text: str) -> Decimal:
    """The share of `99.5%`: Decimal("0.995").

    Raises:
        ValueError: it is no percentage above 0 and up to 100 with four places at most. The message does not repeat it.
    """
    found = _OBJECTIVE.fullmatch(text)
    share = Decimal(found.group(1)).scaleb(-2) if found else Decimal(0)
    if not 0 < share <= 1:
        raise ValueError(
            'an objective is a percentage such as "99.5%", above 0 and up to 100, with four places at most'
        )
    return share


def objective_text(objective: Decimal) -> str:
    """`99.5 %`, with the places it was given with but no needless zeros."""
    return f"{objective.scaleb(2).normalize():f} %"


def ratio_text(ratio: Fraction | None, objective: Decimal | None = None) -> str | None:
    """A ratio for machines: six places, `"0.997153"`. None stays None: no data."""
    if ratio is None:
        return None
    found = _rounded(ratio, RATIO_PLACES, objective)
    return _written(_down(ratio, RATIO_PLACES) if found is None else found, RATIO_PLACES)


def percent_text(ratio: Fraction | None, objective: Decimal | None = None) -> str:
    """A ratio for people, `99.72 %`: two places, up to four where two do not tell it from the objective or from 100 %.

    `no data` where there is none.
    """
    if ratio is None:
        return "no data"
    for places in range(_fewest(objective), MOST_PERCENT_PLACES + 1):
        found = _rounded(ratio, places + 2, objective)
        if found is not None:
            return f"{_written(found, places)} %"
    return f"{_written(_down(ratio, RATIO_PLACES), MOST_PERCENT_PLACES)} %"


@cache
def _fewest(objective: Decimal | None) -> int:
    """Places of a percent that a text has at least: as many as the objective."""
    if objective is None:
        return PERCENT_PLACES
    return max(PERCENT_PLACES, -int(objective.scaleb(2).normalize().as_tuple().exponent))


def rate_text(rate: Fraction | None, places: int = RATIO_PLACES) -> str | None:
    """A burn rate, rounded up: what burns faster than 1 is never written as 1."""
    return None if rate is None else _written(-_down(-rate, places), places)


def share_text(part: int, whole: int) -> str:
    """A part of a budget, `41.2 %`, rounded down, so that less than nothing is never written as nothing.

    `no budget` where there is none.
    """
    return f"{_written(_down(Fraction(part, whole), 3), 1)} %" if whole else "no budget"


def formula(
    amounts: Amounts,
    unknown_as: UnknownAs = UnknownAs.EXCLUDE,
    objective: Decimal | None = None,
    *,
    by: str = "",
    excluded_as: str = "maintenance",
) -> str:
    """The availability with its numbers put in: `99.72 % = (43 200 - 121) / 43 200 min; 38 min unknown excluded`.

    Whoever computes what stands there gets the percentage. Minutes where they are whole, else seconds. Ordinary spaces
    between thousands: they survive being copied anywhere. `by`: what `Weighted` amounts were weighted by, in the plural.
    """
    of = _of(amounts, by)
    attained = availability(amounts, unknown_as)
    if attained is None:
        said = _nothing(amounts)
    else:
        minus = [amounts.bad]
        if unknown_as is UnknownAs.BAD and amounts.unknown:
            minus.append(amounts.unknown)
        whole = amounts.good + amounts.bad + (0 if unknown_as is UnknownAs.EXCLUDE else amounts.unknown)
        (first, *rest), unit = _in_unit(whole, *minus)
        said = f"{percent_text(attained, objective)} = ({' - '.join((first, *rest))}) / {first} {unit}{of}"
    return "; ".join((said, *_apart(amounts, unknown_as, excluded_as, of)))


def counts_formula(
    counts: Counts,
    seconds: Seconds,
    unknown_as: UnknownAs = UnknownAs.EXCLUDE,
    objective: Decimal | None = None,
    *,
    noun: str = "events",
    excluded_as: str = "maintenance",
) -> str:
    """As `formula`, of events: `99.90 % = 9 990 / 10 000 requests`. `noun`: what they are, in the plural.

    Where unknown time counts, the known share of the service time stands beside it as a factor.
    """
    attained = counts.availability(seconds, unknown_as)
    if attained is None:
        said = f"no data: no {noun}"
    else:
        good, bad, total = (_grouped(one) for one in (counts.good, counts.bad, counts.total))
        judged = seconds.good + seconds.bad
        (known, service), unit = _in_unit(judged, judged + seconds.unknown)
        said = f"{good} / {total} {noun}"
        if seconds.unknown and unknown_as is UnknownAs.GOOD:
            said = f"1 - {bad} / {total} {noun} × {known} / {service} {unit}"
        elif seconds.unknown and unknown_as is UnknownAs.BAD:
            said += f" × {known} / {service} {unit}"
        said = f"{percent_text(attained, objective)} = {said}"
    return "; ".join((said, *_apart(seconds, unknown_as, excluded_as, "")))


def seconds_text(seconds: int | Fraction) -> str:
    """`43 200 min`, or `2 281 s` where minutes are not whole."""
    (number,), unit = _in_unit(seconds)
    return f"{number} {unit}"


def _nothing(amounts: Amounts) -> str:
    if amounts.unknown:
        return "no data: nothing was judged"
    return "no data: no service time"


def _apart(amounts: Amounts, unknown_as: UnknownAs, excluded_as: str, of: str) -> list[str]:
    """What the ratio leaves out, or counts as something that it is not."""
    apart = []
    if amounts.unknown:
        treated = "excluded" if unknown_as is UnknownAs.EXCLUDE else f"counted as {unknown_as.value}"
        apart.append(f"{seconds_text(amounts.unknown)}{of} unknown {treated}")
    if amounts.excluded:
        apart.append(f"{seconds_text(amounts.excluded)}{of} {excluded_as} excluded")
    return apart


def _of(amounts: Amounts, by: str) -> str:
    if isinstance(amounts, Seconds):
        return ""
    nodes = f" of {_grouped(amounts.nodes)} {'node' if amounts.nodes == 1 else 'nodes'}"
    return (f" × {by}" if by else "") + nodes


def _in_unit(*seconds: int | Fraction) -> tuple[list[str], str]:
    """All in minutes where each of them is whole, else all in seconds."""
    if any(one % _MINUTE for one in seconds):
        return [_grouped(one) for one in seconds], "s"
    return [_grouped(one // _MINUTE) for one in seconds], "min"


def _grouped(number: int | Fraction) -> str:
    """`43 200`, `0.5`: whole, for weights and counts are kept to a millionth."""
    whole, part = divmod(number, 1)
    text = f"{int(whole):,}".replace(",", " ")
    return text if not part else f"{text}.{_down(Fraction(part), RATIO_PLACES):06}".rstrip("0")


def _rounded(ratio: Fraction, places: int, objective: Decimal | None) -> int | None:
    """In units of the last place, to the nearest, halves down; None where that reaches the objective or 1 and the ratio does not."""
    scale: int = 10**places
    part, whole = ratio.numerator, ratio.denominator
    nearest = -((whole - 2 * part * scale) // (2 * whole))
    for above, below in (_ONE, _as_ratio(objective)):
        if part * below < above * whole and nearest * below >= above * scale:
            return None
    return nearest


_ONE = (1, 1)


@cache
def _as_ratio(objective: Decimal | None) -> tuple[int, int]:
    return _ONE if objective is None else objective.as_integer_ratio()


def _down(ratio: Fraction, places: int) -> int:
    """In units of the last place, rounded down."""
    scale: int = 10**places
    return ratio.numerator * scale // ratio.denominator


def _written(units: int, places: int) -> str:
    """`99.72` of 9972 units of two places. Percentages are the same units with two places less."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, part = divmod(units, 10**places)
    return f"{sign}{whole}.{part:0{places}}"
