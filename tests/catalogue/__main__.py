"""`python -m tests.catalogue`: write the documents that are made from the markers of the tests."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.catalogue.contents import problems, read
from tests.catalogue.markers import Misplaced, marks_below
from tests.catalogue.pages import pages

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Write what has changed; exit code 1 when something is wrong that writing cannot mend."""
    try:
        catalogue = read(marks_below(ROOT))
    except Misplaced as why:
        sys.stderr.write(f"{why}\n")
        return 1
    for page, text in pages(catalogue, ROOT).items():
        path = ROOT / page
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            sys.stdout.write(f"{page} written\n")
    wrong = problems(catalogue)
    sys.stderr.write("".join(f"{line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
