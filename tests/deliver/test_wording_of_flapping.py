"""What flaps as one of many in a digest, in a mail and in a webhook's body."""

from __future__ import annotations

import pytest

from sentinel.deliver.channel import Digest
from sentinel.deliver.digest_wording import Step, digest_wording, steps_line
from sentinel.deliver.mail import compose
from sentinel.deliver.parts import Look
from sentinel.deliver.settings import SmtpSettings
from sentinel.deliver.webhook import payload
from sentinel.domain.incidents import CloseReason, Flaps, Incident
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Severity
from tests.fakes.stories import OPENED, delivery, incident

FLAPS = Flaps(since=OPENED + 1200, first=OPENED, last=OPENED + 1200, number=6, bad=720.0, wait=900.0)
SERVER = SmtpSettings(host="localhost", sender="sentinel@example.com")


def restless(**changes: object) -> Incident:
    """One that flaps."""
    return incident(**{"id": "sn-restless", "service": "SAP", "flaps": FLAPS, **changes})


@pytest.mark.parametrize(
    ("others", "look"),
    [
        ([], Look.FLAPPING),
        ([incident(severity=Severity.WARNING)], Look.WARNING),
        ([incident()], Look.CRITICAL),
    ],
    ids=["alone", "with a warning", "with a critical one"],
)
def test_a_digest_looks_as_bad_as_the_worst_that_does_not_flap(others: list[Incident], look: Look) -> None:
    assert digest_wording(Digest((restless(), *others)), OPENED + 1800).look is look


@pytest.mark.parametrize(("members", "figure"), [(3, "22 %"), (0, "")])
def test_a_digest_names_it_as_flapping_and_shows_a_figure_only_while_it_is_bad(members: int, figure: str) -> None:
    (named,) = digest_wording(Digest((restless(members=members),)), OPENED + 1800).worst
    assert (named.word, named.figure) == ("flapping", figure)


def test_several_that_begin_to_flap_are_one_sentence_of_the_digests_thread() -> None:
    steps = [
        Step(restless(id=f"sn-{n}", node=("Site", str(n))), NoticeKind.FLAPPING, "Flapping", quiet=True, told=True)
        for n in range(2)
    ]
    assert steps_line(steps) == "2 flapping: SAP at Site / 0, SAP at Site / 1"


def test_a_mail_leads_with_the_word_and_says_when_there_will_be_another() -> None:
    told = delivery(NoticeKind.FLAPPING, restless(), line="Flapping, 6 changes in 20 min", at=OPENED + 1200)
    body = compose(told, SERVER, ("ana@example.com",)).get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert text.startswith("FLAPPING: SAP at ")
    assert "Flapping, 6 changes in 20 min; next word when steady for 15 min" in text


@pytest.mark.parametrize(
    ("one", "state", "flapping"),
    [
        (restless(), "open", True),
        (restless(members=0), "open", True),
        (restless(resolved_at=OPENED + 2100, close_reason=CloseReason.RECOVERED, members=0), "closed", False),
        (incident(), "open", False),
    ],
    ids=["bad", "well at present", "over", "never"],
)
def test_a_webhook_says_whether_it_flaps(one: Incident, state: str, flapping: bool) -> None:
    body = payload(delivery(one=one, at=OPENED + 2100))["incident"]
    assert (body["state"], body["flapping"]) == (state, flapping)
