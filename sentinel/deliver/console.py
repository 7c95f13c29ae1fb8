"""The console: notices printed where a developer looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from sentinel.deliver import blocks
from sentinel.deliver.channel import Delivered, Delivery, Later, Outcome, Unclear
from sentinel.deliver.times import iso
from sentinel.deliver.wording import line_of, wording
from sentinel.domain.rules import ChannelKind

Draw = Callable[[blocks.Json], str]
"""Makes lines of a message with `text`, `blocks` and `attachments`, as Slack would show it."""


class ConsoleChannel:
    """Prints the one-line text and, where there is something to draw with, the message below it."""

    kind: ChannelKind = "console"
    proves = False

    def __init__(self, stream: TextIO, draw: Draw | None = None) -> None:
        self._stream = stream
        self._draw = draw

    async def send(self, delivery: Delivery) -> Outcome:
        """Print the notice."""
        words, line = wording(delivery), line_of(delivery)
        step = "" if delivery.first or not line else f"  {line}\n"
        plain = "".join(f"  {line}\n" for line in words.excerpt)
        drawn = self._draw(blocks.message(words, delivery.at)) if self._draw is not None else plain
        try:
            self._stream.write(f"{iso(delivery.at)} {delivery.kind.value} {words.text}\n{step}{drawn}")
            self._stream.flush()
        except (OSError, ValueError) as error:
            return Later(f"the console does not take text ({type(error).__name__})")
        return Delivered({"printed": delivery.key})

    async def refresh(self, delivery: Delivery) -> Outcome:
        """Nothing: what was sent cannot be changed."""
        return Delivered(delivery.ref)

    async def look_up(self, delivery: Delivery) -> Delivered | Unclear | None:
        """What is printed cannot be read back."""
        return Unclear(f"a console cannot be asked what it has ({delivery.kind.value})")

    async def close(self) -> None:
        """The stream belongs to whoever gave it."""
