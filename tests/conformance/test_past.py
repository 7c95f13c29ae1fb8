"""Cases BCK-01 to 04, about backtests and explanations, and UNK-14: what an edit would have told, and what was usual."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sentinel.config.loader import load
from sentinel.config.rule_test_loader import load_tests
from sentinel.domain.asking import needed
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.reading import Figures, Reading
from sentinel.domain.rehearsal import rehearse
from sentinel.domain.rules import Service
from sentinel.engine.tick import Ticker
from sentinel.store.database import Database
from tests.backtest.past import POLL, RULES, START, lived, recorded, rules
from tests.cli.terminal import call
from tests.conformance.cases import CASES, Case, conforms
from tests.fakes.clock import FakeClock

SPAN = ("--since", "2026-03-02T08:00Z", "--until", "2026-03-03T00:00Z", "--utc", "--json")
WEEK = 7 * 86400


def story(case: Case) -> dict[str, list[float]]:
    """The figures of FOR-02, which another case borrows."""
    assert case.given["history"] == "FOR-02 node0 and node1"
    given = CASES["FOR-02"].given
    assert given["poll_s"] == POLL
    return {f"Europe/{node}": given[node] for node in ("node0", "node1")}


def opens(report: dict[str, list[dict[str, str]]], *changes: str) -> list[str]:
    """`node0@300`: the openings of these changes, by node and instant."""
    found = [one for one in report["notices"] if one["kind"] == "degraded" and one["change"] in changes]
    named = [(one["node"][-1], datetime.fromisoformat(one["at"]).timestamp() - START) for one in found]
    return [f"{node}@{at:.0f}" for node, at in sorted(named)]


@conforms("BCK-01")
def test_a_backtest_says_what_an_edit_adds_and_removes(case: Case, sqlite_url: str, tmp_path: Path) -> None:
    url = recorded(sqlite_url, story(case))
    old, new = (rules(tmp_path, f"{name}.toml", hold=case.given[name].removeprefix("for=")) for name in ("old", "new"))
    done = call("backtest", *SPAN, "--database", url, "--rules", str(new), "--against", str(old))
    report = json.loads(done.stdout)
    assert done.exit_code == case.expect["exit_code"]
    assert opens(report, "-", "=") == case.expect["old_opens"]
    assert opens(report, "+", "=") == case.expect["new_opens"]
    assert [f"{sign} {one}" for sign in "-+" for one in opens(report, sign)] == case.expect["diff"]


@conforms("BCK-02")
def test_a_backtest_is_the_same_to_the_byte(case: Case, sqlite_url: str, tmp_path: Path) -> None:
    url, file = recorded(sqlite_url), rules(tmp_path)
    answers = {
        call("backtest", *SPAN, "--database", url, "--rules", str(file)).stdout for _ in range(case.given["runs"])
    }
    assert (len(answers) == 1) is case.expect["byte_identical"]
    assert '"degraded"' in answers.pop()


@conforms("BCK-03")
def test_a_backtest_of_a_week_tells_what_was_told_then(case: Case, sqlite_url: str, tmp_path: Path) -> None:
    """Any week is held against its backtest in tests/backtest/test_live_and_backtest.py; this one has a bad hour a day."""
    polls = range(int(WEEK / POLL))
    week = {"Europe/a": [50.0 if n % 288 in range(100, 112) else 120.0 for n in polls]}
    file = rules(tmp_path)
    url = lived(sqlite_url, file, week)
    span = ("--since", "2026-03-02T08:00Z", "--until", "2026-03-09T08:00Z", "--utc", "--json")
    report = json.loads(call("backtest", *span, "--database", url, "--rules", str(file)).stdout)
    told = json.loads(call("notices", "list", "--json", "--database", url).stdout)
    then = sorted((one["kind"], one["decided_at"][:19]) for one in told)
    assert sorted((one["kind"], one["at"][:19]) for one in report["notices"]) == then
    assert len(then) == 14
    assert case.expect["diff"] == "empty"


@conforms("BCK-04")
def test_a_silence_is_explained(case: Case, sqlite_url: str, tmp_path: Path) -> None:
    service, node, moment = re.findall(r"for (\w+)/(\w+) at ([\d:]+)", case.given["question"])[0]
    value, since, held = case.expect["answer"]
    figure, limit = (float(one) for one in re.findall(r"[\d.]+", value)[:2])
    text = RULES.format(rule="a", level="Site", hold="5m").replace('"Mail"', f'"{service}"')
    text = (
        text.replace("quality < 100", f"quality > {limit:g}")
        .replace('"5m"', '"1m"')
        .replace('for = "1m"', 'for = "5m"')
    )
    file = tmp_path / "rules.toml"
    file.write_text(text)
    loaded = load(file)
    database = Database.open(sqlite_url)
    [asked] = needed(loaded.rulebook, [Service("portal", service, "")])
    ticker = Ticker(database, loaded.rulebook, FakeClock(START))

    async def judge() -> None:
        for minute in range(6):
            at = datetime(2026, 3, 2, 10, minute, tzinfo=UTC).timestamp()
            bad = f"10:0{minute}" >= since.removeprefix("breach since ")
            column = {"quality": np.array([figure if bad else 0.0])}
            await ticker.record(asked, Reading(asked.query, at, at, Figures(NodeList.of([(node,)]), column)))

    asyncio.run(judge())
    database.close()
    where = ("--node", node, "--at", f"2026-03-02T{moment}Z", "--rules", str(file), "--database", sqlite_url, "--json")
    [found] = json.loads(call("explain", *where).stdout)
    line = next(n for n, one in enumerate(text.splitlines(), 1) if one == "[[rule]]" or one.startswith("warning"))
    assert found["answer"][0].startswith(f"warning: quality ({figure:g}) > {limit:g} ({file}:")
    assert line <= int(found["answer"][0].rpartition(":")[2].strip(")")) <= line + 8
    assert found["answer"][1].startswith("breach since 2026-03-02T10:03")
    elapsed, left = re.findall(r"(\d+)m", held)[1:]
    assert found["answer"][2] == f"for 5 min not reached ({elapsed} min elapsed, {left} min left)"


def figures(change: str) -> str:
    """One event a second for a hundred seconds, a poll for each, with that change."""
    if change.startswith("gap"):
        begin, end = (int(one) for one in re.findall(r"(\d+)s", change))
        return f"1x{begin} 0x{end - begin} 1x{100 - end}"
    return "1x50 2x50" if change.startswith("x2 from 50s") else "1x100"


@conforms("UNK-14")
def test_a_spike_against_the_window_before_can_be_said(case: Case, tmp_path: Path) -> None:
    """A second there is a minute here. The window before: twice the average of both, less that of the present one."""
    window = case.given["window_s"]
    now = f"avg(value, {window}m)"
    before = f"(2 * avg(value, {2 * window}m) - {now})"
    alerts = []
    for one in case.given["variants"]:
        spike = (
            f"{now} * {one['height']} <= {before}"
            if one.get("type") == "down"
            else f"{now} >= {one['height']} * {before}"
        )
        enough = f"{window} * {before} >= {one['threshold_ref']} and {window} * {now} >= {one.get('threshold_cur', 0)}"
        path = tmp_path / "tests.toml"
        path.write_text(
            'every = "1m"\n[[rule]]\nid = "spike"\nservice = "S"\nhierarchy = "H"\nlevel = "L"\nfor = "0s"\n'
            f'recover_for = "0s"\ncritical = "{spike} and {enough}"\n[[test]]\nname = "a spike"\n'
            f'[[test.series]]\nservice = "S"\nnode = ["n"]\nmetric = "value"\nvalues = "{figures(one["change"])}"\n'
        )
        (test,) = load_tests(path).tests
        told = [said.kind for said in rehearse(test.rehearsal).told]
        alerts.append(told.count("degraded"))
    assert alerts == case.expect["alerts"]
