"""The rules file of a running program: taken up when it has changed and stands still, refused aloud and once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sentinel.config.loader import Loaded, load
from sentinel.config.settings import Settings
from sentinel.deliver.registry import Channels
from sentinel.deliver.settings import DeliverySettings
from sentinel.domain.rules import Address
from sentinel.engine.figures import REGISTRY
from sentinel.errors import ConfigError, StoreBusy
from sentinel.reloading import Reloader, symptom_of
from sentinel.wiring import finder, load_all

GOOD = """
[[source]]
name = "portal"
type = "nexthink"
url = "https://portal.example.com"

[[rule]]
id = "errors"
summary = "Devices with errors"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
critical = "devices_with_errors / devices > 10%"

[[receiver]]
name = "team"
console = true

[[route]]
to = ["team"]
"""
OTHER = GOOD.replace("10%", "20%")
BROKEN = GOOD.replace("> 10%", ">")
WORSE = GOOD.replace('level = "Site"', 'colour = "red"')


@dataclass
class Desk:
    """A rules file, whoever follows it, and what came of it."""

    path: Path
    environ: dict[str, str] = field(default_factory=dict)
    adopted: list[Loaded] = field(default_factory=list)
    settings: list[Settings] = field(default_factory=list)
    refused: list[ConfigError] = field(default_factory=list)
    accepted: int = 0
    busy: int = 0

    def __post_init__(self) -> None:
        self.path.write_text(GOOD)
        self.reads = 0
        self.reloader = Reloader(self.path, load(self.path).digest, self.read, self.adopt)
        self.reloader.on_refused = self.refused.append
        self.reloader.on_accepted = self.mended

    def read(self) -> tuple[Settings, Loaded]:
        self.reads += 1
        return load_all({**self.environ, "SENTINEL_RULES": str(self.path)})

    async def adopt(self, settings: Settings, loaded: Loaded) -> None:
        if self.busy:
            self.busy -= 1
            raise StoreBusy
        self.settings.append(settings)
        self.adopted.append(loaded)

    def mended(self) -> None:
        self.accepted += 1

    async def save(self, text: str) -> None:
        """An edit, and the looks that it takes to be taken up."""
        self.path.write_text(text)
        await self.look(2)

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            await self.reloader.look()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "rules.toml")


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_an_edit_is_taken_up_once(desk: Desk) -> None:
    await desk.look(3)
    assert desk.reads == 0
    await desk.save(OTHER)
    await desk.look(3)
    assert [one.digest for one in desk.adopted] == [load(text=OTHER).digest]
    await desk.save(GOOD)
    assert [one.digest for one in desk.adopted] == [load(text=OTHER).digest, load(text=GOOD).digest]


async def test_the_same_text_saved_again_is_no_edit_but_a_signal_reads_it(desk: Desk) -> None:
    await desk.save(GOOD)
    assert desk.reads == 0
    desk.reloader.ask()
    await desk.look(3)
    assert desk.reads == 1


def in_place(path: Path) -> None:
    """Half-written, bit by bit."""
    with path.open("a") as file:
        file.write("[[rule]")


def renamed(path: Path) -> None:
    """As editors do: the file is away for a moment."""
    path.rename(path.with_suffix(".bak"))


@pytest.mark.fault(85)
@pytest.mark.parametrize("begin", [in_place, renamed])
async def test_a_file_that_is_being_written_is_not_read(desk: Desk, begin: Callable[[Path], None]) -> None:
    begin(desk.path)
    await desk.look()
    new = desk.path.with_suffix(".new")
    new.write_text(OTHER)
    new.replace(desk.path)
    await desk.look()
    assert desk.reads == 0
    await desk.look()
    assert (desk.reads, len(desk.adopted), desk.refused) == (1, 1, [])


@pytest.mark.fault(85)
async def test_a_link_that_is_switched_to_another_folder_is_seen(tmp_path: Path) -> None:
    """As container platforms exchange mounted files."""
    for name, text in (("one", GOOD), ("two", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rules.toml").write_text(text)
    (tmp_path / "present").symlink_to("one")
    (tmp_path / "rules.toml").symlink_to("present/rules.toml")
    desk = Desk(tmp_path / "rules.toml")
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "present")
    await desk.look(2)
    assert [one.digest for one in desk.adopted] == [load(text=OTHER).digest]


@pytest.mark.promise("P8")
@pytest.mark.fault(84)
async def test_a_broken_file_leaves_everything_as_it_is_and_says_so_once_with_its_place(desk: Desk) -> None:
    refusals = metric("sentinel_rules_reloads_total", outcome="refused")
    with capture_logs() as logs:
        await desk.save(BROKEN)
        await desk.look(5)
    (told,) = [one for one in logs if one["log_level"] == "error"]
    assert told["event"] == "rules file refused, the old rules stay"
    assert 'critical = "devices_with_errors / devices >"' in told["exception"]
    assert "^" in told["exception"]
    assert f"{desk.path}:13:" in desk.reloader.refused
    assert (desk.adopted, len(desk.refused), metric("sentinel_rules_reload_ok")) == ([], 1, 0.0)
    assert metric("sentinel_rules_reloads_total", outcome="refused") == refusals + 1
    with capture_logs() as logs:
        desk.reloader.ask()
        await desk.look(3)
    assert [one["event"] for one in logs] == [told["event"]], "who asks is answered"

    caret = symptom_of(desk.refused[0]).excerpt.splitlines()
    assert [line for line in caret if line.rstrip().endswith("^")], "people are told with the same carets"
    assert 'critical = "devices_with_errors / devices >"' in "\n".join(caret)

    await desk.save(WORSE)
    assert len(desk.refused) == 3
    symptom = symptom_of(desk.refused[-1])
    assert (symptom.rule, symptom.subject) == ("sentinel/reload", "rules file")
    assert "level or path is missing" in symptom.detail

    await desk.save(OTHER)
    assert (len(desk.adopted), desk.accepted, desk.reloader.refused, metric("sentinel_rules_reload_ok")) == (
        1,
        1,
        "",
        1.0,
    )


@pytest.mark.fault(84)
async def test_a_file_that_is_gone_is_refused_and_back_again_it_is_well(desk: Desk) -> None:
    desk.path.unlink()
    await desk.look(2)
    assert "cannot be read" in desk.reloader.refused
    await desk.save(GOOD)
    assert (desk.reloader.refused, desk.accepted) == ("", 1)


@pytest.mark.fault(84)
async def test_what_does_not_fit_the_environment_is_refused_like_a_broken_file(desk: Desk) -> None:
    await desk.save(GOOD.replace("console = true", 'webhook = { url = "http://hooks.example.com/x" }'))
    assert "hooks" in desk.reloader.refused or "webhook" in desk.reloader.refused
    assert desk.adopted == []


async def test_rules_that_the_store_does_not_take_yet_are_tried_again(desk: Desk) -> None:
    desk.busy = 2
    await desk.save(OTHER)
    assert desk.adopted == []
    in_place(desk.path)
    await desk.look()
    desk.path.write_text(OTHER)
    await desk.look()
    assert desk.reads == 1, "what is half-written is not read for that"
    await desk.look(2)
    assert (len(desk.adopted), desk.refused) == (1, [])
    desk.busy = 1
    desk.reloader.ask()
    await desk.look(2)
    assert len(desk.adopted) == 2


@pytest.mark.promise("P8")
async def test_a_signal_reads_secrets_in_files_anew(desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("xoxb-first\n")
    desk.environ["SENTINEL_SLACK_BOT_TOKEN_FILE"] = str(secret)
    secret.write_text("xoxb-second\n")
    desk.reloader.ask()
    await desk.look()
    assert desk.settings[-1].slack_bot_token.get_secret_value() == "xoxb-second"
    secret.unlink()
    desk.reloader.ask()
    await desk.look()
    assert "SENTINEL_SLACK_BOT_TOKEN_FILE" in desk.reloader.refused
    assert len(desk.adopted) == 1


async def test_trouble_nobody_thought_of_does_not_end_the_watch(desk: Desk) -> None:
    calls: list[str] = []

    async def broken(_settings: Settings, _loaded: Loaded) -> None:
        calls.append("adopt")
        raise RuntimeError

    adopt: Callable[[Settings, Loaded], Awaitable[None]] = broken
    desk.reloader.adopt = adopt
    with pytest.raises(RuntimeError):
        await desk.save(OTHER)
    desk.reloader.adopt = desk.adopt
    await desk.save(GOOD)
    assert (calls, len(desk.adopted)) == (["adopt"], 1)


@pytest.mark.promise("P1")
@pytest.mark.fault(89)
def test_an_address_keeps_its_channel_while_any_receiver_has_the_place() -> None:
    """A receiver that was renamed takes its open incidents along; a place that is gone has no channel."""
    find = finder(load(text=GOOD), Channels(DeliverySettings()))
    assert find(Address("team", "console", "")) is not None
    assert find(Address("called otherwise then", "console", "")) is not None
    assert find(Address("team", "slack", "#gone")) is None
