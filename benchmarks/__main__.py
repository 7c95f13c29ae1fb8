"""All benchmarks, one after the other, each in a process of its own: what one leaves behind must not slow the next.

Run: python -m benchmarks
"""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = ("deciding", "looking_back", "ticking", "memory", "starting", "rehearsing")


def main() -> int:
    """Run them; the first exit code that is not 0, else 0."""
    codes = []
    for name in BENCHMARKS:
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False)  # noqa: S603  # our own modules
        codes.append(done.returncode)
        print(flush=True)
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main())
