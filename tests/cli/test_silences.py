"""`sentinel silences` and `sentinel maintenance` as people, pipes and programs see them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.clock import SystemClock
from sentinel.domain.mutes import matches
from sentinel.history.silences import SilenceRow, aim_of, row_of
from sentinel.store import silences
from sentinel.store.database import Database
from tests.cli.terminal import call, on_a_terminal
from tests.domain.polls import START, a_silence, the_matchers
from tests.history.ledger import RecordedRun

RULES = """
[[source]]
name = "portal"
url = "https://portal.example.com"
[[service]]
name = "Mail"
uid = "1f6f3a52-5d4e-4c0a-9a55-0b7f3f6f2d11"
[[rule]]
id = "errors"
service = "Mail"
hierarchy = "Location"
level = "Site"
warning = "devices_with_errors / devices > 5%"
owner = "workplace"
[[receiver]]
name = "team"
console = true
[[route]]
to = ["team"]
[[maintenance]]
name = "Sunday patching"
node = "Europe/**"
days = ["sun"]
from = "02:00"
to = "05:00"
timezone = "Europe/Zurich"
[[maintenance]]
name = "Move of 2020"
node = "Asia"
start = "2020-03-07T08:00"
end = "2020-03-07T10:00"
"""
BASIC = ("--reason", "deploy", "--author", "anna")


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rules file that the environment names."""
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    monkeypatch.setenv("SENTINEL_RULES", str(file))
    return file


def added(*options: str, command: str = "silences") -> dict[str, Any]:
    done = call(command, "add", *BASIC, "--json", *options)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def listed(*options: str, command: str = "silences") -> list[dict[str, Any]]:
    done = call(command, "list", "--json", *options)
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_adding_one_says_at_once_what_it_mutes_and_until_when(run: RecordedRun, rules: Path) -> None:
    done = call("silences", "add", "--node", "Asia", "--until", "2099-01-01T14:00Z", *BASIC, "--utc")
    assert done.exit_code == 2, "longer than a year"
    done = call("silences", "add", "--node", "Asia", "--for", "2h", *BASIC)
    assert done.exit_code == 0
    assert done.stderr.startswith("silences 1 incident until ")
    (one,) = listed()
    assert done.stdout == f"{one['id']}\n"
    assert (one["state"], one["node"], one["author"], one["reason"]) == ("active", ["Asia"], "anna", "deploy")
    assert (one["maintenance"], one["service"], one["expired_at"]) == (False, [], None)
    done = call("silences", "add", "--service", "mail", "--node", "Zürich", "--for", "2h", *BASIC)
    assert done.stderr.startswith("nothing is wrong there now; quiet until ")


def test_the_clock_that_is_meant_is_said(run: RecordedRun, rules: Path) -> None:
    done = call("silences", "add", "--node", "Asia", "--for", "2h", *BASIC, "--utc")
    assert done.stderr.endswith(" (UTC)\n")
    work = ("maintenance", "add", "--node", "Asia", *BASIC, "--utc", "--until", "2026-03-02T09:00Z")
    assert "02 Mar" not in (early := call(*work).stderr)
    assert "until 2 Mar" in early
    assert "(UTC); say with --from when it began" in early
    assert "say with --from" not in call(*work, "--from", "2026-03-02T10:00Z").stderr


def test_part_of_an_incident_is_said_to_be_part(run: RecordedRun, rules: Path) -> None:
    run.figures(20, 20, tokyo=20)
    done = call("silences", "add", "--node", "Paris", "--for", "2h", *BASIC)
    assert done.stderr.startswith("silences part of 1 incident until ")
    assert "nothing is wrong" not in done.stderr


def test_a_silence_shows_in_status_at_once_and_in_incidents_from_the_next_poll_on(
    run: RecordedRun, rules: Path
) -> None:
    one = added("--node", "Tokyo", "--for", "2h")
    (alert,) = json.loads(call("status", "--json").stdout)["alerts"]
    assert alert["muted_by"] == f"silence {one['id']}: deploy (anna)"
    assert "muted" in call("status").stderr
    (incident,) = json.loads(call("incidents", "list", "--json", "--state", "open").stdout)
    assert incident["muted_by"] is None
    assert call("silences", "expire", one["id"], "--by", "otto").exit_code == 0
    assert json.loads(call("status", "--json").stdout)["alerts"][0]["muted_by"] is None


def test_what_a_tick_found_muted_is_shown_with_the_reason(run: RecordedRun, rules: Path) -> None:
    run.silences = (a_silence(0, 1e6, node="Asia"),)
    run.figures(tokyo=90)
    (incident,) = json.loads(call("incidents", "list", "--json", "--state", "open").stdout)
    assert incident["muted_by"] == "silence sl-1: deploy (anna)"
    assert call("incidents", "list", "--state", "open").stdout.splitlines()[1].startswith("muted\t")
    assert "  muted by silence sl-1: deploy (anna)" in call("incidents", "show", incident["id"]).stdout


@pytest.mark.parametrize(
    ("options", "near"),
    [
        (("--node", "Pariss"), "Paris"),
        (("--service", "Mial"), "Mail"),
        (("--rule", "errorz"), "errors"),
        (("--source", "portel"), "portal"),
        (("--owner", "workplce"), "workplace"),
    ],
)
def test_what_matches_nothing_known_is_warned_of_with_the_nearest_names(
    options: tuple[str, str], near: str, run: RecordedRun, rules: Path
) -> None:
    done = call("silences", "add", *options, "--for", "2h", *BASIC)
    assert done.exit_code == 0
    kind = options[0].lstrip("-")
    assert done.stderr.splitlines()[0].startswith(
        f"warning: no {kind} is known that '{options[1]}' fits: nearest {near}"
    )
    assert added(*options, "--for", "2h")["warnings"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--for", "2h"), "say what is meant"),
        (("--node", "Paris"), "say how long"),
        (("--node", "Paris", "--for", "2h", "--until", "14:00"), "--for and --until exclude each other"),
        (("--node", "", "--for", "2h"), "it is empty, so it fits nothing"),
        (("--node", "Paris", "--for", "soon"), "write 2h"),
        (("--node", "Paris", "--for", "0s"), "after it begins"),
        (("--node", "Paris", "--until", "2020-01-01"), "after it begins"),
        (("--node", "Paris", "--for", "400d"), "at most a year"),
        (("--node", "Paris", "--from", "2020-01-01", "--for", "1d"), "only maintenance may be declared afterwards"),
        (("--node", "Paris", "--for", "2h", "--author", " "), "a name is needed"),
        (("--node", "Paris", "--for", "2h", "--reason", " "), "a reason is needed"),
        (("--node", "Paris", "--until", "tomorow"), "is no time"),
    ],
)
@pytest.mark.fault(95)
def test_what_cannot_be_meant_is_refused_and_nothing_is_on_record(
    options: tuple[str, ...], words: str, run: RecordedRun, rules: Path
) -> None:
    done = call("silences", "add", *BASIC, *options)
    assert done.exit_code == 2
    assert words in done.stderr
    assert listed() == []


def test_ending_one_early(run: RecordedRun, rules: Path) -> None:
    one = added("--node", "Tokyo", "--for", "2h")
    done = call("silences", "expire", one["id"][:6], "--by", "otto")
    assert (done.exit_code, done.stderr) == (0, f"{one['id']} is over\n")
    (now,) = listed("--state", "expired")
    assert (now["expired_by"], now["ends_at"]) == ("otto", one["ends_at"])
    done = call("silences", "expire", one["id"], "--by", "otto")
    assert (done.exit_code, done.stderr) == (1, f"{one['id']} was over already\n")
    assert call("silences", "expire", "nothing").exit_code == 1
    other = added("--node", "Tokyo", "--for", "1h")
    done = call("silences", "expire", other["id"], one["id"], "--json")
    assert done.exit_code == 1
    assert [(found["id"], found["state"]) for found in json.loads(done.stdout)] == [
        (other["id"], "expired"),
        (one["id"], "expired"),
    ]


def test_one_that_has_not_begun_is_pending_and_may_be_taken_back(run: RecordedRun, rules: Path) -> None:
    one = added("--node", "Tokyo", "--from", "3h", "--for", "2h")
    assert (one["state"], one["incidents"]) == ("pending", [])
    call("silences", "expire", one["id"])
    assert [found["state"] for found in listed()] == ["expired"]


def test_a_terminal_gets_a_table_and_a_pipe_gets_tabs(run: RecordedRun, rules: Path, sqlite_url: str) -> None:
    added("--node", "Tokyo", "--node", "Paris", "--service", "Mail", "--for", "2h")
    shown = on_a_terminal("silences", "list", "--database", sqlite_url)
    assert "service Mail, node Tokyo or Paris" in shown
    head, row = call("silences", "list").stdout.splitlines()
    assert head.split("\t") == ["state", "for", "from", "until", "author", "reason", "id"]
    assert row.split("\t")[0] == "active"


def test_planned_work_is_that_of_the_file_and_that_on_the_spot(run: RecordedRun, rules: Path) -> None:
    one = added("--node", "Tokyo", "--for", "2h", command="maintenance")
    assert one["maintenance"] is True
    found = listed(command="maintenance")
    assert [(each["name"], each["line"], each["id"]) for each in found] == [
        ("Sunday patching", 20, None),
        ("deploy", None, one["id"]),
    ]
    sunday = found[0]
    assert sunday["node"] == ["Europe/**"]
    assert len(sunday["windows"]) == 3
    assert sunday["windows"][0]["starts_at"].endswith(("T01:00:00Z", "T00:00:00Z"))
    every = listed("--all", command="maintenance")
    assert [(each["name"], each["state"]) for each in every if each["state"] == "over"] == [("Move of 2020", "over")]
    assert call("maintenance", "list").stdout.splitlines()[1].split("\t")[1] == "Sunday patching"


def test_planned_work_may_be_declared_afterwards(run: RecordedRun, rules: Path) -> None:
    done = call(
        "maintenance", "add", *BASIC, "--node", "Tokyo", "--from", "2026-03-02T08:00Z", "--until", "2026-03-02T09:00Z"
    )
    assert done.exit_code == 0
    assert done.stderr.strip().endswith("it is left out of SLAs, nothing is muted")


def test_the_author_is_the_login_name_unless_another_is_given(
    run: RecordedRun, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "eva")
    call("silences", "add", "--node", "Tokyo", "--for", "2h", "--reason", "x")
    assert [one["author"] for one in listed()] == ["eva"]


def test_without_a_rules_file_it_works_too(run: RecordedRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SENTINEL_RULES", raising=False)
    assert added("--node", "Tokyo", "--for", "2h")["warnings"] == []


def test_rows_of_the_record_and_of_the_domain_are_the_same(sqlite_url: str) -> None:
    db = Database.open(sqlite_url)
    one = a_silence(0, 1e9, node="Europe/**", maintenance=True)
    silences.add(db, one)
    db.close()
    (found,) = listed("--database", sqlite_url)
    assert found == row_of(one, SystemClock().now()).as_json()


NAMES = st.sampled_from(["portal", "Mail", "errors", "sentinel", "sentinel/disk", "workplace", "*", "m*"])
NODES = st.sampled_from([(), ("CH",), ("CH", "Bern"), ("FR", "Paris", "1")])
MATCHERS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("source", "service", "rule", "owner"), st.lists(NAMES, min_size=1, max_size=2)),
        "node": st.lists(st.sampled_from(["**", "CH", "*/Bern", "FR/**", "Paris", "?H"]), min_size=1, max_size=2),
        "severity": st.lists(st.sampled_from(["warning", "critical"]), min_size=1, max_size=1),
    },
)


@given(MATCHERS, NAMES, st.one_of(st.none(), NAMES), NAMES, NAMES, NODES, st.sampled_from(["warning", "critical"]))
def test_a_listing_and_a_tick_agree_on_what_is_meant(
    asked: dict[str, list[str]],
    rule: str,
    service: str | None,
    source: str,
    owner: str,
    node: tuple[str, ...],
    severity: str,
) -> None:
    if source == "sentinel":
        rule = "sentinel/disk"
    if rule.startswith("sentinel/"):
        source = "sentinel"
    row: SilenceRow = row_of(a_silence(0, 1, **asked), START)
    names = {"rule": rule, "service": service, "source": source, "owner": owner}
    meant = aim_of(row)(**names, node=node, severity=severity)
    assert meant == matches(the_matchers(**asked), **names, node=node, severity=severity)  # type: ignore[arg-type]
