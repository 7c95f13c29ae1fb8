"""Messages for Slack: as they were looked at and found good, and valid whatever the names."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from slack_sdk.models.blocks import Block

from sentinel.deliver import blocks
from sentinel.deliver.wording import line_of, wording
from sentinel.demo.workspace_limits import check_content
from sentinel.domain.incidents import Attention, CloseReason
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address, Severity
from tests.deliver.any_story import DELIVERY
from tests.effort import effort
from tests.fakes.stories import delivery, digest, ended, event, facts, incident, many, source_trouble, story

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sentinel.deliver.channel import Delivery

DUTY = Address("duty", "slack", "#duty")

CASES = {
    "degraded": delivery(one=incident(severity=Severity.WARNING)),
    "critical": delivery(),
    "unknown": delivery(NoticeKind.UNKNOWN, incident(facts=facts(unknown=True))),
    "acknowledged": delivery(
        NoticeKind.ACKNOWLEDGED,
        incident(acknowledged_by="ana", acknowledged_at=1_772_438_700.0),
        at=1_772_438_800.0,
    ),
    "taken-over-after-an-escalation": delivery(
        NoticeKind.ACKNOWLEDGED,
        incident(
            acknowledged_by="ben",
            acknowledged_at=1_772_440_500.0,
            attention=Attention(
                first_at=1_772_440_400.0, note="the broker <again> & more", called=((DUTY, 1_772_440_320.0),)
            ),
        ),
        at=1_772_440_520.0,
    ),
    "escalated-to-somebody-new": delivery(
        NoticeKind.REMINDER,
        incident(attention=Attention(called=((DUTY, 1_772_440_320.0),))),
        line="Escalated to duty: acknowledged by nobody for 30 min. Critical at Zürich: 22 % > 10 %",
        at=1_772_440_330.0,
    ),
    "reopened": delivery(NoticeKind.REOPENED, incident(reopened=2)),
    "recovered": delivery(NoticeKind.RECOVERED, ended()),
    "rule-removed": delivery(NoticeKind.CLOSED, ended(CloseReason.RULE_REMOVED)),
    "merged": delivery(NoticeKind.CLOSED, ended(CloseReason.MERGED, merged_into="sn-older")),
    "source": delivery(one=source_trouble()),
    "digest": digest(),
    "digest-partly-over": digest(many(17, 14)),
    "digest-over": digest(many(17, 17)),
    "test": delivery(NoticeKind.TEST, line=""),
    "may-repeat": delivery(NoticeKind.ESCALATED, may_repeat=True),
    "hostile": delivery(one=incident(service="<!channel> & `co`", node=("<https://evil.example|Fix>", "a\u202eb"))),
    "history": delivery(
        NoticeKind.WIDENED,
        story=story(None, [event(NoticeKind.WIDENED, 1_772_439_000.0, "Now Europe, was Zürich")]),
    ),
}


@pytest.mark.threat("markup")
@pytest.mark.parametrize("name", CASES)
def test_a_message_looks_as_it_was_found_good(name: str, golden: Callable[[str, str], None]) -> None:
    given_one = CASES[name]
    shape = blocks.message(wording(given_one), given_one.at, "marker")
    golden(f"slack-{name}.json", json.dumps(shape, indent=2, ensure_ascii=False) + "\n")


def test_a_message_on_a_phone_has_few_lines_before_the_list() -> None:
    [attachment] = blocks.message(wording(CASES["critical"]), CASES["critical"].at)["attachments"]
    assert len(attachment["blocks"][0]["text"]["text"].splitlines()) <= 3


@pytest.mark.parametrize("name", CASES)
def test_what_a_lock_screen_shows_is_short(name: str) -> None:
    assert len(wording(CASES[name]).text.removesuffix(" (may repeat an earlier notice)")) <= 110


@pytest.mark.threat("markup")
@effort(80)
@given(DELIVERY)
def test_any_incident_becomes_a_message_that_slack_takes(given_one: Delivery) -> None:
    words = wording(given_one)
    for some in (words, words.shorter()):
        judge(blocks.message(some, given_one.at, "marker"))
        judge(blocks.plain(some))
    judge(blocks.thread_line(words, line_of(given_one) or "x", "marker"))


def judge(shape: dict[str, Any]) -> None:
    """Valid, never without words, and alive only where we wrote it."""
    attached = shape.get("attachments", [])
    check_content(text=shape["text"], blocks=shape["blocks"], attachments=attached, max_text=4000)
    assert shape["text"].strip()
    everything = shape["blocks"] + [block for one in attached for block in one["blocks"]]
    parsed = Block.parse_all(everything)
    assert len(parsed) == len(everything)
    for block in parsed:
        block.validate_json()
    json.dumps(shape, ensure_ascii=False).encode("utf-8")
    for text in texts(shape):
        for token in re.findall("<[^>]*>?", text):
            assert re.fullmatch(r"<!date\^\d+\^\{date_short_pretty\} \{time\}\|[^<>|]+>", token), token
        assert not re.search(r"@(channel|here|everyone)\b", text, re.IGNORECASE)


def texts(part: Any) -> Iterator[str]:
    """Every text of a message, except addresses that a button leads to."""
    if isinstance(part, dict):
        for key, value in part.items():
            if isinstance(value, str) and key in {"text", "fallback"}:
                yield value
            else:
                yield from texts(value)
    elif isinstance(part, list):
        for item in part:
            yield from texts(item)
