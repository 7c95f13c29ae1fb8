"""What the documentation says is there, is there."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sentinel.cli.commands import sentinel
from sentinel.domain.alerts import Phase, State
from sentinel.domain.notices import NoticeKind

ROOT = Path(__file__).parents[2]
ROOT_CONTEXT = click.Context(sentinel)
PHASES = [name.lower() for name, _ in sorted(vars(Phase).items(), key=lambda item: str(item[1])) if name.isupper()]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _fences(page: Path, language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Every line of a shell block that runs sentinel, as (page, words after the program)."""
    for page in PAGES:
        for line in "".join(_fences(page, "sh")).splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] in {"sentinel", "scripts/sentinel"}:
                yield _name(page), words[1:]


def _anchors(page: Path) -> set[str]:
    """The anchors that headings get: lower case, no punctuation, dashes for spaces."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _first_column(page: str, heading: str) -> list[str]:
    """The code words in the first column of the table whose header cell is `heading`."""
    text = (ROOT / page).read_text()
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, f"{page} has no table of {heading}"
    return re.findall(r"^\| `?([^`|]+?)`? \|", table[1], re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in _anchors(there)):
            lost.append(target)
    assert lost == []


def test_every_page_is_reached_from_the_index() -> None:
    reached, todo = set(), [ROOT / "README.md", ROOT / "docs/index.md"]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)\s#]+)", page.read_text())
        todo += [(page.parent / link).resolve() for link in links if "://" not in link]
    assert [_name(page) for page in PAGES if page not in reached and page.parent != ROOT] == []


@pytest.mark.parametrize(("page", "words"), [pytest.param(*c, id=" ".join(c[1])) for c in _commands()])
def test_every_command_shown_exists(page: str, words: list[str]) -> None:
    command, rest = sentinel.get_command(ROOT_CONTEXT, words[0]), words[1:]
    assert command is not None, f"{page}: there is no `sentinel {words[0]}`"
    if isinstance(command, click.Group):
        command, rest = command.commands.get(rest[0]), rest[1:]
    assert command is not None, f"{page}: there is no `sentinel {' '.join(words[:2])}`"
    options = {name for parameter in command.params for name in parameter.opts}
    assert [word for word in rest if word.startswith("--") and word.partition("=")[0] not in options] == []


def test_every_command_is_listed() -> None:
    text = (ROOT / "docs/reference/commands.md").read_text()
    assert [name for name in sentinel.list_commands(ROOT_CONTEXT) if f"`{name}" not in text] == []


def test_the_exit_codes_are_those_of_the_program() -> None:
    codes = re.findall(r"^ +(\d+) ", sentinel.get_help(ROOT_CONTEXT), re.MULTILINE)
    assert _first_column("docs/reference/commands.md", "code") == codes


def test_the_states_are_those_of_the_code() -> None:
    page = "docs/explanation/states.md"
    assert _first_column(page, "state") == [state.value for state in State]
    assert _first_column(page, "phase") == PHASES


def test_the_diagram_of_states_has_every_phase() -> None:
    (diagram,) = _fences(ROOT / "docs/explanation/states.md", "mermaid")
    drawn = set(re.findall(r"^\s+(\w+) -->", diagram, re.MULTILINE))
    assert drawn == set(PHASES)


def test_every_kind_of_notice_is_listed() -> None:
    text = (ROOT / "docs/reference/commands.md").read_text()
    assert [kind.value for kind in NoticeKind if f"`{kind.value}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_of_toml_and_json_can_be_read(page: Path) -> None:
    for block in _fences(page, "toml"):
        tomllib.loads(block)
    for block in _fences(page, "json"):
        json.loads(block)


def test_the_changelog_has_a_place_for_what_is_next() -> None:
    assert re.search(r"^## \[Unreleased\]$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_no_page_names_what_this_machine_has() -> None:
    assert [_name(page) for page in PAGES if re.search(r"(?<![\w.])/(work|root)/", page.read_text())] == []
