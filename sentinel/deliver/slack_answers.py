"""What each of Slack's error codes means for a notice: one table (Slack documentation, chat.postMessage and others)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Literal, NamedTuple

from sentinel.deliver.channel import Later, Outcome, Refused, Unclear


class Meaning(Enum):
    """What to conclude from a code."""

    LATER = "later"  # not accepted; the same may be accepted soon
    REFUSED = "refused"  # not accepted until a person changes something
    TOO_BIG = "too big"  # not accepted in this form; a smaller one may be
    GONE = "gone"  # what was to be edited or answered is not there
    UNCLEAR = "unclear"  # Slack itself does not know whether it took effect


class Answer(NamedTuple):
    """A code's meaning and what mends it."""

    meaning: Meaning
    hint: str = ""

    @property
    def about(self) -> Literal["channel", "notice"]:
        """What a refusal is about: what is new to Sentinel may be about anything, so it is not tried again by itself."""
        ours = self.meaning is not Meaning.REFUSED or self.hint in (_FORM, UNKNOWN_CODE.hint)
        return "notice" if ours else "channel"


_TOKEN = "Set SENTINEL_SLACK_BOT_TOKEN to a valid bot token of the workspace (it starts with xoxb-)."  # noqa: S105
_SCOPE = "Give the app the scopes chat:write, channels:read, channels:history (groups:* for private channels), metadata.message:read and install it again."
_INVITE = (
    "Invite the bot: write /invite @sentinel in the channel. A private channel does not exist for a bot outside it."
)
_FORM = "Report this with the incident's id: Sentinel made a message that Slack does not take."
_POLICY = "A setting of the workspace or the channel forbids the bot to post there; ask an administrator."

ANSWERS: Mapping[str, Answer] = {
    "ratelimited": Answer(Meaning.LATER),
    "rate_limited": Answer(Meaning.LATER),
    "message_limit_exceeded": Answer(Meaning.LATER, "The workspace has reached its limit of messages."),
    "team_added_to_org": Answer(Meaning.LATER, "The workspace is being moved to an Enterprise organization."),
    "channel_not_found": Answer(Meaning.REFUSED, "Check the channel's name in rules.toml. " + _INVITE),
    "not_in_channel": Answer(Meaning.REFUSED, _INVITE),
    "is_archived": Answer(Meaning.REFUSED, "Unarchive the channel or name another one in rules.toml."),
    "invalid_auth": Answer(Meaning.REFUSED, _TOKEN),
    "not_authed": Answer(Meaning.REFUSED, _TOKEN),
    "token_revoked": Answer(Meaning.REFUSED, _TOKEN),
    "token_expired": Answer(Meaning.REFUSED, _TOKEN),
    "account_inactive": Answer(Meaning.REFUSED, _TOKEN),
    "not_allowed_token_type": Answer(Meaning.REFUSED, _TOKEN),
    "missing_scope": Answer(Meaning.REFUSED, _SCOPE),
    "no_permission": Answer(Meaning.REFUSED, _SCOPE),
    "access_denied": Answer(Meaning.REFUSED, _POLICY),
    "ekm_access_denied": Answer(Meaning.REFUSED, _POLICY),
    "accesslimited": Answer(Meaning.REFUSED, _POLICY),
    "enterprise_is_restricted": Answer(Meaning.REFUSED, _POLICY),
    "team_access_not_granted": Answer(Meaning.REFUSED, _POLICY),
    "org_login_required": Answer(Meaning.REFUSED, _POLICY),
    "two_factor_setup_required": Answer(Meaning.REFUSED, _POLICY),
    "restricted_action": Answer(Meaning.REFUSED, _POLICY),
    "restricted_action_read_only_channel": Answer(Meaning.REFUSED, _POLICY),
    "restricted_action_thread_only_channel": Answer(Meaning.REFUSED, _POLICY),
    "restricted_action_thread_locked": Answer(Meaning.REFUSED, _POLICY),
    "restricted_action_non_threadable_channel": Answer(Meaning.REFUSED, _POLICY),
    "as_user_not_supported": Answer(Meaning.REFUSED, _POLICY),
    "channel_is_archived": Answer(Meaning.REFUSED, "Unarchive the channel or make a webhook for another one."),
    "action_prohibited": Answer(Meaning.REFUSED, _POLICY),
    "invalid_payload": Answer(Meaning.TOO_BIG, _FORM),
    "no_text": Answer(Meaning.REFUSED, _FORM),
    "invalid_arguments": Answer(Meaning.REFUSED, _FORM),
    "invalid_metadata_format": Answer(Meaning.REFUSED, _FORM),
    "invalid_metadata_schema": Answer(Meaning.REFUSED, _FORM),
    "metadata_too_large": Answer(Meaning.REFUSED, _FORM),
    "msg_too_long": Answer(Meaning.TOO_BIG, _FORM),
    "msg_blocks_too_long": Answer(Meaning.TOO_BIG, _FORM),
    "invalid_blocks": Answer(Meaning.TOO_BIG, _FORM),
    "invalid_blocks_format": Answer(Meaning.TOO_BIG, _FORM),
    "invalid_attachments": Answer(Meaning.TOO_BIG, _FORM),
    "too_many_attachments": Answer(Meaning.TOO_BIG, _FORM),
    "attachment_payload_limit_exceeded": Answer(Meaning.TOO_BIG, _FORM),
    "message_not_found": Answer(Meaning.GONE),
    "cant_update_message": Answer(Meaning.GONE),
    "edit_window_closed": Answer(Meaning.GONE),
    "thread_not_found": Answer(Meaning.GONE),
    "cannot_reply_to_message": Answer(Meaning.GONE),
    "fatal_error": Answer(Meaning.UNCLEAR),
    "internal_error": Answer(Meaning.UNCLEAR),
    "request_timeout": Answer(Meaning.UNCLEAR),
    "service_unavailable": Answer(Meaning.UNCLEAR),
}

UNKNOWN_CODE = Answer(Meaning.REFUSED, "This code is new to Sentinel; look it up in Slack's documentation.")
"""An answer that says no in proper form is a no, whatever its reason."""


def answer(code: str) -> Answer:
    """What a code means; one that is not in the table is a refusal."""
    return ANSWERS.get(code, UNKNOWN_CODE)


def outcome(method: str, code: str, retry_after: float | None = None) -> Outcome:
    """The outcome of a notice whose call of `method` was answered with `code`."""
    reason = f"Slack answered {code} to {method}"
    known = answer(code)
    match known.meaning:
        case Meaning.LATER:
            return Later(reason, retry_after)
        case Meaning.UNCLEAR:
            return Unclear(reason)
        case _:
            return Refused(reason, known.hint, known.about)
