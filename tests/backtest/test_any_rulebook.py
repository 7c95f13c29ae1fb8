"""Whatever the rules and the record: backtest, `rules diff` and `explain` say what a live run does."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sentinel.backtest.present import present
from sentinel.backtest.reload import CLOSES, consequences
from sentinel.backtest.run import cast, run
from sentinel.domain.asking import needed
from sentinel.domain.hierarchy import parse_node
from sentinel.domain.memory import Replay
from sentinel.domain.rules import Rulebook
from sentinel.domain.verdicts import judge
from sentinel.store import archiving, readings
from sentinel.store.archive import Archive
from sentinel.store.database import Database
from sentinel.store.tables import incidents
from sentinel.why.examine import VERDICTS, cases
from tests.backtest.stories import SERVICES, STEPS, Step, lived, readings_of, rulebooks
from tests.backtest.test_live_and_backtest import EVER, told_again, told_live
from tests.domain.polls import START
from tests.domain.test_stories_anything import SITES
from tests.effort import effort

STORIES = st.lists(STEPS, min_size=1, max_size=30)
FEW = effort(40)


@contextmanager
def a_database(template: Path) -> Iterator[tuple[Database, Path]]:
    """One of its own for each example, and its file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sentinel.db"
        shutil.copyfile(template, path)
        with closing(Database.open(f"sqlite:///{path}")) as db:
            yield db, path


@given(rulebook=rulebooks(), story=STORIES)
@FEW
def test_a_backtest_of_any_rulebook_tells_what_the_live_run_told(
    rulebook: Rulebook, story: Sequence[Step], migrated_sqlite: Path
) -> None:
    metrics = frozenset[str]().union(*(rule.metrics for rule in rulebook.rules))
    with a_database(migrated_sqlite) as (db, path):
        lived(db, rulebook, story)
        chosen = cast(rulebook, (), readings.recorded_queries(db))
        wanted = [one.query for one in chosen.asked]
        replayed = run(rulebook, chosen, readings.stream(db, wanted, *EVER, page=7, metrics=metrics), 0.0)
        expected = told_live(db)
        archiving.write(path.with_name("history.npz"), readings.stream(db, wanted, *EVER))
        with closing(Archive.open(path.with_name("history.npz"))) as archive:
            from_archive = run(rulebook, chosen, archive.stream(wanted, *EVER), 0.0)
    assert told_again(replayed) == expected
    assert from_archive == replayed


@given(rulebook=rulebooks(), others=rulebooks(), kept=st.integers(0, 3), story=STORIES)
@FEW
def test_rules_diff_predicts_what_a_reload_then_does_with_the_same_answers(
    rulebook: Rulebook, others: Rulebook, kept: int, story: Sequence[Step], migrated_sqlite: Path
) -> None:
    edited = replace(others, rules=(*rulebook.rules[:kept], *others.rules[kept:]))
    with a_database(migrated_sqlite) as (db, path):
        ticker = lived(db, rulebook, story)
        at = START + sum(step.wait for step in story)
        with present(f"sqlite:///{path}") as now:
            predicted = consequences(edited, SERVICES, now, at)
            again = {query: replace(one, at=at).unheld() for query, one in now.latest.items()}
        ticker.rulebook = edited
        asked = needed(edited, SERVICES)

        async def reload() -> None:
            await ticker.adapt(asked)
            for one in asked:
                if one.query in again:
                    await ticker.record(one, again[one.query])

        asyncio.run(reload())
        with db.reading() as connection:
            found = {row.id: row for row in connection.execute(select(incidents)).all()}
    for effect in predicted.effects:
        row = found[effect.incident.id]
        assert (effect.effect == CLOSES) == (row.resolved_at is not None)
        if row.resolved_at is not None:
            assert effect.text.startswith(f"closes as {row.close_reason.replace('_', ' ')}")


@given(rulebook=rulebooks(), story=STORIES)
@FEW
def test_explain_gives_the_verdicts_that_the_rules_gave(rulebook: Rulebook, story: Sequence[Step]) -> None:
    asked = [one for one in needed(rulebook, SERVICES) if one.query.source == rulebook.rules[0].source]
    told, replay = readings_of(rulebook, asked, story), Replay(rulebook, asked)
    for reading in told:
        replay.feed(reading)
    for node in map(parse_node, SITES):
        for case in cases("rules.toml", rulebook, asked, told, node, told[-1].at, lambda *_: 1):
            figures = replay.judged[case.query.key].figures
            failed = replay.memory.queries[case.query.key].failure is not None
            row = -1 if figures is None or failed else figures.rows.position.get(node, -1)
            rule = rulebook.rule(case.rule)
            assert rule is not None
            for turn in case.turns:
                expected = "unknown"
                if figures is not None and row >= 0:
                    codes = judge(rule, case.query.service, figures).codes(turn.severity)
                    expected = VERDICTS[int(codes[figures.rows.judged_index[row]])]
                assert turn.verdict == expected
                assert (turn.phase, turn.verdict) != ("pending", "breach") or turn.counted < turn.hold
                assert (turn.phase, turn.verdict) != ("recovering", "clear") or turn.counted < turn.recover_for
