"""A notice as an e-mail: a text part that is complete by itself, an HTML part, and the headers that thread it."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from sentinel.deliver.channel import Delivery
from sentinel.deliver.escape import clean, cut, header
from sentinel.deliver.parts import Look, Wording
from sentinel.deliver.settings import SmtpSettings
from sentinel.deliver.times import local_day, local_near
from sentinel.deliver.wording import line_of, subject_of, wording
from sentinel.domain.notices import NoticeKind

COLUMNS = 72
TIMELINE = 10
"""Steps of the story that a mail shows, the latest ones."""

_POLICY = SMTP.clone(cte_type="7bit")
_SUBJECT = 120
_SAID = frozenset({NoticeKind.DEGRADED, NoticeKind.RECOVERED, NoticeKind.CLOSED})  # the rest of the mail says it


def compose(delivery: Delivery, settings: SmtpSettings, recipients: Sequence[str]) -> EmailMessage:
    """The mail of a delivery: the same key always gives the same `Message-ID`, so that a repeat can be recognised."""
    words, line = wording(delivery), line_of(delivery)
    ref = delivery.ref or {}
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _address(settings.sender, header(settings.sender_name, 80))
    mail["To"] = tuple(_address(one) for one in recipients)
    mail["Subject"] = header(ref.get("subject", ""), _SUBJECT) or subject(delivery)
    mail["Date"] = formatdate(delivery.at, usegmt=True)
    mail["Message-ID"] = message_id(delivery, settings)
    if not delivery.first and ref.get("root"):
        mail["In-Reply-To"] = mail["References"] = header(ref["root"])
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["List-Id"] = f"Sentinel notices <notices.sentinel.{domain(settings)}>"
    about = delivery.story.incident.id if delivery.digest is None else ref.get("key", delivery.key)
    mail["X-Sentinel-Incident"] = header(about, 80)
    mail["X-Sentinel-State"] = words.look.name.lower()
    mail["X-Sentinel-Severity"] = words.severity or "none"
    context = _context(delivery, words, line)
    mail.set_content(_environment().get_template("notice.txt.jinja").render(context), cte="quoted-printable")
    html = _environment().get_template("notice.html.jinja").render(context)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    for file in delivery.document.files if delivery.document is not None else ():
        kind, _, subtype = file.media.partition("/")
        params = {"charset": "utf-8"} if kind == "text" else None
        mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name, params=params)
    return mail


def subject(delivery: Delivery) -> str:
    """The subject of an incident's mails; it is taken once and then kept, so that every client threads them."""
    if delivery.digest is not None or delivery.document is not None or delivery.kind is NoticeKind.TEST:
        title = wording(delivery).title
    else:
        title = subject_of(delivery.story.incident)
    return header(f"[sentinel] {title}", _SUBJECT)


def message_id(delivery: Delivery, settings: SmtpSettings) -> str:
    """`<sn.DIGEST@domain>`, made of the notice's key alone."""
    digest = hashlib.sha256(delivery.key.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    return f"<sn.{digest}@{domain(settings)}>"


def domain(settings: SmtpSettings) -> str:
    """The domain that mails come from."""
    return settings.sender.rpartition("@")[2] or "localhost"


def _address(text: str, name: str = "") -> Address:
    user, _, place = text.rpartition("@")
    return Address(name, user, place)


def _context(delivery: Delivery, words: Wording, line: str) -> dict[str, Any]:
    rest = [*_times(words), *words.notes, *_marks(words, delivery.at)]
    figures = "" if words.close else _figures(words)
    itself = delivery.kind is NoticeKind.TEST or delivery.document is not None
    announces = itself or (delivery.digest is not None and delivery.first)
    return {
        "words": words,
        "facts": [*([figures] if figures else []), *_lead(words), *rest],
        "figures": figures,
        "rest": [*_lead(words), *rest],
        "listed": [*(f"{one.place}  {one.figure}  {one.word}" for one in words.worst), *words.lines],
        "line": "" if announces or delivery.kind in _SAID else line,
        "hint": words.hint if words.ended_at is None else "",
        "timeline": () if announces or delivery.digest is not None else _timeline(delivery, words),
        "fine_print": _fine_print(words),
    }


def _lead(words: Wording) -> list[str]:
    return [line for line in (words.close, "" if words.close else words.detail) if line]


def _figures(words: Wording) -> str:
    limit = f"limit {words.limit}" + (f" for {words.hold}" if words.hold else "") if words.limit else ""
    figures = ", ".join(part for part in (words.value, limit) if part)
    return ": ".join(part for part in (words.metric, figures) if part) if figures else ""


def _times(words: Wording) -> list[str]:
    if words.since is None:
        return []
    began = local_day(words.since, words.timezone)
    if words.look is Look.PLAIN:
        return [began]
    if words.ended_at is None:
        lines = [f"Since {began}"]
    else:
        lines = [f"From {began} to {local_near(words.ended_at, words.since, words.timezone)}"]
    return [*lines, words.scope] if words.scope else lines


def _marks(words: Wording, at: float) -> list[str]:
    return [
        f"{one.done} {local_near(one.at, at, words.timezone)}" + (f": {one.said}" if one.said else "")
        for one in words.marks
    ]


def _timeline(delivery: Delivery, words: Wording) -> list[tuple[str, str]]:
    events = delivery.story.events[-TIMELINE:]
    if len(events) < 2:  # noqa: PLR2004  # one step is what the mail says anyway
        return []
    return [(local_near(event.at, delivery.at, words.timezone), clean(event.text, 240)) for event in events]


def _fine_print(words: Wording) -> str:
    parts = (
        f"rule {words.rule}" if words.rule else "",
        f"incident {words.incident}" if words.incident else "",
        f"severity {words.severity}" if words.severity else "",
        f"owner {words.owner}" if words.owner else "",
    )
    return ", ".join(part for part in parts if part) or "Sentinel"


def reference(delivery: Delivery, settings: SmtpSettings) -> Mapping[str, str]:
    """What later mails of the incident need of its first."""
    if not delivery.first and delivery.ref:
        return delivery.ref
    ref = {"root": message_id(delivery, settings), "subject": subject(delivery)}
    return {**ref, "key": delivery.key, "digest": "1"} if delivery.digest is not None else ref


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sentinel.deliver", "templates"),
        autoescape=select_autoescape(("html.jinja",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["fold"] = _fold
    return environment


def _fold(text: str, first: str = "", following: str = "") -> str:
    """The text in lines of at most 72 columns."""
    lines = textwrap.wrap(
        cut(text, 4000), COLUMNS, initial_indent=first, subsequent_indent=following, break_on_hyphens=False
    )
    return "\n".join(lines)
