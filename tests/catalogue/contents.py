"""The promises and the faults, and which tests show them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.catalogue.markers import Mark

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Promise:
    """One line of the guarantee."""

    name: str
    title: str
    text: str
    first: tuple[str, ...] = ()
    """Files with tests of it that a reader should open first."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, and what holds then."""

    number: int
    fault: str
    behaviour: str
    not_here: str = ""
    """Why no test here can show it, and what holds all the same."""
    limit: str = ""
    """What its tests leave out."""


@dataclass(frozen=True)
class Group:
    letter: str
    title: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Catalogue:
    promises: tuple[Promise, ...]
    groups: tuple[Group, ...]
    marks: tuple[Mark, ...]

    @property
    def faults(self) -> list[Fault]:
        return [fault for group in self.groups for fault in group.faults]

    def showing(self, kind: str, name: str | int) -> list[Mark]:
        """The marks that say they show it, in the order of the files."""
        return [mark for mark in self.marks if mark.kind == kind and name in mark.names]

    def threats(self) -> list[str | int]:
        return sorted({name for mark in self.marks if mark.kind == "threat" for name in mark.names}, key=str)


def read(marks: Iterable[Mark]) -> Catalogue:
    """The catalogue as it stands in the files beside this one, with these marks."""
    guarantee = tomllib.loads((HERE / "promises.toml").read_text())
    faults = tomllib.loads((HERE / "faults.toml").read_text())
    groups = [Group(g["letter"], g["title"], tuple(Fault(**one) for one in g["faults"])) for g in faults["group"]]
    promises = tuple(Promise(**{**one, "first": tuple(one["first"])}) for one in guarantee["promise"])
    return Catalogue(promises, tuple(groups), tuple(marks))


def problems(catalogue: Catalogue) -> list[str]:
    """Everything that keeps the documents from being true, each with what to do."""
    return [*_of_marks(catalogue), *_of_faults(catalogue), *_of_promises(catalogue)]


def _of_marks(catalogue: Catalogue) -> Iterable[str]:
    known = {"fault": {fault.number for fault in catalogue.faults}, "promise": {p.name for p in catalogue.promises}}
    for mark in catalogue.marks:
        for name in mark.names:
            if mark.kind in known and name not in known[mark.kind]:
                yield f"{mark.path}:{mark.line}: there is no {mark.kind} {name}"


def _of_faults(catalogue: Catalogue) -> Iterable[str]:
    for fault in catalogue.faults:
        shown = catalogue.showing("fault", fault.number)
        if shown and fault.not_here:
            first = shown[0]
            yield (
                f"{first.path}:{first.line}: fault {fault.number} says that no test can show it; "
                "take `not_here` out of tests/catalogue/faults.toml, or make it a `limit`"
            )
        if not shown and not fault.not_here:
            yield (
                f"fault {fault.number} ({fault.fault}) has neither a test nor a reason; mark the test that shows it, "
                "or say in tests/catalogue/faults.toml why none can (`not_here`)"
            )
        if fault.limit and not shown:
            yield f"fault {fault.number} has a `limit` and no test; say `not_here` instead"
    numbers = [fault.number for fault in catalogue.faults]
    if numbers != list(range(1, len(numbers) + 1)):
        yield "the faults are not numbered from 1 without gaps"


def _of_promises(catalogue: Catalogue) -> Iterable[str]:
    for promise in catalogue.promises:
        shown = {mark.path for mark in catalogue.showing("promise", promise.name)}
        if not shown:
            yield f"promise {promise.name} is shown by no test"
        for path in promise.first:
            if path not in shown:
                yield f"{path} has no test of promise {promise.name}; name another in tests/catalogue/promises.toml"
