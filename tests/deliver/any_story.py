"""Hypothesis strategies: any incident at all, with names of any characters, and any delivery of it."""

from __future__ import annotations

from hypothesis import strategies as st

from sentinel.deliver.channel import Delivery
from sentinel.domain.incidents import Attention, CloseReason, Event, Facts, Incident, Member, Story
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address, Severity

HOSTILE = st.sampled_from(
    [
        "<!channel>",
        "<!subteam^S123>",
        "<@U024BE7LH>",
        "<https://evil.example|Fix now>",
        "https://evil.example/",
        "@channel @here @everyone",
        "`*_~",
        "&lt;!channel&gt;",
        "\r\nBcc: everyone@example.com",
        "\u2028Bcc: x@example.com",
        "\u202eelif\x00",
        "</title><script>alert(1)</script>",
        '" onmouseover="alert(1)',
        "{{ 7*7 }}{% raw %}",
        "&" * 700,
        "\ud800",
        "n" * 5000,
        "é" * 400,
        "日本語" * 200,
        "",
    ]
)
TEXT = st.one_of(HOSTILE, st.text(st.characters(codec=None), max_size=60))
INSTANT = st.floats(0, 4e9)
MEMBER = st.builds(
    Member, st.lists(TEXT, max_size=4).map(tuple), st.sampled_from(Severity), value=TEXT, unknown=st.booleans()
)
FACTS = st.builds(
    Facts,
    summary=TEXT,
    subject=TEXT,
    value=TEXT,
    limit=TEXT,
    hold=st.floats(0, 1e7),
    affected=st.integers(0, 10**6),
    judged=st.integers(0, 10**6),
    worst=st.lists(MEMBER, max_size=12).map(tuple),
    detail=TEXT,
    hint=TEXT,
    runbook=st.one_of(TEXT, st.just("https://wiki.example.com/" + "x" * 1900)),
    owner=TEXT,
    timezone=st.one_of(TEXT, st.sampled_from(["UTC", "Europe/Zurich", "Asia/Kathmandu"])),
    unknown=st.booleans(),
)
INCIDENT = st.builds(
    Incident,
    id=TEXT,
    rule=TEXT,
    service=st.one_of(st.none(), TEXT),
    source=TEXT,
    hierarchy=TEXT,
    node=st.lists(TEXT, max_size=6).map(tuple),
    severity=st.sampled_from(Severity),
    worst_severity=st.sampled_from(Severity),
    opened_at=INSTANT,
    changed_at=INSTANT,
    resolved_at=st.one_of(st.none(), INSTANT),
    close_reason=st.one_of(st.none(), st.sampled_from(CloseReason)),
    merged_into=st.one_of(st.none(), TEXT),
    reopened=st.integers(0, 99),
    members=st.integers(0, 10**6),
    peak_members=st.integers(0, 10**6),
    worst_value=TEXT,
    acknowledged_by=st.one_of(st.none(), TEXT),
    acknowledged_at=st.one_of(st.none(), INSTANT),
    attention=st.builds(
        Attention,
        waits_since=st.one_of(st.none(), INSTANT),
        note=TEXT,
        called=st.lists(
            st.tuples(st.builds(Address, receiver=TEXT, kind=st.just("slack"), to=TEXT), INSTANT), max_size=4
        ).map(tuple),
    ),
    facts=FACTS,
)
EVENT = st.builds(
    Event,
    incident=st.just("sn-x"),
    step=st.integers(1, 9),
    at=INSTANT,
    kind=st.sampled_from([one.value for one in NoticeKind]),
    text=TEXT,
    value=TEXT,
)
DELIVERY = st.builds(
    Delivery,
    key=TEXT,
    kind=st.sampled_from(NoticeKind),
    story=st.builds(Story, INCIDENT, st.lists(EVENT, max_size=14).map(tuple)),
    line=TEXT,
    quiet=st.booleans(),
    first=st.booleans(),
    ref=st.none(),
    may_repeat=st.booleans(),
    started_at=INSTANT,
    at=INSTANT,
)
