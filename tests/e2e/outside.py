"""A receiver of webhooks and a mailbox in a thread of their own: they keep what they accepted while programs die."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.deliver.receiver import Receiver
from tests.fakes.mailbox import Mailbox

T = TypeVar("T")
SENDER = "sentinel@example.com"
READER = "team@example.com"


@dataclass(frozen=True, slots=True)
class Outside:
    """Both, listening. Read what they hold from any thread."""

    hook: Receiver
    mailbox: Mailbox

    @property
    def receiver_lines(self) -> str:
        """Two more channels for a receiver of the rules file."""
        return f'webhook = {{ name = "hook", url = "{self.hook.url}" }}\nemail = {{ to = ["{READER}"] }}\n'

    @property
    def given(self) -> dict[str, str]:
        """The variables that lead the program to the mailbox."""
        return {
            "SENTINEL_SMTP_HOST": "127.0.0.1",
            "SENTINEL_SMTP_PORT": str(self.mailbox.port),
            "SENTINEL_SMTP_SECURITY": "none",
            "SENTINEL_SMTP_FROM": SENDER,
        }


@contextmanager
def outside() -> Iterator[Outside]:
    """Both of them for the length of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="outside", daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30.0)

    both = Outside(Receiver(), Mailbox())
    run(both.hook.__aenter__())
    run(both.mailbox.__aenter__())
    try:
        yield both
    finally:
        run(both.mailbox.__aexit__(None, None, None))
        run(both.hook.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
