"""What digests and webhooks say of what people did."""

from __future__ import annotations

from sentinel.deliver.digest_wording import Step, steps_line
from sentinel.deliver.webhook import payload
from sentinel.domain.incidents import Attention
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address
from tests.fakes.stories import OPENED, delivery, incident

DUTY = Address("duty", "slack", "#duty")


def a_step(number: int, by: str | None, line: str = "") -> Step:
    """Somebody did something about the incident of a site."""
    at = OPENED if by is not None else None
    one = incident(id=f"sn-{number}", service="SAP", node=("Site", str(number)), acknowledged_by=by, acknowledged_at=at)
    return Step(one, NoticeKind.ACKNOWLEDGED, line, quiet=True, told=True)


def test_in_a_digests_thread_what_is_taken_in_hand_is_told_from_what_is_only_spoken_of() -> None:
    steps = [a_step(0, "ana"), a_step(1, "ben"), a_step(2, None), a_step(3, None)]
    assert steps_line(steps) == (
        "2 acknowledged: SAP at Site / 0, SAP at Site / 1. 2 spoken of: SAP at Site / 2, SAP at Site / 3"
    )


def test_one_of_them_is_told_in_its_own_words() -> None:
    line = "No longer acknowledged: ana has taken back their own acknowledgement"
    assert steps_line([a_step(0, None, line)]) == f"SAP at Site / 0: {line}"


def test_a_program_that_listens_hears_who_and_when_and_to_whom_it_was_escalated() -> None:
    attention = Attention(called=((DUTY, OPENED + 60.0),))
    one = incident(acknowledged_by="ana", acknowledged_at=OPENED + 90.0, attention=attention)
    told = payload(delivery(NoticeKind.ACKNOWLEDGED, one))["incident"]
    assert (told["acknowledged_by"], told["acknowledged_at"]) == ("ana", "2026-03-02T08:03:30Z")
    assert told["escalated_to"] == [{"receiver": "duty", "at": "2026-03-02T08:03:00Z"}]
    plain = payload(delivery())["incident"]
    assert (plain["acknowledged_at"], plain["escalated_to"]) == (None, [])
