"""Rule tests: series x steps judged in a second, reading the file included; beside an object per alert, and promtool.

Run: python -m benchmarks.rehearsing. promtool is measured where it is installed (Debian package prometheus).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.deciding import Alert, median
from sentinel.config.rule_test_loader import load_tests
from sentinel.domain.rehearsal_verdict import judge

ROUNDS = 5
SIZES = ((10, 2_000), (200, 500), (2_000, 200))
"""Series and steps of one test."""

_RULE = """every = "1m"

[[rule]]
id = "high"
service = "Mail"
hierarchy = "Location"
level = "Site"
for = "10m"
recover_for = "0s"
rollup = false
critical = "value > 10"

[[test]]
name = "one in a hundred stays bad from the middle on"
"""


@dataclass(frozen=True)
class Story:
    """So many sites over so many steps: one in a hundred is bad from the middle on, and stays so."""

    series: int
    steps: int

    @property
    def bad(self) -> range:
        """The bad ones."""
        return range(0, self.series, 100)

    def values(self, number: int) -> tuple[float, float]:
        """Its figure in the first half, and in the second."""
        return (1.0, 50.0) if number in self.bad else (1.0, 2.0)


def ours(story: Story, folder: Path) -> float:
    """Seconds that Sentinel takes from the file to the outcome."""
    half = story.steps // 2
    tables = [
        f'[[test.series]]\nservice = "Mail"\nnode = ["Region {n % 50}", "Site {n}"]\nmetric = "value"\n'
        f'values = "{first}x{half} {second}x{story.steps - half}"\n'
        for n in range(story.series)
        for first, second in (story.values(n),)
    ]
    told = [f'[[test.expect_notices]]\nnode = ["Region {n % 50}", "Site {n}"]\n' for n in story.bad]
    path = folder / "tests.toml"
    path.write_text(_RULE + "\n".join([*tables, *told]), encoding="utf-8")
    start = perf_counter()
    (test,) = load_tests(path).tests
    outcome = judge(test)
    seconds = perf_counter() - start
    assert outcome.passed
    return seconds


def objects(story: Story) -> float:
    """Seconds of an object per alert over figures that are there already: states only."""
    alerts = [Alert(lambda row: row["value"] > 10) for _ in range(story.series)]
    halves = [[{"value": story.values(n)[half]} for n in range(story.series)] for half in (0, 1)]
    start = perf_counter()
    for step in range(story.steps):
        for alert, row in zip(alerts, halves[step >= story.steps // 2], strict=True):
            alert.turn(row, step * 60.0)
    seconds = perf_counter() - start
    assert sum(alert.state == "active" for alert in alerts) == len(story.bad)
    return seconds


def promtool(story: Story, folder: Path) -> float | None:
    """Seconds of the whole program `promtool test rules` on the same story; None where it is not installed."""
    program = shutil.which("promtool")
    if program is None:
        return None
    half = story.steps // 2
    series = [
        f"  - series: 'value{{site=\"{n}\"}}'\n    values: '{first}x{half - 1} {second}x{story.steps - half - 1}'\n"
        for n in range(story.series)
        for first, second in (story.values(n),)
    ]
    fired = [f'    - exp_labels: {{site: "{n}"}}\n' for n in story.bad]
    (folder / "rules.yml").write_text(
        "groups:\n- name: g\n  rules:\n  - alert: High\n    expr: value > 10\n    for: 10m\n", encoding="utf-8"
    )
    (folder / "test.yml").write_text(
        "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n"
        + "".join(series)
        + f"  alert_rule_test:\n  - eval_time: {story.steps - 1}m\n    alertname: High\n    exp_alerts:\n"
        + "".join(fired),
        encoding="utf-8",
    )
    start = perf_counter()
    done = subprocess.run([program, "test", "rules", "test.yml"], cwd=folder, capture_output=True, check=False)  # noqa: S603  # found by name
    seconds = perf_counter() - start
    assert done.returncode == 0, done.stdout + done.stderr
    return seconds


def main() -> None:
    """Print the rates."""
    print("rule tests, series x steps per second (Sentinel and promtool from the file to the outcome)")
    for series, steps in SIZES:
        story = Story(series, steps)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            mine = median([ours(story, folder) for _ in range(ROUNDS)])
            plain = median([objects(story) for _ in range(ROUNDS)])
            theirs = [seconds for _ in range(ROUNDS) if (seconds := promtool(story, folder)) is not None]
        work = series * steps
        print(f"  {series:>5,} series x {steps:>5,} steps")
        print(f"    Sentinel            : {work / mine:12,.0f} /s")
        print(f"    an object per alert : {work / plain:12,.0f} /s   {plain / mine:.1f} times Sentinel's time")
        if theirs:
            other = median(theirs)
            print(f"    promtool            : {work / other:12,.0f} /s   {other / mine:.1f} times Sentinel's time")


if __name__ == "__main__":
    main()
