"""What everybody who tells needs: the store, the channels, the clock, and what the settings say about waiting."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sentinel.clock import Clock
from sentinel.deliver.channel import Channel
from sentinel.deliver.document import Document
from sentinel.domain.incidents import Story
from sentinel.domain.rules import Address
from sentinel.engine.backoff import Patience
from sentinel.engine.offload import offload
from sentinel.engine.pacing import Pacing, Weather
from sentinel.store import lease
from sentinel.store.database import Database

T = TypeVar("T")


@dataclass
class Desk:
    """`channels` finds an address's channel; None for one that is not configured any more.

    `samples` makes the story of a test, `reports` the report of a name: None for one that the present rules have not.
    `only_tests` leaves all but test notices where they are, for a program whose settings may not be the service's.
    `refusing` are channels that have refused something since the start; `blind_since` is by notice when its look-ups
    began to fail, by the steady clock: time in which nobody looked proves nothing. `tried_at` is by notice the
    number of its last attempt and when that was made, by the same clock, as far as this process knows.
    """

    db: Database
    channels: Callable[[Address], Channel | None]
    clock: Clock
    patience: Patience = field(default_factory=Patience)
    epoch: Callable[[], int | None] = lambda: None
    may_act: Callable[[], bool] = lambda: True
    dice: random.Random = field(default_factory=random.Random)
    pacing: Pacing = field(default_factory=Pacing)
    samples: Callable[[str, float], Story] | None = None
    reports: Callable[[str, float], Document | None] | None = None
    only_tests: bool = False
    refusing: set[str] = field(default_factory=set)
    blind_since: dict[str, float] = field(default_factory=dict)
    tried_at: dict[str, tuple[int, float]] = field(default_factory=dict)

    async def store(self, work: Callable[[], T]) -> T:
        """Work of the store, in a thread of its own."""
        return await offload(work)

    async def still_ours(self) -> bool:
        """The last look before something goes out: the database says whose turn it is, the steady clock for how long.

        Raises:
            StoreError: the database does not tell, so nothing goes out.
        """
        epoch = self.epoch()
        if epoch is None or self.db.claimed or not self.may_act():
            return self.may_act()
        return await self.store(lambda: lease.holds(self.db, epoch)) and self.may_act()

    def weather(self, address: Address) -> Weather:
        """What the last minute was like on a channel."""
        return self.pacing.weather(address.channel, self.clock.monotonic())
