"""A message in Slack's Block Kit, under Slack's limits.

The title stands in a block of the message itself, so that an edit is not marked as one and the one-line text is what
lock screens and screen readers get, not a second first line. Blocks have no colour: the rest stands in an attachment,
which has a bar.
"""

from __future__ import annotations

from typing import Any

from sentinel.deliver.escape import slack
from sentinel.deliver.parts import Affected, Look, Mark, Wording
from sentinel.deliver.times import local_near

Json = dict[str, Any]


def message(words: Wording, at: float, block_id: str = "") -> Json:
    """The arguments `text`, `blocks` and `attachments` of a message; `block_id` is the first block's, "" for none."""
    return {
        "text": slack(words.text),
        "blocks": [{**_section(_title(words)), **_named(block_id)}],
        "attachments": [{"color": words.look.colour, "fallback": slack(words.text), "blocks": _body(words, at)}],
    }


def plain(words: Wording) -> Json:
    """The same as one line of text, when Slack takes nothing better; an edit takes the blocks away."""
    return {"text": slack(words.text), "blocks": [], "attachments": []}


def thread_line(words: Wording, line: str, block_id: str = "", *, alone: bool = False) -> Json:
    """One step of the story for the thread; `line` is clean.

    `alone`: it is also read outside the thread, on lock screens first, where the text has to tell the whole story.
    """
    text = f"{words.look.sign} {slack(line)}"
    return {"text": slack(words.text) if alone else text, "blocks": [{**_section(text), **_named(block_id)}]}


def date(at: float, reference: float, zone: str) -> str:
    """An instant that Slack shows in the reader's own zone; the fallback has the rule's."""
    return f"<!date^{int(at)}^{{date_short_pretty}} {{time}}|{slack(local_near(at, reference, zone))}>"


def _title(words: Wording) -> str:
    title = f"*{slack(words.title)}*"
    return f"{words.look.sign} ~{title}~" if words.look is Look.RECOVERED else f"{words.look.sign} {title}"


def _body(words: Wording, at: float) -> list[Json]:
    facts = [line for line in (_figures(words), _times(words, at), *_told(words, at)) if line]
    body = [_section("\n".join(facts))] if facts else []
    if words.excerpt:
        body.append(_section("```" + "\n".join(map(slack, words.excerpt)) + "```"))
    listed = [_affected(one) for one in words.worst] + [f"• {slack(line)}" for line in words.lines]
    if listed and words.more:
        listed.append(f"and {words.more} more")
    if listed:
        body.append(_section("\n".join(listed)))
    if words.runbook:
        body.append(_button("Runbook", words.runbook))
    body.append({"type": "context", "elements": [_mrkdwn(_fine_print(words))]})
    return body


def _figures(words: Wording) -> str:
    if words.close:
        return f"*{slack(words.close)}*"
    parts = []
    if words.metric:
        parts.append(slack(words.metric))
    if words.value:
        parts.append(f"`{slack(words.value)}`")
    if words.limit:
        hold = f" for {words.hold}" if words.hold else ""
        parts.append(f"limit `{slack(words.limit)}`{hold}")
    figures = " · ".join(parts)
    return "\n".join(line for line in (figures, slack(words.detail)) if line)


def _times(words: Wording, at: float) -> str:
    if words.since is None:
        return ""
    if words.ended_at is not None:
        from_, until = (date(one, at, words.timezone) for one in (words.since, words.ended_at))
        return f"{from_} – {until}" + (f" · {words.scope}" if words.scope else "")
    since = f"Since {date(words.since, at, words.timezone)}" if not _announces(words) else ""
    return " · ".join(part for part in (since, slack(words.scope)) if part)


def _announces(words: Wording) -> bool:
    """Whether it is a test, which has no beginning."""
    return words.look is Look.PLAIN


def _told(words: Wording, at: float) -> list[str]:
    hint = [f"→ {slack(words.hint)}"] if words.hint and words.ended_at is None else []
    return [slack(note) for note in words.notes] + [_mark(one, at, words.timezone) for one in words.marks] + hint


def _mark(one: Mark, at: float, zone: str) -> str:
    said = f": {slack(one.said)}" if one.said else ""
    return f"{slack(one.done)} {date(one.at, at, zone)}{said}"


def _affected(one: Affected) -> str:
    figure = f" `{slack(one.figure)}`" if one.figure else ""
    return f"• {slack(one.place)}{figure} {one.word}"


def _fine_print(words: Wording) -> str:
    parts = []
    if words.rule:
        parts.append(f"rule `{slack(words.rule)}`")
    if words.incident:
        parts.append(slack(words.incident))
    if words.severity:
        parts.append(words.severity)
    if words.owner:
        parts.append(slack(words.owner))
    return " · ".join(parts) or "Sentinel"


def _named(block_id: str) -> Json:
    return {"block_id": block_id} if block_id else {}


def _section(text: str) -> Json:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Json:
    """Text in which only what is marked up here is: `verbatim` keeps Slack from making links of bare addresses."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _button(label: str, url: str) -> Json:
    return {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "runbook", "url": url, "text": {"type": "plain_text", "text": label}}
        ],
    }
