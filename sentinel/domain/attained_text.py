"""Figures of an SLA as texts, by one rule of rounding, which never flatters.

To the nearest, halves down; but what lies below the objective, or below 1, is never written as if it had reached it: it is
rounded down instead. The other way round needs no rule: an objective has four places of a percent at most, a text has
at least as many, and rounding keeps the order, so what reached the objective is never written below it. It may be written
as equal to it, which is less than it was and still kept.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, Context, Decimal
from fractions import Fraction

from sentinel.domain.attained import Amounts, Counts, Seconds, UnknownAs, availability

RATIO_PLACES = 6
PERCENT_PLACES = 2
MOST_PERCENT_PLACES = RATIO_PLACES - 2

_OBJECTIVE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%")
_MINUTE = 60
_WIDE = Context(prec=60)
"""Room for every figure there is."""


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
    return f"{_plain(Fraction(objective) * 100)} %"


def ratio_text(ratio: Fraction | None, objective: Decimal | None = None) -> str | None:
    """A ratio for machines: six places, `"0.997153"`. None stays None: no data."""
    if ratio is None:
        return None
    return str(_rounded(ratio, RATIO_PLACES, objective) or _at(ratio, RATIO_PLACES, ROUND_FLOOR))


def percent_text(ratio: Fraction | None, objective: Decimal | None = None) -> str:
    """A ratio for people, `99.72 %`: two places, up to four where two do not tell it from the objective or from 100 %.

    `no data` where there is none.
    """
    if ratio is None:
        return "no data"
    fewest = PERCENT_PLACES
    if objective is not None:
        exponent = objective.scaleb(2).normalize().as_tuple().exponent
        fewest = max(fewest, -int(exponent))
    for places in range(fewest, MOST_PERCENT_PLACES + 1):
        found = _rounded(ratio, places + 2, objective)
        if found is not None:
            return f"{found.scaleb(2):.{places}f} %"
    return f"{_at(ratio, RATIO_PLACES, ROUND_FLOOR).scaleb(2):.{MOST_PERCENT_PLACES}f} %"


def rate_text(rate: Fraction | None, places: int = RATIO_PLACES) -> str | None:
    """A burn rate, rounded up: what burns faster than 1 is never written as 1."""
    return None if rate is None else str(_at(rate, places, ROUND_CEILING))


def share_text(part: int, whole: int) -> str:
    """A part of a budget, `41.2 %`, rounded down, so that less than nothing is never written as nothing.

    `no budget` where there is none.
    """
    return f"{_at(Fraction(part, whole), 3, ROUND_FLOOR).scaleb(2):.1f} %" if whole else "no budget"


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
    return [_grouped(one / Fraction(_MINUTE)) for one in seconds], "min"


def _grouped(number: int | Fraction) -> str:
    """`43 200`, `0.5`: whole, for weights and counts are kept to a millionth."""
    return f"{Decimal(_plain(Fraction(number))):,f}".replace(",", " ")


def _plain(number: Fraction) -> str:
    """A fraction of up to six decimal places, without needless zeros."""
    text = str(_at(number, RATIO_PLACES, ROUND_HALF_DOWN))
    return text.rstrip("0").removesuffix(".")


def _rounded(ratio: Fraction, places: int, objective: Decimal | None) -> Decimal | None:
    """To the nearest, halves down; None where that would reach the objective or 1 and the ratio has not."""
    nearest = _at(ratio, places, ROUND_HALF_DOWN)
    for limit in (objective, Decimal(1)):
        if limit is not None and ratio < Fraction(limit) and nearest >= limit:
            return None
    return nearest


def _at(number: Fraction, places: int, rounding: str) -> Decimal:
    """A fraction at so many decimal places, by exact integers: no context of the caller's rounds it twice."""
    scaled = number * 10**places
    down, rest = divmod(scaled.numerator, scaled.denominator)
    if (rounding == ROUND_CEILING and rest) or (rounding == ROUND_HALF_DOWN and 2 * rest > scaled.denominator):
        down += 1
    return Decimal(down).scaleb(-places, _WIDE)
