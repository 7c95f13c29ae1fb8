"""One run of the real program with every secret planted, through good and bad days; then all it wrote is searched."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, select, text

from sentinel.demo.faults import Body, Status
from sentinel.demo.portal import USER
from sentinel.store.addresses import place_of
from tests.deliver.receiver import SECRET_PATH, Receiver
from tests.e2e.canaries import (
    API_TOKEN,
    CANARIES,
    MAIL_PASSWORD,
    MAIL_USER,
    NEXT_TOKEN,
    REFUSED_HOOK,
    found_in,
    planted,
    spellings,
)
from tests.e2e.stage import PASSWORD, TOKEN, Stage, stage
from tests.fakes.background import in_background
from tests.fakes.mailbox import Mailbox
from tests.fakes.program import Program, environment, eventually

pytestmark = [pytest.mark.process, pytest.mark.threat("secrets"), pytest.mark.promise("P8")]

RECEIVERS = """
[[receiver]]
name = "hooked"
slack_webhook = {{ name = "team" }}
email = {{ to = ["desk@example.com"] }}
webhook = {{ name = "pager", url = "{url}" }}
"""
COMMANDS = (
    ("status", "--json"),
    ("notices", "list", "--json"),
    ("notices", "test", "hooked"),
    ("probe",),
    ("doctor", "--json"),
)


@dataclass
class Run:
    """The program in its world, and everything that was written by it, by name."""

    stage: Stage
    program: Program
    box: Mailbox
    hooks: Receiver
    database_url: str
    written: dict[str, bytes] = field(default_factory=dict)

    def asked(self, *command: str) -> None:
        """Call a command and keep what it says."""
        answer = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "sentinel", *command],
            cwd=self.stage.folder,
            env=environment(self.program.given),
            capture_output=True,
            check=False,
            timeout=60,
        )
        self.written[" ".join(command)] = answer.stdout + answer.stderr

    def pages(self) -> None:
        """Ask every page of the HTTP door, with the token and without."""
        for path in ("/livez", "/readyz", "/healthz", "/metrics", "/nothing"):
            for token in ("", API_TOKEN, NEXT_TOKEN):
                status, text = self.program.get(path, token)
                self.written[f"{path} {status}"] = text.encode()

    def collect(self) -> None:
        """What lies in files and tables, and what reached others."""
        for file in self.stage.folder.iterdir():
            if file.is_file() and file.name != "rules.toml":
                self.written[file.name] = file.read_bytes()
        engine = create_engine(place_of(self.database_url).url)
        with engine.connect() as connection:
            tables = MetaData()
            tables.reflect(connection)
            for table in tables.sorted_tables:
                rows = connection.execute(select(table)).all()
                self.written[f"table {table.name}"] = repr(rows).encode("utf-8", "surrogatepass")
        engine.dispose()
        self.written["calls of Slack"] = repr(self.stage.slack.calls()).encode("utf-8", "surrogatepass")
        self.written["messages of Slack"] = repr([*self.stage.roots, *self.stage.lines]).encode(
            "utf-8", "surrogatepass"
        )
        self.written["mails"] = b"".join(one.raw for one in self.box.accepted)
        for n, one in enumerate(self.hooks.received):
            self.written[f"webhook {n}"] = one.body + json.dumps(dict(one.headers)).encode()


@contextmanager
def run(folder: Path, database_url: str) -> Iterator[Run]:
    box, hooks = Mailbox(login=(MAIL_USER, MAIL_PASSWORD)), Receiver()
    with in_background(box, hooks), stage(folder, database_url) as it:
        given = planted(folder / "secrets", box.port, hooks.port)
        for name in ("SENTINEL_SOURCE_PORTAL_PASSWORD", "SENTINEL_SLACK_BOT_TOKEN"):
            it.given.pop(name)
        rules = (folder / "rules.toml").read_text().replace('to = ["team-aland"]', 'to = ["team-aland", "hooked"]')
        (folder / "rules.toml").write_text(rules + RECEIVERS.format(url=hooks.url))
        with it.program("--debug", "run", **given) as program:
            yield Run(it, program, box, hooks, database_url)


@pytest.mark.long
@pytest.mark.timeout(300)  # a dozen processes one after the other
def test_after_a_whole_life_no_secret_is_in_anything_that_was_written(database_url: str, tmp_path: Path) -> None:
    with run(tmp_path, database_url) as it:
        it.program.start(until="polling")
        _a_good_day(it)
        _a_bad_day(it)
        _other_tokens(it)
        _rules_that_are_refused(it)
        it.pages()
        for command in COMMANDS:
            it.asked(*command)
        it.program.kill()
        _starts_that_fail(it)
        it.collect()
    assert found_in(it.written) == []
    _the_search_would_have_found_them(it)


def _a_good_day(it: Run) -> None:
    """Every channel is used, with its credential."""
    it.stage.bad = {it.stage.sites[0]}
    eventually(lambda: "posted" in it.stage.kinds, "a message in Slack")
    eventually(lambda: it.box.accepted, "a mail")
    eventually(lambda: it.hooks.received, "a call of the webhook")


def _a_bad_day(it: Run) -> None:
    """Everybody refuses, echoes what they were sent, or breaks off; the store is held by another."""
    it.stage.slack.settings.auth_error = "invalid_auth"
    it.hooks.status = 500
    it.box.login = (MAIL_USER, "another")
    it.stage.bad = set(it.stage.sites)
    it.program.says("535")
    it.program.says("invalid_auth")
    it.program.says("HTTP 500")
    with _store_held(it.database_url):
        it.program.says("tick held")
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    it.stage.portal.fault(Body(f"<html><title>Sign in {PASSWORD} {login}</title>".encode(), times=1))
    it.program.says("Sign in")
    for status in (403, 401):
        it.stage.portal.fault(Status(status, times=1))
        it.program.says(f"answered {status}")


def _other_tokens(it: Run) -> None:
    """The token in the file is exchanged while the program runs, and the old one opens nothing any more."""
    file = Path(it.program.given["SENTINEL_API_TOKENS_FILE"])
    file.write_text(NEXT_TOKEN)
    it.program.process.send_signal(signal.SIGHUP)
    it.program.says("rules reloaded")
    assert it.program.get("/metrics", NEXT_TOKEN)[0] == 200
    assert it.program.get("/metrics", API_TOKEN)[0] == 401


def _rules_that_are_refused(it: Run) -> None:
    """A mistake beside the URL of a new webhook: the line is quoted in the log, without the URL."""
    rules = it.stage.folder / "rules.toml"
    good = rules.read_text()
    bad = good.replace(SECRET_PATH, REFUSED_HOOK).replace('name = "pager",', 'name = "pager", urgent = true,')
    (it.stage.folder / "secrets/refused.toml").write_text(bad)
    rules.write_text(bad)
    it.program.process.send_signal(signal.SIGHUP)
    it.program.says("the old rules stay")
    assert "urgent" in it.program.log
    rules.write_text(good)


def _starts_that_fail(it: Run) -> None:
    """Rules that are none, a Portal that speaks no TLS, a database that is not there, a door that is taken."""
    for given in (
        {"SENTINEL_SOURCE_PORTAL_URL": it.stage.threaded.url.replace("http:", "https:")},
        {"SENTINEL_DATABASE_URL": f"sqlite:///{it.stage.folder}/nowhere/sentinel.db"},
        {"SENTINEL_HTTP_BIND": "127.0.0.1:99999"},
        {"SENTINEL_RULES": str(it.stage.folder / "rules.toml"), "SENTINEL_SMTP_PORT": "x"},
    ):
        before = dict(it.program.given)
        it.program.given.update(given)
        it.asked("--debug", "run", "--once")
        it.program.given = before
    shutil.copy(it.stage.folder / "rules.toml", it.stage.folder / "secrets/rules.toml")
    (it.stage.folder / "rules.toml").write_text(f'[[source]]\nname = "p"\npassword = "{PASSWORD}"\nurl = 5\n')
    it.asked("check")
    it.asked("--debug", "run")


@contextmanager
def _store_held(database_url: str) -> Iterator[None]:
    """Another program writes for longer than is waited for."""
    place = place_of(database_url)
    path = place.path
    if path is None:
        engine = create_engine(place.url)
        with engine.begin() as session:
            session.execute(text("LOCK TABLE readings IN ACCESS EXCLUSIVE MODE"))
            yield
        engine.dispose()
        return
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def _the_search_would_have_found_them(it: Run) -> None:
    """The same search over the files that do hold them, and over what the channels were sent as credentials."""
    secrets = {one.name: one.read_bytes() for one in (it.stage.folder / "secrets").iterdir()}
    secrets["environment"] = repr((it.program.given, API_TOKEN)).encode()
    assert {line.partition(" in ")[0] for line in found_in(secrets)} >= {one for one in CANARIES if one.isascii()}
    assert SECRET_PATH.encode() in secrets["rules.toml"]
    assert any(next(iter(spellings(TOKEN))) in content for content in secrets.values())
