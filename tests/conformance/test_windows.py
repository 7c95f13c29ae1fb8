"""Cases MNT-02 to MNT-16c: when windows of calendars and maintenance are, in any zone and on any night."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sentinel.config.loader import load
from sentinel.domain.calendars import DAY, EVERY_DAY, Maintenance, Weekly, instant
from sentinel.domain.matchers import Matchers
from sentinel.errors import ConfigError
from tests.conformance.cases import Case, conforms

FILE = """
[[source]]
name = "portal"
url = "https://portal.example.com"
[[rule]]
id = "r"
service = "*"
hierarchy = "Location"
level = "Site"
warning = "devices_with_errors > 5"
[[receiver]]
name = "desk"
console = true
"""


def maintenance(zone: str = "UTC", **keys: str) -> Maintenance:
    """The window that a rules file with these keys has; `opens` and `closes` are its from and to."""
    names = {"opens": "from", "closes": "to"}
    lines = "".join(f'{names.get(key, key)} = "{value}"\n' for key, value in keys.items())
    book = load(text=f'{FILE}[[maintenance]]\nname = "m"\ntimezone = "{zone}"\n{lines}').rulebook
    return book.maintenance[0]


def is_refused(**keys: str) -> bool:
    try:
        maintenance(**keys)
    except ConfigError:
        return True
    return False


def at(text: str, zone: str = "UTC") -> int:
    """The Unix second of `2026-03-29T02:00Z`; without an offset in a zone."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp())


def of_day(one: Maintenance, day: str) -> list[list[int]]:
    """The windows of a local day."""
    start = at(day, one.timezone)
    return [list(pair) for pair in one.spans(start, start + DAY).pairs()]


def clock(second: int) -> str:
    return f"{second % DAY // 3600:02}:{second % 3600 // 60:02}"


@conforms("MNT-02")
def test_the_last_three_days_of_any_month(case: Case) -> None:
    window = maintenance(days_of_month=case.given["days_of_month"])
    edges = ("T00:00", "T12:00", "T23:59:59")
    for edge in edges:
        assert [int(window.holds(at(day + edge))) for day in case.given["at"]] == case.expect["inside"]


@conforms("MNT-04")
def test_office_hours_of_another_zone(case: Case) -> None:
    given = case.given
    days = given["weekdays"].replace(":", "-")
    window = maintenance(given["tz"], days=days, opens=given["start"], closes=given["end"])
    assert [int(window.holds(at(text))) for text in given["at"]] == case.expect["inside"]


@conforms("MNT-06")
def test_what_is_no_window_is_refused_when_it_is_read(case: Case) -> None:
    """Theirs refuses what ends earlier than it begins as well; ours runs over midnight, as the note says."""
    assert "crossing midnight" in case.note
    accepted = []
    for text in case.given["ranges"]:
        opens, closes = text.split("-", 1)
        keys = {"opens": opens} if closes == "(none)" else {"opens": opens, "closes": closes}
        accepted.append(int(not is_refused(days="mon-sun", **keys)))
    over_midnight = [int(text == "09:30-07:41") for text in case.given["ranges"]]
    assert accepted == [max(pair) for pair in zip(case.expect["valid"], over_midnight, strict=True)]
    assert [int(not is_refused(days=days)) for days in case.given["weekdays"]] == case.expect["weekday_valid"]
    assert not is_refused(days="friday-monday"), "with the dash that ranges of days have here"


@conforms("MNT-08")
def test_a_window_holds_from_its_first_second_to_just_before_its_end(case: Case) -> None:
    begin, end = (
        datetime.fromtimestamp(case.given[key], UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for key in ("begin", "end")
    )
    window = maintenance(start=begin, end=end)
    assert [int(window.holds(second)) for second in case.given["at"]] == case.expect["inside"]


@conforms("MNT-10")
def test_windows_of_a_night_on_which_an_hour_is_skipped(case: Case) -> None:
    found = re.search(r"\d{4}-\d\d-\d\d", case.title)
    assert found is not None
    segments, durations = [], []
    for spec in case.given["specs"]:
        opens, closes = spec.split("-")
        pairs = of_day(maintenance(case.given["tz"], days="sun", opens=opens, closes=closes), found[0])
        segments.append(pairs[0] if pairs else "empty")
        durations.append(sum(end - start for start, end in pairs))
    assert segments == case.expect["segments_utc"]
    assert durations == case.expect["duration_s"]


@conforms("MNT-12")
def test_what_is_always_open_has_no_hole_on_the_nights_of_the_clock(case: Case) -> None:
    given = case.given
    opens, closes = given["spec"].removeprefix("every day ").split("-")
    text = f'{FILE}[[calendar]]\nname = "c"\ndays = "mon-sun"\nfrom = "{opens}"\nto = "{closes}"\ntimezone = "{given["tz"]}"'
    calendar = load(text=text).rulebook.calendars[0]
    spans = calendar.open(given["from_utc"], given["to_utc"] + 1)
    points = range(given["from_utc"], given["to_utc"] + 1, given["step_s"])
    assert case.expect["inside"] == "always"
    assert [spans.holds(point) for point in points] == [True] * case.expect["points"]
    assert spans.seconds == given["to_utc"] + 1 - given["from_utc"]


@conforms("MNT-14")
def test_a_night_window_is_an_hour_shorter_and_an_hour_longer(case: Case) -> None:
    found = re.search(r"(\d\d:\d\d)-(\d\d:\d\d)", case.title)
    assert found is not None
    window = maintenance(case.given["tz"], days="sunday", opens=found[1], closes=found[2])
    lasting = [sum(end - start for start, end in of_day(window, day)) for day in case.given["dates"]]
    assert lasting == case.expect["duration_s"]


@conforms("MNT-15")
def test_time_between_two_times_of_a_clock_is_counted_in_utc(case: Case) -> None:
    """The trap is there, and what windows are made with does not fall into it."""
    found = re.findall(r"datetime\((\d+),(\d+),(\d+),(\d+),tz=Zurich\)", case.given["expr"])
    later, earlier = ([int(part) for part in parts] for parts in found)
    zone = ZoneInfo("Europe/Zurich")
    naive = datetime(*later, tzinfo=zone) - datetime(*earlier, tzinfo=zone)  # type: ignore[arg-type, misc]
    assert naive.total_seconds() == case.expect["naive_result_s"]
    ours = [instant(datetime(*parts[:3], tzinfo=UTC).date(), parts[3] * 3600, zone) for parts in (later, earlier)]  # type: ignore[arg-type, misc]
    assert ours[0] - ours[1] == case.expect["true_result_s"]


@conforms("MNT-16")
def test_a_daily_window_also_runs_when_it_began_yesterday(case: Case) -> None:
    today = datetime(2026, 3, 4, tzinfo=UTC)
    now = at(f"{today:%Y-%m-%d}T{case.given['now']}")
    active = []
    for text in case.given["windows"]:
        found = re.fullmatch(r"(\d\d:\d\d)(?:\(yesterday\))? for (\d+)h( every weekday\+2)?", text)
        assert found is not None, text
        begins = int(found[1][:2]) * 3600
        days = f"{today + timedelta(days=2):%a}".lower() if found[3] else "mon-sun"
        window = maintenance(days=days, opens=found[1], closes=clock(begins + int(found[2]) * 3600))
        active.append(int(window.holds(now)))
    assert active == case.expect["active"]


@conforms("MNT-16b")
def test_a_window_begins_by_the_clock_on_the_wall(case: Case) -> None:
    given = case.given
    begins = int(given["start"][:2]) * 3600
    window = maintenance(given["tz"], days="mon-sun", opens=given["start"], closes=clock(begins + given["duration_s"]))
    ((start, end),) = of_day(window, given["day"])
    assert start == at(case.expect["sentinel_start_utc"].split()[0])
    assert end - start == given["duration_s"]


@conforms("MNT-16c")
def test_a_window_of_a_whole_day_runs_until_the_minute_at_which_it_began(case: Case) -> None:
    given = case.given
    begins = int(given["start"][:2]) * 3600 + int(given["start"][3:]) * 60
    assert (given["duration_s"], given["every"]) == (DAY, "all days")
    now = at(f"2026-03-03T{given['now']}")
    days = {"all": EVERY_DAY, "yesterday": frozenset({0}), "today": frozenset({1})}
    windows = {
        name: Maintenance(
            name=name, matchers=Matchers(), timezone="UTC", weekly=Weekly(days=chosen, start=begins, end=begins)
        )
        for name, chosen in days.items()
    }
    assert windows["all"].holds(now) is case.expect["sentinel"]
    assert windows["yesterday"].holds(now) is True
    assert windows["today"].holds(now) is False
    assert windows["yesterday"].until(now) == at(f"2026-03-03T{given['start']}")
