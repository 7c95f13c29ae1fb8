"""Whatever people do in between, whatever the polls and the mutes: who has it in hand is left alone, others are called once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.incidents import Incident
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.requests import Deed, Outcome
from sentinel.domain.rules import Address, Rule
from tests.domain.polls import TEAM, Run
from tests.domain.test_muting_anything import QUIETS, Quiet, a_run
from tests.domain.test_stories_anything import (
    ENDS,
    PAGER,
    ROUTES,
    SITES,
    Poll,
    any_rule,
    check_members,
    feed,
    has_it_for_open,
    polls_of,
    told,
    where,
)
from tests.effort import effort

BOSS = Address("boss", "email", "boss@example.com")
AFTER = 1500.0
CALLING = (replace(ROUTES[0], escalate_after=AFTER, escalate_to=(BOSS, TEAM)), ROUTES[1])
"""What is critical is escalated to the boss, and to the team, which may know of it already."""


@dataclass(frozen=True)
class Act:
    """Somebody does something about one of the incidents there are, `which` of them, open or not."""

    deed: Deed
    by: str
    which: int


ACTS = st.builds(
    Act,
    st.sampled_from([Deed.ACK, Deed.ACK, Deed.UNACK, Deed.NOTE]),
    st.sampled_from(["ana", "ben"]),
    st.integers(0, 9),
)
LIVES = st.lists(st.one_of(polls_of(SITES), polls_of(SITES), ACTS), min_size=3, max_size=18)


def lived(rule: Rule, quiet: Quiet, life: Sequence[Poll | Act], *, forgetful: bool = False) -> Run:
    """The run after all of it, looked at after each."""
    run = replace(a_run(rule, quiet, forgetful=forgetful), routes=CALLING)
    for one in life:
        if isinstance(one, Poll):
            feed(run, one)
        elif run.incidents:
            act(run, one)
        check_members(run)
        check_told(run)
    return run


def act(run: Run, one: Act) -> None:
    """What is answered is what is done."""
    ids = sorted(run.incidents)
    before = run.incidents[ids[one.which % len(ids)]]
    answer = run.asks(one.deed, one.by, "a note" if one.deed is Deed.NOTE else "", of=before.id, wait=0.0)
    after = run.incidents[before.id]
    assert after.step == before.step + (answer.outcome is Outcome.DONE)
    if one.deed is Deed.NOTE:
        assert answer.outcome is Outcome.DONE
        assert after.acknowledged_by == before.acknowledged_by
    elif not before.is_open:
        assert (answer.outcome, after) == (Outcome.REFUSED, before)
    else:
        assert after.acknowledged_by == (one.by if one.deed is Deed.ACK else None)
        assert after.is_open


def check_told(run: Run) -> None:
    """Per incident and address, whole stories; nobody is reminded of what is in hand, or called twice, or too soon."""
    assert len({notice.key for notice in run.notices}) == len(run.notices)
    lanes: dict[tuple[str, Address], list[Notice]] = {}
    for notice in run.notices:
        if notice.told:
            assert notice.address is not None
            lanes.setdefault((notice.incident, notice.address), []).append(notice)
    for (name, address), notices in lanes.items():
        incident, kinds = run.incidents[name], [one.kind for one in notices]
        assert address in incident.audience
        called = dict(incident.attention.called)
        first = kinds[0]
        if first is NoticeKind.REMINDER:
            assert called[address] == notices[0].at, "the first word to who was not routed to is an escalation"
        else:
            assert first not in (*ENDS, NoticeKind.UNKNOWN, NoticeKind.ACKNOWLEDGED)
        if not incident.is_muted and not incident.is_flapping:
            assert has_it_for_open(kinds) == incident.is_open
    for incident in run.incidents.values():
        check_hands(run, incident)


def check_hands(run: Run, incident: Incident) -> None:
    """The incident's own steps in order."""
    in_hand = False
    for event in (one for one in run.events if one.incident == incident.id):
        if event.kind in ("acknowledged", "unacknowledged"):
            in_hand = event.kind == "acknowledged"
        elif event.kind == "reopened":
            in_hand = False  # out of a lull it stays in hand, which asks for less
        elif event.kind == "reminder":
            assert not in_hand
    called = incident.attention.called
    assert len({address for address, _ in called}) == len(called)
    assert all(at - incident.opened_at >= AFTER for _, at in called)
    if incident.is_open and in_hand:
        assert incident.acknowledged_by is not None


bounded = effort(60)


@bounded
@given(any_rule(), QUIETS, LIVES)
def test_stories_with_people_in_them_are_whole(rule: Rule, quiet: Quiet, life: Sequence[Poll | Act]) -> None:
    lived(rule, quiet, life)


@bounded
@given(any_rule(), QUIETS, LIVES)
def test_a_restart_between_any_two_steps_changes_nothing(rule: Rule, quiet: Quiet, life: Sequence[Poll | Act]) -> None:
    one, other = lived(rule, quiet, life), lived(rule, quiet, life, forgetful=True)
    assert where(one) == where(other)
    assert told(one) == told(other)
    hands = [(i.acknowledged_by, i.acknowledged_at, i.attention) for i in one.incidents.values()]
    assert hands == [(i.acknowledged_by, i.acknowledged_at, i.attention) for i in other.incidents.values()]


@bounded
@given(any_rule(), LIVES)
def test_whoever_acknowledges_changes_nothing_but_reminders_and_calls(rule: Rule, life: Sequence[Poll | Act]) -> None:
    """The same life without people in it finds the same incidents and tells the same of them."""
    nothing = Quiet((), ())
    one, other = lived(rule, nothing, life), lived(rule, nothing, [step for step in life if isinstance(step, Poll)])
    assert where(one) == where(other)
    aside = (NoticeKind.REMINDER, NoticeKind.ACKNOWLEDGED)
    heard = [
        [(n.incident, n.at, n.kind, n.line) for n in run.notices if n.kind not in aside and n.address == PAGER]
        for run in (one, other)
    ]
    assert heard[0] == heard[1]
