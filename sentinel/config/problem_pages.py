"""The reference of all codes, `docs/reference/problems.md`: python -m sentinel.config.problem_pages > docs/reference/problems.md."""

from __future__ import annotations

import re
import sys

from sentinel.config.explanations import Explanation, explanations

_HEAD = """\
# Problems and their codes

What `sentinel check` finds in a rules file, and what any command finds in the environment. E refuses the configuration, W does
not; from 200 on it is about the environment. `sentinel explain E107` shows the same in the terminal, `--json` for programs.
Codes never change their meaning.

This page is made from `sentinel/config/explained`, and the answers on it by checking the wrong examples:
`python -m sentinel.config.problem_pages > docs/reference/problems.md`. A test fails while it is out of date. The examples are
pieces of a file: what they leave out (a source, a receiver, the other keys of a rule) is there and right.
"""


def problems_page() -> str:
    """The whole page, in Markdown."""
    found = explanations().values()
    rows = [f"| [{one.code}](#{one.code.lower()}) | {one.meaning.replace('|', chr(92) + '|')} |" for one in found]
    listed = "\n".join(["| code | what it says |", "|---|---|", *rows])
    return "\n".join([_HEAD, listed, "", *(_section(one) for one in found)])


def _section(one: Explanation) -> str:
    parts = [f"## {one.code}", f"{one.meaning} {_without_markup(one.more)}"]
    if one.no_example:
        parts.append(f"There is no example here: {one.no_example}.")
    else:
        right = "sh" if one.of_environment else "text" if _is_piece_of_two(one.right) else "toml"
        for title, text, kind in (
            ("Wrong:", one.wrong, "text"),
            ("", one.answer, "text"),
            ("Right:", one.right, right),
        ):
            parts += [title] if title else []
            parts.append(f"```{kind}\n{text.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def _is_piece_of_two(text: str) -> bool:
    """Whether it looks like a whole file, which readers may copy, and is none."""
    return "[[source]]" in text and "[[rule]]" in text


def _without_markup(text: str) -> str:
    """Text in which only `code` is markup."""
    return "`".join(part if number % 2 else _plain(part) for number, part in enumerate(text.split("`")))


def _plain(text: str) -> str:
    return re.sub(r"([*_\[\\])", r"\\\1", text)


if __name__ == "__main__":
    sys.stdout.write(problems_page())
