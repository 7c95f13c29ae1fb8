"""Somebody has it in hand: reminders stop and start again, who did what stands in the story, nobody is called by it.

Each is told twice, the second time with a restart after every tick.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.domain.people import OVER, decide
from sentinel.domain.reading import Reason
from sentinel.domain.requests import Answer, Deed, Outcome, Request, unfit
from sentinel.domain.rules import SOURCE_RULE, Flapping
from tests.domain.polls import TEAM, Run, a_route, a_rule, a_silence, threshold

HOUR = 3600.0
BAD, WELL = {"Paris": 50.0}, {"Paris": 0.0}


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


def a_run(*, forgetful: bool, remind_every: float = HOUR, **rule: object) -> Run:
    """Paris is bad since 08:00; the next poll is at 08:10."""
    run = Run((a_rule(**rule),), routes=(a_route(TEAM, remind_every=remind_every),), forgetful=forgetful)
    run.good(BAD)
    return run


def lines(run: Run) -> list[str]:
    """The timeline of all incidents: kind and text."""
    return [f"{event.kind}: {event.text}" for event in run.events]


def became(answer: Answer) -> tuple[str, str]:
    return answer.outcome.value, answer.text


def polls(run: Run, hours: float, figures: dict[str, float] | None = None) -> None:
    for _ in range(round(hours * 6)):
        run.good(figures or BAD)


def test_what_somebody_has_in_hand_is_not_reminded_of_until_it_is_given_back(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    assert became(run.asks(Deed.ACK)) == ("done", "acknowledged by ana")
    polls(run, 5)
    assert run.told == ["degraded", "acknowledged"]
    assert became(run.asks(Deed.UNACK, by="ben")) == ("done", "nobody has it acknowledged any more; reminders go on")
    polls(run, 0.5)
    assert run.told == ["degraded", "acknowledged", "acknowledged"], "the hours before are not made up for"
    polls(run, 1)
    assert run.told[3:] == ["reminder"]
    assert lines(run)[1:3] == [
        "acknowledged: Acknowledged by ana",
        "unacknowledged: No longer acknowledged: ben has taken back the acknowledgement of ana",
    ]


def test_a_reminder_says_that_nobody_has_acknowledged(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    polls(run, 1)
    assert run.notices[-1].line == "Still critical after 1 h, acknowledged by nobody: Critical at Paris: 50 > 10"


def test_the_story_says_who_when_and_why_and_nobody_is_called(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    asked_at = run.now
    run.asks(Deed.ACK, text="restarting the broker")
    incident = next(iter(run.incidents.values()))
    assert (incident.acknowledged_by, incident.acknowledged_at) == ("ana", asked_at)
    assert (run.events[-1].at, run.events[-1].text) == (asked_at, "Acknowledged by ana: restarting the broker")
    assert [(one.address, one.quiet, one.told) for one in run.notices[1:]] == [(TEAM, True, True)]


def test_the_same_person_twice_adds_nothing(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.asks(Deed.ACK, text="on it")
    for text in ("", "on it"):
        assert became(run.asks(Deed.ACK, text=text)) == ("nothing_new", "ana has acknowledged it already")
    assert run.told == ["degraded", "acknowledged"]
    assert len(run.events) == 2


def test_the_same_person_with_more_to_say_adds_a_note(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.asks(Deed.ACK, text="on it")
    assert run.asks(Deed.ACK, text="it is the broker").outcome is Outcome.DONE
    assert lines(run)[1:] == ["acknowledged: Acknowledged by ana: on it", "note: ana: it is the broker"]


def test_another_person_takes_it_over(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.asks(Deed.ACK)
    first_at = run.events[-1].at
    assert became(run.asks(Deed.ACK, by="ben")) == ("done", "acknowledged by ben, taken over from ana")
    incident = next(iter(run.incidents.values()))
    assert (incident.acknowledged_by, incident.acknowledged_at) == ("ben", first_at + 60)
    assert (incident.attention.first_at, incident.attention.first_by) == (first_at, "ana")
    assert lines(run)[-1] == "acknowledged: Acknowledged by ben, taken over from ana"


def test_an_acknowledgement_ends_with_the_incident_and_is_kept_for_the_report(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.asks(Deed.ACK)
    run.good(WELL)
    (over,) = run.incidents.values()
    assert (over.is_open, over.acknowledged_by) == (False, "ana")
    run.good(BAD)
    (again,) = run.incidents.values()
    assert (again.is_open, again.reopened, again.acknowledged_by, again.acknowledged_at) == (True, 1, None, None)
    assert again.attention.first_at == over.acknowledged_at
    polls(run, 1)
    assert run.told == ["degraded", "acknowledged", "recovered", "reopened", "reminder"]


def test_checks_go_on_and_what_changes_is_told_as_ever(forgetful: bool) -> None:
    rule = a_rule("value > 20", warning=threshold("value > 10"))
    run = Run((rule,), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    run.good({"Paris": 15.0})
    run.asks(Deed.ACK)
    run.good(BAD)
    run.good(WELL)
    assert run.told == ["degraded", "acknowledged", "escalated", "recovered"]


def test_who_has_a_part_in_hand_need_not_have_the_whole(forgetful: bool) -> None:
    """The younger one becomes part of the older: that one is reminded of as before."""
    figures = {"CH/Bern": 50.0, "CH/Zug": 0.0, "CH/Chur": 0.0, "FR/Lyon": 0.0, "FR/Nice": 0.0}
    run = Run((a_rule(),), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    run.good(figures)
    run.good({**figures, "FR/Lyon": 50.0})
    younger = max(run.incidents.values(), key=lambda one: one.opened_at)
    run.asks(Deed.ACK, of=younger.id)
    run.good(dict.fromkeys(figures, 50.0))
    older = min(run.incidents.values(), key=lambda one: one.opened_at)
    assert (run.incidents[younger.id].merged_into, run.incidents[younger.id].acknowledged_by) == (older.id, "ana")
    assert run.incidents[older.id].acknowledged_by is None
    polls(run, 1, dict.fromkeys(figures, 50.0))
    assert run.told[-1] == "reminder"


@pytest.mark.parametrize("deed", [Deed.ACK, Deed.UNACK])
def test_what_is_over_cannot_be_acknowledged_nor_given_back(deed: Deed, forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.good(WELL)
    refused = run.asks(deed)
    assert became(refused) == ("refused", f"it is over (recovered): there is nothing left to {deed.value}")
    assert run.told == ["degraded", "recovered"]
    assert len(run.events) == 2


def test_a_note_about_what_is_over_stands_in_its_story_and_calls_nobody(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.good(WELL)
    assert run.asks(Deed.NOTE, text="a certificate had run out").outcome is Outcome.DONE
    assert lines(run)[-1] == "note: ana: a certificate had run out"
    assert [(one.told, one.reason) for one in run.notices[2:]] == [(False, OVER)]
    run.good(BAD)
    assert [event.step for event in run.events] == [1, 2, 3, 4], "it is reopened after the note, not beside it"


def test_there_is_nothing_to_give_back(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    assert became(run.asks(Deed.UNACK)) == ("nothing_new", "nobody has acknowledged it")
    assert len(run.events) == 1


def test_an_incident_that_is_not_there_is_refused() -> None:
    run = Run((a_rule(),))
    assert became(run.asks(Deed.ACK, of="sn-gone")) == ("refused", "there is no incident sn-gone any more")


def test_trouble_with_a_source_can_be_acknowledged_too(forgetful: bool) -> None:
    run = Run((a_rule(),), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    run.bad(Reason.UNAUTHORIZED)
    assert run.source_incidents[0].rule == SOURCE_RULE
    run.asks(Deed.ACK)
    for _ in range(12):
        run.bad(Reason.UNAUTHORIZED)
    run.good(WELL)
    run.bad(Reason.UNAUTHORIZED)
    assert run.told_of_source == ["degraded", "acknowledged", "recovered", "reopened"]
    assert run.source_incidents[0].acknowledged_by is None


def test_clocks_that_differ_make_no_story_from_before_the_beginning_or_after_now(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    opened, run.now = run.now - 600.0, run.now - 86400.0
    run.asks(Deed.NOTE, text="from a clock that is late", wait=86400.0)
    assert run.events[-1].at <= opened
    run.asks(Deed.NOTE, text="from one that is right")
    assert run.events[-1].at == run.now - 60.0


def test_an_acknowledgement_outlasts_the_good_moments_of_what_flaps(forgetful: bool) -> None:
    """Only its end ends it; who has it for over hears nothing of it."""
    flapping = Flapping(changes=3, within=2 * HOUR, quiet=1200.0)
    run = a_run(forgetful=forgetful, flapping=flapping, reopen_within=HOUR)
    run.asks(Deed.ACK)
    for figures in (WELL, BAD):
        run.good(figures)
    incident = next(iter(run.incidents.values()))
    assert (incident.is_flapping, incident.flaps.announced, incident.acknowledged_by) == (True, False, None)
    run.asks(Deed.ACK)
    assert [(one.told, one.reason) for one in run.notices[-1:]] == [(False, "flapping")]
    for figures in (WELL, BAD, WELL, BAD):
        run.good(figures)
    incident = next(iter(run.incidents.values()))
    assert (incident.is_flapping, incident.acknowledged_by) == (True, "ana")


@pytest.mark.parametrize(
    ("by", "text", "wrong"),
    [
        ("", "", "a name is needed"),
        ("  ", "", "a name is needed"),
        ("x" * 101, "", "at most 100 characters"),
        ("ana\nben", "", "one line"),
        ("ana", "x" * 2001, "at most 2000 characters, this one has 2001"),
    ],
)
def test_names_and_notes_have_their_bounds(by: str, text: str, wrong: str) -> None:
    assert wrong in unfit(by, text)
    assert unfit("ana", "x" * 2000) == ""


def test_what_people_never_heard_of_may_be_taken_in_hand_without_a_word_to_them(forgetful: bool) -> None:
    """Muted from the beginning: it is on record with its reason, and they hear of the incident when the silence ends."""
    run = Run((a_rule(),), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    run.silences = (a_silence(0, HOUR),)
    run.good(BAD)
    assert run.asks(Deed.ACK).outcome is Outcome.DONE
    assert {(one.told, one.reason) for one in run.notices} == {(False, "silence sl-1: deploy (anna)")}
    polls(run, 3)
    assert run.told == ["degraded"]
    (incident,) = run.incidents.values()
    assert incident.acknowledged_by == "ana"


def test_what_people_have_for_open_is_shown_as_taken_in_hand_in_a_silence_too(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.silences = (a_silence(0, 2 * HOUR),)
    run.good(BAD)
    run.asks(Deed.ACK)
    assert run.told == ["degraded", "acknowledged"]


def test_two_requests_at_once_are_decided_in_their_order() -> None:
    """Both were written down before either was done."""
    run = a_run(forgetful=False)
    name = next(iter(run.incidents))
    both = [Request(key=by, deed=Deed.ACK, incident=name, by=by, at=run.now) for by in ("ana", "ben")]
    done = decide([*both, replace(both[1], key="again")], run.books, {}, run.now)
    assert [one.text for one in done.answers] == [
        "acknowledged by ana",
        "acknowledged by ben, taken over from ana",
        "ben has acknowledged it already",
    ]
    (after,) = done.incidents
    assert (after.acknowledged_by, after.step) == ("ben", 3)
    assert [event.step for event in done.events] == [2, 3]
