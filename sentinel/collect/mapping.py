"""Which column of a table is what: the service, levels of the hierarchy, known metrics, further metrics, nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentinel.collect.numbers import UNITS, looks_numeric
from sentinel.collect.quality import Remarks, shown
from sentinel.collect.table import RawTable
from sentinel.domain.hierarchy import Node
from sentinel.domain.metrics import CATALOGUE, Unit
from sentinel.domain.reading import Query

_UNIT_IN_TITLE = re.compile(r"\s*[(\[]\s*(" + "|".join(map(re.escape, UNITS)) + r")\s*[)\]]\s*$")
_SERVICE_TITLES = frozenset({"service", "servicename", "nameofservice", "nameoftheservice"})
_NOT_FIGURES = frozenset({"status", "servicestatus", "hierarchy", "scope", "timeframe"})
"""Text that a Portal may say beside names and figures."""


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """A column that holds figures: `scale` base units per number, as far as its title tells."""

    index: int
    metric: str
    unit: Unit
    scale: float = 1.0
    known: bool = True


@dataclass(frozen=True, slots=True)
class Mapped:
    """What was recognised, by column index. `service` None where no column names the service."""

    service: int | None
    levels: tuple[int, ...]
    metrics: tuple[MetricColumn, ...]
    ignored: tuple[int, ...]
    remarks: tuple[str, ...] = ()


def folded(title: str) -> str:
    """A title without case, accents, blanks, underscores and other signs: how titles are compared at last."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    return "".join(char for char in plain if char.isalnum())


def key_of(title: str) -> str:
    """A metric key for a title nobody has heard of: `Wi-Fi drops (5 GHz)` becomes `wi_fi_drops_5_ghz`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60]
    return f"_{key}" if key[:1].isdigit() else key


def mapped(table: RawTable, query: Query, known_levels: Node, titles: Mapping[str, str]) -> Mapped:
    """Tell what each column is.

    Args:
        table: the answer.
        query: its level names the deepest level column of a level query.
        known_levels: the hierarchy's levels from the top; empty where not known.
        titles: canonical metric, or `service`, -> the Portal's title.
    """
    remarks = Remarks()
    taken = _metric_columns(table, titles, remarks)
    named = _named_levels(table, query, known_levels)
    service = _service_column(table, titles, set(named) | set(taken))
    levels = named or _guessed_levels(table, query, {*taken} | ({service} if service is not None else set()))
    if not named and known_levels:
        remarks.add(f"none of the levels {', '.join(known_levels)} is a column; columns were taken in their order")
    taken = {index: column for index, column in taken.items() if index not in levels}
    used = {*levels, *taken, *(() if service is None else (service,))}
    further = _further(table, used, {column.metric for column in taken.values()}, remarks)
    metrics = tuple(sorted((*taken.values(), *further), key=lambda column: column.index))
    used |= {column.index for column in further}
    ignored = tuple(index for index in range(len(table.titles)) if index not in used)
    return Mapped(service, levels, metrics, ignored, remarks.told())


def _metric_columns(table: RawTable, titles: Mapping[str, str], remarks: Remarks) -> dict[int, MetricColumn]:
    found: dict[int, MetricColumn] = {}
    for metric, described in CATALOGUE.items():
        indices = _matching(table.titles, titles.get(metric, metric)) or _matching(table.titles, metric)
        free = [index for index in indices if index not in found]
        if len(free) > 1:
            names = " and ".join(shown(table.titles[index]) for index in free)
            remarks.add(f"{metric}: {names} could both be it; neither is used")
        elif free:
            found[free[0]] = MetricColumn(
                free[0], metric, described.unit, _scale(table.titles[free[0]], described.unit)
            )
    extra = {name: title for name, title in titles.items() if name not in CATALOGUE and name != "service"}
    for metric, title in extra.items():
        for index in _matching(table.titles, title)[:1]:
            unit = _unit_of(table.titles[index])
            found[index] = MetricColumn(index, metric, unit, _scale(table.titles[index], unit))
    return found


def _matching(titles: Sequence[str], wanted: str) -> list[int]:
    """The columns of that title: the exact ones, else those that differ in form or name a unit."""
    exact = [index for index, title in enumerate(titles) if title == wanted]
    if exact:
        return exact
    plain = folded(wanted)
    return [index for index, title in enumerate(titles) if folded(_UNIT_IN_TITLE.sub("", title)) == plain]


def _unit_of(title: str) -> Unit:
    match = _UNIT_IN_TITLE.search(title)
    return UNITS[match[1]][0] if match else Unit.ANY


def _scale(title: str, unit: Unit) -> float:
    match = _UNIT_IN_TITLE.search(title)
    if match is None:
        return 1.0
    measures, size = UNITS[match[1]]
    return size if unit in (measures, Unit.ANY) else 1.0


def _named_levels(table: RawTable, query: Query, known: Node) -> tuple[int, ...]:
    """The columns titled like levels, from the top; none unless the asked level is among them."""
    position = {title: index for index, title in reversed(list(enumerate(table.titles)))}
    loose = {folded(title): index for index, title in reversed(list(enumerate(table.titles)))}

    def column(level: str) -> int | None:
        return position.get(level, loose.get(folded(level)))

    if query.level is not None and column(query.level) is None:
        return ()
    wanted = known[: known.index(query.level) + 1] if query.level in known else known
    found = [index for level in wanted if (index := column(level)) is not None]
    if query.level is not None and query.level not in known:
        return ()
    return tuple(dict.fromkeys(found))


def _service_column(table: RawTable, titles: Mapping[str, str], taken: set[int]) -> int | None:
    configured = titles.get("service")
    for index, title in enumerate(table.titles):
        if index not in taken and (title == configured or folded(title) in _SERVICE_TITLES):
            return index
    return None


def _guessed_levels(table: RawTable, query: Query, taken: set[int]) -> tuple[int, ...]:
    """Columns of text that are nothing else: those before the first figure, and none after the asked level."""
    texts: list[int] = []
    passed_figures: list[int] = []
    seen_figure = False
    for index, title in enumerate(table.titles):
        is_asked = query.level is not None and folded(title) == folded(query.level)
        if is_asked:
            return (*texts, *passed_figures, index)
        if index in taken or folded(title) in _NOT_FIGURES:
            seen_figure = seen_figure or (index in taken and looks_numeric(table.columns[index], table.kinds[index]))
        elif looks_numeric(table.columns[index], table.kinds[index]):
            seen_figure = True
        elif _is_text(table.kinds[index]):
            (passed_figures if seen_figure else texts).append(index)
    return tuple(texts or passed_figures)


def _is_text(kinds: frozenset[type]) -> bool:
    return str in kinds and kinds <= {str, type(None)}


def _further(table: RawTable, used: set[int], metrics: set[str], remarks: Remarks) -> list[MetricColumn]:
    found: list[MetricColumn] = []
    for index, title in enumerate(table.titles):
        if (
            index in used
            or folded(title) in _NOT_FIGURES
            or not looks_numeric(table.columns[index], table.kinds[index])
        ):
            continue
        unit = _unit_of(title)
        key = key_of(_UNIT_IN_TITLE.sub("", title))
        if key in CATALOGUE:
            continue  # one of several that could be it, told already
        if not key or key in metrics:
            remarks.add(f"the column {shown(title)} is not used: " + (f"{key} is there already" if key else "no name"))
            continue
        metrics = metrics | {key}
        found.append(MetricColumn(index, key, unit, _scale(title, unit), known=False))
    return found
