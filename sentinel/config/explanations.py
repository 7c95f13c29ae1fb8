"""What each code means, with an example that is wrong and one that is right. `sentinel explain code`.

The texts stand in `explained/*.toml`: one table for each code, `more` words than the sentence of `CODES`, `wrong` and
`right` as pieces of a rules file (or lines of an environment), or `none`: why there is no example. What is shown of a
wrong one is made by checking it, so it cannot be stale. A piece is completed behind its end, so its lines keep their
numbers, unless it says `whole` (no key of its rule is added) or `alone` (nothing is).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sentinel.config.codes import CODES
from sentinel.config.loader import load
from sentinel.config.manners import missing_manners
from sentinel.config.needs import check_complete, check_door, missing, unused
from sentinel.config.report import as_text
from sentinel.config.rule_test_loader import load_tests
from sentinel.config.settings import Settings
from sentinel.errors import ConfigError, Problem

_FILE, _TESTS = "rules.toml", "tests.toml"
_STRICT = ("W134", "W135")
_KEYS = {
    "id": 'id = "devices-in-error"',
    "service": 'service = "Exchange Online"',
    "hierarchy": 'hierarchy = "Location"',
    "level": 'level = "Site"',
    "warning": 'warning = "devices_with_errors / devices > 5%"',
}
_SOURCE = '[[source]]\nname = "portal"\nurl = "https://portal.example.com"\n'
_RULE = "\n".join(["[[rule]]", *_KEYS.values(), ""])
_TESTED = _RULE.replace(_KEYS["warning"], 'warning = "devices_with_errors > 5"')
_RECEIVER = '[[receiver]]\nname = "workplace"\nslack = { channel = "#workplace-alerts" }\n'


@dataclass(frozen=True)
class Explanation:
    """A code, explained. `meaning` is one sentence; `wrong` and `right` are empty where there is `no_example`."""

    code: str
    meaning: str
    more: str
    wrong: str
    right: str
    no_example: str
    whole: bool
    alone: bool

    @property
    def of_environment(self) -> bool:
        """Whether the examples are lines of an environment."""
        return self.code[1] == "2"

    @cached_property
    def answer(self) -> str:
        """What `sentinel check` (or any command, of the environment) says of the wrong example."""
        found = [one for one in self.problems_of(self.wrong) if one.code == self.code] if self.wrong else []
        text = self.completed(self.wrong)
        return as_text(found, {} if self.of_environment else {_TESTS if self.of_tests else _FILE: text})

    @property
    def of_tests(self) -> bool:
        """Whether the examples are files of rule tests."""
        return self.code[1] == "3"

    def problems_of(self, example: str) -> tuple[Problem, ...]:
        """Everything that is found about an example."""
        if self.of_environment:
            return _of_environment(example)
        text = self.completed(example)
        return _of_tests(text) if self.of_tests else _of_file(text, self.code)

    def completed(self, example: str) -> str:
        """A rules file that begins with the example."""
        if self.alone:
            return example
        if self.of_tests:
            return f"{example}\n{_TESTED}"
        text = example
        headers = re.findall(r"^\[+([a-z.]+)\]+", example, re.MULTILINE)
        if headers and headers[-1] == "rule" and not self.whole:
            last = example[example.rindex("[[rule]]") :]
            given = set(re.findall(r"^(\w+) =", last, re.MULTILINE))
            given |= {"level"} if "path" in given else set()
            given |= {"warning"} if "critical" in given else set()
            text += "".join(f"{line}\n" for key, line in _KEYS.items() if key not in given)
        for header, table in (("source", _SOURCE), ("rule", _RULE), ("receiver", _RECEIVER)):
            text += "" if header in headers else f"\n{table}"
        return text


def explanations() -> Mapping[str, Explanation]:
    """Every code that is explained, in the order of `CODES`."""
    texts: dict[str, dict[str, Any]] = {}
    for file in sorted(files("sentinel.config").joinpath("explained").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            texts |= tomllib.loads(file.read_text(encoding="utf-8"))
    return {code: _explanation(code, texts[code]) for code in CODES if code in texts}


def _explanation(code: str, text: Mapping[str, Any]) -> Explanation:
    return Explanation(
        code=code,
        meaning=CODES[code],
        more=text["more"],
        wrong=text.get("wrong", ""),
        right=text.get("right", ""),
        no_example=text.get("none", ""),
        whole=text.get("whole", False),
        alone=text.get("alone", False),
    )


def _of_file(text: str, code: str) -> tuple[Problem, ...]:
    try:
        loaded = load(text=text, name=_FILE)
    except ConfigError as error:
        return error.problems
    return loaded.warnings + (missing_manners(loaded) if code in _STRICT else ())


def _of_tests(text: str) -> tuple[Problem, ...]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / _TESTS
        path.write_text(text, encoding="utf-8")
        try:
            found = load_tests(path).warnings
        except ConfigError as error:
            found = error.problems
    return tuple(replace(one, file=_TESTS, message=one.message.replace(f"{folder}/", "")) for one in found)


def _of_environment(lines: str) -> tuple[Problem, ...]:
    """What commands say of an environment with these variables beside the usual rules file."""
    loaded = load(text=f"{_SOURCE}{_RULE}{_RECEIVER}", name=_FILE)
    try:
        settings = Settings.load(dict(line.split("=", 1) for line in lines.splitlines()))
    except ConfigError as error:
        return error.problems
    found = [*settings.warnings, *missing(settings, loaded), *unused(settings, loaded)]
    try:
        check_door(settings)
        check_complete(settings, loaded)
    except ConfigError as error:
        found += error.problems
    return tuple(found)
