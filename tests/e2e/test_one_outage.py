"""The main job through the real program: one outage, one message, kept up to date, and nothing again after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.demo.faults import Hang
from sentinel.demo.workspace_faults import silent
from tests.e2e.stage import stage
from tests.fakes.program import eventually

pytestmark = pytest.mark.process


def test_one_outage_is_one_message_that_is_edited_and_a_restart_repeats_nothing(
    database_url: str, tmp_path: Path
) -> None:
    with stage(tmp_path, database_url) as it, it.program() as program:
        program.start(until="polling")
        it.bad = {it.sites[0]}
        eventually(lambda: it.kinds == ["posted"], "the opening")
        assert "Aland 1" in it.roots[0].text
        it.bad = set(it.sites[:3])
        eventually(lambda: len(it.lines) == 1, "the widening")
        it.bad = set()
        eventually(lambda: "recovered" in it.roots[0].text.lower(), "the recovery")
        eventually(lambda: len(it.lines) == 2, "the recovery's line")
        before = it.kinds
        assert program.terminate() == 0

        program.start(until="polling")
        it.polled(3)
        assert program.terminate() == 0
        assert it.kinds == before
        assert before.count("posted") == 1


@pytest.mark.promise("P5")
@pytest.mark.fault(7, 17)
def test_a_restart_in_the_middle_goes_on_with_the_same_message(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        it.bad = {it.sites[0]}
        program.start()
        eventually(lambda: it.kinds == ["posted"], "the opening")
        assert program.terminate() == 0
        it.bad = set()
        program.start()
        eventually(lambda: "recovered" in it.roots[0].text.lower(), "the recovery")
        assert program.terminate() == 0
        assert it.kinds == ["posted", "edited", "replied"]


@pytest.mark.promise("P2")
@pytest.mark.fault(7)
def test_a_stop_is_quick_while_neither_the_portal_nor_slack_answers(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        unanswered = it.slack.inject("chat.postMessage", silent(accepted=True))
        it.bad = {it.sites[0]}
        program.start()
        eventually(lambda: unanswered.used == 1, "the call to Slack")
        it.portal.fault(Hang())
        it.polled()
        assert program.terminate(within=10.0) == 0
        it.portal.clear_faults()
        program.start(until="told")
        assert it.kinds == ["posted"]
        assert program.terminate() == 0
