"""`sentinel run` as a process of its own: started, watched by its log, stopped, killed, paused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
PATIENCE = 40.0
"""Real seconds that a condition is waited for; busy machines need far more than the fractions it usually takes."""


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What the process sees: no SENTINEL_ variable but the given ones, no proxy; compiled modules may be kept."""
    dropped = ("SENTINEL_", "COVERAGE_", "PYTEST_", "PYTHONDONTWRITEBYTECODE")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped) and not k.lower().endswith("_proxy")}
    return {**kept, "PYTHONPATH": str(ROOT), **given}


def eventually(condition: Callable[[], object], what: str, within: float = PATIENCE) -> None:
    """Wait until it holds; `what` says in words what is waited for.

    Raises:
        AssertionError: it did not within so many seconds.
    """
    deadline = time.perf_counter() + within
    while not condition():
        assert time.perf_counter() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(0.02)


class Program:
    """One process after the other with the same environment; all of them write to the same two files in `folder`.

    Use `with Program(...) as it: it.start()`: whatever still runs at the end of the block is killed.
    """

    def __init__(
        self,
        folder: Path,
        given: Mapping[str, str],
        *arguments: str,
        name: str = "program",
        module: str = "sentinel",
    ) -> None:
        self.given = dict(given)
        self.arguments = arguments or ("run",)
        self.module = module
        self.stdout_file = folder / f"{name}.stdout"
        self.stderr_file = folder / f"{name}.stderr"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What the present process has written on standard error."""
        text = self.stderr_file.read_bytes()[self._began :] if self.stderr_file.exists() else b""
        return text.decode("utf-8", "replace")

    @property
    def out(self) -> str:
        """What all of them have written on standard output."""
        return self.stdout_file.read_text(encoding="utf-8") if self.stdout_file.exists() else ""

    def start(self, *, until: str = "") -> Program:
        """Start it; return once its log says `until`."""
        assert not self.running, "it runs already"
        self._began = self.stderr_file.stat().st_size if self.stderr_file.exists() else 0
        with self.stdout_file.open("ab") as out, self.stderr_file.open("ab") as err:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-m", self.module, *self.arguments],
                cwd=self._folder,
                env=environment(self.given),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        if until:
            self.says(until)
        return self

    def says(self, text: str, within: float = PATIENCE) -> None:
        """Wait until the log of the present process holds the text."""
        deadline = time.perf_counter() + within
        while text not in (log := self.log) and self.running and time.perf_counter() < deadline:
            time.sleep(0.02)
        assert text in log or text in self.log, f"it never said {text!r} (exit code {self.process.poll()}):\n{log}"

    def finish(self, within: float = PATIENCE) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(within)

    def terminate(self, within: float = 10.0) -> int:
        """SIGTERM; the exit code, which must come within ten seconds."""
        self.process.terminate()
        return self.finish(within)

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        self.process.kill()
        self.process.wait(PATIENCE)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stopped in its tracks for the length of the block, as by a frozen machine."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    # Its HTTP door

    @property
    def url(self) -> str:
        """Where the present process serves, as its log says."""
        self.says("address=http://")
        return "http://" + self.log.partition("address=http://")[2].split()[0]

    def get(self, path: str, token: str = "") -> tuple[int, str]:
        """Status and body of an answer; asked for with a token where one is given."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(self.url + path, headers=headers)  # noqa: S310  # loopback
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  # as above
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()

    def checks(self, path: str = "/healthz") -> dict[str, Any]:
        """The checks of a health page by name, each as (good, text), and `status` as the HTTP status."""
        status, body = self.get(path)
        found = {one["name"]: (one["ok"], one["text"]) for one in json.loads(body)["checks"]}
        return {"status": status, **found}
