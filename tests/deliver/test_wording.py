"""What messages say, whatever carries them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.deliver.parts import Mark
from sentinel.deliver.wording import MAY_REPEAT, PUSH, Look, incident_wording, line_of, wording
from sentinel.domain.incidents import Attention, CloseReason, Flaps, Member
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address, Severity
from tests.fakes.stories import (
    OPENED,
    ZURICH,
    delivery,
    ended,
    event,
    facts,
    incident,
    source_trouble,
    story,
)


def test_the_one_line_tells_severity_node_service_metric_value_and_limit() -> None:
    words = incident_wording(story(), OPENED)
    assert words.text == (
        "🔴 Critical: Europe / Switzerland / Zürich · Exchange Online · devices_with_errors / devices 22 % > 10 %"
    )
    assert len(words.text) <= PUSH


def test_the_one_line_gives_up_the_path_before_it_grows_too_long() -> None:
    far = incident(node=("Europe, the Middle East and Africa", "Switzerland", "Zürich"))
    text = incident_wording(story(far), OPENED).text
    assert "Critical: Zürich · Exchange Online · devices_with_errors / devices 22 % > 10 %" in text
    assert len(text) <= PUSH


@pytest.mark.fault(79)
def test_even_the_longest_names_leave_a_short_line_with_the_figures_in_it() -> None:
    long = incident(node=("n" * 500,), service="s" * 500, facts=facts(subject="m" * 500))
    text = incident_wording(story(long), OPENED).text
    assert len(text) <= PUSH + 10
    assert text.endswith("22 % > 10 %")


@pytest.mark.parametrize(
    ("one", "look", "start"),
    [
        (incident(severity=Severity.WARNING), Look.WARNING, "🟠 Degraded: "),
        (incident(), Look.CRITICAL, "🔴 Critical: "),
        (incident(facts=facts(unknown=True)), Look.UNKNOWN, "⚪ No data, was critical: "),
        (ended(), Look.RECOVERED, "✅ Recovered after 1 h 29 min: "),
        (ended(CloseReason.RULE_REMOVED), Look.CLOSED, "⏹ Closed after 1 h 29 min: "),
        (source_trouble(), Look.CRITICAL, "🔴 Critical: Source portal gives no usable data: The Portal answered"),
    ],
)
def test_every_state_has_its_word_and_its_sign(one: object, look: Look, start: str) -> None:
    words = incident_wording(story(one), OPENED)  # type: ignore[arg-type]
    assert words.look is look
    assert words.text.startswith(start)


@pytest.mark.parametrize("reason", [one for one in CloseReason if one is not CloseReason.RECOVERED])
def test_only_a_recovery_is_called_one(reason: CloseReason) -> None:
    words = wording(delivery(NoticeKind.CLOSED, ended(reason, merged_into="sn-older")))
    said = f"{words.text} {words.close} {words.title} {words.look.word}".lower()
    assert "recovered" not in said
    assert words.close.endswith("(after 1 h 29 min)")


def test_a_merged_incident_names_the_one_it_belongs_to() -> None:
    assert incident_wording(story(ended(CloseReason.MERGED, merged_into="sn-older")), OPENED).close == (
        "Part of sn-older now (after 1 h 29 min)"
    )
    assert incident_wording(story(ended(CloseReason.MERGED)), OPENED).close.startswith("Part of an older incident")


def test_a_recovery_says_how_long_and_how_bad() -> None:
    words = incident_wording(story(ended()), OPENED)
    assert words.close == "Recovered, lasted 1 h 29 min, worst 22 % (limit > 10 %)"
    assert words.value == "", "the last bad figure is not the present one"


def test_missing_data_is_told_with_the_last_figure_and_since_when() -> None:
    gone = event(NoticeKind.UNKNOWN, OPENED + 600, "No data")
    words = incident_wording(story(incident(facts=facts(unknown=True)), [gone]), OPENED + 900)
    assert words.notes == ("No data since 09:12 UTC+1 (Zurich), last 22 %",)
    assert words.value == ""


def test_what_people_and_time_did_to_it_is_noted() -> None:
    one = incident(reopened=2, acknowledged_by="ana\u202e", acknowledged_at=OPENED + 420)
    words = incident_wording(story(one), OPENED + 900)
    assert words.notes == ("Reopened ×2",)
    assert words.marks == (Mark("👀 Acknowledged by ana[U+202E]", OPENED + 420),)


DUTY, BOSS = Address("duty", "slack", "#duty"), Address("boss", "email", "boss@example.com")


def test_to_whom_it_was_escalated_and_since_when_nobody_has_it_stands_there_while_it_lasts() -> None:
    attention = Attention(called=((DUTY, OPENED + 600), (BOSS, OPENED + 600), (BOSS, OPENED + 900)))
    escalated = (Mark("Escalated to duty and boss", OPENED + 600), Mark("Escalated to boss", OPENED + 900))
    one = incident(attention=attention)
    nobody = Mark("Acknowledged by nobody since", OPENED)
    assert incident_wording(story(one), OPENED + 900).marks == (*escalated, nobody)
    taken = replace(one, acknowledged_by="ana", acknowledged_at=OPENED + 960)
    taken = replace(taken, attention=replace(attention, note="on\nit"))
    assert incident_wording(story(taken), OPENED + 999).marks == (
        *escalated,
        Mark("👀 Acknowledged by ana", OPENED + 960, "on it"),
    )
    given_back = replace(one, attention=replace(attention, waits_since=OPENED + 1200))
    assert incident_wording(story(given_back), OPENED + 1300).marks[-1].at == OPENED + 1200
    assert incident_wording(story(ended(attention=attention)), OPENED + 9000).marks == ()


FLAPS = Flaps(since=OPENED + 1200, first=OPENED, last=OPENED + 1200, number=6, bad=720.0, wait=900.0)


def test_flapping_is_noted_while_it_lasts_whatever_happens_meanwhile() -> None:
    later = event(NoticeKind.REOPENED, OPENED + 1500, "Bad again")
    words = incident_wording(story(incident(flaps=FLAPS), [later]), OPENED + 1800)
    assert words.notes == ("Flapping, 6 changes in 20 min; next word when steady for 15 min",)
    assert (
        words.text == "🟠 Flapping, critical now: Zürich · Exchange Online · devices_with_errors / devices 22 % > 10 %"
    )


def test_what_flaps_and_is_good_at_present_says_so_and_shows_no_figure_as_of_now() -> None:
    good = incident(flaps=FLAPS, members=0, facts=facts(affected=0, worst=()), worst_value="22 %")
    words = incident_wording(story(good), OPENED + 1800)
    assert (words.value, words.worst, words.scope) == ("", (), "")
    assert words.notes[1:] == ("Within the limit now",)
    assert words.text.startswith("🟠 Flapping, within the limit now: Zürich · Exchange Online")
    assert words.text.endswith("worst 22 %, limit > 10 %")


def test_data_that_is_gone_is_the_headline_of_what_flaps_too() -> None:
    blind = incident(flaps=FLAPS, facts=facts(unknown=True))
    assert incident_wording(story(blind), OPENED + 1800).look is Look.UNKNOWN


def test_the_close_of_what_flapped_says_how_often_it_changed_and_how_much_of_it_was_bad() -> None:
    ended = incident(
        flaps=FLAPS, resolved_at=OPENED + 2100, close_reason=CloseReason.RECOVERED, members=0, worst_value="22 %"
    )
    assert incident_wording(story(ended), OPENED + 2100).close == (
        "Recovered, lasted 35 min, worst 22 % (limit > 10 %); flapped, 6 changes in 20 min, bad for 60 % of it"
    )


def test_the_worst_are_named_and_the_others_counted() -> None:
    many = tuple(Member((*ZURICH, f"Site {n}"), Severity.CRITICAL, f"{n} %", unknown=n == 1) for n in range(10))
    words = incident_wording(story(incident(facts=facts(worst=many, affected=43, judged=120))), OPENED)
    assert len(words.worst) == 10
    assert words.more == 33
    assert words.worst[0].place == "Site 0"
    assert words.worst[1].figure == "no data, last 1 %"
    assert words.scope == "43 of 120 nodes affected"


def test_a_single_node_is_not_listed_under_itself() -> None:
    alone = facts(worst=(Member(ZURICH, Severity.CRITICAL, "22 %"),), affected=1, judged=1)
    words = incident_wording(story(incident(facts=alone)), OPENED)
    assert words.worst == ()
    assert words.scope == ""


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://wiki.example.com/a?b=c&d=e", True),
        ("http://wiki/a", True),
        ("javascript:alert(1)", False),
        ("https://wiki.example.com/a b", False),
        ("https://wiki.example.com/>|", False),
        ("https://wiki.example.com/" + "a" * 3000, False),
        ("", False),
    ],
)
def test_a_runbook_is_offered_only_where_it_is_a_web_address(url: str, kept: bool) -> None:
    assert incident_wording(story(incident(facts=facts(runbook=url))), OPENED).runbook == (url if kept else "")


def test_a_notice_that_may_repeat_says_so_in_every_form() -> None:
    again = delivery(may_repeat=True)
    assert wording(again).text.endswith(MAY_REPEAT)
    assert MAY_REPEAT in wording(again).notes
    assert line_of(again).endswith(MAY_REPEAT)


def test_a_test_says_what_it_was_given() -> None:
    test = wording(delivery(NoticeKind.TEST, line="It works\n\n" + "\n".join("abcdefghijklm")))
    assert (test.title, len(test.lines), test.more) == ("It works", 10, 3)
    assert wording(delivery(NoticeKind.TEST, line="")).title == "Test notice: this channel works"
