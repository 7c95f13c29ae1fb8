"""`sentinel demo` needs nothing and ends by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.program import Program

pytestmark = pytest.mark.process


def test_the_demonstration_ends_by_itself_with_one_message(tmp_path: Path) -> None:
    with Program(tmp_path, {}, "demo", "--speed", "2000") as program:
        assert program.start().finish(60.0) == 0, program.log
        assert "Told in Slack: 1 message," in program.out
        assert "recovered" in program.out.lower()
        assert "\x1b" not in program.out + program.log
        assert "Traceback" not in program.log
