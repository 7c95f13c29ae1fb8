"""An edit of the rules file between two starts: nothing is announced again, nothing is left open for ever."""

from __future__ import annotations

from dataclasses import replace

from sentinel.domain.asking import needed
from sentinel.domain.incidents import CloseReason
from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import Rulebook
from sentinel.engine.tick import Ticker
from sentinel.store.database import Database
from sentinel.store.memory import load
from tests.domain.polls import a_rule
from tests.engine.town import Town, town


def edited(it: Town, *rules: object) -> None:
    """Sentinel starts again with these rules."""
    book = Rulebook(rules=rules, routes=it.ticker.rulebook.routes, sources=it.ticker.rulebook.sources)  # type: ignore[arg-type]
    it.ticker = Ticker(it.ticker.db, book, it.clock)
    it.asked = needed(book, it.source.services())


async def test_a_removed_rule_closes_its_incident_and_never_says_recovered(database: Database) -> None:
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        edited(it, a_rule("devices > 1000000", id="another"))
        await it.ticker.adapt(it.asked)
        await it.tell()
        (book,) = (book for book in load(database).books.values() if book.incidents)
        (incident,) = book.incidents.values()
        assert incident.close_reason is CloseReason.RULE_REMOVED
        assert book.alerts == {}
        assert "ecovered" not in it.headline
        assert "removed" in it.slack.thread("#workplace-alerts", it.slack.roots("#workplace-alerts")[0].ts)[-1].text


async def test_a_renamed_summary_or_route_announces_nothing_again(database: Database) -> None:
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        edited(it, replace(it.ticker.rulebook.rules[0], summary="Another name", runbook="https://example.com"))
        await it.ticker.adapt(it.asked)
        await it.turn()
        assert len(it.slack.roots("#workplace-alerts")) == 1


async def test_queries_that_no_rule_needs_are_not_waited_for(database: Database) -> None:
    async with town(database) as it:
        await it.turn()
        edited(it, a_rule("devices > 1000000", id="another", services=(NamePattern("Nothing"),)))
        await it.ticker.adapt(it.asked)
        assert load(database).queries == {}
