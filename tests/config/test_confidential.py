"""Lines that are quoted in reports show no credentials, and the caret stays under what it points at."""

from __future__ import annotations

import pytest

from sentinel.config.confidential import HIDDEN, is_confidential_key, is_slack_webhook, masked

CANARY = "canary-7c1e"


@pytest.mark.parametrize(
    "line",
    [
        f'password = "{CANARY}"',
        f"password = '{CANARY}'",
        f'password = "{CANARY}',
        f"password = {CANARY}",
        f'"api_key" = "a\\"{CANARY}"',
        f'bot-token="{CANARY}" # a comment',
        f'headers = {{ Authorization = "Bearer {CANARY}" }}',
        f'tokens = ["a", "{CANARY}"]',
        f'url = "https://user:{CANARY}@portal.example.com"',
        f'url = "https://user:a@b{CANARY}@portal.example.com"',
        f'url = "https://user:a/{CANARY}@portal.example.com"',
        f'url = "https://hooks.slack.com/services/T0/B0/{CANARY}"',
        f'webhook = {{ name = "pager", url = "https://pager.example.com/hook/{CANARY}", urgent = true }}',
        f"url = 'https://pager.example.com/{CANARY}?key={CANARY}'",
        f'name = "xoxb-{CANARY}"',
        f'password = """{CANARY}',
    ],
)
@pytest.mark.threat("secrets")
def test_a_credential_is_hidden_wherever_it_stands(line: str) -> None:
    shown, _, _ = masked(line, 1, 1)
    assert CANARY not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "line",
    ['summary = "Devices with errors"', 'url = "https://portal.example.com"', 'email = { to = ["a@example.com"] }', ""],
)
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert masked(line, 3, 4) == (line, 3, 4)


def test_the_caret_follows_what_it_points_at() -> None:
    line = f'a = {{ password = "{CANARY}", urll = "x" }}'
    shown, column, span = masked(line, line.index("urll") + 1, 4)
    assert shown[column - 1 : column - 1 + span] == "urll"


def test_a_caret_under_the_credential_stays_under_what_hides_it() -> None:
    line = f'password = "{CANARY}"'
    shown, column, span = masked(line, line.index(CANARY) + 1, len(CANARY))
    assert shown == f"password = {HIDDEN}"
    assert (column, span) == (12, 3)


@pytest.mark.parametrize(
    "name", ["password", "PASSWORD", "bot_token", "api-key", "apikey", "client_secret", "username"]
)
def test_keys_of_credentials_are_known_by_their_name(name: str) -> None:
    assert is_confidential_key(name)


@pytest.mark.parametrize("name", ["name", "url", "warning", "owner", "to", "path"])
def test_keys_of_the_format_are_not_taken_for_credentials(name: str) -> None:
    assert not is_confidential_key(name)


def test_the_url_of_a_slack_webhook_is_a_credential() -> None:
    assert is_slack_webhook("https://HOOKS.slack.com/services/T0/B0/x")
    assert not is_slack_webhook("https://hooks.example.com/services")
