"""The environment: what is read, what is refused, and that no secret is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.config.settings import Settings
from sentinel.errors import ConfigError

CANARY = "canary-3f9a"


def test_an_empty_environment_is_enough() -> None:
    settings = Settings.load({})
    assert settings.database_url.get_secret_value() == "sqlite:///sentinel.db"
    assert settings.bind() == ("127.0.0.1", 8080)
    assert settings.warnings == ()


def test_every_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{CANARY}\n")
    settings = Settings.load(
        {"SENTINEL_SOURCE_PORTAL_EU_USERNAME": "api", "SENTINEL_SOURCE_PORTAL_EU_PASSWORD_FILE": str(secret)}
    )
    user, password = settings.credentials("portal-eu")
    assert (user, password.get_secret_value()) == ("api", CANARY)


def test_a_variable_and_its_file_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.load({"SENTINEL_SMTP_PASSWORD": CANARY, "SENTINEL_SMTP_PASSWORD_FILE": str(tmp_path / "x")})
    assert "SENTINEL_SMTP_PASSWORD_FILE" in str(refused.value)


def test_all_mistakes_are_named_at_once_and_no_value_is() -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.load(
            {"SENTINEL_SMTP_PORT": CANARY, "SENTINEL_LOG_LEVEL": CANARY, "SENTINEL_API_TOKENS_FILE": "/nowhere/at/all"}
        )
    text = " ".join(problem.message + problem.hint for problem in refused.value.problems)
    assert {"SENTINEL_SMTP_PORT", "SENTINEL_LOG_LEVEL", "SENTINEL_API_TOKENS_FILE"} <= set(text.split())
    assert CANARY not in text


@pytest.mark.parametrize(
    "environ",
    [
        {"SENTINEL_SLACK_API_URL": "slack.example.com"},
        {"SENTINEL_SMTP_HOST": "mail.example.com"},
        {"SENTINEL_HTTP_BIND": "everywhere"},
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        Settings.load(environ)


def test_a_typo_is_a_warning_with_the_nearest_name() -> None:
    (warning,) = Settings.load({"SENTINEL_SLACK_BOT_TOKN": CANARY}).warnings
    assert warning.hint == "did you mean SENTINEL_SLACK_BOT_TOKEN?"


@pytest.mark.threat("secrets")
def test_nothing_that_prints_settings_shows_a_secret() -> None:
    settings = Settings.load(
        {
            "SENTINEL_SLACK_BOT_TOKEN": CANARY,
            "SENTINEL_DATABASE_URL": f"postgresql://u:{CANARY}@h/d",
            "SENTINEL_SLACK_WEBHOOK_OPS": CANARY,
            "SENTINEL_SOURCE_P_PASSWORD": CANARY,
        }
    )
    assert CANARY not in repr(settings) + str(settings) + settings.model_dump_json()
