"""A rule whose judging breaks: its figures are unknown with the reason, everything else goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.domain.alerts import STATES, State
from sentinel.domain.asking import needed
from sentinel.domain.expressions import Condition, Ternary
from sentinel.domain.reading import Figures
from sentinel.store.database import Database
from sentinel.store.memory import load
from tests.domain.polls import a_rule, threshold
from tests.engine.town import Town, town


class Brittle(Condition):
    """A condition that breaks while its switch is on."""

    switch: list[bool]

    def judge(self, figures: Figures) -> Ternary:
        if self.switch[0]:
            raise OverflowError("nobody thought of this")
        return super().judge(figures)


def brittle(switch: list[bool]) -> Brittle:
    whole = threshold("devices_with_errors / devices > 20%").breach
    made = Brittle(whole.text, whole.tree)
    object.__setattr__(made, "switch", switch)
    return made


async def turn(it: Town) -> None:
    it.clock.advance(600.0)
    for asked in it.asked:
        await it.ticker.tick(asked, it.source)
    await it.tell()


@pytest.mark.fault(10)
@pytest.mark.promise("P4", "P6")
async def test_what_cannot_be_judged_is_unknown_and_the_other_rules_go_on(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        switch = [False]
        sites = a_rule("devices_with_errors / devices > 10%", services=a_rule().services)
        whole = threshold("devices_with_errors / devices > 20%")
        country = a_rule(replace(whole, breach=brittle(switch)), id="countries", levels=("Country",))
        it.ticker.rulebook = replace(it.ticker.rulebook, rules=(sites, country))
        it.asked = needed(it.ticker.rulebook, it.source.services())
        it.degrade(0, 1, 2, 3)
        await turn(it)
        assert len(it.slack.roots("#workplace-alerts")) == 2
        switch[0] = True
        it.degrade()
        for _ in range(5):
            await turn(it)
        texts = [one.text for one in it.slack.roots("#workplace-alerts")]
        assert len(texts) == 3
        assert "could not judge" in texts[2]
        states = load(database).books["countries", "Exchange Online", "portal"].alerts
        assert [STATES[int(code)] for one in states.values() for code in one.shown] == [State.UNKNOWN]
        assert sum("ecovered" in text for text in texts) == 1, "the sites'"
        switch[0] = False
        await turn(it)
        assert all("ecovered" in one.text for one in it.slack.roots("#workplace-alerts"))
    database.close()
