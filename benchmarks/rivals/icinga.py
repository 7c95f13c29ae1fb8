"""Icinga 2 as a process of its own: told the state of each site as a passive check, telling people with curl.

Icinga runs a command for each notification and does not look at how it ends, so the command does what can be done there:
curl tries three times more after 408, 429, 5xx and time-outs, and heeds Retry-After.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.rivals.episodes import CLOSE, OPEN, Truth
from benchmarks.rivals.receiver import Post

NAME = "Icinga 2"
INSTALL = "apt-get install -y --no-install-recommends icinga2-bin"

CONFIG = """
include <itl>
object IcingaApplication "app" {{ }}
object CheckerComponent "checker" {{ }}
object NotificationComponent "notification" {{ }}
object ExternalCommandListener "command" {{ command_path = "{pipe}" }}
object Host "bench" {{ check_command = "passive"; enable_active_checks = false }}
for (name in [ {sites} ]) {{
  object Service name {{
    host_name = "bench"
    check_command = "passive"
    enable_active_checks = false
    max_check_attempts = 1
  }}
}}
object User "team" {{ }}
object NotificationCommand "hook" {{
  command = [ "{curl}", "--silent", "--fail", "--max-time", "10", "--retry", "3", "--data",
    "{{\\"site\\":\\"$service.name$\\",\\"kind\\":\\"$notification.type$\\",\\"at\\":$service.last_state_change$}}", "{url}" ]
}}
apply Notification "hook" to Service {{
  command = "hook"
  users = [ "team" ]
  interval = 0
  types = [ Problem, Recovery ]
  states = [ OK, Critical ]
  assign where true
}}
"""

WHOLE_SECONDS = 1.0
"""Its instants have no fractions: a state may have changed so much later than it says."""


def program() -> str | None:
    """Where the program is, None when it or curl is not installed."""
    return shutil.which("icinga2") if shutil.which("curl") else None


def version() -> str:
    """What it says of itself."""
    said = subprocess.run([program() or "", "--version"], capture_output=True, text=True, check=True)  # noqa: S603  # found by name
    return said.stdout.partition("version: ")[2].partition(")")[0].removeprefix("r")


@dataclass
class Icinga:
    """One instance with its own directory. It is several processes, which live and die as one group."""

    folder: Path
    url: str
    sites: tuple[str, ...]
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pipe(self) -> Path:
        """Where check results are written to."""
        return self.folder / "pipe"

    def start(self) -> None:
        """Start it, again on the same directory."""
        directories = {
            "DataDir": "data",
            "InitRunDir": "run",
            "CacheDir": "cache",
            "LogDir": "log",
            "SpoolDir": "spool",
        }
        for name in directories.values():
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        config = self.folder / "icinga.conf"
        names = ", ".join(json.dumps(site) for site in self.sites)
        text = CONFIG.format(pipe=self.pipe, sites=names, url=self.url, curl=shutil.which("curl"))
        config.write_text(text, encoding="utf-8")
        me = pwd.getpwuid(os.getuid())
        settings = {"RunAsUser": me.pw_name, "RunAsGroup": grp.getgrgid(me.pw_gid).gr_name}
        settings |= {name: str(self.folder / where) for name, where in directories.items()}
        given = [word for name, value in settings.items() for word in ("-D", f"Configuration.{name}={value}")]
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # as above
                [program() or "", "daemon", "-c", str(config), *given],
                stdout=output,
                stderr=output,
                cwd=self.folder,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL to all of its processes."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that does not help."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20.0)
            except subprocess.TimeoutExpired:
                self.kill()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)
            self._process.wait(30.0)


@dataclass
class Checker:
    """Writes the state of every site every `every` seconds, as a check that runs elsewhere does."""

    truth: Truth
    began: float
    every: float
    target: Icinga
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Write until `stop`."""
        self._thread = threading.Thread(target=self._run, name="checker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(30.0)

    def _run(self) -> None:
        while not self._over.wait(self.every):
            now = time.time()  # noqa: TID251  # benchmarks measure real time
            lines = [self._line(site, now) for site in self.truth.sites]
            try:
                pipe = os.open(self.target.pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                continue  # nobody reads: the next result comes soon
            try:
                for line in lines:
                    os.write(pipe, line)
            except OSError:
                continue  # it died just now
            finally:
                os.close(pipe)

    def _line(self, site: str, now: float) -> bytes:
        state = 2 if self.truth.is_bad(site, now - self.began) else 0
        return f"[{int(now)}] PROCESS_SERVICE_CHECK_RESULT;bench;{site};{state};-\n".encode("ascii")


def reader(truth: Truth, began: Callable[[], float]) -> Callable[[bytes], list[Post]]:
    """What the command's body means. It never says that it may repeat."""

    def read(body: bytes) -> list[Post]:
        told = json.loads(body)
        episode = truth.episode_at(told["site"], told["at"] + WHOLE_SECONDS - began())
        step = OPEN if told["kind"] == "PROBLEM" else CLOSE
        return [Post(((episode, step),) if episode is not None else ())]

    return read
