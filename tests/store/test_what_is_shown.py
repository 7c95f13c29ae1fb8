"""What a message shows and what waits, when clocks disagree and when answers come late."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.domain.rules import Address
from sentinel.store import bundles, messages, outbox
from sentinel.store.database import Database
from sentinel.store.messages import StaleDigest
from sentinel.store.outbox import Bundle, Lane
from tests.store.records import AT, MAIL, SLACK, a_notice, an_incident, due_lanes, record

LANE = Lane("sn-one", SLACK)
LATER = AT + 100


def ids_in(database: Database, lane: Lane = LANE) -> list[int]:
    return [one.id for one in outbox.lane(database, lane)]


@pytest.mark.fault(98)
def test_what_a_look_up_finds_shows_the_incident_as_of_the_first_attempt_of_unknown_fate(database: Database) -> None:
    record(database, [an_incident(changed_at=LATER + 30)], decided=[a_notice(1)])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER, None)
    outbox.unclear(database, ids, LATER + 1, None, next_attempt_at=LATER, reason="no answer")
    outbox.begin(database, ids, LATER + 60, None)
    outbox.delivered(database, ids, LATER + 61, None, lane=LANE, ref={"ts": "1"}, edited=True, found=True)
    assert messages.stale_lanes(database, LATER + 200, 45) == [LANE]


@pytest.mark.fault(19, 98, 115)
@pytest.mark.parametrize("since", [-90.0, 0.0, 90.0], ids=["by a clock set back", "not at all", "since then"])
def test_what_a_look_up_finds_is_edited_unless_the_incident_has_not_changed(database: Database, since: float) -> None:
    """Seed 793: a change that a clock set back dated before the message was taken for shown. No clock is asked now."""
    then = a_notice(1).at
    record(database, [an_incident(changed_at=then + since)], decided=[a_notice(1)])
    ids = ids_in(database)
    outbox.begin(database, ids, then, None)
    outbox.delivered(database, ids, LATER, None, lane=LANE, ref={"ts": "1"}, edited=True, found=True)
    assert messages.stale_lanes(database, LATER + 200, 45) == ([LANE] if since else [])


@pytest.mark.fault(19, 115)
def test_an_edit_dated_by_a_clock_that_was_ahead_does_not_hide_what_changes_now(database: Database) -> None:
    """The clock is set back, or another instance leads on whose clock it is earlier: the message is edited once more."""
    record(database, [an_incident(changed_at=LATER)], decided=[a_notice(1)])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER, None)
    outbox.delivered(database, ids, LATER, None, lane=LANE, ref={"ts": "1.2"}, edited=True)
    messages.edited(database, LANE, LATER + 10, None)
    record(database, [an_incident(changed_at=LATER - 3000)])
    assert messages.stale_lanes(database, LATER - 2999, 45) == [LANE]
    messages.edited(database, LANE, LATER - 2998, None)
    assert messages.stale_lanes(database, LATER - 2000, 45) == []
    record(database, [an_incident(changed_at=LATER)])
    messages.edited(database, LANE, LATER, None)
    assert messages.stale_lanes(database, LATER - 1000, 45) == [], "dated ahead, and shown as it is"


@pytest.mark.fault(115)
def test_a_change_that_another_clock_dates_before_the_message_is_shown_all_the_same(database: Database) -> None:
    """Who sent the message died; its clock was minutes ahead of the clock of who leads now."""
    record(database, [an_incident(changed_at=LATER)], decided=[a_notice(1)])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER + 157, None)
    outbox.delivered(database, ids, LATER + 158, None, lane=LANE, ref={"ts": "1"}, edited=True, shown=LATER)
    assert messages.stale_lanes(database, LATER + 300, 45) == []
    record(database, [an_incident(changed_at=LATER + 60)])
    assert messages.stale_lanes(database, LATER + 300, 45) == [LANE]
    messages.edited(database, LANE, LATER + 300, None, shown=LATER + 60)
    assert messages.stale_lanes(database, LATER + 900, 45) == []


@pytest.mark.fault(19, 115)
def test_a_digest_dated_by_a_clock_that_was_ahead_is_edited_once_and_hides_nothing(database: Database) -> None:
    ahead, other = an_incident(changed_at=LATER + 3000), an_incident("other", changed_at=LATER)
    record(database, [ahead, other], decided=[a_notice(1), a_notice(1, incident="other")])
    lanes, bundle = [LANE, replace(LANE, incident="other")], Bundle("together")
    chosen = [one for rows in bundles.rows(database, lanes).values() for one in rows]
    bundles.begin(database, bundle, chosen, LATER, None, may_repeat=False)
    bundles.delivered(database, bundle, LATER, None, digest="together", lanes=lanes, ref={"ts": "1"})
    due = [StaleDigest("together", LANE.address)]
    assert messages.stale_digests(database, LATER + 50, 45) == due
    messages.digest_edited(database, "together", LATER + 50, None, ref=None, shown=[ahead, other])
    assert messages.stale_digests(database, LATER + 500, 45) == []
    record(database, [an_incident(changed_at=LATER + 600)])
    assert messages.stale_digests(database, LATER + 600, 45) == due


@pytest.mark.promise("P7")
@pytest.mark.fault(19, 115)
@pytest.mark.parametrize("address", [SLACK, MAIL])
def test_what_another_instance_put_off_by_a_clock_that_was_ahead_is_looked_at_by_the_one_that_takes_over(
    database: Database, address: Address
) -> None:
    """It was decided and begun here, and only its outcome was written over there."""
    record(database, [], decided=[a_notice(1, address)])
    lane, hours = Lane("sn-one", address), 7200.0
    ids = ids_in(database, lane)
    outbox.begin(database, ids, LATER, None)
    ahead = LATER + hours
    outbox.unclear(database, ids, ahead, None, next_attempt_at=ahead + 5, reason="no answer")
    assert due_lanes(database, LATER + 200) == []
    assert outbox.offer_now(database, LATER + 200, None, written_after=LATER + 200) == 1
    assert due_lanes(database, LATER + 200) == [lane]


@pytest.mark.fault(19, 115)
def test_a_look_for_what_slack_may_have_leaves_no_date_and_is_repeated_at_once_by_who_takes_over(
    database: Database,
) -> None:
    record(database, [], decided=[a_notice(1)])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER, None)
    outbox.unclear(database, ids, LATER + 1, None, next_attempt_at=LATER + 5, reason="no answer")
    outbox.unclear(database, ids, LATER + 7200, None, next_attempt_at=LATER + 7205, reason="not found yet")
    assert outbox.offer_now(database, LATER + 30, None, written_after=LATER + 30) == 1
    assert due_lanes(database, LATER + 30) == [LANE]


@pytest.mark.fault(98)
def test_what_was_put_off_by_a_clock_that_agrees_goes_on_waiting_when_somebody_takes_over(database: Database) -> None:
    """A channel that asked for patience is not asked by every instance that starts."""
    record(database, [], decided=[a_notice(1)])
    ids = ids_in(database)
    outbox.begin(database, ids, LATER, None)
    outbox.later(database, ids, LATER + 1, None, next_attempt_at=LATER + 600, reason="HTTP 429")
    assert outbox.offer_now(database, LATER + 30, None, written_after=LATER + 30) == 0
    assert due_lanes(database, LATER + 30) == []


@pytest.mark.fault(98)
@pytest.mark.promise("P5")
def test_a_line_of_a_digest_that_is_found_late_brings_its_incident_back_into_the_digest(database: Database) -> None:
    """While nobody knew of it, the digest was edited without it: it has to be edited again."""
    record(database, [an_incident(), an_incident("other")], decided=[a_notice(1), a_notice(1, incident="other")])
    first, second = LANE, replace(LANE, incident="other")

    def waiting(lane: Lane) -> list[outbox.OutboxNotice]:
        return outbox.lane(database, lane)

    bundles.begin(database, Bundle("root"), waiting(first), LATER, None, may_repeat=False)
    shown = {first.incident: AT}
    bundles.delivered(database, Bundle("root"), LATER, None, digest="root", lanes=[first], ref={"ts": "1"}, shown=shown)
    bundles.begin(database, Bundle("root/line"), waiting(second), LATER + 10, None, may_repeat=False)
    messages.digest_edited(database, "root", LATER + 20, None, ref=None, shown=[an_incident()])
    bundles.delivered(database, Bundle("root/line"), LATER + 30, None, digest="root", lanes=[second], ref=None)
    assert messages.stale_digests(database, LATER + 200, 45) == [StaleDigest("root", LANE.address)]
    messages.digest_edited(database, "root", LATER + 200, None, ref=None, shown=[an_incident(), an_incident("other")])
    assert messages.stale_digests(database, LATER + 900, 45) == []


@pytest.mark.fault(98)
def test_a_line_of_a_digest_that_nobody_edited_since_is_shown_there(database: Database) -> None:
    then = a_notice(1).at
    one, other = an_incident(changed_at=then), an_incident("other", changed_at=then)
    record(database, [one, other], decided=[a_notice(1), a_notice(1, incident="other")])
    second = replace(LANE, incident="other")
    bundles.begin(database, Bundle("root"), outbox.lane(database, LANE), LATER, None, may_repeat=False)
    bundles.delivered(
        database, Bundle("root"), LATER, None, digest="root", lanes=[LANE], ref={"ts": "1"}, shown={"sn-one": then}
    )
    bundles.begin(database, Bundle("root/line"), outbox.lane(database, second), LATER + 10, None, may_repeat=False)
    bundles.delivered(database, Bundle("root/line"), LATER + 30, None, digest="root", lanes=[second], ref=None)
    assert messages.stale_digests(database, LATER + 200, 45) == []
