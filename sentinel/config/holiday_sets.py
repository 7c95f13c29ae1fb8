"""Public holidays by country and subdivision: `CH` are the nationwide ones, `CH-ZH` has those of the canton as well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sentinel.config.nearness import nearest_name
from sentinel.config.positions import Path
from sentinel.config.problems import Problems

_OFTEN_WRITTEN = {"UK": "GB", "EN": "GB"}
"""Two letters that people write for a country whose code is another one."""


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """The public holidays of a country, with those of a subdivision where there is one; any year."""

    country: str
    subdivision: str

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and day in _of_year(self.country, self.subdivision, day.year)


def read_holidays(name: str, path: Path, problems: Problems) -> PublicHolidays | None:
    """The holidays that go by a name; None, and a problem at `path`, where none do."""
    import holidays  # noqa: PLC0415  # a large library, and most files need it not

    countries = holidays.list_supported_countries(include_aliases=False)
    country, _, subdivision = name.partition("-")
    if country not in countries:
        problems.error("E141", f'no country has the code "{country}"', path, hint=_country_hint(country, countries))
        return None
    if subdivision == "" and name == country:
        return PublicHolidays(country, "")
    if subdivision not in countries[country]:
        known = countries[country]
        names = {**holidays.country_holidays(country).subdivisions_aliases, **{code: code for code in known}}
        near = nearest_name(subdivision, names)
        hint = f'did you mean "{country}-{names[near]}"?' if near else f"there are {', '.join(known) or 'none'}"
        problems.error("E141", f'{country} has no subdivision "{subdivision}"', path, hint=hint)
        return None
    return PublicHolidays(country, subdivision)


def _country_hint(text: str, countries: dict[str, list[str]]) -> str:
    """The code that was meant: by its case, by the three letters or the name of the country."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415  # as above

    codes = {name: entry[1] for entry in COUNTRIES.values() for name in (entry[0], entry[2])}
    meant = text.upper() if text.upper() in countries else _OFTEN_WRITTEN.get(text.upper())
    if meant is None and len(text) > 2:  # noqa: PLR2004  # any two letters are almost some other code
        near = nearest_name(text.replace(" ", ""), codes)
        meant = codes[near] if near else None
    return f'did you mean "{meant}"?' if meant else 'two capital letters of ISO 3166: "CH", with a subdivision "CH-ZH"'


@lru_cache(maxsize=4096)
def _of_year(country: str, subdivision: str, year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415  # as above

    # What falls on a weekend may be kept on another day, also of the year beside.
    years = range(year - 1, year + 2)
    return frozenset(
        day for day in holidays.country_holidays(country, subdiv=subdivision or None, years=years) if day.year == year
    )
