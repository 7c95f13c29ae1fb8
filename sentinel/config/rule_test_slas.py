"""What a test expects of its SLAs, held against what it plays: names, periods, figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sentinel.config.nearness import nearest_name
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.rule_test_known import Known
from sentinel.config.rule_test_schema import ExpectSlaTable
from sentinel.domain.calendars import instant
from sentinel.domain.hierarchy import Node, node_text
from sentinel.domain.periods import Term
from sentinel.domain.reckoning import touched
from sentinel.domain.rehearsal_sla import FIGURES, ExpectedSla
from sentinel.domain.sla import Sla


def read_expected_slas(
    tables: Iterable[ExpectSlaTable], path: Path, known: Known, problems: Problems
) -> tuple[ExpectedSla, ...]:
    """All of a test; what can never come true is noted."""
    found: list[ExpectedSla] = []
    for number, table in enumerate(tables):
        at: Path = (*path, "expect_sla", number)
        if not any(problems.touches((*at, key)) for key in ("sla", "service", "node")):
            found += _Reader(table, at, known, problems).expected()
    return tuple(found)


class _Reader:
    def __init__(self, table: ExpectSlaTable, path: Path, known: Known, problems: Problems) -> None:
        self._table = table
        self._path = path
        self._known = known
        self._problems = problems

    def expected(self) -> Iterator[ExpectedSla]:
        """None where it names what nothing is known of."""
        table = self._table
        sla = self._sla()
        service = None if sla is None else self._service(sla)
        if sla is None or service is None:
            return
        self._check_node(self._known.agreed[sla.id, service])
        term = self._term(sla)
        figures = {name: getattr(table, name) for name in FIGURES if name in table.model_fields_set}
        if not figures:
            hint = 'add figures of the report, such as availability = "0.997153" or bad_seconds = 1200'
            message = "no figure is expected, so it cannot fail"
            self._problems.warning("W302", message, self._path, hint=hint, side="key")
        if term is not None:
            node = tuple(table.node)
            yield ExpectedSla(sla=sla.id, service=service, node=node, period_start=term.start, figures=figures)

    def _sla(self) -> Sla | None:
        name, book = self._table.sla, self._known.rehearsal.rulebook
        found = next((one for one in book.slas if one.id == name), None)
        if found is None:
            ids = [one.id for one in book.slas]
            near = nearest_name(name, ids)
            there = f"there are {', '.join(ids)}" if ids else "the rules have no [[sla]]"
            self._tell(f'there is no SLA "{name}"', "sla", f'did you mean "{near}"?' if near else there)
        return found

    def _service(self, sla: Sla) -> str | None:
        """The service whose figures are meant."""
        played = [service for one, service in self._known.agreed if one == sla.id]
        name = self._table.service
        if name in played or (name is None and len(played) == 1):
            return name or played[0]
        if not played:
            if not self._known.agreed and self._problems.errors:
                return None  # nothing at all can be played, and why is told
            about = ", ".join(pattern.text for pattern in sla.services)
            where = ", ".join(sla.levels) or node_text(sla.path or ())
            hint = f"it is about {about}, {sla.hierarchy}, {where}"
            self._tell(f'no series is about what SLA "{sla.id}" judges', "sla", hint)
        elif name is None:
            hint = f"write service = one of {', '.join(played)}"
            message = "which service is meant?"
            self._problems.error("E308", message, self._path, hint=hint, side="key")
        else:
            near = nearest_name(name, played)
            hint = f'did you mean "{near}"?' if near else f"there are {', '.join(played)}"
            self._tell(f'no series that the SLA judges is about "{name}"', "service", hint)
        return None

    def _check_node(self, nodes: set[Node]) -> None:
        node = tuple(self._table.node)
        if node in nodes:
            return
        text = node_text(node)
        names = sorted(node_text(one) for one in nodes if one)
        near = nearest_name(text, names)
        hint = f'did you mean "{near}"?' if near else f"nodes are {', '.join(names[:5])}"
        self._tell(f'the SLA has no figures of the node "{text}"', "node", hint)

    def _tell(self, message: str, key: str, hint: str) -> None:
        self._problems.error("E308", message, (*self._path, key), hint=hint)

    def _term(self, sla: Sla) -> Term | None:
        """The period that is meant: the last one unless the test says which."""
        played, given = self._known.rehearsal, self._table.period_start
        terms = touched(sla.period, sla.timezone, played.start, played.end)
        if given is None:
            return terms[-1]
        start = _instant(given, ZoneInfo(sla.timezone))
        found = next((term for term in terms if term.start == start), None)
        if found is None and (start is None or self._known.readable):
            starts = ", ".join(f'"{term.first.isoformat()}"' for term in terms)
            message = "no period that the test touches begins then"
            if start is None:
                message = "this is no date and no instant"
            hint = f"in {sla.timezone} they begin on {starts}"
            self._problems.error("E311", message, (*self._path, "period_start"), hint=hint)
        return found


def _instant(given: object, zone: ZoneInfo) -> int | None:
    """Unix seconds of an instant; of a date its midnight, of a time without a zone that of the SLA."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given) if "T" in given or ":" in given else date.fromisoformat(given)
        except ValueError:
            return None
    if isinstance(given, datetime):
        aware = given if given.tzinfo is not None else given.replace(tzinfo=zone)
        return int((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    return instant(given, 0, zone) if isinstance(given, date) else None
