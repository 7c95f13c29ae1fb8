"""What worlds share within one test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sim.world import Stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()
