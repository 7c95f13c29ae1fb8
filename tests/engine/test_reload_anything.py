"""Any sequence of edits, outages and polls: every opening has one close, nothing is announced twice, nothing is left."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace

import pytest
from sqlalchemy import select

from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import Rule
from sentinel.store.database import Database
from sentinel.store.tables import incidents, notices
from tests.domain.polls import a_rule
from tests.engine.office import Office, office
from tests.engine.town import SITES

MAIL = (NamePattern("Exchange Online"),)
RULE = a_rule("devices_with_errors / devices > 10%", services=MAIL)
EDITS: tuple[tuple[Rule, ...], ...] = (
    (RULE,),
    (),
    (replace(RULE, summary="Another name"),),
    (a_rule("devices_with_errors / devices > 50%", services=MAIL),),
    (replace(RULE, rollup=None),),
    (replace(RULE, every=60.0),),
    (replace(RULE, levels=("Country",)),),
    (replace(RULE, levels=("Country", "Site")),),
    (replace(RULE, id="another"),),
    (RULE, replace(RULE, id="another")),
    (replace(RULE, services=(NamePattern("SAP*"),)),),
)
OPENS, CLOSES = ("degraded", "reopened"), ("recovered", "closed")
STEPS = 14


def complaints(at: Office) -> list[str]:
    """What does not hold at the end, when every site is well."""
    with at.db.reading() as connection:
        lasting = [row.id for row in connection.execute(select(incidents)) if row.resolved_at is None]
        told = connection.execute(select(notices).order_by(notices.c.id)).all()
    found = [f"{one}: never closed" for one in lasting]
    found += [f"{row.incident}: {row.kind} is {row.state}" for row in told if row.state != "delivered"]
    stories: dict[str, list[str]] = defaultdict(list)
    for row in told:
        stories[row.incident].append(row.kind)
    for incident, kinds in stories.items():
        turns = [kind in OPENS for kind in kinds if kind in (*OPENS, *CLOSES)]
        if turns != [True, False] * (len(turns) // 2):
            found.append(f"{incident}: {', '.join(kinds)}")
    if at.told.count("posted") != len(stories):
        found.append(f"{at.told.count('posted')} messages for {len(stories)} incidents")
    return found


@pytest.mark.promise("P1", "P2", "P3")
@pytest.mark.fault(86, 88)
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_edited_everything_told_is_told_once_and_closed_once(sqlite_url: str, seed: int) -> None:
    dice = random.Random(seed)
    database = Database.open(sqlite_url)
    async with office(database, rule=RULE) as at:
        for _ in range(STEPS):
            match dice.choice(("edit", "edit", "turn", "turn", "poll")):
                case "edit":
                    await at.edit(*dice.choice(EDITS))
                case "turn":
                    share = dice.choice((0.3, 0.9))
                    at.it.degrade(*(n for n in range(len(SITES)) if dice.random() < 0.4), share=share)
                    await at.poll()
                case _:
                    await at.poll()
        at.it.degrade()
        await at.edit(RULE)
        for _ in range(3):
            await at.poll()
        assert complaints(at) == []
    database.close()
