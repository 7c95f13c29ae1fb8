"""Cases SFT: thresholds in counts, and channels that fail while something begins or ends."""

from __future__ import annotations

from sentinel.demo.workspace_faults import http_status
from sentinel.domain.rules import Flapping
from sentinel.store.database import Database
from sentinel.store.memory import load
from tests.conformance.cases import Case, conforms
from tests.conformance.played import letter, opens_and_closes, played, rule, run_of
from tests.domain.polls import a_rule, threshold
from tests.domain.test_stories_of_flapping import BAD, GOOD, RESTLESS, THREE, a_run, fed
from tests.engine.town import town

POLL = 600.0


@conforms("SFT-02")
def test_a_worse_severity_does_not_start_the_count_again(case: Case) -> None:
    hold = (case.given["max_attempts"] - 1) * POLL
    run = run_of(a_rule(threshold("value > 20", hold=hold), warning=threshold("value > 10", hold=hold)), poll_s=POLL)
    notified = []
    for word in case.given["seq"].split():
        before = len(run.notices)
        run.good({"node": 25.0 if word[0] == "C" else 15.0})
        notified.append("PROBLEM" if len(run.notices) > before else None)
    assert notified == case.expect["notify"]


@conforms("SFT-04")
def test_what_lies_below_a_node_that_is_down_is_part_of_its_incident(case: Case) -> None:
    assert case.expect["notify"] is None
    run = run_of(a_rule(threshold("value > 20"), warning=threshold("value > 10"), levels=("Country", "Site")))
    run.good({"country": 30.0}, level="Country", wait=0.0)
    run.good({"country/site": 0.0}, level="Site")
    for word in case.given["service_seq"].split():
        run.good({"country": 30.0}, level="Country", wait=0.0)
        run.good({"country/site": 25.0 if word.startswith("CRIT") else 15.0}, level="Site")
        assert letter(run, "country/site") == "F"
    assert run.told == ["degraded"]
    assert run.open_places == ["country"]


@conforms("SFT-06")
def test_a_failure_inside_the_good_streak_restarts_it(case: Case) -> None:
    given = case.given
    run = run_of(rule(for_s=(given["fail"] - 1) * 60, keep_s=(given["succ"] - 1) * 60), poll_s=60)
    letters = played(run, given["seq"].split()).split()
    assert [int(one == "F") for one in letters] == case.expect["triggered"]


@conforms("SFT-07", "SFT-08")
async def test_a_channel_that_is_down_loses_neither_the_opening_nor_the_close(case: Case, sqlite_url: str) -> None:
    """The state never depends on what a channel says; what it did not take is told when it does."""
    given = case.given
    sequence = given["seq"].split()
    fails = set(given.get("channel_fails_on_poll", (2,)))
    database = Database.open(sqlite_url)
    made = rule(
        "devices_with_errors / devices > 10%", for_s=(given["fail"] - 1) * POLL, keep_s=(given["succ"] - 1) * POLL
    )
    async with town(database, rule=made) as it:
        streak, triggered, episodes = 0, False, 0
        for number, word in enumerate(sequence, 1):
            it.slack.clear_faults()
            if number in fails:
                it.slack.inject("*", http_status(503), times=None)
            it.degrade(*([0] if word == "F" else []))
            await it.turn()
            streak = streak + 1 if number > 1 and sequence[number - 2] == word else 1
            before = triggered
            triggered = (
                (triggered or streak >= given["fail"]) if word == "F" else (triggered and streak < given["succ"])
            )
            episodes += triggered and not before
            assert any(book.open_incidents for book in load(database).books.values()) is triggered, f"poll {number}"
        it.slack.clear_faults()
        for _ in range(60):
            it.clock.advance(15.0)
            await it.tell()
        roots = it.slack.roots("#workplace-alerts")
        assert len(roots) == episodes, "each is told, later than reopen_within after the one before"
        assert all("ecovered" in root.text for root in roots), "and so is each end"
        if case.id == "SFT-08":
            assert [word.split()[0] for word in case.expect["sentinel_messages"]] == ["open", "close"]
            assert "replied" in it.story
    database.close()


@conforms("SFT-18")
def test_which_turns_are_told(case: Case) -> None:
    hold = 60.0
    for pair, told in zip(case.given["pairs"], case.expect["message"], strict=True):
        before, _, after = pair.partition("->")
        if "MAINT" in pair:
            continue
        sequences = {"UP": "0", "DOWN": "1 1", "PENDING": "0 1", "first": ""}
        run = run_of(rule(for_s=0 if after == "DOWN" and before in ("first", "UP") else hold), poll_s=60)
        played(run, sequences[before].split())
        count = len(run.notices)
        played(run, {"UP": ["0"], "DOWN": ["1"], "PENDING": ["1"]}[after])
        assert len(run.notices) - count == told, pair
        assert len(opens_and_closes(run)) >= told


KNOWN: dict[str, tuple[Flapping, tuple[float, ...]]] = {
    "OK": (THREE, (BAD, GOOD, BAD)),
    "CRIT": (Flapping(), RESTLESS),
}
"""What was announced last -> a story that begins to flap then."""


@conforms("SFT-15")
def test_how_flapping_ends_is_told_where_people_know_it_otherwise(case: Case) -> None:
    told = []
    for announced, end in case.given["rows"]:
        policy, figures = KNOWN[announced.split()[1]]
        run = fed(a_run(forgetful=True, flapping=policy), figures)
        before = len(run.notices)
        fed(run, [BAD if "CRIT" in end else GOOD] * 5)
        loud = [one.kind.value for one in run.notices[before:] if one.told and not one.quiet]
        told.append({"reopened": "open CRIT", "recovered": "close"}[loud[0]] if loud else "none")
        assert len(loud) <= 1
    assert told == [word.partition(" (")[0] for word in case.expect["messages"]]


@conforms("SFT-16")
def test_flapping_is_said_once_and_how_often_in_the_end(case: Case) -> None:
    flips = case.given["flips"]
    run = fed(a_run(forgetful=True), ([BAD, GOOD] * flips)[:flips])
    fed(run, [GOOD] * (case.given["window_polls"] - flips))
    assert len(run.incidents) == case.expect["root_messages"]
    assert run.told.count("flapping") == 1
    close = run.notices[-1].line
    assert case.expect["contains"] == "flip count and % time in breach"
    assert f"{flips} changes" in close
    assert "bad for 5" in close
