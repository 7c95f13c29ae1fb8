"""The first rules file is right, whatever the answers are, and holds what they say."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.config.loader import load
from sentinel.config.settings import Settings
from sentinel.config.starter import Answers, environment, problems_of, starter, variables
from tests.effort import effort

URL = "https://portal.example.com"
UID = "1f6f3a52-5d4e-4c0a-9a55-0b7f3f6f2d11"


@pytest.mark.parametrize(
    "answers",
    [
        Answers(url=URL),
        Answers(url=URL, unsure=True),
        Answers(url=URL, services=("Exchange Online", "SAP ERP"), uids=(("Exchange Online", UID), ("Teams", "x"))),
        Answers(url=URL, slack="#ops", email=("a@example.com", "b@example.com"), timezone="Europe/Zurich"),
        Answers(
            url="http://127.0.0.1:8080", services=('What "is" it?', "a\\b", "* of *"), hierarchy="Größe", level="設備"
        ),
    ],
)
def test_the_file_has_no_problem_not_even_a_warning(answers: Answers) -> None:
    assert load(text=starter(answers)).warnings == ()


def test_the_file_says_what_the_answers_say() -> None:
    answers = Answers(
        url=URL, services=("Exchange Online", "Why?"), uids=(("Exchange Online", UID),), slack="#ops", timezone="UTC"
    )
    loaded = load(text=starter(answers))
    (rule,) = loaded.rulebook.rules
    assert (loaded.sources[0].url, rule.hierarchy, rule.levels, rule.timezone) == (URL, "Location", ("Site",), "UTC")
    assert [one.name for one in loaded.services] == ["Exchange Online"]
    assert (rule.covers("Why?"), rule.covers("Whys")) == (True, False)
    assert [address.channel for address in loaded.rulebook.routes[0].to] == ["slack:#ops"]


def test_its_times_are_the_defaults_and_what_is_commented_out_works() -> None:
    text = starter(Answers(url=URL))
    without = "\n".join(
        line for line in text.splitlines() if not line.startswith(("every", "for", "recover", "no_data"))
    )
    assert load(text=without).defaults == load(text=text).defaults
    commented = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    more = "\n".join(line for line in commented[commented.index("[[rule]]") :] if "=" in line or line.startswith("["))
    assert [rule.id for rule in load(text=text + more.split("slack =")[0]).rulebook.rules] == [
        "devices-in-error",
        "slow-network",
    ]


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
@effort(150)
def test_any_answer_is_held_as_it_is_or_refused(service: str, hierarchy: str, level: str) -> None:
    answers = Answers(url=URL, services=(service,), uids=((service, UID),), hierarchy=hierarchy, level=level)
    text = starter(answers)
    document = tomllib.loads(text)
    assert (document["rule"][0]["hierarchy"], document["rule"][0]["level"]) == (hierarchy, level)
    if not problems_of(answers):
        assert load(text=text).rulebook.rules[0].covers(service)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (Answers(url="http://portal.example.com"), "E121"),
        (Answers(url="https://user:hunter2@portal.example.com"), "E120"),
        (Answers(url=URL, slack="@ana"), "E130"),
        (Answers(url=URL, email=("ana",)), "E122"),
        (Answers(url=URL, timezone="Zurich"), "E119"),
    ],
)
def test_an_answer_that_cannot_be_used_is_a_problem(answers: Answers, code: str) -> None:
    assert [one.code for one in problems_of(answers)] == [code]


def test_the_environment_that_it_needs_is_named_and_no_secret_is_written() -> None:
    answers = Answers(url=URL, slack="#ops", email=("a@example.com",))
    unset = variables(answers, Settings.load({}))
    assert unset == (
        "SENTINEL_SOURCE_PORTAL_USERNAME",
        "SENTINEL_SOURCE_PORTAL_PASSWORD",
        "SENTINEL_SLACK_BOT_TOKEN",
        "SENTINEL_SMTP_HOST",
    )
    example = environment(answers)
    assert all(f"\n{name}=\n" in example for name in unset)
    given = {"SENTINEL_SOURCE_PORTAL_USERNAME": "u", "SENTINEL_SOURCE_PORTAL_PASSWORD": "hunter2"}
    assert variables(Answers(url=URL), Settings.load(given)) == ()
