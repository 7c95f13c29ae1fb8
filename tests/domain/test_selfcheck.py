"""Trouble with Sentinel itself: who hears of it, never through what is broken, and exactly one close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from sentinel.domain.edits import adapt
from sentinel.domain.incidents import CloseReason, Incident
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.patterns import NamePattern
from sentinel.domain.records import Book, BookKey
from sentinel.domain.rules import Address, Route, Rulebook, Severity
from sentinel.domain.selfcheck import ALL_BROKEN, Sighting, Symptom, judge
from tests.domain.polls import START, a_route

SLACK = Address("team", "slack", "#team")
OTHER_SLACK = Address("team", "slack", "#other")
MAIL = Address("office", "email", "office@example.com")
HOOK = Address("tickets", "webhook", "tickets")
ABANDONED = "sentinel/abandoned"


def a_symptom(subject: str = "slack", *broken: Address, **changes: object) -> Symptom:
    """Notices were given up on these channels."""
    usual: dict[str, object] = {
        "rule": ABANDONED,
        "subject": subject,
        "summary": "Notices were given up",
        "detail": "1 notice in slack:#team",
        "severity": Severity.CRITICAL,
        "broken": frozenset(address.channel for address in broken),
    }
    return Symptom(**{**usual, **changes})  # type: ignore[arg-type]


@dataclass
class Watch:
    """Looks one after the other, a minute apart."""

    routes: tuple[Route, ...] = (a_route(SLACK),)
    addresses: tuple[Address, ...] = (SLACK, MAIL)
    now: float = START
    books: dict[BookKey, Book] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    @property
    def rulebook(self) -> Rulebook:
        return Rulebook(rules=(), routes=self.routes, sources=(), addresses=self.addresses)

    def look(self, *symptoms: Symptom, rule: str = ABANDONED, after: float = 60.0, **other: object) -> list[Notice]:
        """What one look at one rule decides to tell."""
        return self.looks(Sighting(rule=rule, symptoms=symptoms, **other), after=after)  # type: ignore[arg-type]

    def looks(self, *found: Sighting, after: float = 60.0) -> list[Notice]:
        self.now += after
        done = judge(self.rulebook, found, self.books, self.now)
        if done is None:
            return []
        self.books.update(done.books)
        self.notices += done.notices
        return list(done.notices)

    @property
    def incidents(self) -> Mapping[str, Incident]:
        return {key: one for book in self.books.values() for key, one in book.incidents.items()}

    @property
    def told(self) -> list[tuple[str, str]]:
        """Everything told so far: kind and channel, or the reason why nobody heard of it."""
        return [(one.kind.value, one.address.channel if one.address else one.reason) for one in self.notices]


@pytest.mark.promise("P1")
@pytest.mark.fault(99)
def test_a_broken_channel_is_announced_on_another_one_and_closed_there_once() -> None:
    it = Watch(routes=(a_route(SLACK, MAIL),))
    it.look(a_symptom("slack", SLACK))
    it.look(a_symptom("slack", SLACK))
    it.look()
    it.look()
    assert it.told == [("degraded", "email:office@example.com"), ("recovered", "email:office@example.com")]
    (incident,) = it.incidents.values()
    assert (incident.rule, incident.service, incident.source, incident.node) == (
        ABANDONED,
        None,
        "sentinel",
        ("slack",),
    )
    assert incident.close_reason is CloseReason.RECOVERED


@pytest.mark.promise("P1")
@pytest.mark.fault(99)
def test_where_the_routes_lead_only_to_what_is_broken_the_first_other_receiver_hears_of_it() -> None:
    it = Watch(addresses=(SLACK, OTHER_SLACK, MAIL, HOOK))
    it.look(a_symptom("slack", SLACK, OTHER_SLACK))
    assert it.told == [("degraded", "email:office@example.com")]


@pytest.mark.promise("P1")
def test_another_channel_of_the_same_receiver_is_good_enough() -> None:
    it = Watch(addresses=(SLACK, OTHER_SLACK, MAIL))
    it.look(a_symptom("slack", SLACK))
    assert it.told == [("degraded", "slack:#other")]


@pytest.mark.promise("P1")
def test_broken_telling_is_announced_even_where_no_route_takes_it_but_other_trouble_is_not() -> None:
    it = Watch(routes=(a_route(SLACK, rule=(NamePattern("errors"),)),))
    it.look(a_symptom("slack", SLACK))
    it.look(a_symptom("host", rule="sentinel/disk", detail="3 % free"), rule="sentinel/disk")
    assert it.told == [("degraded", "email:office@example.com"), ("degraded", "no route matches")]


@pytest.mark.promise("P1")
def test_when_every_channel_is_broken_the_reason_is_kept_and_it_is_told_once_one_works() -> None:
    it = Watch()
    both = (a_symptom("slack", SLACK), a_symptom("email", MAIL))
    it.look(*both)
    it.look(*both)
    assert it.told == [("degraded", ALL_BROKEN)] * 2
    it.look(both[0])
    assert it.told[2:] == [("degraded", "email:office@example.com"), ("recovered", "the opening was told to nobody")]
    it.look()
    assert it.told[4:] == [("recovered", "email:office@example.com")]


@pytest.mark.promise("P1", "P6")
def test_an_abandoned_notice_about_an_abandoned_notice_ends_after_one_incident_per_kind_of_channel() -> None:
    it = Watch(addresses=(SLACK, MAIL, HOOK))
    broken: list[Symptom] = []
    for subject, address in (("slack", SLACK), ("email", MAIL), ("webhook", HOOK)):
        broken.append(a_symptom(subject, address))
        it.look(*broken)
    for _ in range(50):
        it.look(*broken)
    assert len(it.incidents) == 3
    assert len(it.notices) <= 6


@pytest.mark.promise("P1")
def test_when_those_who_were_told_break_as_well_somebody_else_is_told_and_each_gets_the_close() -> None:
    it = Watch(addresses=(SLACK, MAIL, HOOK))
    it.look(a_symptom("slack", SLACK))
    it.look(a_symptom("slack", SLACK), a_symptom("email", MAIL))
    assert ("widened", "webhook:tickets") in it.told
    it.look()
    closed = [to for kind, to in it.told if kind == "recovered"]
    assert sorted(closed) == ["email:office@example.com", "webhook:tickets", "webhook:tickets"]


@pytest.mark.promise("P4")
def test_what_could_not_be_looked_at_neither_opens_nor_ends_anything() -> None:
    it = Watch()
    it.look(a_symptom("portal:443", rule="sentinel/certificate"), rule="sentinel/certificate")
    assert it.look(rule="sentinel/certificate", unknown=frozenset({"portal:443", "mail:587"})) == []
    assert it.looks(Sighting(rule="sentinel/disk")) == []
    assert [one.is_open for one in it.incidents.values()] == [True]


def test_what_is_no_longer_used_closes_but_did_not_recover() -> None:
    it = Watch()
    it.look(a_symptom("portal:443", rule="sentinel/certificate"), rule="sentinel/certificate")
    it.look(rule="sentinel/certificate", subjects=frozenset({"mail:587"}))
    assert it.told[-1] == ("closed", "slack:#team")
    assert it.notices[-1].line == "Closed: Sentinel no longer uses it"
    assert [one.close_reason for one in it.incidents.values()] == [CloseReason.NOT_REPORTED]


def test_renewed_trouble_within_a_quarter_of_an_hour_is_the_same_incident() -> None:
    it = Watch()
    it.look(a_symptom("portal"))
    it.look()
    it.look(a_symptom("portal"), after=600.0)
    it.look()
    it.look(a_symptom("portal"), after=3600.0)
    assert [kind for kind, _ in it.told] == ["degraded", "recovered", "reopened", "recovered", "degraded"]
    assert len(it.incidents) == 2


def test_worse_is_told_and_other_figures_only_change_the_message() -> None:
    it = Watch()
    it.look(a_symptom("host", severity=Severity.WARNING, detail="9 % free"))
    assert it.look(a_symptom("host", severity=Severity.WARNING, detail="8 % free")) == []
    assert [one.facts.detail for one in it.incidents.values()] == ["8 % free"]
    told = it.look(a_symptom("host", detail="1 % free"))
    assert [one.kind for one in told] == [NoticeKind.ESCALATED]


def test_reminders_of_the_route_hold_for_sentinel_itself_too() -> None:
    it = Watch(routes=(a_route(MAIL, remind_every=3600.0),))
    it.look(a_symptom("slack", SLACK))
    for _ in range(3):
        it.look(a_symptom("slack", SLACK), after=1800.0)
    assert [kind for kind, _ in it.told] == ["degraded", "reminder"]


def test_an_edit_of_the_rules_neither_closes_nor_opens_trouble_with_sentinel() -> None:
    it = Watch()
    it.look(a_symptom("slack", SLACK))
    assert adapt(it.rulebook, {}, it.books, it.now) is None


def test_ended_incidents_are_forgotten_after_a_day() -> None:
    it = Watch()
    it.look(a_symptom("portal"))
    it.look()
    it.look(a_symptom("portal"), after=2 * 86400.0)
    assert [one.is_open for one in it.incidents.values()] == [True]
