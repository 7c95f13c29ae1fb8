"""Conditions of rules.toml: parsed, with every mistake in one at once, and judged for sense."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.shares import doubtful_shares
from sentinel.domain.expression_bounds import clear_on_wrong_side, never_breaches, never_clears
from sentinel.domain.expressions import Condition, ExpressionError, is_constant, parse
from sentinel.domain.metrics import Unit

_CODES = {"unknown_metric": "E110", "unit": "E111", "unknown_unit": "E111", "window": "E132", "nested": "E133"}
_MOST = 20
"""Mistakes told of one condition."""

_WORDS = re.compile(r"[A-Za-z_]\w*(?:[ \t]+(?!(?:and|or|not)\b)[A-Za-z_]\w*)+")
_TURNED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What conditions may name: metrics with their units; `titles` of columns in small letters -> their metrics."""

    units: Mapping[str, Unit]
    titles: Mapping[str, str] = field(default_factory=dict)


def read_condition(
    text: str, words: Vocabulary, path: Path, problems: Problems, *, breach: Condition | None = None
) -> Condition | None:
    """A condition that stands at `path`. `breach`: what it clears, where it is a clear condition."""
    units, rest = dict(words.units), text
    for told in range(_MOST):
        try:
            condition = parse(rest, units)
        except RecursionError:
            problems.error("E109", "this is nested too deeply", path)
            return None
        except ExpressionError as error:
            if not told or error.code in ("unknown_metric", "unknown_unit"):
                start, end, better = _told(error, rest, words, path, problems, breach)
            if error.code == "unknown_metric" and not better:
                units[rest[start:end]] = Unit.ANY
            elif error.code in ("unknown_metric", "unknown_unit"):  # one more look, as if it stood there right
                rest = rest[:start] + better.ljust(end - start) + rest[end:]
            else:
                return None
            continue
        if told:
            return None
        for doubt in doubtful_shares(condition):
            problems.doubt(doubt.code, doubt.message, path, doubt.start, doubt.end, hint=doubt.hint)
        return condition
    return None


def _told(
    error: ExpressionError, text: str, words: Vocabulary, path: Path, problems: Problems, breach: Condition | None
) -> tuple[int, int, str]:
    """Tell a mistake: its characters, and what may stand there instead, if that is known and no longer."""
    code = _CODES.get(error.code, "E109")
    if error.code == "unknown_metric" and (titled := _titled(text, error.start, words)) is not None:
        end, metric = titled
        message = "conditions name metrics, not the titles of columns"
        problems.inside(code, message, path, error.start, end, hint=f"did you mean {metric!r}?")
        return error.start, end, metric if len(metric) <= end - error.start else ""
    hint = (_whole(text, breach, words) if breach is not None else "") or error.hint
    if breach is None and text.lstrip().startswith(("<", ">", "==", "!=")):
        hint = f'say what is compared: "devices_with_errors / devices {text.strip()}"'
    problems.inside(code, error.message, path, error.start, error.end, hint=hint)
    return error.start, error.end, ""


def _titled(text: str, start: int, words: Vocabulary) -> tuple[int, str] | None:
    """Where words that are the title of a metric's column end, and the metric."""
    match = _WORDS.match(text, start)
    if match is None:
        return None
    end = match.end()
    while " " in text[start:end].strip():
        said = " ".join(text[start:end].lower().split())
        metric = words.titles.get(said, said.replace(" ", "_"))
        if metric in words.units:
            return end, metric
        end = start + len(text[start:end].rsplit(None, 1)[0])
    return None


def _whole(text: str, breach: Condition, words: Vocabulary) -> str:
    """The whole condition, where a clear condition is only its limit: `3%`, `< 3%`."""
    sign = _TURNED.get(breach.limit.split()[0], "")
    for meant in (f"{breach.subject} {text}", f"{breach.subject} {sign} {text}"):
        try:
            parse(meant, words.units)
        except ExpressionError:
            continue
        return f'write the whole condition: clear = "{meant}"'
    return ""


def check_sense(breach: Condition, clear: Condition | None, at: Path, clear_at: Path, problems: Problems) -> None:
    """Note what is wrong with two conditions together, or with one for itself."""
    never = never_breaches(breach)
    if never is not None:
        problems.warning("W105", never, at)
    if clear is not None and (wrong := clear_on_wrong_side(breach, clear)) is not None:
        sign = _TURNED.get(breach.limit.split()[0], "")
        side = "less" if sign.startswith("<") else "more"
        limit = re.sub(r"(?<=\d) (?=[%A-Za-z])", "", breach.limit.split(maxsplit=1)[1])
        hint = f'e.g. clear = "{breach.subject} {sign} {limit}", or a limit that asks for {side}'
        problems.error("E107", wrong, clear_at, hint=hint)
        return
    stuck = never_clears(breach, clear)
    if stuck is not None and never is None:
        problems.error("E108", stuck, at if clear is None else clear_at)


def check_gate(only_if: Condition, path: Path, problems: Problems) -> None:
    """Note an `only_if` that asks nothing, or that lets nothing through."""
    always = is_constant(only_if)
    if always is False:
        message = "only_if is false for every possible figure, so nothing is ever judged"
        problems.warning("W123", message, path, hint="only_if says where the rule applies")
    elif always is True:
        problems.warning(
            "W123", "only_if is true for every possible figure, so it asks nothing", path, hint="leave it out"
        )
