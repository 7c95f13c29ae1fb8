"""The rules file of the real program is edited while it runs, for one instance and for two."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path

import pytest

from sentinel.store.database import Database
from tests.e2e.audit import audit
from tests.e2e.stage import Stage, stage
from tests.fakes.postgres import Postgres
from tests.fakes.program import Program, eventually

pytestmark = pytest.mark.process

LIMIT = "devices_with_errors / devices > 10%"


def edit(path: Path, old: str, new: str) -> None:
    """As editors do: a new file takes the old one's name."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    other = path.with_suffix(".swp")
    other.write_text(text.replace(old, new), encoding="utf-8")
    other.replace(path)


def shown(path: Path) -> str:
    """A rules file as messages name it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def opened(it: Stage, program: Program) -> Path:
    """It runs and has told of a bad site; its rules file."""
    program.start(until="polling")
    it.bad = {it.sites[0]}
    eventually(lambda: it.kinds == ["posted"], "the opening")
    return it.folder / "rules.toml"


@pytest.mark.promise("P1", "P2", "P3")
@pytest.mark.fault(84, 85, 87, 88)
def test_edits_take_effect_without_a_restart_and_broken_ones_change_nothing(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        rules = opened(it, program)
        edit(rules, "Devices with errors", "Devices in trouble")
        program.says("rules reloaded")
        it.polled(2)
        assert it.kinds == ["posted"]

        edit(rules, f'critical = "{LIMIT}"', 'critical = "devices >"')
        program.says("the old rules stay")
        assert 'critical = "devices >"' in program.log
        assert "^" in program.log.partition("the old rules stay")[2]
        checks = program.checks()
        assert (checks["status"], checks["rules"][0]) == (503, False)
        assert "older rules are in force" in checks["rules"][1]
        assert "sentinel_rules_reload_ok 0.0" in program.get("/metrics")[1]
        eventually(lambda: it.slack.roots("#team-rest"), "people are told of the refused file")
        assert "rules file was refused" in it.slack.roots("#team-rest")[0].text
        it.bad = {it.sites[0], it.sites[1]}
        eventually(lambda: len(it.slack.messages("#team-aland")) == 2, "the old rules go on")

        edit(rules, 'critical = "devices >"', f'critical = "{LIMIT.replace("10", "90")}"')
        program.process.send_signal(signal.SIGHUP)
        eventually(lambda: any("changed" in line.text for line in it.lines), "the incident closes as changed")
        eventually(lambda: program.checks()["status"] == 200, "health is green again")
        assert "rules" not in program.checks()
        assert "recovered" not in it.slack.roots("#team-aland")[0].text.lower()
        assert "Traceback" not in program.log
        assert program.terminate() == 0


@pytest.mark.promise("P1", "P2")
@pytest.mark.fault(86, 89)
def test_a_renamed_receiver_keeps_its_incident_and_a_removed_rule_closes_it(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        rules = opened(it, program)
        edit(rules, 'name = "team-aland"', 'name = "islanders"')
        edit(rules, 'to = ["team-aland"]', 'to = ["islanders"]')
        program.says("rules reloaded")
        edit(rules, 'id = "errors"', 'id = "another"')
        eventually(lambda: len(it.lines) == 1, "the old rule's incident closes")
        eventually(lambda: len(it.roots) == 2, "the new rule's incident opens")
        assert "recovered" not in it.roots[0].text.lower()
        it.bad = set()
        eventually(lambda: len(it.lines) == 2, "and recovers")
        assert program.terminate() == 0
        database = Database.open(sqlite_url)
        found = audit(it, database)
        database.close()
        assert (found.lost, found.repeated, found.open, found.incidents) == ((), (), 0, 2)


@pytest.mark.postgres
@pytest.mark.promise("P2")
@pytest.mark.fault(116)
def test_an_instance_with_other_rules_neither_starts_beside_the_leader_nor_takes_over(
    postgres: Postgres, migrated_postgres: str, tmp_path: Path
) -> None:
    url = postgres.create(template=migrated_postgres)
    given = {"SENTINEL_LEASE_SECONDS": "6"}
    with stage(tmp_path, url, given=given) as it, it.program() as leader:
        theirs = opened(it, leader)
        ours = tmp_path / "ours.toml"
        ours.write_text(theirs.read_text().replace(LIMIT, LIMIT.replace("10", "50")))
        with it.program(name="standby", SENTINEL_RULES=str(ours)) as standby:
            assert standby.start().finish() == 2
            for word in ("other rules are in force", shown(theirs), shown(ours), "sha256sum"):
                assert word in standby.log

            ours.write_text(theirs.read_text())
            standby.start(until="serving")
            eventually(lambda: standby.checks("/readyz")["status"] == 200, "it stands by")
            edit(theirs, "Devices with errors", "Devices in trouble")
            leader.says("rules reloaded")
            standby.says("this standby does not take over")
            checks = standby.checks("/readyz")
            assert (checks["status"], checks["same rules"][0]) == (503, False)
            assert shown(theirs) in checks["same rules"][1]
            assert "sentinel_rules_differ 1.0" in standby.get("/metrics")[1]
            assert leader.checks("/readyz")["status"] == 200

            assert leader.terminate() == 0
            before = it.polls
            eventually(lambda: "whoever led last" in standby.get("/readyz")[1], "it sees that nobody leads")
            assert "leading" not in standby.log
            assert it.polls == before

            ours.write_text(theirs.read_text())
            standby.says("leading")
            it.bad = set()
            eventually(lambda: len(it.lines) == 1, "the recovery, by the standby that agrees again")
            assert [kind for kind in it.kinds if kind != "edited"] == ["posted", "replied"]
            assert standby.terminate() == 0
