"""An installation with everything that it needs, all on the loopback and all of which can fall ill."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

from sentinel.clock import SystemClock
from sentinel.demo.accounts import Account
from sentinel.demo.portal import USER, Portal
from sentinel.demo.threaded import ThreadedPortal
from sentinel.demo.tiers import tier
from sentinel.demo.workspace import Workspace, in_thread
from sentinel.demo.workspace_settings import Settings
from sentinel.store.tables import REVISION
from tests.fakes.certificates import Authority
from tests.fakes.mailbox import Mailbox

PORTAL_PASSWORD = "canary-portal-7f3a"
SLACK_TOKEN = "xoxb-canary-slack-9b1c"
MAIL_PASSWORD = "canary-mail-5d20"
HOOK_PATH = "canary-hook-11e4"

RULES = """
[[source]]
name = "portal"
type = "nexthink"
url = "{portal}"
ca_file = "ca.pem"

[[rule]]
id = "devices-in-error"
summary = "Devices with errors"
service = ["Exchange Online", "Teams"]
hierarchy = "Location"
level = "Site"
critical = "devices_with_errors / devices > 10%"

[[receiver]]
name = "workplace"
slack = {{ channel = "#workplace-alerts" }}
email = {{ to = ["workplace@example.com"] }}

[[receiver]]
name = "pager"
webhook = {{ name = "pager", url = "{hook}" }}

[[route]]
to = ["workplace", "pager"]
"""


@dataclass
class Clinic:
    """The outside things, and the program's folder and variables."""

    folder: Path
    authority: Authority
    portal: Portal
    slack: Workspace
    mail: Mailbox
    env: dict[str, str]

    def rules(self, *, portal: str = "", more: str = "") -> None:
        """Write the rules file."""
        hook = f"{self.slack.api_url.removesuffix('/api/')}/{HOOK_PATH}"
        text = RULES.format(portal=portal or self.portal.url, hook=hook) + more
        (self.folder / "rules.toml").write_text(text, encoding="utf-8")

    def neutral(self, text: str) -> str:
        """What changes from run to run replaced by words, so that the rest can be compared."""
        text = text.replace(str(self.folder), "FOLDER")
        for pattern, word in (
            (r"\b(127\.0\.0\.1:|port )\d+", r"\1PORT"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "NOW"),
            (rf"\b{REVISION}\b", "REVISION"),
            (r"SQLite [\d.]+", "SQLite VERSION"),
            (r"agrees within \d+ s", "agrees within SECONDS"),
            (r"pid \d+", "pid PID"),
        ):
            text = re.sub(pattern, word, text)
        return text


@contextmanager
def clinic(folder: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Clinic]:
    """Everything healthy and running; the program's variables are set in this process."""
    clock, authority = SystemClock(), Authority(folder)
    box = Mailbox(tls=authority.serving(), login=("sentinel", MAIL_PASSWORD))
    account = {USER: Account(PORTAL_PASSWORD)}
    portal = Portal(tier("demo"), now=clock.now, tls=authority.serving(), accounts=account)
    workspace = Workspace(now=clock.now, settings=Settings(token=SLACK_TOKEN))
    with _served(box), ThreadedPortal(portal), in_thread(workspace):
        env = {
            "SENTINEL_DATABASE_URL": database_url,
            "SENTINEL_HTTP_BIND": f"127.0.0.1:{_free_port()}",
            "SENTINEL_SOURCE_PORTAL_USERNAME": USER,
            "SENTINEL_SOURCE_PORTAL_PASSWORD": PORTAL_PASSWORD,
            "SENTINEL_SLACK_BOT_TOKEN": SLACK_TOKEN,
            "SENTINEL_SLACK_API_URL": workspace.api_url,
            "SENTINEL_SMTP_HOST": "127.0.0.1",
            "SENTINEL_SMTP_PORT": str(box.port),
            "SENTINEL_SMTP_FROM": "sentinel@example.com",
            "SENTINEL_SMTP_USERNAME": "sentinel",
            "SENTINEL_SMTP_PASSWORD": MAIL_PASSWORD,
            "SENTINEL_SMTP_CA_FILE": str(authority.ca_file),
        }
        for name in [one for one in os.environ if one.startswith("SENTINEL_")]:
            monkeypatch.delenv(name)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(folder)
        monkeypatch.setattr("shutil.disk_usage", lambda _path: _Disk())
        whole = Clinic(folder, authority, portal, workspace, box, env)
        whole.rules()
        yield whole


class _Disk:
    total, free = 500 * 10**9, 300 * 10**9


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _served(box: Mailbox) -> Iterator[None]:
    """The mailbox in a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(box.__aenter__(), loop).result(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(box.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
