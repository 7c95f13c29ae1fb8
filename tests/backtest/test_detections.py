"""Which incidents of two runs are the same episode: as quick to find among many as it is simple to say."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from sentinel.backtest.difference import detections
from sentinel.backtest.outcome import Outcome
from sentinel.domain.hierarchy import is_under
from sentinel.domain.incidents import Incident
from tests.store.records import an_incident

PLACES = ((), ("Europe",), ("Europe", "Paris"), ("Europe", "Paris", "1"), ("Europe", "Rome"), ("Asia",))
SPANS = st.tuples(st.sampled_from(PLACES), st.integers(0, 60), st.none() | st.integers(0, 9))


def outcome(spans: Sequence[tuple[tuple[str, ...], float, float | None]]) -> Outcome:
    """Incidents at these places, opened then and lasting so long; None lasts."""
    incidents = [
        an_incident(f"i{n:06d}", node=node, opened_at=at, resolved_at=None if lasts is None else at + lasts)
        for n, (node, at, lasts) in enumerate(sorted(spans, key=lambda span: span[1]))
    ]
    return Outcome(
        told=(),
        incidents=tuple(incidents),
        not_told={},
        flapping=frozenset(),
        readings=0,
        failed=0,
        first_at=None,
        last_at=None,
    )


def same_episode(one: Incident, other: Incident) -> bool:
    return (
        (is_under(one.node, other.node) or is_under(other.node, one.node))
        and (other.resolved_at is None or one.opened_at <= other.resolved_at)
        and (one.resolved_at is None or other.opened_at <= one.resolved_at)
    )


@given(st.lists(SPANS, max_size=12), st.lists(SPANS, max_size=12))
def test_an_episode_is_the_first_of_the_other_run_that_was_open_at_one_time_above_or_below(
    before: list[tuple[tuple[str, ...], float, float | None]], after: list[tuple[tuple[str, ...], float, float | None]]
) -> None:
    old, new = outcome(before), outcome(after)
    expected = []
    for one in old.incidents:
        other = next((each for each in new.incidents if same_episode(one, each)), None)
        if other is not None and other.opened_at != one.opened_at:
            expected.append((one.node, one.opened_at, other.opened_at))
    found = [(one.node, one.old_at, one.new_at) for one in detections(old, new)]
    assert sorted(found) == sorted(expected)


def test_twenty_thousand_incidents_of_one_rule_are_no_work() -> None:
    """Looked through one by one, they take minutes, which the time limit of tests does not leave."""
    old = outcome([(("Europe", f"site {n % 50}"), 10.0 * n, 5.0) for n in range(20_000)])
    new = outcome([(("Europe", f"site {n % 50}"), 10.0 * n - 2, 5.0) for n in range(20_000)])
    assert {one.earlier for one in detections(old, new)} == {2.0}
