"""An upgrade that is stopped in the middle: the schema is the old one, and the next upgrade does all of it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from sentinel.store import migrations, schema
from sentinel.store.database import Database
from sentinel.store.tables import REVISION

PROGRAM = """
import os, sys
from sqlalchemy import Engine, event
from sentinel.store.migrations import upgrade

left, blow = int(sys.argv[2]), int(sys.argv[3])

@event.listens_for(Engine, "before_cursor_execute")
def strike(_connection, _cursor, statement, *_rest):
    global left
    left -= statement.lstrip().startswith(("CREATE", "INSERT", "ALTER"))
    if left == 0:
        os.kill(os.getpid(), blow)

upgrade(sys.argv[1])
"""


@pytest.mark.fault(8)
@pytest.mark.promise("P5")
@pytest.mark.parametrize(("statement", "blow"), [(2, signal.SIGTERM), (12, signal.SIGKILL), (25, signal.SIGTERM)])
def test_an_upgrade_that_is_ended_by_a_signal_leaves_nothing_and_is_made_again(
    empty_database_url: str, statement: int, blow: signal.Signals
) -> None:
    command = [sys.executable, "-c", PROGRAM, empty_database_url, str(statement), str(int(blow))]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=60)  # noqa: S603  # our own program
    assert ended.returncode == -blow, ended.stderr.decode()
    assert schema.current_revision(empty_database_url) is None
    assert migrations.upgrade(empty_database_url) == REVISION
    Database.open(empty_database_url).close()
