"""A generic webhook: the notice as JSON, signed, with a key by which the receiver can recognise a repeat.

The signature is `v1=` and the hexadecimal HMAC-SHA256, under the signing secret, of the timestamp header, a dot and the
body. A receiver compares it in constant time and refuses timestamps that are older than a few minutes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sentinel.deliver.channel import Delivered, Delivery, Digest, Outcome, Unclear
from sentinel.deliver.digest_wording import worst_first
from sentinel.deliver.posting import Poster, outcome
from sentinel.deliver.times import iso
from sentinel.deliver.wording import line_of, wording
from sentinel.domain.rules import ChannelKind
from sentinel.fetch import Client

if TYPE_CHECKING:
    from sentinel.deliver.settings import WebhookSettings
    from sentinel.domain.incidents import Incident

SIGNATURE = "X-Sentinel-Signature"
TIMESTAMP = "X-Sentinel-Timestamp"
VERSION = 1
"""Of the body; fields may be added without a new one."""

LISTED = 100
"""Incidents of a digest that the body holds at most."""


class WebhookChannel:
    """One URL. `client` carries the posts instead of one of its own."""

    kind: ChannelKind = "webhook"
    proves = False

    def __init__(self, settings: WebhookSettings, *, client: Client | None = None) -> None:
        self._settings = settings
        self._poster = Poster(settings.url, deadline=settings.deadline, client=client)

    async def send(self, delivery: Delivery) -> Outcome:
        """Post the notice; where the receiver heeds the key, a repeat does no harm."""
        body = json.dumps(payload(delivery), separators=(",", ":")).encode("ascii")
        timestamp = str(int(delivery.at))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": quote(delivery.key, safe="/:#@,-._~", errors="replace"),
            TIMESTAMP: timestamp,
        }
        secret = self._settings.signing_secret
        if secret is not None:
            headers[SIGNATURE] = signature(secret.reveal(), timestamp, body)
        told = outcome(await self._poster.post(body, headers), delivery.at)
        return Delivered({"posted": delivery.key}) if isinstance(told, Delivered) else told

    async def refresh(self, delivery: Delivery) -> Outcome:
        """Nothing: what was sent cannot be changed."""
        return Delivered(delivery.ref)

    async def look_up(self, delivery: Delivery) -> Delivered | Unclear | None:
        """A webhook answers no questions."""
        return Unclear(f"a webhook cannot be asked what it has ({delivery.kind.value})")

    async def close(self) -> None:
        """Let go of connections."""
        await self._poster.close()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What the signature header says."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def payload(delivery: Delivery) -> dict[str, Any]:
    """The body: this step and the incident as it is now, of a digest the worst one, of a report none. Instants are ISO 8601 in UTC, nodes lists of names."""
    words, story = wording(delivery), delivery.story
    return {
        "version": VERSION,
        "key": delivery.key,
        "kind": delivery.kind.value,
        "at": iso(delivery.at),
        "text": words.text,
        "line": line_of(delivery),
        "may_repeat": delivery.may_repeat,
        "incident": _incident(story.incident) if delivery.document is None else None,
        "digest": _digest(delivery.digest) if delivery.digest is not None else None,
        "report": delivery.document.data if delivery.document is not None else None,
        "timeline": []
        if delivery.digest is not None or delivery.document is not None
        else [
            {"at": iso(event.at), "kind": event.kind, "text": event.text, "value": event.value}
            for event in story.events
        ],
    }


def _digest(digest: Digest) -> dict[str, Any]:
    """How many incidents a digest tells of, and the worst of them whole."""
    return {
        "count": len(digest.incidents),
        "open": sum(one.is_open for one in digest.incidents),
        "incidents": [_incident(one) for one in worst_first(digest.incidents)[:LISTED]],
    }


def _incident(incident: Incident) -> dict[str, Any]:
    facts = incident.facts
    return {
        "id": incident.id,
        "rule": incident.rule,
        "service": incident.service,
        "source": incident.source,
        "hierarchy": incident.hierarchy,
        "node": list(incident.node),
        "state": "open" if incident.is_open else "closed",
        "unknown": facts.unknown,
        "flapping": incident.is_flapping,
        "severity": incident.severity.word,
        "summary": facts.summary,
        "metric": facts.subject,
        "value": facts.value,
        "limit": facts.limit,
        "worst_value": incident.worst_value,
        "opened_at": iso(incident.opened_at),
        "resolved_at": iso(incident.resolved_at) if incident.resolved_at is not None else None,
        "close_reason": incident.close_reason.value if incident.close_reason is not None else None,
        "merged_into": incident.merged_into,
        "members": incident.members,
        "reopened": incident.reopened,
        "acknowledged_by": incident.acknowledged_by,
        "acknowledged_at": iso(incident.acknowledged_at) if incident.acknowledged_at is not None else None,
        "escalated_to": [{"receiver": address.receiver, "at": iso(at)} for address, at in incident.attention.called],
        "affected": facts.affected,
        "judged": facts.judged,
        "worst": [
            {"node": list(one.node), "severity": one.severity.word, "value": one.value, "unknown": one.unknown}
            for one in facts.worst
        ],
        "detail": facts.detail,
        "excerpt": facts.excerpt,
        "runbook": facts.runbook,
        "owner": facts.owner,
    }
