"""Cases BCK: what is asked of the past, and of the rules file."""

from __future__ import annotations

import pytest

from sentinel.config.loader import load
from sentinel.errors import ConfigError
from sentinel.history.filters import Filters
from sentinel.history.incidents import incidents
from sentinel.history.record import reading
from sentinel.store.database import Database
from tests.conformance.cases import Case, conforms
from tests.conformance.played import rule
from tests.domain.polls import START
from tests.history.ledger import recorded

SOURCE = '[[source]]\nname = "p"\nurl = "https://p.example.com"\ncolumns = { latency = "L" }\n'


@conforms("BCK-06")
def test_a_metric_that_is_misspelt_is_told_with_its_place(case: Case) -> None:
    metric, (known,) = case.given["text"].partition("metric = ")[2].strip('"'), case.given["known"]
    text = f'[[rule]]\nid = "a"\ncritical = "{metric} > 5"\nservice = "Mail"\nhierarchy = "L"\nlevel = "S"\n{SOURCE.replace("latency", known)}'
    with pytest.raises(ConfigError) as refused:
        load(text=text)
    (found,) = (one for one in refused.value.problems if one.code == "E110")
    place, _, said = case.expect["error"].partition(" ")
    assert f"{found.file}:{found.line}" == place.rpartition(":")[0]
    assert text.splitlines()[found.line - 1][found.column - 1 :].startswith(metric)
    told = f"{found.message} ({found.hint})"
    assert told.replace('"', "'") == said


@conforms("BCK-08")
def test_a_window_of_the_past_holds_what_was_open_at_any_time_in_it(case: Case, database: Database) -> None:
    run = recorded(database, rule(rollup=None, reopen_within=0.0), interval=300.0)
    spans = {name: (begin, end) for name, begin, end in case.given["incidents"]}
    for at in range(0, 1501, 300):
        run.good({name: float(begin <= at and (end is None or at < end)) for name, (begin, end) in spans.items()})
    since, until = (float(one) for one in case.given["query"].partition("[")[2].strip(")").split(","))
    with reading(database) as record:
        found = [
            one.as_json()["node"][-1] for one in incidents(record, Filters(since=START + since, until=START + until))
        ]
    assert sorted(found) == case.expect["result"]
