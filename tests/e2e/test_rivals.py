"""The comparison with others counts what it says it counts, and Sentinel's side of it works."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.rivals import alertmanager, ours
from benchmarks.rivals.arena import SENTINEL, Arena, Torture
from benchmarks.rivals.count import count, summary, table
from benchmarks.rivals.episodes import CLOSE, OPEN, Episode, Truth, truth
from benchmarks.rivals.receiver import Post, Receiver

ONE = Episode("Site 01", 1, 10.0, 40.0)
TWO = Episode("Site 01", 2, 60.0, 90.0)
BOTH = Truth(("Site 01",), (ONE, TWO))


def _told(*steps: tuple[float, Episode, str]) -> list[tuple[float, Post]]:
    return [(at, Post(((episode, step),))) for at, episode, step in steps]


def test_everything_told_once_and_soon_is_neither_lost_nor_late() -> None:
    found = count(BOTH, _told((11, ONE, OPEN), (41, ONE, CLOSE), (61, TWO, OPEN), (91, TWO, CLOSE)), kills=3)
    assert (found.due, found.lost, found.repeated, found.marked, found.late, found.kills) == (4, 0, 0, 0, 0, 3)
    assert (found.delay, found.worst) == (1.0, 1.0)


def test_what_never_came_is_lost_and_a_beginning_without_an_end_is_left_hanging() -> None:
    found = count(BOTH, _told((11, ONE, OPEN)), kills=0)
    assert (found.lost, found.hanging, found.unheard) == (3, 1, 1)


def test_a_repeat_counts_apart_when_it_says_that_it_is_one() -> None:
    told = [*_told((11, ONE, OPEN), (12, ONE, OPEN), (41, ONE, CLOSE)), (42, Post(((ONE, CLOSE),), marked=True))]
    found = count(BOTH, told, kills=0)
    assert (found.repeated, found.marked, found.in_vain) == (1, 1, 0)


def test_one_notice_may_tell_a_whole_episode_and_late_is_late() -> None:
    found = count(
        BOTH, [(55.0, Post(((ONE, OPEN), (ONE, CLOSE)))), *_told((100, TWO, CLOSE), (101, TWO, OPEN))], kills=0
    )
    assert (found.merged, found.lost, found.late, found.disorder) == (1, 0, 2, 1)
    assert "| told in the wrong order | 1 |" in table([("Sentinel", found)])
    assert list(summary({"calm": {"Sentinel": found}}))[2] == "| calm, 4 due | lost | 0 |"


def test_a_digest_tells_what_it_lists_for_the_first_time_and_repeats_only_under_its_own_key() -> None:
    digest = Post(((ONE, OPEN), (TWO, OPEN)), digest="digest-1")
    told = [*_told((11, ONE, OPEN)), (61.0, digest), (62.0, Post(digest.steps, digest="digest-1/2"))]
    assert (count(BOTH, told, kills=0).lost, count(BOTH, told, kills=0).repeated) == (2, 0)
    assert count(BOTH, [*told, (63.0, digest)], kills=0).repeated == 1


def test_what_sentinel_tells_of_itself_is_no_episode() -> None:
    told = {"key": "sn-1/1/degraded", "kind": "degraded", "may_repeat": False, "digest": None}
    read = ours.reader(BOTH, lambda: 0.0)
    assert read(json.dumps({**told, "incident": {"rule": "sentinel/restarts", "node": []}}).encode()) == []


def test_episodes_and_dice_are_the_same_for_the_same_seed() -> None:
    assert truth(7, 600.0, 3) == truth(7, 600.0, 3) != truth(8, 600.0, 3)
    posts = [Post(((one, OPEN),)) for one in truth(7, 6000.0, 20).episodes]

    def fates(seed: int) -> list[str]:
        receiver = Receiver(seed, lambda _: [], lambda: 0.0)
        return [receiver.fate([post]) for post in posts]

    assert fates(1) == fates(1) != fates(2)
    assert {"200", "429", "500", "silent"} == set(fates(1))


def test_each_body_is_read_as_the_episode_and_step_that_it_tells() -> None:
    firing = {"status": "firing", "startsAt": "1970-01-01T00:01:02.500Z", "labels": {"site": "Site 01"}}
    read = alertmanager.reader(BOTH, lambda: 0.0)
    assert read(json.dumps({"alerts": [firing]}).encode()) == [Post(((TWO, OPEN),))]
    resolved = {**firing, "status": "resolved", "startsAt": "1970-01-01T00:00:11Z"}
    assert read(json.dumps({"alerts": [resolved]}).encode()) == [Post(((ONE, CLOSE),))]
    incident = {"rule": "devices", "node": ["Country", "Site 01"], "opened_at": "1970-01-01T00:00:10Z"}
    body = {"incident": incident, "key": "i/1/degraded/team/hook", "kind": "recovered", "may_repeat": True}
    merged = Post(((ONE, OPEN), (ONE, CLOSE)), marked=True)
    assert ours.reader(BOTH, lambda: 0.0)(json.dumps(body).encode()) == [merged]
    many = {"incidents": [{**incident, "state": "closed"}]}
    body = {"incident": None, "digest": many, "key": "digest-1", "kind": "digest", "may_repeat": False}
    listed = Post(((ONE, OPEN), (ONE, CLOSE)), digest="digest-1")
    assert ours.reader(BOTH, lambda: 0.0)(json.dumps(body).encode()) == [listed]


@dataclass(frozen=True)
class Patient(Truth):
    """Sites that stay bad until it was told that they are: no machine is too slow for them."""

    told: Callable[[], set[str]]

    def is_bad(self, site: str, at: float) -> bool:
        return site not in self.told()


@pytest.mark.process
@pytest.mark.promise("P1", "P2")
def test_sentinel_loses_nothing_in_a_short_run_with_a_kill(tmp_path: Path) -> None:
    def steps() -> set[tuple[str, str]]:
        return {(episode.site, step) for _, post in arena.receivers[SENTINEL].accepted for episode, step in post.steps}

    sites = ("Site 01", "Site 02")
    episodes = tuple(Episode(site, 1, 0.0, 60.0) for site in sites)
    patient = Patient(sites, episodes, lambda: {site for site, _ in steps()})
    arena = Arena(patient, 1, tmp_path, (), quiet=1.0, enough=lambda: arena.kills == 1 and len(steps()) == 4)
    found = arena.run(Torture("short", kills=(2.0,), dice=False), 60.0)[SENTINEL]
    assert (found.due, found.lost, found.repeated, found.disorder, found.kills) == (4, 0, 0, 0, 1)
