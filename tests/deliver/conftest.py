"""What the tests of delivery share: golden files and a receiver of webhooks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deliver.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare text with the file of that name; with SENTINEL_UPDATE_GOLDEN=1 the file is written first."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if os.environ.get("SENTINEL_UPDATE_GOLDEN") == "1":
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return compare


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as served:
        yield served
