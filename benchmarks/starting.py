"""How long `sentinel --help` and `sentinel status` take to start and end, against a bare `python -c pass`.

Run: python -m benchmarks.starting
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.deciding import median

ROUNDS = 15
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "sentinel --help": ("-m", "sentinel", "--help"),
    "sentinel status": ("-m", "sentinel", "status"),
}
TARGETS = {"sentinel --help": 4, "sentinel status": 10}
EXAMPLE = Path(__file__).parent.parent / "rules.example.toml"


def measure(directory: Path) -> dict[str, float]:
    """Median seconds per command, taken in turns, on a database without readings."""
    (directory / "rules.toml").write_bytes(EXAMPLE.read_bytes())
    environment = {
        **os.environ,
        "SENTINEL_RULES": str(directory / "rules.toml"),
        "SENTINEL_DATABASE_URL": f"sqlite:///{directory / 'sentinel.db'}",
    }
    _run(("-m", "sentinel", "db", "upgrade"), environment)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, arguments in COMMANDS.items():
            start = perf_counter()
            _run(arguments, environment)
            times[name].append(perf_counter() - start)
    return {name: median(taken) for name, taken in times.items()}


def _run(arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    subprocess.run(  # noqa: S603  # our own interpreter and our own words
        [sys.executable, *arguments], env=environment, check=True, capture_output=True
    )


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory() as directory:
        times = measure(Path(directory))
    bare = times["python -c pass"]
    print("start-up, start to end of the process")
    print(f"  python -c pass  : {bare * 1000:8.1f} ms")
    for name, target in TARGETS.items():
        print(f"  {name} : {times[name] * 1000:8.1f} ms   {times[name] / bare:.1f} times (target under {target})")


if __name__ == "__main__":
    main()
