"""`rules.toml`: what it becomes, and how its mistakes are told."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.config.codes import CODES
from sentinel.config.loader import Loaded, SourceConfig, load
from sentinel.domain.rules import Address, Flapping, NoData, Severity, Threshold
from sentinel.errors import ConfigError, Problem
from tests.effort import effort

TESTDATA = Path(__file__).parent / "testdata"
GOOD = sorted((TESTDATA / "good").glob("*.toml"))
BAD = sorted((TESTDATA / "bad").glob("*.toml"))
TEN = TESTDATA / "ten-mistakes.toml"

SOURCE = '[[source]]\nname = "portal"\nurl = "https://portal.example.com"\n'
RULE = (
    '[[rule]]\nid = "errors"\nsummary = "Errors"\nservice = "Exchange Online"\nhierarchy = "Location"\nlevel = "Site"\n'
)
DESK = '[[receiver]]\nname = "desk"\nconsole = true\n'
BREACH = 'warning = "devices_with_errors > 5"\n'


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load(text=text)
    return caught.value.problems


def warning_of(loaded: Loaded, override: int | None = None) -> Threshold:
    rule = loaded.rulebook.rules[0]
    criteria = rule.criteria if override is None else rule.overrides[override].criteria
    threshold = criteria.threshold(Severity.WARNING)
    assert threshold is not None
    return threshold


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_good_file_has_no_problem(file: Path) -> None:
    assert load(file).warnings == ()


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_file_has_exactly_the_problems_it_is_there_for(file: Path) -> None:
    """Its first line names them: code, line, column, characters underlined."""
    expected = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect: ")
    try:
        found = load(file).warnings
    except ConfigError as error:
        found = error.problems
    assert ", ".join(f"{p.code} {p.line}:{p.column}+{p.span}" for p in found) == expected
    assert all(p.file == str(file) and p.message for p in found)


def test_a_rule_keeps_of_flapping_what_its_own_table_does_not_say() -> None:
    off, sooner = load(TESTDATA / "good/flapping.toml").rulebook.rules
    assert off.flapping is None
    assert sooner.flapping == Flapping(changes=3, within=7200.0, quiet=900.0)
    assert load(text=f"{SOURCE}{DESK}{RULE}{BREACH}").rulebook.rules[0].flapping == Flapping()
    switched_off = f"[defaults]\nflapping = false\n{SOURCE}{DESK}{RULE}{BREACH}"
    assert load(text=switched_off).rulebook.rules[0].flapping is None
    on_again = load(text=f"{switched_off}flapping = {{ changes = 4 }}\n").rulebook.rules[0].flapping
    assert on_again == Flapping(changes=4, within=3600.0, quiet=900.0)


def test_every_code_of_a_rules_file_has_a_file_that_shows_it() -> None:
    shown = {word for file in BAD for word in file.read_text(encoding="utf-8").splitlines()[0].split() if word in CODES}
    told = {code for code in CODES if code[1] == "1"}
    elsewhere = {"E102", "W132", "W133", "W134", "W135"}
    assert told - shown == elsewhere, "files that cannot be read, --record and --strict have tests of their own"


def test_ten_mistakes_are_told_at_once_each_with_its_place_and_what_to_do() -> None:
    with pytest.raises(ConfigError) as caught:
        load(TEN)
    found = [(p.line, p.column, p.code, p.hint) for p in caught.value.problems]
    assert found == [
        (3, 12, "E119", 'did you mean "Europe/Zurich"?'),
        (8, 1, "E120", "set SENTINEL_SOURCE_PORTAL_PASSWORD (or the same with _FILE) instead"),
        (10, 1, "E104", "a rule keeps its history under its id: choose one and never change it"),
        (14, 1, "E103", "did you mean 'runbook'?"),
        (16, 12, "E110", "did you mean 'devices_with_errors'?"),
        (
            17,
            70,
            "E107",
            'e.g. clear = "devices_with_errors / devices <= 10%", or a limit that asks for less',
        ),
        (23, 10, "E113", 'did you mean "portal"?'),
        (25, 9, "E124", "put it in quotes, with its unit"),
        (26, 36, "E111", "a percentage is compared with a ratio such as devices_with_errors / devices"),
        (33, 7, "E114", 'did you mean "workplace"?'),
    ]


def test_what_a_rule_does_not_say_comes_from_defaults_and_then_from_the_program() -> None:
    loaded = load(text='[defaults]\nfor = "5m"\ntimezone = "Europe/Zurich"\n' + SOURCE + RULE + BREACH + DESK)
    rule = loaded.rulebook.rules[0]
    assert (warning_of(loaded).hold, warning_of(loaded).recover_for) == (300.0, 1200.0)
    assert (rule.every, rule.reopen_within, rule.retire_after) == (600.0, 900.0, 604_800.0)
    assert (rule.criteria.no_data_after, rule.criteria.no_data) == (1800.0, NoData.UNKNOWN)
    assert (rule.timezone, rule.source, rule.scope) == ("Europe/Zurich", "portal", "hour")


def test_a_rule_goes_before_defaults_and_a_threshold_before_its_rule() -> None:
    rule = 'for = "20m"\nwarning = { breach = "devices_with_errors > 5", recover_for = "1h" }\n'
    loaded = load(text='[defaults]\nfor = "5m"\nrecover_for = "5m"\n' + SOURCE + RULE + rule + DESK)
    assert (warning_of(loaded).hold, warning_of(loaded).recover_for) == (1200.0, 3600.0)


def test_without_a_word_about_it_missing_data_waits_for_three_polls_but_at_least_half_an_hour() -> None:
    rules = RULE + BREACH + 'every = "1h"\n' + RULE.replace("errors", "quick") + BREACH + 'every = "5m"\n'
    slow, quick = load(text=SOURCE + rules + DESK).rulebook.rules
    assert (slow.criteria.no_data_after, quick.criteria.no_data_after) == (10_800.0, 1800.0)
    loaded = load(text='[defaults]\nevery = "1h"\n' + SOURCE + RULE + BREACH + DESK)
    assert (loaded.defaults.no_data_after, loaded.rulebook.source("portal").no_data_after) == (10_800.0, 10_800.0)
    said = load(text='[defaults]\nevery = "1h"\nno_data_after = "2h"\n' + SOURCE + RULE + BREACH + DESK)
    assert said.rulebook.rules[0].criteria.no_data_after == 7200.0


@pytest.mark.parametrize(
    ("keys", "window", "code", "message", "hint"),
    [
        ("", "5m", "E134", "5m is shorter than the time between two samples, 10m", "write 20m or more"),
        ('every = "2h"\n', "1h", "E134", "1h is shorter than the time between two samples, 2h", "write 4h or more"),
        ("", "25m", "W116", "there is a sample every 10m, so 25m counts as 20m", "write 20m or 30m"),
        ("", "40d", "E132", "a window is longer than nothing and at most 35d", None),
    ],
)
def test_a_window_has_to_fit_the_samples(keys: str, window: str, code: str, message: str, hint: str | None) -> None:
    text = SOURCE + RULE + keys + f'warning = "devices < 5 or devices < baseline(devices, {window})"\n' + DESK
    found = problems_of(text) if code.startswith("E") else load(text=text).warnings
    assert [(p.code, p.message, p.column, p.span) for p in found] == [(code, message, 55, len(window))]
    assert hint is None or found[0].hint == hint


def test_a_window_of_a_source_without_steps_fits_how_often_it_is_asked() -> None:
    source = SOURCE + 'step = "0s"\n'
    loaded = load(text=source + RULE + 'every = "1m"\nwarning = "avg(devices, 5m) < 5"\n' + DESK)
    assert loaded.warnings == ()
    assert [one.window for one in loaded.rulebook.rules[0].pasts] == [300.0]


def test_a_share_in_the_wrong_scale_is_doubted_with_what_was_meant() -> None:
    (doubt,) = load(text=SOURCE + RULE + 'warning = "devices_with_errors / devices > 10"\n' + DESK).warnings
    assert (doubt.code, doubt.span, doubt.hint) == ("W113", 2, "did you mean 10%?")


@pytest.mark.parametrize(
    "condition",
    [
        *("devices_with_errors / devices > 120%", "devices_with_errors / devices > 0.5", "connections / devices > 50"),
        *("incoming_traffic / outgoing_traffic > 10", "web_requests > 500", "10 < connections / users"),
    ],
)
def test_quotients_that_may_be_large_are_not_doubted(condition: str) -> None:
    assert load(text=SOURCE + RULE + f'warning = "{condition}"\n' + DESK).warnings == ()


def test_an_override_keeps_what_it_does_not_say() -> None:
    override = (
        '[[rule.override]]\nnode = "Europe/**"\nfor = "0s"\ncritical = "devices_with_errors > 50"\n'
        '[[rule.override]]\nnode = "Asia/**"\nwarning = false\n'
    )
    loaded = load(text=SOURCE + RULE + BREACH + 'only_if = "devices > 3"\n' + override + DESK)
    first, second = (one.criteria for one in loaded.rulebook.rules[0].overrides)
    assert warning_of(loaded, 0).breach == warning_of(loaded).breach
    assert (warning_of(loaded, 0).hold, warning_of(loaded).hold) == (0.0, 600.0)
    assert first.critical is not None
    assert first.only_if == loaded.rulebook.rules[0].criteria.only_if
    assert (second.warning, second.critical) == (None, None)


def test_an_override_may_change_the_timing_of_a_threshold_and_keep_its_conditions() -> None:
    rule = 'warning = { breach = "devices_with_errors > 5", clear = "devices_with_errors < 3" }\n'
    override = '[[rule.override]]\nnode = "Paris"\nwarning = { for = "1h" }\n'
    loaded = load(text=SOURCE + RULE + rule + override + DESK)
    assert warning_of(loaded, 0).hold == 3600.0
    assert warning_of(loaded, 0).clear == warning_of(loaded).clear


def test_only_if_false_in_an_override_asks_nothing() -> None:
    override = '[[rule.override]]\nnode = "Paris"\nonly_if = false\n'
    loaded = load(text=SOURCE + RULE + BREACH + 'only_if = "devices > 3"\n' + override + DESK)
    assert loaded.rulebook.rules[0].overrides[0].criteria.only_if is None


@pytest.mark.parametrize("prefix", ["", 'x = """\n[[rule]]\n"""\n'], ids=["headers", "headers within text"])
def test_rules_and_overrides_know_their_lines(prefix: str) -> None:
    text = SOURCE + RULE + BREACH + '[[rule.override]]\nnode = "a"\n' + RULE.replace("errors", "second") + BREACH + DESK
    if prefix:
        text = text.replace('summary = "Errors"', 'summary = """\\\n[[rule]]"""', 1)
    rules = load(text=text).rulebook.rules
    shift = 1 if prefix else 0
    assert [rule.line for rule in rules] == [4, 13 + shift]
    assert rules[0].overrides[0].criteria.line == 11 + shift


def test_one_receiver_without_routes_gets_everything() -> None:
    routes = load(text=SOURCE + RULE + BREACH + DESK).rulebook.routes
    assert [route.to for route in routes] == [(Address("desk", "console", ""),)]


def test_a_receiver_stands_for_all_its_channels() -> None:
    text = (
        '[[receiver]]\nname = "desk"\nslack = { channel = "#desk" }\nslack_webhook = { name = "ops" }\nconsole = true\n'
        'email = { to = ["a@example.com", "b@example.com"] }\n'
        'webhook = { name = "pager", url = "https://pager.example.com/x" }\n'
    )
    receiver = load(text=SOURCE + RULE + BREACH + text).receivers[0]
    assert [address.channel for address in receiver.addresses] == [
        "slack:#desk",
        "slack_webhook:ops",
        "email:a@example.com, b@example.com",
        "webhook:pager",
        "console",
    ]
    assert receiver.webhook_url == "https://pager.example.com/x"


def test_every_knob_of_a_source_arrives(tmp_path: Path) -> None:
    source = (
        '[[source]]\nname = "p"\nurl = "http://portal.example.com"\nstep = "0s"\nca_file = "ca.pem"\nformat = "csv"\n'
        'path_style = "slash"\ncolumns = { devices = "Devices" }\nmax_missing_share = 1\ntimeout = "5s"\n'
        "max_concurrent = 1\ninsecure = true\nfollow_redirects = true\ntrust_env = true\n"
        'levels = { Location = ["Site"] }\n'
    )
    file = tmp_path / "rules.toml"
    file.write_text(source + RULE + BREACH + DESK, encoding="utf-8")
    found = load(file).sources[0]
    untouched = SourceConfig(
        name="p",
        type="nexthink",
        url="http://portal.example.com",
        step=0.0,
        ca_file=tmp_path / "ca.pem",
        format="csv",
        path_style="slash",
        columns={"devices": "Devices"},
        units={},
        levels={"Location": ("Site",)},
        max_missing_share=1.0,
        timeout=5.0,
        max_concurrent=1,
        follow_redirects=True,
        trust_env=True,
        insecure=True,
    )
    assert found == untouched
    assert {field.name for field in fields(found)} == {field.name for field in fields(SourceConfig)}


def test_the_digest_is_of_the_text() -> None:
    text = SOURCE + RULE + BREACH + DESK
    assert load(text=text).digest == hashlib.sha256(text.encode()).hexdigest()


def test_a_file_from_windows_is_read_and_its_places_are_right(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_bytes(("\ufeff" + SOURCE + RULE + BREACH + DESK).replace("\n", "\r\n").encode())
    assert load(file).warnings == ()
    file.write_bytes(("\ufeff" + SOURCE + RULE + BREACH.replace("errors", "erors")).replace("\n", "\r\n").encode())
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert [(p.line, p.column) for p in caught.value.problems if p.code == "E110"] == [(10, 12)]


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as missing:
        load(tmp_path / "none.toml")
    assert [(p.code, p.line) for p in missing.value.problems] == [("E102", 0)]
    (tmp_path / "latin.toml").write_bytes(b'# one\nx = "Z\xfcrich"\n')
    with pytest.raises(ConfigError) as latin:
        load(tmp_path / "latin.toml")
    assert [(p.code, p.line, p.column) for p in latin.value.problems] == [("E102", 2, 7)]


def test_a_credential_is_never_repeated_in_a_problem() -> None:
    text = SOURCE.replace("https://", "https://user:hunter2@") + 'password = "hunter2"\n' + RULE + BREACH + DESK
    found = problems_of(text + '[[route]]\nto = ["desk"]\ntoken = "hunter2"\n')
    assert [p.code for p in found] == ["E120", "E120", "E120"]
    assert not [p for p in found if "hunter2" in p.message + p.hint]


def test_problems_inside_a_condition_are_found_through_escapes() -> None:
    found = problems_of(SOURCE + RULE + 'warning = "devices_with_errors\\t > devises"\n' + DESK)
    assert [(p.line, p.column, p.span) for p in found] == [(10, 36, 7)]


@given(st.text(max_size=200))
@effort(100)
def test_any_text_is_loaded_or_refused_with_problems(text: str) -> None:
    loads_or_is_refused(text)


_SCRAPS = st.sampled_from(
    [
        *(SOURCE + RULE + BREACH + DESK).splitlines(),
        *("[defaults]", "[[rule.override]]", "[[rule.override.x]]", "[[route]]", "[delivery]", "[rule]", "[source]"),
        *('warning = { breach = "x" }', "every = 1979-05-27", "level = [[]]", "rollup = true", "for = {}", "rule = 1"),
        *("override = 5", "columns = { a = 1 }", "levels = { L = [] }", "path = [1, '']", "a.b.c = nan", "to = [5]"),
        *('name = "\\u0000"', "email = {}", 'email.to = ["a\\n"]', 'url = "http://[x"', "[[rule]]", "webhook = {}"),
    ]
)
"""Lines that fit together, and lines that fit nowhere."""


@given(st.lists(_SCRAPS, max_size=14).map("\n".join))
@effort(150)
def test_any_mixture_of_lines_is_loaded_or_refused_with_problems(text: str) -> None:
    loads_or_is_refused(text)


def loads_or_is_refused(text: str) -> None:
    found: tuple[Problem, ...] = ()
    try:
        load(text=text)
    except ConfigError as error:
        found = error.problems
    lines = text.count("\n") + 1
    assert all(0 <= p.line <= lines and p.column >= 0 and p.span >= 1 for p in found)
