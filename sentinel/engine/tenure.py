"""Whose turn it is: the lease taken by the database's clock, given up by the steady one, and the rules it stands for."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import structlog

from sentinel.clock import Clock
from sentinel.engine import figures
from sentinel.engine.offload import offload
from sentinel.errors import LeaseLost, RulesDiffer, StoreError
from sentinel.store import lease
from sentinel.store.database import Database
from sentinel.store.lease import Lease

log = structlog.get_logger("sentinel.tenure")

LEASE = 30.0
"""Seconds that a lease lasts without being renewed. A standby asks for it every third of that time."""

NOBODYS = -1
"""An epoch under which nobody ever leads: whatever is written under it is refused."""

SHOWN = 12
"""Characters of a rules file's SHA-256 that people are shown: as many as tell two files apart."""


@dataclass
class Tenure:
    """One instance's part in the lease. `seconds` are the machine's; `speed` of the Clock's pass in one of them.

    `epoch` is None while another instance leads, or nobody does. `after_death`: whoever led before has not let go, and may
    have ended with something in its hands. `other` is the lease as last seen when it stands for
    other rules than ours: then this instance does not take it over by itself.
    """

    db: Database
    clock: Clock
    holder: str
    rules_hash: str
    seconds: float = LEASE
    speed: float = 1.0
    epoch: int | None = None
    other: Lease | None = None
    after_death: bool = False
    _renewed: float = 0.0
    _stands_by: bool = False

    def may_act(self) -> bool:
        """Whether nobody else can have begun to lead: two thirds of the lease are not over by this machine's clock."""
        if self.epoch is None:
            return False
        return self.db.claimed or self.clock.monotonic() - self._renewed < self.seconds * self.speed * 2 / 3

    def writes_as(self) -> int:
        """The epoch to write under. What is left over from an earlier turn finds one that writes nothing."""
        return self.epoch if self.epoch is not None else NOBODYS

    async def take(self) -> bool:
        """Take the lease if it can be had.

        A start takes a free one under any rules. A standby, which has seen another instance lead by its own rules,
        takes it only while it still stands for the same rules.

        Raises:
            RulesDiffer: this is a start, and another instance leads by other rules.
        """
        asked_at = self.clock.monotonic()
        try:
            before = await offload(lambda: lease.current(self.db))
            self.epoch = await offload(
                lambda: lease.acquire(
                    self.db, self.holder, self.seconds, self.rules_hash, only_same_rules=self._stands_by
                )
            )
        except StoreError as broken:
            log.warning("lease not taken", reason=broken.message, hint=broken.hint)
            return False
        if self.epoch is None:
            self._compare(before)
            return False
        self._renewed, self._stands_by, self.other = asked_at, True, None
        self.after_death = before.holder is not None
        figures.RULES_DIFFER.set(0)
        return True

    async def renew(self) -> bool:
        """Hold it on. False when somebody else leads, or when the store has been silent for two thirds of the lease."""
        epoch = self.epoch
        if epoch is None:
            return False
        asked_at = self.clock.monotonic()
        try:
            await offload(lambda: lease.renew(self.db, epoch, self.seconds, self.rules_hash))
        except LeaseLost as lost:
            log.warning("lease lost", reason=lost.message)
            return False
        except StoreError as broken:
            log.warning("lease not renewed", reason=broken.message)
            return self.may_act()
        self._renewed = asked_at
        return True

    async def let_go(self) -> None:
        """Release it, so that a standby need not wait for its end."""
        epoch, self.epoch = self.epoch, None
        if epoch is not None:
            with contextlib.suppress(StoreError):
                await offload(lambda: lease.release(self.db, epoch))

    @property
    def difference(self) -> str:
        """That the lease stands for other rules than ours, in words; empty when it does not."""
        if self.other is None or self.epoch is not None:
            return ""
        who = f"{self.other.holder} leads" if self.other.holder else "whoever led last did so"
        return f"{who} by rules {shown(self.other.rules_hash)}, this instance has {shown(self.rules_hash)}"

    def _compare(self, found: Lease) -> None:
        """Remember whether the lease, which is not ours, stands for our rules."""
        before = self.other
        self.other = found if found.rules_hash not in (None, self.rules_hash) else None
        figures.RULES_DIFFER.set(self.other is not None)
        if self.other is None:
            self._stands_by = self._stands_by or found.holder is not None
        elif self._stands_by:
            if before is None:
                log.error("other rules: this standby does not take over", reason=self.difference)
        elif before is not None and before.epoch == found.epoch and before.expires_at != found.expires_at:
            raise RulesDiffer(f"other rules are in force: {self.difference}")
        elif before is None:
            # It may be the lease of a process that was killed: only one that is renewed has somebody behind it.
            log.warning("other rules: looking whether their instance lives", reason=self.difference)


def shown(rules_hash: str | None) -> str:
    """A rules file as people are shown it: the beginning of its SHA-256, as `sha256sum rules.toml` prints it."""
    return (rules_hash or "none")[:SHOWN]
