"""Cases MNT about silences and windows: what is told of what, and when. Those about the clock are with the calendars."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentinel.store.database import Database
from tests.cli.terminal import call
from tests.conformance.cases import Case, conforms
from tests.conformance.played import letter, opens_and_closes, played, rule, run_of
from tests.domain.polls import START, Run, a_silence, a_window
from tests.history.ledger import recorded

POLL = 60.0


def a_run(*, silence: tuple[float, float] | None = None, window: tuple[float, float] | None = None) -> Run:
    """A node that is polled every minute under one of the two."""
    return run_of(
        rule(),
        poll_s=POLL,
        silences=() if silence is None else (a_silence(*silence),),
        maintenance=() if window is None else (a_window(*window),),
    )


def live(run: Run, *, bad_from: float, bad_until: float, until: float) -> Run:
    """Poll until then."""
    while run.now <= START + until:
        played(run, ["1" if bad_from <= run.now - START < bad_until else "0"])
    return run


@conforms("MNT-18")
def test_what_was_announced_is_closed_in_a_silence_too(case: Case) -> None:
    given, expect = case.given, case.expect
    run = a_run(silence=tuple(given["silence_s"]))
    live(run, bad_from=given["open_announced_s"], bad_until=given["clears_s"], until=given["silence_s"][1] + POLL)
    assert opens_and_closes(run) == [f"open@{given['open_announced_s']}", f"close@{expect['sentinel_close_at_s']}"]
    assert [notice.quiet for notice in run.notices if notice.told] == [False, True]


@conforms("MNT-19")
@pytest.mark.parametrize("ended", [None, 1800.0], ids=["runs out", "is ended"])
def test_what_is_still_there_after_a_silence_is_told_then(case: Case, ended: float | None) -> None:
    given, expect = case.given, case.expect
    start, end = given["silence_s"]
    early = {} if ended is None else {"expired_at": START + ended, "expired_by": "otto"}
    run = run_of(rule(), poll_s=POLL, silences=(a_silence(start, end, **early),))
    assert given["still_breaching"] is True
    live(run, bad_from=given["starts_s"], bad_until=1e9, until=end + POLL)
    assert expect["sentinel_if_deleted_at_1800s"] == "open at the next poll after 1800"
    assert opens_and_closes(run) == [f"open@{expect['sentinel_open_at_s'] if ended is None else 1800}"]


@conforms("MNT-20")
def test_what_begins_and_ends_in_a_silence_is_recorded_with_what_muted_it(case: Case) -> None:
    given, expect = case.given, case.expect
    run = live(
        a_run(silence=tuple(given["silence_s"])),
        bad_from=given["starts_s"],
        bad_until=given["clears_s"],
        until=given["silence_s"][1] + POLL,
    )
    assert sum(notice.told for notice in run.notices) == expect["messages"]
    assert expect["history"] == "recorded with suppressed_by"
    assert [(notice.kind.value, notice.reason) for notice in run.notices] == [
        ("degraded", "silence sl-1: deploy (anna)"),
        ("recovered", "silence sl-1: deploy (anna)"),
    ]
    assert [one.is_open for one in run.incidents.values()] == [False]


@conforms("MNT-22")
def test_what_was_announced_is_closed_in_a_window_too(case: Case) -> None:
    words = case.given["seq"].split()
    muted = [n for n, word in enumerate(words) if word == "MAINT"]
    run = a_run(window=(muted[0] * POLL, (muted[-1] + 2) * POLL))
    played(run, ["1" if word in ("DOWN", "MAINT") else "0" for word in words])
    assert [one.partition("@")[0] for one in opens_and_closes(run)] == case.expect["sentinel_messages"]


@conforms("MNT-24")
def test_what_is_bad_long_enough_in_a_window_is_told_at_the_first_poll_after_it(case: Case) -> None:
    before, _, rest = case.given["seq"].partition("[maint")
    inside, _, after = rest.partition("]")
    polls = [*before.split(), *inside.split(), *after.split()]
    start, end = len(before.split()), len(before.split()) + len(inside.split())
    run = run_of(
        rule(for_s=(case.given["fail"] - 1) * POLL), poll_s=POLL, maintenance=(a_window(start * POLL, end * POLL),)
    )
    states = played(run, polls)
    assert states.split()[: case.given["fail"]] == ["P", "P", "F"], (
        "the timer runs on in the window, and so does the record"
    )
    assert case.expect["triggered_at"].startswith("the F after maintenance")
    assert opens_and_closes(run) == [f"open@{end * POLL:g}"]


@conforms("MNT-26")
def test_a_silence_for_what_is_not_there_is_warned_of_and_listed_when_it_is_over(
    case: Case, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SENTINEL_RULES", raising=False)
    name = case.given["silence"].partition("=")[2].partition(" ")[0]
    near = json.loads(case.expect["lint"].partition("nearest names ")[2].replace("'", '"'))
    db = Database.open(sqlite_url)
    run = recorded(db)
    run.good(dict.fromkeys(near, 0.0))
    assert letter(run, near[0]) == "I"
    there = ("--database", sqlite_url)
    done = call("silences", "add", "--node", name, "--for", "1h", "--reason", "x", "--author", "anna", "--json", *there)
    made = json.loads(done.stdout)
    assert made["warnings"] == [f"no node is known that {name!r} fits: nearest {', '.join(near)}"]
    assert done.stderr.startswith("warning: ")
    assert call("silences", "expire", made["id"], *there).exit_code == 0
    db.close()
    assert [one["state"] for one in json.loads(call("silences", "list", "--json", *there).stdout)] == ["expired"]
