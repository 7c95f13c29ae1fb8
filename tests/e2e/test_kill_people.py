"""kill -9 while somebody does something about an incident: done once or not at all, and never lost once it was said."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from sentinel.store import incidents
from sentinel.store.database import Database
from sentinel.store.tables import notices
from tests.e2e.failpoints import VARIABLE
from tests.e2e.stage import Stage, stage
from tests.fakes.program import Program, environment, eventually

pytestmark = [pytest.mark.process, pytest.mark.long]

KILLED = -9
OF_THE_ENGINE = ("P3", "P4", "P5")
"""Where whoever leads dies: it has decided, has written all rows, has committed."""

NOTHING, DONE = 0, 1
OF_THE_COMMAND = (("P0", NOTHING), ("P1", NOTHING), ("P2", DONE))
"""Where the command dies, and what is left of it: before it is written down, in the middle of that, and after it."""


def the_incident(database: Database) -> str:
    """That of the site; after some deaths there is one about them, too."""
    with database.reading() as connection:
        (one,) = [one for one in incidents.load(connection, 0.0) if one.rule == "errors"]
    return one.id


def note(it: Stage, database: Database, text: str, point: str = "") -> subprocess.CompletedProcess[str]:
    """Somebody writes a note into the incident: a command of its own, which may die at a point."""
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "tests.e2e.killable", "incidents", "note", the_incident(database), text, "--by", "ana"],
        cwd=it.folder,
        env=environment({**it.given, VARIABLE: point}),
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


def noted(database: Database) -> Counter[str]:
    """How often the record has each note."""
    story = incidents.story(database, the_incident(database))
    return Counter(event.text for event in story.events if event.kind == "note")


def shown(it: Stage) -> Counter[str]:
    """How often the thread has each note."""
    return Counter(line.blocks[0]["text"]["text"].removeprefix("🔴 ") for line in it.lines)


def all_told(database: Database) -> bool:
    with database.reading() as connection:
        mine = notices.c.kind == "acknowledged"
        return not connection.execute(select(notices.c.id).where(mine & (notices.c.state != "delivered"))).all()


def opened(it: Stage, program: Program) -> None:
    program.start(until="polling")
    it.bad = {it.sites[0]}
    eventually(lambda: it.kinds == ["posted"], "the opening")


@pytest.mark.timeout(300)  # four starts and six commands, on machines that may be busy
@pytest.mark.promise("P1", "P2", "P5")
def test_whoever_leads_dies_while_it_does_what_somebody_wants(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    """The command goes on waiting: it does it itself once nobody leads any more, and it says what is true."""
    orders = tmp_path / "orders"
    with (
        stage(tmp_path, database_url, given={VARIABLE: f"@{orders}"}) as it,
        it.program(module="tests.e2e.killable") as program,
    ):
        opened(it, program)
        for number, point in enumerate(OF_THE_ENGINE):
            orders.write_text(point, encoding="ascii")
            said = note(it, database, f"note {number}")
            assert (said.returncode, said.stderr.rstrip().endswith(": noted")) == (0, True), said.stderr
            eventually(lambda: not program.running, f"death at {point}")
            assert program.finish() == KILLED
            orders.write_text("", encoding="ascii")
            program.start(until="polling")
        wanted = Counter({f"ana: note {number}": 1 for number in range(len(OF_THE_ENGINE))})
        eventually(lambda: all_told(database), "all told")
        assert noted(database) == wanted
        assert shown(it) == wanted
        assert program.terminate() == 0


@pytest.mark.timeout(300)  # as above
@pytest.mark.promise("P1", "P2", "P5")
def test_the_command_dies_beside_an_instance_that_runs_and_without_one(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    with stage(tmp_path, database_url) as it, it.program() as program:
        opened(it, program)
        wanted: Counter[str] = Counter()
        for number, (point, left) in enumerate(OF_THE_COMMAND):
            assert note(it, database, f"beside {number}", point).returncode == KILLED
            wanted[f"ana: beside {number}"] = left
        eventually(lambda: noted(database) == +wanted, "what was written down is done")
        assert program.terminate() == 0
        for number, (point, left) in enumerate((*OF_THE_COMMAND, ("P3", NOTHING), ("P4", NOTHING))):
            assert note(it, database, f"alone {number}", point).returncode == KILLED
            wanted[f"ana: alone {number}"] = left
        assert noted(database) == +wanted
        program.start(until="polling")
        eventually(lambda: all_told(database) and shown(it) == +wanted, "all told")
        it.polled(3)
        assert noted(database) == +wanted
        assert program.terminate() == 0
