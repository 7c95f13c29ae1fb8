"""The rules file and the environment: every mistake, and files with secrets that others can read."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sentinel.config.loader import Loaded, load
from sentinel.config.needs import check_door, check_transport, forgotten, unused
from sentinel.config.settings import PREFIX, Settings
from sentinel.errors import ConfigError, Problem
from sentinel.findings import Findings

SHOWN = 10
"""Mistakes of one file that are told; `sentinel check` tells all, with the lines."""


@dataclass(frozen=True, slots=True)
class Configured:
    """What could be read. `protected`: nothing of it would send credentials in the clear."""

    settings: Settings | None
    loaded: Loaded | None
    protected: bool


def read(environ: Mapping[str, str], rules: Path | None, found: Findings) -> Configured:
    """Read the configuration and note what is wrong with it. `rules` goes before the environment's word."""
    settings = _settings(environ, found)
    named = settings.rules if settings is not None else Path(environ.get("SENTINEL_RULES") or "rules.toml")
    loaded = _rules(rules or named, found)
    protected = True
    if settings is not None and loaded is not None:
        protected = _together(settings, loaded, found)
    if settings is not None:
        _door(settings, found)
    _secrets(environ, found)
    return Configured(settings, loaded, protected)


def _settings(environ: Mapping[str, str], found: Findings) -> Settings | None:
    try:
        settings = Settings.load(environ)
    except ConfigError as error:
        _note("environment", error.problems, found)
        return None
    _note("environment", settings.warnings, found)
    if not settings.warnings:
        count = sum(name.startswith(PREFIX) for name in environ)
        variables = f"{count} variable{'' if count == 1 else 's'} of Sentinel, all understood"
        found.ok("environment", variables if count else "no variable of Sentinel is set")
    return settings


def _rules(path: Path, found: Findings) -> Loaded | None:
    try:
        loaded = load(path)
    except ConfigError as error:
        _note("rules", error.problems, found)
        return None
    _note("rules", loaded.warnings, found)
    if not loaded.warnings:
        book = loaded.rulebook
        counts = ((book.rules, "rule"), (loaded.sources, "source"), (loaded.receivers, "receiver"))
        shown = ", ".join(f"{len(things)} {word}{'' if len(things) == 1 else 's'}" for things, word in counts)
        found.ok("rules", f"{path}: {shown}")
    return loaded


def _together(settings: Settings, loaded: Loaded, found: Findings) -> bool:
    """Variables that belong to nothing are told here; those that are missing, where they are needed."""
    _note("environment", (*unused(settings, loaded), *forgotten(settings, loaded)), found)
    try:
        check_transport(settings, loaded)
    except ConfigError as error:
        _note("environment", error.problems, found)
        return False
    return True


def _door(settings: Settings, found: Findings) -> None:
    try:
        check_door(settings)
    except ConfigError as error:
        _note("environment", error.problems, found)


def _note(check: str, problems: Iterable[Problem], found: Findings) -> None:
    told = sorted(problems, key=lambda problem: problem.severity != "error")
    otherwise = "`sentinel check` shows the line" if check == "rules" else "correct this variable, or unset it"
    for problem in told[:SHOWN]:
        place = f"{problem.file}:{problem.line}:{problem.column}: " if problem.line else ""
        where = f"{problem.file}: " if not problem.line and check == "rules" else place
        note = found.failed if problem.severity == "error" else found.warning
        note(check, f"{where}{problem.message}", problem.hint or otherwise)
    if len(told) > SHOWN:
        found.warning(check, f"and {len(told) - SHOWN} more", "`sentinel check` shows all of them, with their lines")


def _secrets(environ: Mapping[str, str], found: Findings) -> None:
    """Files that hold secrets: anybody on this machine who can read them has what they give."""
    files = {
        name: Path(value)
        for name, value in sorted(environ.items())
        if name.startswith(PREFIX) and name.endswith("_FILE") and not name.endswith("_CA_FILE")
    }
    opened = [(name, file) for name, file in files.items() if _is_open(file)]
    for name, file in opened:
        text = f"{file} ({name}) can be read by everybody on this machine"
        found.warning("secrets", text, f"chmod 600 {file}; in a container: mode 0400 and its user's uid for the secret")
    if files and not opened:
        found.ok("secrets", f"{len(files)} file{'' if len(files) == 1 else 's'}, not open to everybody")


def _is_open(file: Path) -> bool:
    """Whether everybody may read it and walk through every folder above it."""
    try:
        real = file.resolve(strict=True)
        return bool(real.stat().st_mode & stat.S_IROTH) and all(
            folder.stat().st_mode & stat.S_IXOTH for folder in real.parents
        )
    except OSError:
        return False  # one that cannot be read at all is a mistake of the environment, told there
