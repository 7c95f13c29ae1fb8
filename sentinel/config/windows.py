"""Windows of functions over the past against how often there is a sample."""

from __future__ import annotations

import math
from collections.abc import Iterable

from sentinel.config.durations import duration_text
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.domain.expressions import Condition
from sentinel.domain.rules import Rule


def check_windows(condition: Condition, path: Path, pace: float, problems: Problems) -> None:
    """Note the windows of a condition at `path` that do not fit samples `pace` seconds apart."""
    for past in condition.pasts:
        samples = past.window / pace
        if samples < 1:
            message = f"{past.text} is shorter than the time between two samples, {duration_text(pace)}"
            hint = f"write {duration_text(2 * pace)} or more"
            problems.inside("E134", message, path, *past.span, hint=hint)
        elif not math.isclose(samples, round(samples)):
            whole = duration_text(math.floor(samples) * pace)
            message = f"there is a sample every {duration_text(pace)}, so {past.text} counts as {whole}"
            hint = f"write {whole} or {duration_text(math.ceil(samples) * pace)}"
            problems.doubt("W116", message, path, *past.span, hint=hint)


def longest_window(rules: Iterable[Rule]) -> tuple[float, str]:
    """How far back the rules look in seconds, and the id of the rule that looks furthest; 0 where none does."""
    return max(((past.window, rule.id) for rule in rules for past in rule.pasts), default=(0.0, ""))
