"""`sentinel sla`: from the record to the terminal, to a spreadsheet, to a page."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from sentinel.store.database import Database
from sentinel.store.unit_of_work import commit
from tests.cli.terminal import call, on_a_terminal
from tests.domain.ledgers import BAD, GONE, GOOD, STEP, Keeping

RULES = """
[defaults]
timezone = "Europe/Zurich"

[[source]]
name = "portal"
url = "https://portal.example.com"

[[sla]]
id = "mail-sites"
summary = "Mail at the sites"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "devices_with_errors / devices <= 10%"
objective = "99.5%"
"""
MARCH = ("--period", "2026-03")


@pytest.fixture(scope="module")
def day(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of a day: Bern was bad for two hours, nobody looked for one, Paris said nothing for three."""
    path = tmp_path_factory.mktemp("day") / "sentinel.db"
    shutil.copyfile(migrated_sqlite, path)
    it, database = Keeping(), Database.open(f"sqlite:///{path}")
    for number in range(24 * 6):
        if number in range(60, 66):
            it.wait(STEP)
        else:
            it.all(BAD if 12 <= number < 24 else GOOD, GOOD, GONE if 30 <= number < 48 else GOOD)
    for plan, reading in it.plans:
        commit(database, plan, reading)
    database.close()
    return path


@pytest.fixture
def there(day: Path, tmp_path: Path) -> list[str]:
    """Rules and that record."""
    rules, record = tmp_path / "rules.toml", tmp_path / "sentinel.db"
    rules.write_text(RULES)
    shutil.copyfile(day, record)
    return ["--rules", str(rules), "--database", f"sqlite:///{record}"]


def test_the_status_is_about_the_period_that_runs(there: list[str]) -> None:
    """Nobody has looked since March: no data, and no claim."""
    found = call("sla", "status", "--json", *there)
    assert found.exit_code == 0, found.stderr
    [row] = json.loads(found.stdout)
    assert (row["node"], row["verdict"], row["availability"]) == ([], "no data", None)
    lines = call("sla", "status", *there).stdout.splitlines()
    assert lines[0].split("\t") == ["verdict", "sla", "service", "attained", "of", "budget left", "burn", "unknown"]
    assert lines[1].split("\t")[:5] == ["no data", "mail-sites", "Mail", "no data", "99.5 %"]


def test_exit_code_1_asks_whether_anything_is_missed_and_no_data_is_not_missed(there: list[str]) -> None:
    assert call("sla", "status", "--exit-code", *there).exit_code == 0


def test_json_and_csv_are_the_same_rows(there: list[str], tmp_path: Path) -> None:
    rows = json.loads(call("sla", "report", *MARCH, "--json", *there).stdout)
    assert rows[0]["node"] == []
    assert sorted(row["node"] for row in rows) == [[], ["CH"], ["CH", "Basel"], ["CH", "Bern"], ["FR"], ["FR", "Paris"]]
    bern = rows[1]  # the worst
    assert bern["node"] == ["CH", "Bern"]
    assert (bern["bad_seconds"], bern["verdict"], bern["final"]) == (2 * 3600, "missed", True)
    assert bern["period_start"] == "2026-02-28T23:00:00Z"
    printed = call("sla", "report", *MARCH, "--csv", *there).stdout_bytes
    assert printed.startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(io.StringIO(printed.decode("utf-8-sig"), newline="")))
    assert [row["bad_seconds"] for row in table] == [str(row["bad_seconds"]) for row in rows]
    for option in ("--json", "--csv"):
        file = tmp_path / f"report{option}"
        call("sla", "report", *MARCH, option, "--output", str(file), *there)
        told = call("sla", "report", *MARCH, option, "--output", str(file), *there)  # over an earlier one
        assert told.exit_code == 0
        assert told.stdout == ""
        assert told.stderr == f"written: {file}\n"
    assert json.loads((tmp_path / "report--json").read_text()) == rows
    assert (tmp_path / "report--csv").read_bytes() == printed


def test_on_a_terminal_the_verdict_stands_above_the_nodes(there: list[str]) -> None:
    shown = on_a_terminal("sla", "report", *MARCH, *there, columns=80)
    lines = shown.splitlines()
    assert lines[0] == "Mail, mail-sites, March 2026"
    assert re.match(r"Missed: 9\d\.\d\d % attained, 99\.5 % agreed", lines[1])
    assert any(line.startswith("VERDICT") for line in lines)
    assert max(map(len, lines[lines.index(next(one for one in lines if one.startswith("VERDICT"))) :])) <= 80


def test_the_page_is_written_and_nothing_else_is_ever_overwritten(there: list[str], tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert call("sla", "report", *MARCH, "--html", str(file), *there).exit_code == 0
    page = file.read_text()
    assert page.startswith("<!doctype html>")
    assert "March 2026" in page
    assert call("sla", "report", *MARCH, "--html", str(file), *there).exit_code == 0
    printed = call("sla", "report", *MARCH, "--html", "-", *there)
    assert printed.stdout.startswith("<!doctype html>")
    assert printed.stdout.rstrip().endswith("</html>")
    rules = there[1]
    refused = call("sla", "report", *MARCH, "--html", rules, *there)
    assert refused.exit_code == 2
    assert "which is no page" in refused.stderr
    for option in ("--csv", "--json"):
        refused = call("sla", "report", *MARCH, option, "--output", rules, *there)
        assert (refused.exit_code, "no " + option[2:].upper() in refused.stderr) == (2, True)
    assert Path(rules).read_text() == RULES


def test_nodes_services_and_agreements_are_chosen_by_globs(there: list[str]) -> None:
    rows = json.loads(call("sla", "report", *MARCH, "--json", "--node", "CH/**", *there).stdout)
    assert {tuple(row["node"]) for row in rows} == {(), ("CH",), ("CH", "Bern"), ("CH", "Basel")}
    none = call("sla", "report", *MARCH, "--service", "SAP*", *there)
    assert none.exit_code == 0
    assert "no SLA" in none.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--period", "2026-13"), 2, "is no period: write 2026-10, 2026-Q4, 2026, last or this"),
        (("--period", "Oktober"), 2, "is no period"),
        (("--period", "0000"), 2, "is no period"),
        (("--period", "9999-12"), 2, "is no period"),
        (("--csv", "--limit", "2"), 2, "--limit is for the table"),
        (("--json", "--csv"), 2, "exclude each other"),
        (("--output", "x"), 2, "--output is for --json or --csv"),
        (("--sla", "mail-site"), 1, 'did you mean "mail-sites"?'),
        (("--html", "/nowhere/at/all.html"), 2, "cannot be written"),
        (("--html", "-", "--csv"), 2, "would stand in one stream"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_mends_it(
    there: list[str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    found = call("sla", "report", *arguments, *there)
    assert found.exit_code == code
    assert said in found.stderr


def test_rules_without_an_agreement_lead_to_how_one_is_written(there: list[str]) -> None:
    rules = Path(there[1])
    rules.write_text(
        RULES.partition("[[sla]]")[0] + '[[rule]]\nid = "a"\nservice = "Mail"\nhierarchy = "Location"\n'
        'level = "Site"\nwarning = "devices_with_errors / devices > 5%"\n'
    )
    found = call("sla", "status", *there)
    assert found.exit_code == 1
    assert "the rules file has no [[sla]]" in found.stderr


def test_quarters_and_words_are_periods_too(there: list[str]) -> None:
    for name, start in (("2026-q1", "2025-12-31T23:00:00Z"), ("2026", "2025-12-31T23:00:00Z")):
        [row, *_] = json.loads(call("sla", "report", "--period", name, "--json", *there).stdout)
        assert row["period_start"] == start
    assert call("sla", "report", "--period", "LAST", "--json", *there).exit_code == 0


MORE = """
[[sla]]
id = "files"
service = "Files"
hierarchy = "Location"
level = "Site"
good = "devices_with_errors / devices <= 10%"
objective = "99.5%"
"""


def test_an_agreement_without_figures_and_a_node_that_does_not_exist_are_said(there: list[str]) -> None:
    """Neither is passed over: who reads three lines of four must not think that all is well."""
    Path(there[1]).write_text(RULES + MORE)
    for command in ("status", "report"):
        found = call("sla", command, *there)
        assert "files: no figure came yet" in found.stderr
        assert "mail-sites\t" in found.stdout
    assert "no figure" not in call("sla", "status", "--service", "Mail", *there).stderr
    found = call("sla", "report", *MARCH, "--node", "Atlantis", *there)
    assert "no node fits Atlantis" in found.stderr
    assert "no node" not in call("sla", "report", *MARCH, "--node", "CH/Bern", *there).stderr


def test_of_chosen_nodes_it_is_not_said_that_they_are_all(there: list[str]) -> None:
    """Bern had all the bad time of those that were asked for; of others nothing is claimed."""
    told = on_a_terminal("sla", "report", *MARCH, "--node", "CH/B*", *there)
    assert "1 of 2 nodes that were asked for had bad time; of them CH / Bern (2 h)." in told
    assert "all of it" not in told
    assert "1 of 3 nodes had bad time; all of it at CH / Bern (2 h)." in on_a_terminal("sla", "report", *MARCH, *there)
