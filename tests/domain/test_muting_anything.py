"""Random mutes over random outages: nobody is told of what is muted, and everybody knows the truth one poll after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.calendars import Maintenance
from sentinel.domain.incidents import Incident
from sentinel.domain.mutes import Silence, matches, muted_now
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.rules import SOURCE_RULE, Rule, Severity
from tests.domain.polls import START, Run, a_silence, a_window, edited
from tests.domain.test_stories_anything import (
    COUNTRIES,
    DESKS,
    ENDS,
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

SPAN = 9000.0
"""Seconds in which mutes begin: about as long as the polls go on."""


@dataclass(frozen=True)
class Quiet:
    """What is muted in a run."""

    silences: tuple[Silence, ...]
    maintenance: tuple[Maintenance, ...]


MATCHERS = st.fixed_dictionaries(
    {},
    optional={
        "node": st.sampled_from(["**", "CH", "CH/**", "FR/b", "CH/b/1", ("CH/a", "FR"), "nowhere"]),
        "service": st.sampled_from(["*", "Mail", "Mail", "other"]),
        "severity": st.sampled_from(["warning", "critical"]),
        "rule": st.sampled_from(["err*", "other"]),
        "source": st.sampled_from(["portal", "portal", "other"]),
    },
)
SPANS = st.tuples(st.integers(0, int(SPAN)), st.integers(60, 5400))


def _silences() -> st.SearchStrategy[Silence]:
    def silence(matchers: dict[str, object], span: tuple[int, int], name: int, early: int | None) -> Silence:
        since, lasts = span
        ended = {} if early is None else {"expired_at": START + since + early, "expired_by": "otto"}
        return a_silence(since, since + lasts, name=f"sl-{name}", **matchers, **ended)

    early = st.one_of(st.none(), st.none(), st.integers(0, 3600))
    return st.builds(silence, MATCHERS, SPANS, st.integers(0, 99), early)


def _windows() -> st.SearchStrategy[Maintenance]:
    return st.builds(lambda matchers, span: a_window(span[0], sum(span), **matchers), MATCHERS, SPANS)


QUIETS = st.builds(Quiet, st.lists(_silences(), max_size=3).map(tuple), st.lists(_windows(), max_size=2).map(tuple))


def a_run(rule: Rule, quiet: Quiet, *, forgetful: bool = False) -> Run:
    return Run(
        (rule,),
        routes=ROUTES,
        forgetful=forgetful,
        max_missing_share=0.8,
        silences=quiet.silences,
        maintenance=quiet.maintenance,
    )


def fed(rule: Rule, quiet: Quiet, polls: Sequence[Poll], *, forgetful: bool = False, backwards: bool = False) -> Run:
    """The run after these polls."""
    run = a_run(rule, quiet, forgetful=forgetful)
    for poll in polls:
        feed(run, poll, backwards=backwards)
    return run


def is_muted(run: Run, at: float, *, rule: str, service: str | None, node: tuple[str, ...], severity: str) -> bool:
    """Said without columns and books."""
    return any(
        matches(one.matchers, rule=rule, service=service, source="portal", owner="", node=node, severity=severity)
        for one in muted_now(run.rulebook, run.silences, at)
    )


def members_of(run: Run, incident: Incident) -> list[tuple[tuple[str, ...], str]]:
    """Nodes and severities of an incident's members."""
    book = run.books[incident.rule, incident.service, incident.source]
    return [
        (one.nodes[i], Severity(int(one.severity[i])).word)
        for one in book.alerts.values()
        for i in np.flatnonzero(one.active)
        if one.incident[i] == incident.id
    ]


def ought_to_be_muted(run: Run, incident: Incident, at: float) -> bool:
    if incident.rule == SOURCE_RULE:
        return is_muted(run, at, rule=SOURCE_RULE, service=None, node=(), severity="critical")
    if incident.in_lull:
        places = [(node, incident.severity.word) for node in incident.last_members]
    else:
        places = members_of(run, incident)
    flags = [
        is_muted(run, at, rule="errors", service="Mail", node=node, severity=severity) for node, severity in places
    ]
    if not incident.in_lull:
        assert len(set(flags)) == 1, "no incident has muted members and others"
    return bool(flags) and all(flags)


def check_knowledge(run: Run) -> None:
    """Per incident and address: the open first, one close for every open; and what people have for open is as kept."""
    heard: dict[tuple[str, object], list[NoticeKind]] = {}
    for notice in run.notices:
        assert notice.told == (not notice.reason)
        if notice.told:
            heard.setdefault((notice.incident, notice.address), []).append(notice.kind)
    assert len({notice.key for notice in run.notices}) == len(run.notices)
    for (name, _), kinds in heard.items():
        assert kinds[0] not in (*ENDS, NoticeKind.REMINDER, NoticeKind.UNKNOWN)
        incident, is_open = run.incidents[name], has_it_for_open(kinds)
        if incident.is_muted:
            assert is_open == incident.hush.open
        elif incident.is_flapping:
            assert is_open == incident.flaps.announced
        else:
            assert is_open == incident.is_open
    for key, incident in run.incidents.items():
        if incident.is_open and not incident.is_muted and not incident.is_flapping:
            assert any(name == key for name, _ in heard), "open, not muted, and nobody knows"


def check_telling(run: Run, at: float, *, good: bool, before: int) -> None:
    """What is muted is not told but for quiet ends; what nothing mutes at a good poll is not muted any more."""
    told_now: dict[str, list[Notice]] = {}
    for notice in run.notices[before:]:
        if notice.told:
            told_now.setdefault(notice.incident, []).append(notice)
    for key, incident in run.incidents.items():
        if not incident.is_open or (incident.rule != SOURCE_RULE and not good):
            continue
        muted = ought_to_be_muted(run, incident, at)
        assert incident.is_muted == muted
        if muted:
            assert key not in told_now
    for key, notices in told_now.items():
        if not run.incidents[key].is_open and run.incidents[key].is_muted:
            assert all(notice.quiet for notice in notices)


def follow(rule: Rule, quiet: Quiet, polls: Sequence[Poll]) -> None:
    run = a_run(rule, quiet)
    for poll in polls:
        before, at = len(run.notices), run.now
        feed(run, poll)
        done = run.plans[-1]
        check_members(run)
        check_knowledge(run)
        if done.query.last_reading_at == at:
            check_telling(run, at, good=done.query.failure is None, before=before)


bounded = effort(50)


@bounded
@given(any_rule(), QUIETS, st.lists(polls_of(SITES), min_size=2, max_size=14))
def test_stories_over_sites_are_whole(rule: Rule, quiet: Quiet, polls: Sequence[Poll]) -> None:
    follow(rule, quiet, polls)


@bounded
@given(any_rule(), QUIETS, st.lists(polls_of(DESKS), min_size=2, max_size=10))
def test_stories_over_a_deeper_tree_are_whole(rule: Rule, quiet: Quiet, polls: Sequence[Poll]) -> None:
    follow(rule, quiet, polls)


BOTH_LEVELS = st.lists(st.one_of(polls_of(COUNTRIES, "Country"), polls_of(SITES)), min_size=2, max_size=14)


@bounded
@given(any_rule(), QUIETS, BOTH_LEVELS)
def test_stories_over_two_levels_are_whole(rule: Rule, quiet: Quiet, polls: Sequence[Poll]) -> None:
    follow(replace(rule, levels=("Country", "Site")), quiet, polls)


@bounded
@given(any_rule(), QUIETS, BOTH_LEVELS)
def test_a_restart_between_any_two_ticks_changes_nothing(rule: Rule, quiet: Quiet, polls: Sequence[Poll]) -> None:
    rule = replace(rule, levels=("Country", "Site"))
    one, other = fed(rule, quiet, polls), fed(rule, quiet, polls, forgetful=True)
    assert where(one) == where(other)
    assert told(one) == told(other)


@bounded
@given(any_rule(), QUIETS, st.lists(polls_of(DESKS), min_size=2, max_size=12))
def test_the_order_of_the_rows_does_not_matter(rule: Rule, quiet: Quiet, polls: Sequence[Poll]) -> None:
    one, other = fed(rule, quiet, polls), fed(rule, quiet, polls, backwards=True)
    assert where(one) == where(other)
    assert told(one) == told(other)


@bounded
@given(st.lists(any_rule(), min_size=2, max_size=4), QUIETS, st.lists(polls_of(SITES), min_size=8, max_size=16))
def test_edits_of_the_rule_in_between_keep_every_story_whole(
    versions: Sequence[Rule], quiet: Quiet, polls: Sequence[Poll]
) -> None:
    run = replace(a_run(versions[0], quiet), rules=())
    for number, poll in enumerate(polls):
        rule = versions[(number // 4) % len(versions)]
        if (rule,) != run.rules:
            edited(run, rule)
            check_knowledge(run)
        feed(run, poll)
        check_members(run)
        check_knowledge(run)


@bounded
@given(any_rule(), QUIETS, st.lists(polls_of(SITES), min_size=4, max_size=14), st.sampled_from([0.0, 30.0]))
def test_after_all_mutes_everybody_knows_how_it_is(
    rule: Rule, quiet: Quiet, polls: Sequence[Poll], figure: float
) -> None:
    run = fed(rule, quiet, polls)
    run.now = max(run.now, START + 2 * SPAN)
    for _ in range(8):
        feed(run, Poll(dict.fromkeys(SITES, figure), 600.0))
    check_knowledge(run)
    open_ones = [one for one in run.incidents.values() if one.is_open]
    assert bool(open_ones) == bool(figure)
    assert not [one for one in open_ones if one.is_muted or one.is_flapping]


@bounded
@given(any_rule(), QUIETS, st.lists(polls_of(SITES), min_size=4, max_size=14))
def test_what_is_recorded_of_alerts_does_not_know_of_mutes(rule: Rule, quiet: Quiet, polls: Sequence[Poll]) -> None:
    one, other = fed(rule, quiet, polls), fed(rule, Quiet((), ()), polls)
    for mine, plain in zip(one.plans, other.plans, strict=True):
        changes = [[replace(turn, incident=None) for turn in done.transitions] for done in (mine, plain)]
        assert changes[0] == changes[1]
