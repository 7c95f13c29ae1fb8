"""One rules file over the past, or two side by side, each in a process of its own where that pays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sentinel.backtest.beside import beside
from sentinel.backtest.outcome import Outcome
from sentinel.backtest.past import Place
from sentinel.backtest.run import WARM_UP, Cast, cast, run
from sentinel.config.loader import Loaded, load
from sentinel.domain.memory import Replay
from sentinel.errors import StoreError

WORTH_A_PROCESS = 5000
"""Readings from which on the other rules are replayed beside these: a process takes as long to start as a few thousand."""

OnReading = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The rules file as text, where the readings are, and the span that counts, in Unix seconds."""

    file: str
    text: str
    place: Place
    since: float
    until: float
    warm_up: float = WARM_UP

    def loaded(self) -> Loaded:
        """The rules.

        Raises:
            ConfigError: with every problem of the file.
        """
        return load(text=self.text, name=self.file)


def extent(job: Job) -> int:
    """How many readings the job judges.

    Raises:
        ConfigError: the rules cannot be used.
        StoreError: there are no readings of what they ask for.
    """
    loaded = job.loaded()
    with job.place.opened() as past:
        recorded = past.recorded_queries()
        chosen = cast(loaded.rulebook, loaded.services, recorded)
        number = past.count((one.query for one in chosen.asked), job.since - job.warm_up, job.until)
    if number == 0:
        raise StoreError(_nothing(job, chosen, bool(recorded)), hint=_HINT)
    return number


_HINT = (
    "let `sentinel run` record for a while, or name an archive: --archive; `sentinel history list` shows what there is"
)


def _nothing(job: Job, chosen: Cast, anything: bool) -> str:
    if not anything:
        return "no readings are recorded there"
    if chosen.asked:
        return f"of what {job.file} asks for, nothing was recorded in that time"
    return f"nothing that {job.file} asks for was ever recorded"


def outcome_of(job: Job, on_reading: OnReading = lambda _: None) -> Outcome:
    """What the job's rules make of the past."""
    loaded = job.loaded()
    with job.place.opened() as past:
        chosen = cast(loaded.rulebook, loaded.services, past.recorded_queries())
        wanted = tuple(one.query for one in chosen.asked)
        begin = job.since - job.warm_up
        looked_at = Replay(loaded.rulebook, chosen.asked).looks_back(begin)
        metrics = frozenset[str]().union(*(asker.metrics for asker in loaded.rulebook.askers))
        stream = past.stream(wanted, looked_at, job.until, metrics=metrics)
        return run(
            loaded.rulebook, chosen, stream, job.since, until=job.until, judged_since=begin, on_reading=on_reading
        )


def side_by_side(old: Job, new: Job, readings: int, on_reading: OnReading = lambda _: None) -> tuple[Outcome, Outcome]:
    """Both outcomes. `on_reading` follows the new rules."""
    if readings < WORTH_A_PROCESS:
        return outcome_of(old), outcome_of(new, on_reading)
    with beside(outcome_of, old) as other:
        found = outcome_of(new, on_reading)
        return other(), found
