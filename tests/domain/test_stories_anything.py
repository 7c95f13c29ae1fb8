"""Whatever the polls bring: every story is told whole, nothing is told that did not happen, order and restarts are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.incidents import Incident
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import SOURCE_RULE, Address, Flapping, NoData, Rule
from tests.domain.polls import TEAM, Run, a_route, a_rule, an_override, edited, threshold
from tests.effort import effort

PAGER = Address("pager", "slack", "#pager")
COUNTRIES = ("CH", "FR")
SITES = tuple(f"{country}/{town}" for country in COUNTRIES for town in ("a", "b", "c"))
DESKS = tuple(f"{site}/{desk}" for site in SITES[1:5] for desk in ("1", "2"))
ENDS = (NoticeKind.RECOVERED, NoticeKind.CLOSED)
ROUTES = (
    a_route(PAGER, severity=("critical",), onwards=True, remind_every=3600.0),
    a_route(TEAM, remind_every=5400.0),
)


@dataclass(frozen=True)
class Poll:
    """One poll: None for a failed one, else a figure per node (None: no row), and the seconds to the next."""

    figures: Mapping[str, float | None] | None
    wait: float
    level: str = "Site"


FIGURES = st.sampled_from([0.0, 0.0, 8.0, 15.0, 15.0, 30.0, 30.0, float("nan"), None])
WAITS = st.sampled_from([600.0] * 6 + [60.0, 240.0, 601.0, 1200.0, 2400.0, 7200.0, -60.0, -3700.0])


def polls_of(nodes: Sequence[str], level: str = "Site") -> st.SearchStrategy[Poll]:
    """Any answer about these nodes, now and then none."""
    all_alike = FIGURES.map(lambda figure: dict.fromkeys(nodes, figure))
    some = st.fixed_dictionaries(dict.fromkeys(nodes, FIGURES))
    return st.builds(Poll, st.one_of(some, some, all_alike, st.none()), WAITS, st.just(level))


def any_rule() -> st.SearchStrategy[Rule]:
    """Rules with and without timers, hysteresis, overrides, policies for missing data, roll-up."""
    holds = st.sampled_from([0.0, 600.0, 1200.0])
    clear = st.sampled_from(["", "value < 5"])
    limits = st.builds(
        lambda hold, recover, text: threshold("value > 20", clear=text, hold=hold, recover_for=recover),
        holds,
        holds,
        clear,
    )
    warnings = st.one_of(
        st.none(),
        st.builds(
            lambda hold, recover, text: threshold("value > 10", clear=text, hold=hold, recover_for=recover),
            holds,
            holds,
            clear,
        ),
    )
    flapping = st.sampled_from(
        [
            None,
            Flapping(),
            Flapping(changes=2, within=7200.0, quiet=900.0),
            Flapping(changes=3, within=7200.0, quiet=1200.0),
        ]
    )
    return st.builds(_a_rule, limits, warnings, st.sampled_from(NoData), st.booleans(), st.booleans(), flapping)


def _a_rule(critical, warning, no_data, overridden, rolled, flapping):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    rule = a_rule(critical, warning=warning, no_data=no_data, retire_after=14400.0, flapping=flapping)
    if overridden:
        off = an_override("FR/b/**", rule, critical=None, warning=threshold("value > 5"))
        rule = replace(rule, overrides=(off, an_override("CH/**", rule, critical=threshold("value > 25"))))
    return rule if rolled else replace(rule, rollup=None)


def fed(rule: Rule, polls: Sequence[Poll], *, forgetful: bool = False, backwards: bool = False) -> Run:
    """The run after these polls."""
    run = Run((rule,), routes=ROUTES, forgetful=forgetful, max_missing_share=0.8)
    for poll in polls:
        feed(run, poll, backwards=backwards)
    return run


def feed(run: Run, poll: Poll, *, backwards: bool = False) -> None:
    """One poll; an answer without any row is a failed one."""
    rows = {node: figure for node, figure in (poll.figures or {}).items() if figure is not None}
    if not rows:
        run.bad(level=poll.level, wait=poll.wait)
        return
    run.good(dict(reversed(rows.items())) if backwards else rows, level=poll.level, wait=poll.wait)


def told(run: Run) -> list[tuple[object, ...]]:
    """Every notice, those of one tick in any order."""
    return sorted((n.at, n.key, n.told, n.quiet, n.line, n.reason) for n in run.notices)


def where(run: Run) -> dict[str, tuple[object, ...]]:
    """What is known of the incidents, without what a message merely shows."""
    return {
        key: (one.node, one.severity, one.members, one.opened_at, one.resolved_at, one.close_reason, one.reopened)
        for key, one in run.incidents.items()
    }


def check_stories(run: Run) -> None:
    """Per incident and address: the open first, one close for every open, nothing after it but a reopening.

    That it flaps, or does so no more, neither opens nor closes. Nothing is withheld but by flapping.
    """
    told: dict[tuple[str, object], list[NoticeKind]] = {}
    for notice in run.notices:
        assert notice.told == (notice.reason != "flapping")
        if notice.told:
            told.setdefault((notice.incident, notice.address), []).append(notice.kind)
    assert len({notice.key for notice in run.notices}) == len(run.notices)
    for (name, _), kinds in told.items():
        assert kinds[0] not in (*ENDS, NoticeKind.REMINDER, NoticeKind.UNKNOWN, NoticeKind.FLAPPING)
        is_open = has_it_for_open(kinds)
        incident = run.incidents[name]
        assert is_open == incident.is_open or incident.is_flapping
        if incident.is_flapping:
            assert is_open == incident.flaps.announced


def has_it_for_open(kinds: Sequence[NoticeKind]) -> bool:
    """What somebody who hears all this knows in the end."""
    is_open = True
    for kind, following in zip(kinds, [*kinds[1:], None], strict=True):
        if kind in ENDS:
            assert is_open
            is_open = False
        elif kind is not NoticeKind.FLAPPING:
            assert is_open or kind is NoticeKind.REOPENED
            is_open = True
        assert following is not NoticeKind.REOPENED or not is_open
    return is_open


def check_members(run: Run) -> None:
    """Every active alert is of one open incident, and every open incident has as many members as it says."""
    book = run.books.get(("errors", "Mail", "portal"))
    if book is None:
        return
    members = [one.incident[i] for one in book.alerts.values() for i in np.flatnonzero(one.active)]
    open_ones: dict[str, Incident] = {one.id: one for one in book.open_incidents if not one.in_lull}
    assert set(members) == set(open_ones)
    assert {key: members.count(key) for key in open_ones} == {key: one.members for key, one in open_ones.items()}
    recorded = {key for key, one in run.incidents.items() if one.is_open and one.rule != SOURCE_RULE}
    assert recorded == {one.id for one in book.open_incidents}


def check_nothing_from_nothing(run: Run, poll: Poll, before: int) -> None:
    """A poll that tells of no node ends and opens nothing, unless the rule wants missing data to count."""
    figures = [] if poll.figures is None else [f for f in poll.figures.values() if f is not None]
    if all(np.isnan(figure) for figure in figures) and run.rules[0].criteria.no_data is NoData.UNKNOWN:
        kinds = {notice.kind for notice in run.notices[before:] if run.incidents[notice.incident].rule != SOURCE_RULE}
        assert not kinds & {NoticeKind.RECOVERED, NoticeKind.REOPENED, NoticeKind.DEGRADED, NoticeKind.ESCALATED}


def check_losses(run: Run, poll: Poll, before: set[tuple[str, ...]]) -> None:
    """What is not active any more had a figure in this very answer."""
    figures = {} if poll.figures is None else {tuple(node.split("/")): f for node, f in poll.figures.items()}
    for node in before - active_nodes(run):
        figure = figures.get(node)
        assert figure is not None
        assert not np.isnan(figure)


def active_nodes(run: Run) -> set[tuple[str, ...]]:
    book = run.books.get(("errors", "Mail", "portal"))
    every = () if book is None else book.alerts.values()
    return {one.nodes[i] for one in every for i in np.flatnonzero(one.active)}


def follow(rule: Rule, polls: Sequence[Poll]) -> None:
    run = Run((rule,), routes=ROUTES, max_missing_share=0.8)
    for poll in polls:
        before = len(run.notices)
        feed(run, poll)
        check_members(run)
        check_stories(run)
        check_nothing_from_nothing(run, poll, before)


bounded = effort(120)


@bounded
@given(any_rule(), st.lists(polls_of(SITES), min_size=2, max_size=14))
def test_stories_over_sites_are_whole(rule: Rule, polls: Sequence[Poll]) -> None:
    follow(rule, polls)


@bounded
@given(any_rule(), st.lists(polls_of(DESKS), min_size=2, max_size=10))
def test_stories_over_a_deeper_tree_are_whole(rule: Rule, polls: Sequence[Poll]) -> None:
    follow(rule, polls)


@bounded
@given(any_rule(), st.lists(polls_of(DESKS), min_size=2, max_size=12))
def test_only_a_figure_ends_what_is_active(rule: Rule, polls: Sequence[Poll]) -> None:
    rule = replace(rule, criteria=replace(rule.criteria, no_data=NoData.UNKNOWN), retire_after=1e9)
    rule = replace(
        rule,
        overrides=tuple(replace(one, criteria=replace(one.criteria, no_data=NoData.UNKNOWN)) for one in rule.overrides),
    )
    run = Run((rule,), routes=ROUTES)
    for poll in polls:
        before = active_nodes(run)
        feed(run, poll)
        check_losses(run, poll, before)


@bounded
@given(
    st.lists(any_rule(), min_size=2, max_size=4),
    st.lists(st.one_of(polls_of(COUNTRIES, "Country"), polls_of(SITES)), min_size=8, max_size=16),
)
def test_edits_of_the_rule_in_between_keep_every_story_whole(versions: Sequence[Rule], polls: Sequence[Poll]) -> None:
    """Every few polls another version of the rule, with one level or two; a level that is gone is not asked."""
    levels = (("Country", "Site"), ("Site",), ("Country",), ("Country", "Site"))
    run = Run((), routes=ROUTES, max_missing_share=0.8)
    for number, poll in enumerate(polls):
        turn = number // 4
        rule = replace(versions[turn % len(versions)], levels=levels[turn])
        if (rule,) != run.rules:
            edited(run, rule, levels=rule.levels)
            check_stories(run)
        if poll.level in rule.levels:
            feed(run, poll)
            check_stories(run)
            if run.plans[-1].judged is not None:  # else it was answered at an instant that had been judged already
                check_members(run)


BOTH_LEVELS = st.lists(st.one_of(polls_of(COUNTRIES, "Country"), polls_of(SITES)), min_size=2, max_size=14)


@bounded
@given(any_rule(), BOTH_LEVELS)
def test_stories_over_two_levels_are_whole(rule: Rule, polls: Sequence[Poll]) -> None:
    follow(replace(rule, levels=("Country", "Site")), polls)


@bounded
@given(any_rule(), st.lists(polls_of(DESKS), min_size=2, max_size=12))
def test_the_order_of_the_rows_does_not_matter(rule: Rule, polls: Sequence[Poll]) -> None:
    one, other = fed(rule, polls), fed(rule, polls, backwards=True)
    assert where(one) == where(other)
    assert told(one) == told(other)


@bounded
@given(any_rule(), BOTH_LEVELS)
def test_a_restart_between_any_two_ticks_changes_nothing(rule: Rule, polls: Sequence[Poll]) -> None:
    rule = replace(rule, levels=("Country", "Site"))
    one, other = fed(rule, polls), fed(rule, polls, forgetful=True)
    assert where(one) == where(other)
    assert told(one) == told(other)


@bounded
@given(any_rule(), st.lists(polls_of(SITES), min_size=4, max_size=14))
def test_after_a_quiet_time_everybody_knows_how_it_ended(rule: Rule, polls: Sequence[Poll]) -> None:
    run = fed(rule, polls)
    for _ in range(8):
        feed(run, Poll(dict.fromkeys(SITES, 0.0), 600.0))
    check_stories(run)
    assert not [one for one in run.incidents.values() if one.is_open]


@bounded
@given(any_rule(), st.lists(polls_of(SITES), min_size=4, max_size=14))
def test_what_stays_bad_is_known_to_everybody_whom_it_concerns(rule: Rule, polls: Sequence[Poll]) -> None:
    run = fed(rule, polls)
    for _ in range(8):
        feed(run, Poll(dict.fromkeys(SITES, 30.0), 600.0))
    check_stories(run)
    open_ones = [one for one in run.incidents.values() if one.is_open]
    assert open_ones
    assert not [one for one in open_ones if one.is_flapping]
