"""What the container image promises, read off its Dockerfile, and its health check against real sockets."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from sentinel.config.needs import check_door
from sentinel.config.settings import Settings

ROOT = Path(__file__).parents[2]


def _instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (word, argument), continuation lines joined, comments gone."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    parts = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(word, rest.strip()) for word, _, rest in parts]


def _last_stage() -> list[tuple[str, str]]:
    instructions = _instructions()
    starts = [at for at, (word, _) in enumerate(instructions) if word == "FROM"]
    return instructions[starts[-1] :]


def test_every_stage_starts_from_a_named_release() -> None:
    bases = [rest.split()[0] for word, rest in _instructions() if word == "FROM"]
    assert len(bases) > 1
    assert [base for base in bases if not re.fullmatch(r"python:3\.\d+-slim-[a-z]+", base)] == []


@pytest.mark.threat("supply-chain")
def test_nothing_is_downloaded_but_by_hash() -> None:
    runs = [rest for word, rest in _instructions() if word == "RUN"]
    installs = [part for run in runs for part in run.split("&&") if " install " in part and "pip" in part]
    assert not any(word == "ADD" for word, _ in _instructions())
    assert not any(tool in run for run in runs for tool in ("curl", "wget", "apt-get"))
    assert installs
    assert [part for part in installs if "--require-hashes" not in part and "--no-index" not in part] == []


@pytest.mark.threat("supply-chain")
def test_it_runs_as_nobody_in_particular_and_writes_only_its_data() -> None:
    stage = _last_stage()
    words = [word for word, _ in stage]
    user = dict(stage)["USER"]
    after_user = stage[words.index("USER") :]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert not any(word in {"RUN", "COPY"} for word, _ in after_user)
    assert dict(stage)["VOLUME"] == '["/data"]'
    assert "PYTHONDONTWRITEBYTECODE=1" in dict(stage)["ENV"]
    assert "sqlite:////data/" in dict(stage)["ENV"]


@pytest.mark.threat("unauthenticated-api")
def test_its_door_is_closed_to_others_until_a_token_is_set() -> None:
    bound = re.search(r"SENTINEL_HTTP_BIND=(\S+)", dict(_last_stage())["ENV"])
    assert bound is not None
    check_door(Settings.load({"SENTINEL_HTTP_BIND": bound[1]}))
    compose = (ROOT / "compose.example.yaml").read_text()
    assert "SENTINEL_HTTP_BIND: 0.0.0.0:8080" in compose
    assert "SENTINEL_API_TOKENS_FILE: /run/secrets/api_tokens" in compose
    assert re.search(r"^    ports: \[\"127\.0\.0\.1:8080:8080\"\]", compose, re.MULTILINE), "to this machine only"


def test_it_stops_on_sigterm_and_shows_its_health() -> None:
    stage = dict(_last_stage())
    assert stage["STOPSIGNAL"] == "SIGTERM"
    assert stage["ENTRYPOINT"] == '["sentinel"]'
    assert stage["CMD"] == '["run"]'
    assert "container_health.py" in stage["HEALTHCHECK"]
    assert "org.opencontainers.image.licenses" in stage["LABEL"]


def test_all_that_is_copied_passes_the_dockerignore() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = [rest.split() for word, rest in _instructions() if word == "COPY" and not rest.startswith("--from")]
    sources = {source for words in copies for source in words[:-1]}
    assert sources <= allowed
    assert [source for source in sources if not (ROOT / source).exists()] == []


@pytest.mark.parametrize("status", [200, 503])
def test_the_health_check_says_what_livez_says(status: int) -> None:
    with _endpoint(status) as (port, asked):
        assert _check(f"0.0.0.0:{port}") == (0 if status == 200 else 1)
    assert asked == ["/livez"]


def test_the_health_check_is_red_where_nothing_listens_and_green_where_nothing_should() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert _check(f"127.0.0.1:{bound.getsockname()[1]}") == 1
    assert _check("off") == 0


@contextmanager
def _endpoint(status: int) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        turning = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        turning.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            turning.join()


def _check(bind: str) -> int:
    """Its exit status; proxies in the environment do not lead it astray."""
    environment = {"SENTINEL_HTTP_BIND": bind, "http_proxy": "http://127.0.0.1:9"}
    program = ROOT / "scripts/container_health.py"
    return subprocess.run([sys.executable, str(program)], env=environment, check=False, timeout=30).returncode  # noqa: S603  # our own file
