"""Help, exit codes, lazy loading, and that nobody is shown a traceback unasked."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sentinel.cli import commands
from sentinel.cli.contents import COMMANDS, EXIT_CODES, help_text
from sentinel.errors import CredentialsRefused, NotFound, SourceError, StoreError
from tests.cli.terminal import call, environment, start

HEAVY = ("aiohttp", "alembic", "apscheduler", "httpx", "jinja2", "numpy", "pydantic", "rich", "slack_sdk", "sqlalchemy")

LEAVES = [
    ["check"],
    ["explain"],
    ["discover"],
    ["probe"],
    ["run"],
    ["demo"],
    ["status"],
    ["incidents", "list"],
    ["incidents", "show"],
    ["notices", "list"],
    ["notices", "test"],
    ["notices", "preview"],
    ["db", "upgrade"],
    ["db", "check"],
]


@pytest.mark.process
def test_a_hang_up_before_there_are_rules_ends_nothing() -> None:
    """They are read anew then; by itself the signal would end the program."""
    program = (
        "import os, signal, sys\n"
        "import sentinel.app\n"
        "from sentinel.cli.main import main\n"
        "def hang_up(**_):\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    sys.exit(7)\n"
        "sentinel.app.load_all = hang_up\n"
        "sys.argv = ['sentinel', 'run']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment({}), capture_output=True, check=False)  # noqa: S603
    assert done.returncode == 7


@pytest.mark.process
@pytest.mark.parametrize("arguments", [["--help"], ["-h"], [], ["--version"], *([*leaf, "--help"] for leaf in LEAVES)])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from sentinel.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (0, None), end.code\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED []"


@pytest.mark.process
def test_status_of_a_sqlite_file_imports_no_database_library(run: object, sqlite_url: str) -> None:
    program = (
        "import sys\n"
        "from sentinel.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (0, None), end.code\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program, "status", "--database", sqlite_url],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "LOADED []", done.stderr


@pytest.mark.process
def test_a_start_on_a_sqlite_file_loads_neither_what_migrates_nor_the_driver_of_postgres(sqlite_url: str) -> None:
    program = (
        "import sys\n"
        "import sentinel.app\n"
        "from sentinel.store.database import Database\n"
        "from sentinel.store.schema import bring_up\n"
        "bring_up(sys.argv[1])\n"
        "Database.open(sys.argv[1]).close()\n"
        "print('LOADED', [name for name in ('alembic', 'psycopg') if name in sys.modules])\n"
    )
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program, sqlite_url],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1:] == ["LOADED []"], done.stderr


def test_help_lists_every_command_and_every_exit_code() -> None:
    text = help_text()
    assert all(f"\n  {name}" in text and about in text for name, _, about in COMMANDS)
    assert all(f"\n  {code}" in text for code, _ in EXIT_CODES)
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("group", sorted({leaf[0] for leaf in LEAVES if len(leaf) > 1}))
def test_a_group_tells_each_of_its_commands_in_a_whole_sentence(group: str) -> None:
    assert "..." not in call(group, "--help").stdout.partition("Commands:")[2]


def test_click_and_the_quick_way_show_the_same_help() -> None:
    assert call("--help").stdout == help_text() + "\n"


@pytest.mark.parametrize("leaf", LEAVES, ids=" ".join)
def test_every_command_explains_itself(leaf: list[str]) -> None:
    done = call(*leaf, "--help")
    assert done.exit_code == 0, done.output
    assert f"Usage: sentinel {' '.join(leaf)}" in done.stdout
    assert len(done.stdout.splitlines()) > 4


@pytest.mark.parametrize("leaf", LEAVES, ids=" ".join)
def test_every_command_that_prints_data_takes_json(leaf: list[str]) -> None:
    if leaf not in (["run"], ["demo"]):
        assert "--json" in call(*leaf, "--help").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["stauts"],
        ["status", "--nonsense"],
        ["incidents"],
        ["incidents", "show"],
        ["incidents", "list", "--since", "whenever"],
        ["incidents", "list", "--since", "1h", "--until", "2h"],
        ["incidents", "list", "--state", "critical"],
        ["status", "--limit", "0"],
        ["notices", "list", "--kind", "happy"],
        ["notices", "preview", "--channel", "fax"],
        ["notices", "preview", "--incident", "sn-a", "--recovered"],
        ["notices", "preview", "--incident", "sn-a", "--digest"],
        ["notices", "retry", "--all", "--channel", "slack:#alerts"],
        ["explain"],
        ["explain", "metrics"],
        ["explain", "devices"],
        ["explain", "metric", "devices", "users"],
        ["probe", "--level", "Site"],
        ["probe", "--url", "https://portal.example.com"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_misspelt_command_is_told_the_nearest() -> None:
    assert "No such command 'stauts'. Did you mean 'status'?" in call("stauts").stderr


def _wrapped() -> RuntimeError:
    """What Python 3.11 makes of Ctrl-C while a module is imported and a class is being made."""
    error = RuntimeError("Error calling __set_name__ on 'Field' instance")
    error.__cause__ = KeyboardInterrupt()
    return error


@click.command()
@click.argument("kind")
def _fail(kind: str) -> None:
    raise {
        "store": StoreError("the disk\x1b]0;x\x07 is gone", hint="plug it in"),
        "source": SourceError("no answer"),
        "credentials": CredentialsRefused("wrong password"),
        "missing": NotFound("there is no incident 'x'"),
        "defect": ZeroDivisionError("oops"),
        "interrupt": KeyboardInterrupt(),
        "wrapped": _wrapped(),
        "full": OSError(errno.ENOSPC, "No space left on device"),
        "abort": click.Abort(),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("missing", 1),
        ("source", 3),
        ("store", 4),
        ("credentials", 5),
        ("interrupt", 130),
        ("wrapped", 130),
        ("full", 1),
        ("abort", 130),
        ("defect", 1),
    ],
)
def test_every_trouble_has_its_exit_code_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, kind: str, code: int
) -> None:
    monkeypatch.setattr(commands.Commands, "get_command", lambda *_: _fail)
    done = call("status", kind)
    assert done.exit_code == code
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert ("This is a defect" in done.stderr) == (kind == "defect")


def test_an_error_says_what_is_wrong_and_what_mends_it_without_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands.Commands, "get_command", lambda *_: _fail)
    assert call("status", "store").stderr == "error: the disk[U+001B]]0;x[U+0007] is gone\nhint: plug it in\n"


def test_a_database_that_is_gone_for_the_moment_is_not_tried_again_by_a_command() -> None:
    done = call("status", "--database", "postgresql://127.0.0.1:1/nowhere")
    assert done.exit_code == 4
    assert "hint: nothing was written; mend it or wait, and give the command again" in done.stderr


def test_debug_shows_where_it_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands.Commands, "get_command", lambda *_: _fail)
    done = call("--debug", "status", "defect")
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.process
def test_the_program_itself_ends_with_the_code(tmp_path: object) -> None:
    done = start("status", "--database", f"sqlite:///{tmp_path}/none.db")
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "hint: run `sentinel db upgrade`" in done.stderr


@pytest.mark.process
def test_a_reader_that_leaves_early_sees_no_traceback(run: object, sqlite_url: str) -> None:
    done = subprocess.run(  # noqa: S603  # our own program
        ["/bin/sh", "-c", f'"{sys.executable}" -m sentinel incidents list --json --database {sqlite_url} | head -c 1'],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "["
    assert "Traceback" not in done.stderr


def test_version() -> None:
    assert call("--version").stdout.startswith("sentinel ")


def test_a_past_of_the_demonstration_replaces_no_file_unasked(tmp_path: Path) -> None:
    there = tmp_path / "week.npz"
    there.write_text("precious")
    done = call("demo", "--history", str(there))
    assert (done.exit_code, there.read_text()) == (2, "precious")
    assert "--force replaces it" in done.stderr
