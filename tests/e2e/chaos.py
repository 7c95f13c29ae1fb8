"""Kill the program at random moments while sites go bad and recover, then let it finish and look at what people saw."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from sentinel.demo.workspace_faults import Fault, silent
from sentinel.store.database import Database
from tests.e2e.audit import Audit, audit
from tests.e2e.stage import Stage
from tests.fakes.program import Program, eventually

SETTLE = 120.0
"""Real seconds in which everything must be told once nobody is killed any more."""


TURNING = 0.2
"""Share of the sites that go bad, or well again, between two kills."""


@dataclass
class Chaos:
    """Seeded, so that the kinds of moments are the same again; the exact instants are the machine's."""

    stage: Stage
    program: Program
    dice: random.Random
    kills: int = 0

    def kill_once(self) -> None:
        """Start the program, let sites change, kill it: anywhere, while it starts, or around a call to Slack."""
        self._change_sites()
        moment = self.dice.choice((self._anywhere, self._anywhere, self._starting, self._unanswered, self._unsent))
        self.program.start()
        moment()
        self.program.kill()
        self.stage.slack.clear_faults()
        self.kills += 1

    def finish(self, database: Database) -> Audit:
        """Every site is well again; run undisturbed until all is told, then stop as one should."""
        self.stage.bad = set()
        self.program.start(until="leading")
        found = audit(self.stage, database)

        def settled() -> bool:
            nonlocal found
            self.stage.polled()
            found = audit(self.stage, database)
            return found.settled

        self.stage.polled(2)
        eventually(settled, "every incident closed and told", SETTLE)
        assert self.program.terminate() == 0, self.program.log
        return audit(self.stage, database)

    def _change_sites(self) -> None:
        """A fifth of the sites turn, so that most of what is wrong lasts over several kills."""
        self.stage.bad = self.stage.bad ^ {site for site in self.stage.sites if self.dice.random() < TURNING}

    def _anywhere(self) -> None:
        """From its first question to the Portal on, so that even a slow machine gets to deciding something."""
        self.program.says("leading")
        self.stage.polled()
        until = time.perf_counter() + self.dice.uniform(0.0, 3.0)
        while time.perf_counter() < until:
            time.sleep(0.01)

    def _starting(self) -> None:
        time.sleep(self.dice.uniform(0.0, 2.0))

    def _unanswered(self) -> None:
        """Slack has taken the message, the program does not know yet."""
        self._around_a_call(silent(accepted=True))

    def _unsent(self) -> None:
        """The attempt is on record, but nothing has arrived."""
        self._around_a_call(silent(accepted=False))

    def _around_a_call(self, fault: Fault) -> None:
        method = self.dice.choice(("chat.postMessage", "chat.update"))
        injection = self.stage.slack.inject(method, fault)
        self.program.says("leading")
        until = time.perf_counter() + 3.0
        while not injection.used and time.perf_counter() < until:
            time.sleep(0.01)
