"""The outbox: order per lane, an attempt recorded before it is made, and its outcome after it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select

from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address
from sentinel.errors import LeaseLost
from sentinel.store import lease, messages, outbox, rearming
from sentinel.store.database import Database
from sentinel.store.messages import Thread
from sentinel.store.outbox import Lane, OutboxDepth, Stuck
from sentinel.store.tables import attempts, notices
from tests.store.records import AT, MAIL, SLACK, a_notice, an_incident, due_lanes, record

LANE = Lane("sn-one", SLACK)
LATER = AT + 100


def ids_in(database: Database, lane: Lane = LANE) -> list[int]:
    return [one.id for one in outbox.lane(database, lane)]


def states(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(notices.c.state).order_by(notices.c.id)).scalars())


def outcomes(database: Database) -> list[tuple[int, str | None]]:
    with database.reading() as connection:
        found = select(attempts.c.n, attempts.c.outcome).order_by(attempts.c.notice, attempts.c.n)
        return [(row.n, row.outcome) for row in connection.execute(found)]


def test_a_notice_waits_until_it_is_delivered(database: Database) -> None:
    """The ordinary life: waiting, sending, delivered, with one attempt."""
    record(database, [an_incident()], decided=[a_notice()])
    assert due_lanes(database, AT) == []
    assert due_lanes(database, LATER) == [LANE]
    [waiting] = outbox.lane(database, LANE)
    assert (waiting.state, waiting.attempts, waiting.attempt_started_at) == ("waiting", 0, None)

    outbox.begin(database, [waiting.id], LATER, None)
    [sending] = outbox.lane(database, LANE)
    assert (sending.state, sending.attempts, sending.attempt_started_at) == ("sending", 1, LATER)

    outbox.delivered(database, [waiting.id], LATER + 1, None, lane=LANE, ref={"ts": "1.2"}, edited=True, note="ok")
    assert outbox.lane(database, LANE) == []
    assert due_lanes(database, LATER + 2) == []
    assert states(database) == ["delivered"]
    assert outcomes(database) == [(1, "delivered")]


def test_what_nobody_is_told_is_kept_with_its_reason_and_never_due(database: Database) -> None:
    """`sentinel explain` answers from these rows."""
    record(database, [], decided=[a_notice(address=None, told=False, reason="no route matches")])
    assert states(database) == ["not_told"]
    assert due_lanes(database, LATER) == []
    assert outbox.depth(database, LATER) == OutboxDepth(0, 0, 0, None)


@pytest.mark.promise("P3")
def test_notices_of_a_lane_come_in_the_order_of_their_deciding(database: Database) -> None:
    """P3: and other lanes are not mixed in."""
    record(database, [], decided=[a_notice(1), a_notice(1, MAIL), a_notice(2), a_notice(3)])
    assert [one.notice.step for one in outbox.lane(database, LANE)] == [1, 2, 3]
    assert [one.notice.step for one in outbox.lane(database, Lane("sn-one", MAIL))] == [1]


def test_lanes_come_longest_waiting_first_and_no_more_than_asked_for(database: Database) -> None:
    """P7: a backlog drains oldest first."""
    record(database, [], decided=[a_notice(incident=f"sn-{number}") for number in (3, 1, 2)])
    assert [lane.incident for lane in due_lanes(database, LATER)] == ["sn-3", "sn-1", "sn-2"]
    assert [lane.incident for lane in due_lanes(database, LATER, limit=1)] == ["sn-3"]


def test_a_backlog_of_one_channel_does_not_hide_what_waits_for_another(database: Database) -> None:
    """P7: a Slack that is paused keeps its lanes due, and mail is told meanwhile."""
    crowd = [a_notice(incident=f"sn-{number}") for number in range(5)]
    record(database, [], decided=[*crowd, a_notice(1, MAIL)])
    found = due_lanes(database, LATER, limit=3)
    assert [lane.address for lane in found] == [SLACK, SLACK, SLACK, MAIL]


def test_a_lane_is_not_due_while_its_first_notice_waits_for_another_attempt(database: Database) -> None:
    """P3: a later step never overtakes an earlier one."""
    record(database, [], decided=[a_notice(1), a_notice(2)])
    first, _ = ids_in(database)
    outbox.begin(database, [first], LATER, None)
    outbox.later(database, [first], LATER, None, next_attempt_at=LATER + 60, reason="rate limited")
    assert due_lanes(database, LATER + 59.999) == []
    assert due_lanes(database, LATER + 60) == [LANE]
    assert outbox.lane(database, LANE)[0].reason == "rate limited"
    assert outcomes(database) == [(1, "later")]


def test_a_change_that_may_wait_goes_along_with_one_that_may_not(database: Database) -> None:
    """P7: a recovery is not held up by a change of members that was waiting for others."""
    record(database, [], decided=[a_notice(2, not_before=LATER + 45)])
    assert due_lanes(database, LATER) == []
    record(database, [], decided=[a_notice(3, kind=NoticeKind.RECOVERED)])
    assert due_lanes(database, LATER) == [LANE]
    assert [one.notice.not_before for one in outbox.lane(database, LANE)] == [AT + 3, AT + 3]


@pytest.mark.promise("P1")
def test_an_attempt_left_open_by_a_crash_is_found_at_once(database: Database) -> None:
    """P2: killed between the attempt and its outcome, the notice is neither lost nor simply sent again."""
    record(database, [], decided=[a_notice()])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER, None)
    assert due_lanes(database, LATER) == [LANE]
    [left] = outbox.lane(database, LANE)
    assert (left.state, left.attempt_started_at) == ("sending", LATER)

    outbox.begin(database, ids, LATER + 60, None)
    outbox.delivered(database, ids, LATER + 61, None, lane=LANE, ref=None, edited=True)
    assert outcomes(database) == [(1, "unclear"), (2, "delivered")]


def test_an_unclear_notice_is_looked_at_again_in_its_time_and_may_repeat(database: Database) -> None:
    """P2: whoever sends it again says so."""
    record(database, [], decided=[a_notice()])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER, None)
    outbox.unclear(database, ids, LATER + 10, None, next_attempt_at=LATER + 20, reason="timed out")
    assert due_lanes(database, LATER + 19) == []
    assert due_lanes(database, LATER + 20) == [LANE]
    [found] = outbox.lane(database, LANE)
    assert (found.state, found.may_repeat, found.attempt_started_at) == ("unclear", True, LATER)
    assert outbox.depth(database, LATER + 20) == OutboxDepth(0, 1, 0, 119.0)


@pytest.mark.promise("P1")
def test_an_abandoned_notice_stands_in_the_list_until_it_is_retried(database: Database) -> None:
    """P1: nothing disappears; what follows it in the lane goes on."""
    record(database, [], decided=[a_notice(1), a_notice(2)])
    first, second = ids_in(database)
    outbox.begin(database, [first], LATER, None)
    outbox.abandoned(database, [first], LATER, None, reason="channel_not_found")
    assert outbox.depth(database, LATER).abandoned == 1
    assert ids_in(database) == [second]
    assert rearming.retry(database, [first, 999_999], LATER + 60) == 1
    assert ids_in(database) == [first, second]
    assert outbox.depth(database, LATER).abandoned == 0


def test_per_channel_it_is_known_what_was_given_up_and_what_waits(database: Database) -> None:
    """P1: whoever tells another channel about it needs the number, the age and the last word of the broken one."""
    decided = [a_notice(step, incident=f"sn-{step}", at=AT + step) for step in (1, 2, 3, 4)]
    record(database, [], decided=[*decided, a_notice(5, MAIL, at=AT + 5), a_notice(6, MAIL, kind=NoticeKind.TEST)])
    first, second, third, _ = (one for n in (1, 2, 3, 4) for one in ids_in(database, Lane(f"sn-{n}", SLACK)))
    for number, ids in enumerate(([second], [first])):
        outbox.begin(database, ids, LATER, None)
        outbox.abandoned(database, ids, LATER + number, None, reason=f"refusal {number}")
    outbox.postpone(database, [third], LATER, None, next_attempt_at=LATER + 60, reason="rate limited")
    assert outbox.abandoned_by_channel(database) == [Stuck("slack", SLACK.to, 2, AT + 1, "refusal 1")]
    assert outbox.oldest_by_channel(database) == [
        Stuck("slack", SLACK.to, 2, AT + 3, "rate limited"),
        Stuck("email", MAIL.to, 1, AT + 5, ""),
    ]


def test_what_is_settled_stays_settled(database: Database) -> None:
    """An answer that comes too late changes nothing, and nobody offers a delivered notice again."""
    record(database, [], decided=[a_notice()])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER, None)
    outbox.delivered(database, ids, LATER, None, lane=LANE, ref=None, edited=True)
    outbox.later(database, ids, LATER, None, next_attempt_at=LATER, reason="late answer")
    outbox.abandoned(database, ids, LATER, None, reason="late answer")
    assert states(database) == ["delivered"]
    with pytest.raises(LeaseLost):
        outbox.begin(database, ids, LATER, None)


def test_the_thread_keeps_what_the_channel_gave_back(database: Database) -> None:
    """Later steps edit the root message; an answer without a reference leaves it."""
    record(database, [an_incident()], decided=[a_notice(1), a_notice(2)])
    first, second = ids_in(database)
    assert messages.thread_of(database, LANE) is None
    outbox.begin(database, [first], LATER, None)
    outbox.delivered(database, [first], LATER + 5, None, lane=LANE, ref={"ts": "1.2"}, edited=True)
    assert messages.thread_of(database, LANE) == Thread({"ts": "1.2"}, LATER)
    outbox.begin(database, [second], LATER + 10, None)
    outbox.delivered(database, [second], LATER + 15, None, lane=LANE, ref=None, edited=False)
    assert messages.thread_of(database, LANE) == Thread({"ts": "1.2"}, LATER)
    messages.edited(database, LANE, LATER + 20, None)
    assert messages.thread_of(database, LANE) == Thread({"ts": "1.2"}, LATER + 20)


def test_a_lane_that_was_told_without_a_reference_is_known_as_told(database: Database) -> None:
    """Webhooks give nothing back; the next step is still not the first."""
    lane = Lane("sn-one", MAIL)
    record(database, [], decided=[a_notice(1, MAIL)])
    ids = ids_in(database, lane)
    outbox.begin(database, ids, LATER, None)
    outbox.delivered(database, ids, LATER, None, lane=lane, ref=None, edited=False)
    assert messages.thread_of(database, lane) == Thread({}, LATER)


def test_a_message_that_shows_old_figures_is_due_for_an_edit(database: Database) -> None:
    """Members change without a notice: one edit in a while, and only when nothing is to be told anyway."""
    record(database, [an_incident()], decided=[a_notice(1)])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER, None)
    outbox.delivered(database, ids, LATER, None, lane=LANE, ref={"ts": "1.2"}, edited=True)
    assert messages.stale_lanes(database, LATER + 500, 45) == []
    record(database, [an_incident(changed_at=LATER + 30)])
    assert messages.stale_lanes(database, LATER + 44, 45) == []
    assert messages.stale_lanes(database, LATER + 45, 45) == [LANE]
    record(database, [], decided=[a_notice(2)])
    assert messages.stale_lanes(database, LATER + 45, 45) == []
    outbox.abandoned(database, ids_in(database), LATER, None, reason="gone")
    messages.edited(database, LANE, LATER + 45, None)
    assert messages.stale_lanes(database, LATER + 500, 45) == []


def test_every_mark_asks_whether_the_lease_is_still_ours(database: Database) -> None:
    """P2: a paused instance that wakes up cannot mark what another one is doing."""
    old = lease.acquire(database, "first", 60, "rules")
    record(database, [], decided=[a_notice()])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER, old)
    lease.acquire(database, "first", 60, "rules")
    with pytest.raises(LeaseLost):
        outbox.begin(database, ids, LATER, old)
    with pytest.raises(LeaseLost):
        outbox.delivered(database, ids, LATER, old, lane=LANE, ref=None, edited=True)
    with pytest.raises(LeaseLost):
        outbox.later(database, ids, LATER, old, next_attempt_at=LATER, reason="")
    with pytest.raises(LeaseLost):
        outbox.unclear(database, ids, LATER, old, next_attempt_at=LATER, reason="")
    with pytest.raises(LeaseLost):
        outbox.abandoned(database, ids, LATER, old, reason="")
    with pytest.raises(LeaseLost):
        messages.edited(database, LANE, LATER, old)
    assert states(database) == ["sending"]
    assert outcomes(database) == [(1, None)]


def test_several_notices_can_be_told_in_one_go(database: Database) -> None:
    """A backlog becomes one message: all of them are one attempt and one delivery."""
    record(database, [], decided=[a_notice(step) for step in range(1, 31)])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER, None)
    assert {one.attempt_started_at for one in outbox.lane(database, LANE)} == {LATER}
    outbox.delivered(database, ids, LATER, None, lane=LANE, ref={"ts": "1"}, edited=True)
    assert set(states(database)) == {"delivered"}


def test_a_notice_may_be_postponed(database: Database) -> None:
    """Without an attempt: the channel is paused."""
    record(database, [], decided=[a_notice()])
    ids = ids_in(database)
    outbox.postpone(database, ids, LATER, None, next_attempt_at=LATER + 30, reason="paused")
    [found] = outbox.lane(database, LANE)
    assert (found.next_attempt_at, found.attempts) == (LATER + 30, 0)


def test_a_test_notice_gets_a_lane_of_its_own(database: Database) -> None:
    """`sentinel notices test` goes the way of every notice, without an incident."""
    numbers = [outbox.enqueue_test(database, SLACK, AT, "a test") for _ in range(2)]
    lanes = due_lanes(database, AT)
    assert [lane.incident for lane in lanes] == ["test-1", "test-2"]
    assert [outbox.lane(database, lane)[0].id for lane in lanes] == numbers
    assert outbox.lane(database, lanes[0])[0].notice.kind is NoticeKind.TEST


def test_addresses_that_look_alike_are_different_lanes(database: Database) -> None:
    """Receivers, kinds and places are kept apart, whatever characters they hold."""
    one, other = Address("a/b", "email", "c"), Address("a", "email", "b/c")
    record(database, [], decided=[a_notice(1, one), a_notice(1, other)])
    assert len(due_lanes(database, LATER)) == 2


def test_the_outbox_never_looks_through_what_was_delivered_long_ago(sqlite_url: str) -> None:
    """P7: a storm after months of history costs what the storm has, not what the months had."""
    database = Database.open(sqlite_url)
    asked: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    record(database, [], decided=[a_notice()])
    due_lanes(database, LATER)
    outbox.lane(database, LANE)
    outbox.depth(database, LATER)
    outbox.abandoned_by_channel(database)
    outbox.oldest_by_channel(database)
    about = [(statement, values) for statement, values in asked if statement.startswith(("SELECT", "UPDATE notices"))]
    assert len(about) == 7
    with database.reading() as connection:
        for statement, values in about:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert not [step for *_, step in plan if step.startswith("SCAN notices") and "INDEX" not in step], statement
    database.close()
