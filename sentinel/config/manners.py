"""What a good rules file has besides working: somebody who answers for each rule, and what to do. `check --strict`."""

from __future__ import annotations

from sentinel.config.definitions import Loaded
from sentinel.config.problems import Problems
from sentinel.errors import Problem


def missing_manners(loaded: Loaded) -> tuple[Problem, ...]:
    """Warnings: rules without runbook, rules without owner."""
    problems = Problems(loaded.file, loaded.text.removeprefix("\ufeff"))
    for number, rule in enumerate(loaded.rulebook.rules):
        if not rule.runbook:
            hint = 'add runbook = "https://...": what to do stands in the message then'
            problems.warning("W134", f'rule "{rule.id}" has no runbook', ("rule", number), hint=hint, side="key")
        if not rule.owner:
            hint = 'add owner = "...": who answers for it stands in the message then, and routes can match it'
            problems.warning("W135", f'rule "{rule.id}" has no owner', ("rule", number), hint=hint, side="key")
    return problems.all
