"""Alertmanager as a process of its own, and the Prometheus that feeds it, played by a small thread.

Alertmanager keeps no alerts: it relies on Prometheus to push them again and again. The feeder does that at every
evaluation, which is more often than Prometheus does (every minute, `--rules.alert.resend-delay`), with the end that
Prometheus writes (four intervals ahead), and goes on to push an ended alert for a quarter of an hour.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.rivals.episodes import CLOSE, OPEN, Episode, Truth
from benchmarks.rivals.receiver import Post

NAME = "Alertmanager"
INSTALL = "apt-get install -y --no-install-recommends prometheus-alertmanager"
RESOLVED_FOR = 900.0
"""Seconds that Prometheus goes on to push an alert that has ended (`resolvedRetention`)."""

CONFIG = """
route:
  receiver: hook
  group_by: ['...']        # every alert is told by itself, as every incident is
  group_wait: 0s
  group_interval: 10s
  repeat_interval: 4h
receivers:
  - name: hook
    webhook_configs:
      - url: {url}
        send_resolved: true
"""


def program() -> str | None:
    """Where the program is, None when it is not installed."""
    return shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


def version() -> str:
    """What it says of itself."""
    said = subprocess.run([program() or "", "--version"], capture_output=True, text=True, check=True)  # noqa: S603  # found by name
    return (said.stdout or said.stderr).split(",")[1].split("(")[0].replace("version", "").strip()


@dataclass
class Alertmanager:
    """One instance with its own port and directory. `options` are added to the command line."""

    folder: Path
    url: str
    options: tuple[str, ...] = ()
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, again on the same port and directory."""
        self.folder.mkdir(exist_ok=True)
        config = self.folder / "alertmanager.yml"
        config.write_text(CONFIG.format(url=self.url), encoding="utf-8")
        self.port = self.port or _free_port()
        listen = f"--web.listen-address=127.0.0.1:{self.port}"
        command = [program() or "", f"--config.file={config}", f"--storage.path={self.folder}", listen]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # as above
                [*command, "--cluster.listen-address=", *self.options], stdout=log, stderr=log, cwd=self.folder
            )

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30.0)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that does not help."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20.0)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass
class Feeder:
    """Plays Prometheus: evaluates every `every` seconds and pushes what it finds."""

    truth: Truth
    began: float
    every: float
    target: Alertmanager
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Push until `stop`."""
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Push no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(30.0)

    def _run(self) -> None:
        alerts: dict[str, tuple[float, float | None]] = {}
        while not self._over.wait(self.every):
            now = time.time()  # noqa: TID251  # benchmarks measure real time
            for site in self.truth.sites:
                started, ended = alerts.get(site, (0.0, 0.0))
                bad = self.truth.is_bad(site, now - self.began)
                if bad and ended is not None:
                    alerts[site] = (now, None)
                elif not bad and ended is None:
                    alerts[site] = (started, now)
            pushed = [self._alert(site, now, *when) for site, when in alerts.items() if _is_due(now, when[1])]
            if pushed:
                self._push(pushed)

    def _alert(self, site: str, now: float, started: float, ended: float | None) -> dict[str, object]:
        end = ended if ended is not None else now + 4 * self.every
        labels = {"alertname": "devices-in-error", "site": site, "severity": "critical"}
        return {"labels": labels, "startsAt": _iso(started), "endsAt": _iso(end)}

    def _push(self, alerts: list[dict[str, object]]) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.target.port}/api/v2/alerts",
            data=json.dumps(alerts).encode(),
            headers={"Content-Type": "application/json"},
        )
        # As Prometheus, which drops what it cannot push and pushes again the next time.
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5.0):  # noqa: S310  # loopback
            pass


def reader(truth: Truth, began: Callable[[], float]) -> Callable[[bytes], list[Post]]:
    """What a body of Alertmanager's webhook means. It never says that it may repeat."""

    def read(body: bytes) -> list[Post]:
        found = []
        for alert in json.loads(body)["alerts"]:
            step = OPEN if alert["status"] == "firing" else CLOSE
            episode = truth.episode_at(alert["labels"]["site"], _instant(alert["startsAt"]) - began())
            found.append(Post(((episode, step),) if isinstance(episode, Episode) else ()))
        return found

    return read


def _is_due(now: float, ended: float | None) -> bool:
    return ended is None or now - ended < RESOLVED_FOR


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
