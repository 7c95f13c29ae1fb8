"""Names from every block of Unicode, the half characters and NUL among them, from deciding to what people read."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.cli import screen
from sentinel.deliver import blocks
from sentinel.deliver.console import ConsoleChannel
from sentinel.deliver.mail import compose
from sentinel.deliver.settings import SmtpSettings
from sentinel.deliver.webhook import payload
from sentinel.deliver.wording import line_of, wording
from sentinel.domain.hierarchy import Node, NodeList
from sentinel.domain.incidents import Story
from sentinel.domain.reading import Figures, Reading
from sentinel.history.incidents import incidents
from sentinel.history.record import reading
from sentinel.store.database import Database
from sentinel.store.memory import load
from tests.deliver.test_blocks import judge
from tests.domain.polls import Run, a_rule
from tests.effort import effort
from tests.fakes.hostile import HOSTILE, live
from tests.fakes.stories import delivery
from tests.history.ledger import RecordedRun

MAIL = SmtpSettings(host="mail.example.com", sender="sentinel@example.com")
BLOCK = 256


@cache
def every_block() -> tuple[Node, ...]:
    """A name out of each 256 characters there are, two of them, and one that joins neighbours."""
    starts = range(0, sys.maxunicode + 1, BLOCK)
    return tuple(("Block", f"{chr(n)}{chr(n + 129)}") for n in starts) + tuple(("Hostile", name) for name in HOSTILE)


def feed(run: Run, nodes: Sequence[Node], value: float) -> None:
    """One answer about these nodes."""
    figures = Figures(NodeList.of(nodes), {"value": np.full(len(nodes), value)})
    run.feed(Reading(run.query(), run.now, run.now, figures, None))
    run.skip()


@pytest.mark.fault(78)
def test_a_name_of_every_block_is_judged_stored_and_found_again_as_it_came(database: Database) -> None:
    run = RecordedRun(rules=(a_rule(rollup=None),), service="\0\ud800\u202e", db=database)
    for value in (1.0, 50.0):
        feed(run, every_block(), value)
    wanted = set(every_block())
    assert {one.node for one in run.incidents.values()} == wanted
    books = load(database).books
    assert {node for book in books.values() for alerts in book.alerts.values() for node in alerts.nodes} == wanted
    with reading(database) as record:
        assert {row.node for row in incidents(record)} == wanted
        assert {row.service for row in incidents(record)} == {run.service}


@pytest.mark.fault(78, 79)
@pytest.mark.threat("markup", "html-injection", "header-injection", "terminal-escapes")
def test_a_name_of_every_block_can_be_read_and_does_nothing() -> None:
    run = Run(rules=(a_rule(rollup=None),))
    for value in (1.0, 50.0):
        feed(run, every_block()[::16], value)
    for incident in run.incidents.values():
        _told(Story(incident, tuple(event for event in run.events if event.incident == incident.id)))


@effort(60)
@given(
    st.lists(st.text(st.characters(codec=None), max_size=30), min_size=1, max_size=4),
    st.text(st.characters(codec=None), max_size=30),
)
def test_any_path_of_names_is_judged_and_told(path: list[str], service: str) -> None:
    run = Run(rules=(a_rule(rollup=None, summary=service, owner=service),), service=service)
    for value in (1.0, 50.0, 1.0):
        feed(run, [tuple(path)], value)
    (incident,) = run.incidents.values()
    assert incident.node == tuple(path)
    _told(Story(incident, tuple(run.events)))


def _told(story: Story) -> None:
    """In every form there is."""
    one = delivery(one=story.incident, story=story, line="")
    words = wording(one)
    judge(blocks.message(words, one.at, "marker"))
    judge(blocks.thread_line(words, line_of(one) or "x", "marker"))
    mail = compose(one, MAIL, ["ana@example.com"])
    mail.as_bytes()
    assert not set(str(mail["Subject"])) & set("\r\n\0\u2028\u202e")
    payload(one)
    page = io.StringIO()
    asyncio.run(ConsoleChannel(page).send(one))
    assert live(page.getvalue()) == set()
    row = [words.title, words.text, *story.incident.node]
    assert live("\n".join(screen.aligned(["A"] * len(row), [[screen.one_line(text) for text in row]], 100))) == set()
