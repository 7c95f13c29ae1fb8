"""Telling under bad conditions: unclear answers, refusals, limits, crashes between two steps."""

from __future__ import annotations

import pytest

from sentinel.demo.workspace_faults import dropped_after, dropped_before, http_status, rate_limited, refused, silent
from sentinel.domain.incidents import Incident, Story
from sentinel.engine import attempt
from sentinel.engine.backoff import Patience, next_lookup, retry_in
from sentinel.engine.samples import sample_story
from sentinel.store import outbox, rearming
from sentinel.store.database import Database
from tests.domain.polls import a_rule
from tests.engine.town import ALERTS, SITES, Town, town
from tests.store.records import due_lanes


def roots(it: Town) -> int:
    return len(it.slack.roots("#workplace-alerts"))


async def settle(it: Town, minutes: int = 10) -> None:
    """Let time pass in steps of five seconds, telling what is due, without any poll."""
    for _ in range(minutes * 12):
        it.clock.advance(5.0)
        await it.tell()


def state(database: Database, it: Town) -> tuple[int, int, int]:
    depth = outbox.depth(database, it.clock.now())
    return depth.waiting, depth.unclear, depth.abandoned


@pytest.mark.fault(98)
@pytest.mark.promise("P2")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(dropped_after(), id="accepted, then the line broke"),
        pytest.param(http_status(500, accepted=True), id="accepted, then a server error"),
        pytest.param(refused("internal_error", accepted=True), id="accepted, then internal_error"),
        pytest.param(dropped_before(), id="not accepted, the line broke"),
        pytest.param(http_status(503), id="not accepted, server error"),
    ],
)
async def test_an_unclear_post_becomes_exactly_one_message(sqlite_url: str, fault: object) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        it.slack.inject("chat.postMessage", fault)  # type: ignore[arg-type]
        await it.turn()
        await settle(it)
        assert roots(it) == 1
        assert state(database, it) == (0, 0, 0)
    database.close()


@pytest.mark.fault(98)
@pytest.mark.promise("P2")
async def test_an_unclear_thread_line_is_not_repeated(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        it.degrade()
        it.slack.inject("chat.postMessage", dropped_after())
        await it.turn()
        await settle(it)
        assert it.story.count("replied") == 1
        assert roots(it) == 1
    database.close()


async def test_a_lagging_history_does_not_cause_a_second_message(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.settings.history_lag_lookups = 2
        it.degrade(0)
        it.slack.inject("chat.postMessage", dropped_after())
        await it.turn()
        await settle(it)
        assert roots(it) == 1
    database.close()


async def test_a_clock_ahead_of_slacks_does_not_cause_a_second_message(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database, slack_behind=120.0) as it:
        it.degrade(0)
        it.slack.inject("chat.postMessage", dropped_after())
        await it.turn()
        await settle(it)
        assert roots(it) == 1
    database.close()


async def test_only_tests_leaves_the_services_own_notices_alone(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        it.clock.advance(600.0)
        await it.poll()
        number = outbox.enqueue_test(database, ALERTS, it.clock.now(), "Test notice")
        it.dispatcher.only_tests, it.dispatcher.samples = True, sample_story
        await it.tell()
        assert roots(it) == 1
        assert state(database, it) == (1, 0, 0)
        assert number not in [
            one.id for lane in due_lanes(database, it.clock.now()) for one in outbox.lane(database, lane)
        ]
    database.close()


@pytest.mark.fault(97)
async def test_a_rate_limit_is_waited_for(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        it.slack.inject("chat.postMessage", rate_limited(retry_after=30))
        await it.turn()
        begun = it.clock.now()
        assert roots(it) == 0
        while not roots(it):
            it.clock.advance(5.0)
            await it.tell()
        assert it.clock.now() - begun >= 30
    database.close()


@pytest.mark.promise("P3")
async def test_degraded_and_recovered_unsent_become_one_merged_notice(sqlite_url: str) -> None:
    """Slack was away the whole time: nobody is told a recovery of something they never heard of."""
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.inject("*", http_status(503), times=None)
        it.degrade(0)
        await it.turn()
        it.degrade()
        await it.turn()
        it.slack.clear_faults()
        await settle(it, minutes=30)
        assert it.story == ["posted"]
        assert "ecovered" in it.headline
    database.close()


@pytest.mark.promise("P1")
@pytest.mark.fault(99)
async def test_a_refusal_is_abandoned_visibly_and_the_rest_goes_on(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        it.slack.channel("workplace-alerts").archived = True
        await it.turn()
        assert state(database, it) == (0, 0, 1)
    database.close()


@pytest.mark.promise("P2")
@pytest.mark.fault(100)
@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked"])
async def test_a_token_that_is_refused_is_tried_once_and_again_when_a_person_says_so(
    sqlite_url: str, code: str
) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.inject("chat.postMessage", refused(code), times=None)
        it.degrade(0)
        await it.turn()
        await settle(it)
        assert len(it.slack.calls("chat.postMessage")) == 1
        assert state(database, it) == (0, 0, 1)
        it.slack.clear_faults()
        await settle(it, minutes=2)
        assert roots(it) == 0
        assert rearming.retry(database, [1], it.clock.now()) == 1
        await settle(it, minutes=1)
        assert (roots(it), state(database, it)) == (1, (0, 0, 0))
    database.close()


@pytest.mark.fault(102, 103)
async def test_a_root_deleted_by_a_person_is_posted_anew_once(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        it.slack.delete("#workplace-alerts", it.slack.roots("#workplace-alerts")[0].ts)
        it.degrade()
        await it.turn()
        await settle(it)
        assert roots(it) == 1
        assert "ecovered" in it.headline
    database.close()


@pytest.mark.fault(105)
@pytest.mark.promise("P3", "P7")
async def test_while_a_channel_is_down_the_oldest_notice_probes_for_all_and_order_is_kept(sqlite_url: str) -> None:
    """Five incidents wait; Slack is not asked five times at every try, and hears of them oldest first."""
    database = Database.open(sqlite_url)
    rule = a_rule("devices_with_errors / devices > 10%", rollup=None)
    async with town(database, rule=rule, patience=Patience(retry_max=60.0)) as it:
        it.slack.inject("chat.postMessage", refused("ratelimited"), times=None)
        for sites in range(1, 6):
            it.degrade(*range(sites))
            await it.turn()
        asked = len(it.slack.calls("chat.postMessage"))
        await settle(it, minutes=10)
        assert len(it.slack.calls("chat.postMessage")) - asked < 40
        it.slack.clear_faults()
        await settle(it, minutes=5)
        texts = [message.text for message in it.slack.roots("#workplace-alerts")]
        assert [next(n for n, site in enumerate(SITES) if site[-1] in text) for text in texts] == list(range(5))
    database.close()


async def test_lanes_that_break_step_aside_and_the_others_are_told(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More broken lanes than a round has places, and they are the oldest; mended, they are told too."""
    database = Database.open(sqlite_url)
    rule = a_rule("devices_with_errors / devices > 10%", rollup=None)
    async with town(database, rule=rule) as it:
        it.degrade(*range(8))
        it.clock.advance(600)
        await it.poll()
        broken = {lane.incident for lane in due_lanes(database, it.clock.now())[:5]}
        whole = attempt.incidents.story

        def story(db: Database, incident: str) -> Story:
            if incident in broken:
                raise RuntimeError(incident)
            return whole(db, incident)

        monkeypatch.setattr(attempt.incidents, "story", story)
        await settle(it, minutes=1)
        assert roots(it) == 3
        monkeypatch.undo()
        await settle(it, minutes=20)
        assert roots(it) == 8
        assert state(database, it) == (0, 0, 0)
    database.close()


async def test_an_edit_that_fails_is_made_later_and_not_every_second(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0, share=0.3)
        await it.turn()
        it.slack.inject("chat.update", http_status(503), times=None)
        it.degrade(0, share=0.6)
        await it.turn()
        await settle(it, minutes=5)
        assert 2 < len(it.slack.calls("chat.update")) < 12
        it.slack.clear_faults()
        await settle(it, minutes=2)
        assert "60" in it.headline
    database.close()


class _Crash(BaseException):
    """The process is gone: not an error that anybody may handle."""


@pytest.mark.fault(4, 5)
@pytest.mark.promise("P1", "P2", "P5")
@pytest.mark.parametrize("moment", ["after begin", "after send"])
async def test_a_crash_between_recording_and_sending_loses_and_repeats_nothing(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        it.clock.advance(600)
        await it.poll()
        channel = it.dispatcher.channels(ALERTS)
        assert channel is not None
        send = channel.send

        async def crash(delivery: object) -> Incident:
            if moment == "after send":
                await send(delivery)  # type: ignore[arg-type]
            raise _Crash

        monkeypatch.setattr(channel, "send", crash)
        with pytest.raises(_Crash):
            await it.dispatcher.drain()
        monkeypatch.undo()
        it.dispatcher._busy.clear()
        it.ticker.forget()
        await settle(it)
        assert roots(it) == 1
        assert state(database, it) == (0, 0, 0)
    database.close()


async def test_silence_after_accepting_is_cut_by_the_deadline(sqlite_url: str) -> None:
    """The deadline of the real call is real time, so it is set short here."""
    database = Database.open(sqlite_url)
    async with town(database, slack_deadline=0.3) as it:
        it.degrade(0)
        it.slack.inject("chat.postMessage", silent())
        await it.turn()
        await settle(it)
        assert roots(it) == 1
    database.close()


@pytest.mark.parametrize(
    ("attempts", "dice", "expected"), [(1, 0.0, 5.0), (1, 1.0, 5.0), (3, 1.0, 20.0), (20, 1.0, 900.0), (20, 0.0, 5.0)]
)
def test_retries_grow_to_a_ceiling_and_never_come_sooner_than_the_least(
    attempts: int, dice: float, expected: float
) -> None:
    assert retry_in(attempts, Patience(), dice=dice) == expected


@pytest.mark.parametrize(("elapsed", "expected"), [(0, 5.0), (5, 20.0), (59, 60.0), (60, None)])
def test_lookups_come_at_growing_delays(elapsed: float, expected: float | None) -> None:
    assert next_lookup(elapsed, (5.0, 20.0, 60.0)) == expected


@pytest.mark.fault(19, 20, 98)
@pytest.mark.promise("P2")
@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_a_clock_that_is_set_changes_nothing_about_when_a_post_is_looked_up(sqlite_url: str, jump: float) -> None:
    """Slack's history lags: a clock that runs ahead must not make a post seem old, nor one set back make it wait."""
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.settings.history_lag_lookups = 1
        it.degrade(0)
        it.slack.inject("chat.postMessage", dropped_after())
        await it.turn()
        it.clock.jump(jump)
        it.dispatcher.clock_set_back()
        await settle(it, minutes=2)
        assert roots(it) == 1
        assert state(database, it) == (0, 0, 0)
    database.close()
