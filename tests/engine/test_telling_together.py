"""What is told together is a pure decision: tables of it."""

from __future__ import annotations

import pytest

from sentinel.deliver.digest_wording import Step
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address
from sentinel.engine.batch import next_batch, next_bundle
from sentinel.engine.pacing import MINUTE, Pacing, Weather
from sentinel.engine.storm import Task, Together, digest_of, is_quiet, key_of, plan
from sentinel.store.due import Due
from sentinel.store.notices import Lane
from sentinel.store.outbox import OutboxNotice
from tests.fakes.stories import incident
from tests.store.records import AT, MAIL, SLACK, a_notice


def lane(n: int, address: Address = SLACK) -> Lane:
    return Lane(f"sn-{n}", address)


def a_due(n: int, address: Address = SLACK, **changes: object) -> Due:
    plain = {
        "lane": lane(n, address),
        "id": n,
        "test": False,
        "state": "waiting",
        "attempts": 0,
        "bundle": None,
        "told": False,
        "digest": None,
    }
    return Due(**{**plain, **changes})  # type: ignore[arg-type]


def new(*numbers: int) -> list[Due]:
    return [a_due(n) for n in numbers]


def together(*numbers: int, bundle: str | None = None, digest: str | None = None) -> Together:
    return Together(tuple(lane(n) for n in numbers), bundle, digest)


@pytest.mark.parametrize(
    ("due", "weather", "expected"),
    [
        pytest.param(new(1, 2, 3), Weather(), [lane(1), lane(2), lane(3)], id="few are told one by one"),
        pytest.param(new(1, 2, 3, 4), Weather(), [together(1, 2, 3, 4)], id="more than the setting become a digest"),
        pytest.param(new(1, 2), Weather(roots=2), [together(1, 2)], id="what went out in the last minute counts"),
        pytest.param(
            new(1), Weather(digest="digest-a"), [together(1, digest="digest-a")], id="a young digest is joined"
        ),
        pytest.param(
            [a_due(1, told=True), *new(2, 3, 4, 5)], Weather(), [lane(1), together(2, 3, 4, 5)], id="in order of age"
        ),
        pytest.param(
            [a_due(1, told=True, digest="digest-a"), a_due(2, told=True), a_due(3, told=True, digest="digest-a")],
            Weather(),
            [together(1, 3, digest="digest-a"), lane(2)],
            id="steps below one digest are one line",
        ),
        pytest.param(
            [a_due(1, bundle="digest-a/b", state="unclear"), a_due(2, bundle="digest-a/b", state="unclear")],
            Weather(),
            [together(1, 2, bundle="digest-a/b", digest="digest-a")],
            id="what was offered together goes together again",
        ),
        pytest.param(
            [a_due(1, bundle="digest-a"), *new(2, 3, 4, 5)],
            Weather(),
            [together(1, bundle="digest-a")],
            id="a digest that was put off is waited for",
        ),
        pytest.param(
            [a_due(1, state="sending"), *new(2, 3, 4, 5)],
            Weather(),
            [lane(1), together(2, 3, 4, 5)],
            id="an open attempt is not made part of anything else",
        ),
        pytest.param(
            [a_due(1, test=True), *new(2, 3, 4)], Weather(), [lane(1), lane(2), lane(3), lane(4)], id="nor is a test"
        ),
        pytest.param(
            [a_due(1, MAIL, attempts=1), *(a_due(n, MAIL) for n in (2, 3, 4, 5))],
            Weather(),
            [lane(1, MAIL), Together(tuple(lane(n, MAIL) for n in (2, 3, 4, 5)), None, None)],
            id="nor a mail that some may have",
        ),
    ],
)
def test_what_is_due_on_a_channel_becomes_messages(due: list[Due], weather: Weather, expected: list[Task]) -> None:
    assert plan(due, weather, 3) == expected


@pytest.mark.fault(97)
@pytest.mark.parametrize(("number", "messages"), [(5, 5), (6, 1)])
def test_after_a_channel_put_something_off_more_than_five_are_one(number: int, messages: int) -> None:
    assert len(plan(new(*range(number)), Weather(strained=True), 10)) == messages


def test_a_bundles_key_follows_from_its_notices_alone() -> None:
    assert key_of(["a", "b"], None) == key_of(["b", "a"], None) != key_of(["a", "c"], None)
    below = key_of(["a"], "digest-x")
    assert (digest_of(below), digest_of(key_of(["a"], None))) == ("digest-x", None)
    assert len(key_of(["a"], key_of(["b"], None))) <= 64


@pytest.mark.parametrize(
    ("kind", "told", "roots", "over", "expected"),
    [
        (NoticeKind.RECOVERED, True, 0, False, True),
        (NoticeKind.RECOVERED, True, 0, True, False),
        (NoticeKind.ESCALATED, True, 99, False, False),
        (NoticeKind.REOPENED, True, 99, False, False),
        (NoticeKind.DEGRADED, False, 9, False, False),
        (NoticeKind.DEGRADED, False, 10, False, True),
    ],
)
def test_who_hears_of_a_line_below_a_digest(
    kind: NoticeKind, told: bool, roots: int, over: bool, expected: bool
) -> None:
    step = Step(incident(), kind, "", quiet=False, told=told)
    assert is_quiet([step], Weather(roots=roots), over=over, storm_after=10) is expected


def row(n: int, step: int = 1, **changes: object) -> OutboxNotice:
    plain = {
        "id": n * 10 + step,
        "notice": a_notice(step, incident=f"sn-{n}"),
        "state": "waiting",
        "attempts": 0,
        "attempt_started_at": None,
        "next_attempt_at": AT,
        "may_repeat": False,
    }
    return OutboxNotice(**{**plain, **changes})  # type: ignore[arg-type]


def begun(n: int, bundle: str | None = "digest-a", **changes: object) -> OutboxNotice:
    return row(n, **{"state": "unclear", "attempts": 1, "attempt_started_at": AT, "bundle": bundle, **changes})


def test_an_open_bundle_is_looked_up_as_it_was_and_goes_again_with_what_came_since() -> None:
    rows = {lane(1): [begun(1), row(1, 2)], lane(2): [begun(2)]}
    batch = next_bundle(rows, "digest-a", None, AT + 60)
    assert batch is not None
    assert (batch.key, batch.ids, batch.open_since) == ("digest-a", (11, 21), AT)
    assert batch.whole().ids == (11, 12, 21)


def test_a_lane_with_another_open_attempt_stays_out_of_a_bundle() -> None:
    batch = next_bundle({lane(1): [begun(1, None)], lane(2): [row(2)]}, None, None, AT + 60)
    assert batch is not None
    assert batch.ids == (21,)


def test_nothing_is_due_before_its_time() -> None:
    assert next_bundle({lane(1): [begun(1, next_attempt_at=AT + 90)]}, "digest-a", None, AT + 60) is None
    assert next_bundle({lane(1): [row(1, next_attempt_at=AT + 90)]}, None, None, AT + 60) is None


@pytest.mark.fault(109)
def test_what_some_recipients_have_goes_to_the_others_as_it_was() -> None:
    """Else those who have it would never hear of what came since."""
    waiting = [row(1, accepted_by=("ana@example.com",), attempts=1), row(1, 2)]
    batch = next_batch(waiting, AT + 60)
    assert batch is not None
    assert batch.ids == (11,)


def test_the_last_minute_is_forgotten_when_it_is_over() -> None:
    pacing = Pacing()
    pacing.accepted("slack:#a", 10.0, root=True, digest="digest-a")
    pacing.put_off("slack:#a")
    assert pacing.weather("slack:#a", 10.0 + MINUTE - 1) == Weather(1, strained=True, digest="digest-a")
    assert pacing.weather("slack:#a", 10.0 + MINUTE) == Weather(0, strained=True)
    pacing.accepted("slack:#a", 90.0, root=False)
    assert pacing.weather("slack:#a", 90.0) == Weather()
