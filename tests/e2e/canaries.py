"""Every secret there is, planted where it belongs, and a search for it in whatever was written."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from sentinel.demo.portal import USER
from tests.deliver.receiver import SECRET_PATH
from tests.e2e.stage import PASSWORD, TOKEN

MAIL_USER = "mailer"
MAIL_PASSWORD = "canary-mail-2c9d/+ &=%40"
SIGNING = "canary-signing-secret-77aa"
APP_TOKEN = "xapp-canary-app-token-3e3e"
API_TOKEN = "canary-api-token-0123456789abcdef"
NEXT_TOKEN = "canary-next-token-fedcba9876543210"
HEARTBEAT = "canary-heartbeat-c0de"
REFUSED_HOOK = "canary-hook-of-a-refused-file"
SLACK_HOOK = "canary-hook-5d2e"

CANARIES = (
    PASSWORD,
    TOKEN,
    MAIL_PASSWORD,
    SIGNING,
    APP_TOKEN,
    API_TOKEN,
    NEXT_TOKEN,
    HEARTBEAT,
    SLACK_HOOK,
    REFUSED_HOOK,
    SECRET_PATH,
)


def planted(folder: Path, mail_port: int, hooks_port: int) -> dict[str, str]:
    """The variables. Half of the secrets stand in files, below a folder that is no part of what is searched."""
    files = {
        "SENTINEL_SOURCE_PORTAL_PASSWORD": PASSWORD,
        "SENTINEL_SLACK_BOT_TOKEN": TOKEN,
        "SENTINEL_SMTP_PASSWORD": MAIL_PASSWORD,
        "SENTINEL_API_TOKENS": API_TOKEN,
    }
    folder.mkdir()
    for name, secret in files.items():
        (folder / name).write_text(secret + "\n", encoding="utf-8")
    return {
        **{f"{name}_FILE": str(folder / name) for name in files},
        "SENTINEL_SLACK_APP_TOKEN": APP_TOKEN,
        "SENTINEL_HEARTBEAT_URL": f"http://127.0.0.1:{hooks_port}/{HEARTBEAT}",
        "SENTINEL_SLACK_WEBHOOK_TEAM": f"http://127.0.0.1:{hooks_port}/services/{SLACK_HOOK}",
        "SENTINEL_WEBHOOK_PAGER_SECRET": SIGNING,
        "SENTINEL_SMTP_HOST": "127.0.0.1",
        "SENTINEL_SMTP_PORT": str(mail_port),
        "SENTINEL_SMTP_SECURITY": "none",
        "SENTINEL_SMTP_USERNAME": MAIL_USER,
        "SENTINEL_SMTP_FROM": "sentinel@example.com",
        "SENTINEL_LOG_LEVEL": "debug",
    }


def spellings(secret: str) -> Iterator[bytes]:
    """As it is, as URLs and JSON have it, and as a login in base64 has it."""
    for text in (secret, quote(secret), quote(secret, safe=""), quote(quote(secret)), json.dumps(secret)[1:-1]):
        yield text.encode()
    for user in (USER, MAIL_USER):
        for login in (f"{user}:{secret}", f"\0{user}\0{secret}", secret):
            yield base64.b64encode(login.encode()).rstrip(b"=")


def found_in(written: Mapping[str, bytes]) -> list[str]:
    """`what in where` for every canary that is anywhere in it."""
    return [
        f"{spelt.decode()} in {where}"
        for where, content in written.items()
        for canary in CANARIES
        for spelt in spellings(canary)
        if spelt in content
    ]
