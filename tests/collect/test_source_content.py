"""What stands in an answer: layouts, numbers, names. Nothing doubtful becomes a figure, nothing good is lost."""

from __future__ import annotations

import math

import pytest

from sentinel.domain.reading import Query, Reason
from tests.collect.portals import (
    QUERY,
    SERVICE,
    TWO_SITES,
    body,
    by_node,
    failure,
    figures,
    portal_that,
    reading_of,
    remarked,
    row,
)
from tests.fakes.raw_server import answering, in_turn

ZURICH, BERN = ("CH", "Zürich"), ("CH", "Bern")
PATH = Query("portal", SERVICE, "Location", path=("CH",))


async def devices(cell: object, **changes: object) -> tuple[float, tuple[str, ...]]:
    """What becomes of a cell of the devices column, among good ones."""
    rows = [row("CH", "Zürich"), row("CH", "Bern") | {"devices": cell}, row("CH", "Basel"), row("CH", "Chur")]
    reading = await reading_of(body(rows), **changes)
    found = by_node(reading)
    assert found[ZURICH] == 10
    return found[BERN], reading.remarks


# ---- layouts


@pytest.mark.parametrize(
    "content",
    [
        TWO_SITES,
        {"service": SERVICE, "hierarchy": "Location", "rows": TWO_SITES},
        {"anything": TWO_SITES},
        {"headers": list(TWO_SITES[0]), "data": [list(one.values()) for one in TWO_SITES]},
        {"columns": list(TWO_SITES[0]), "rows": [list(one.values()) for one in TWO_SITES], "total": 3},
    ],
    ids=["rows", "envelope", "any envelope", "headers and data", "columns and rows"],
)
async def test_every_json_layout_gives_the_same_figures(content: object) -> None:
    reading = await reading_of(body(content))
    assert by_node(reading) == {("CH",): 30, ZURICH: 10, BERN: 20}
    assert by_node(reading, "devices_with_errors") == {("CH",): 1, ZURICH: 1, BERN: 1}
    assert reading.remarks == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
async def test_csv_gives_the_same_figures(delimiter: str, mark: str) -> None:
    lines = [list(TWO_SITES[0]), *[list(map(str, one.values())) for one in TWO_SITES]]
    text = mark + "\r\n".join(delimiter.join(line) for line in lines) + "\r\n"
    reading = await reading_of(text.encode(), content_type="text/csv;charset=UTF-8", format="csv")
    assert by_node(reading) == {("CH",): 30, ZURICH: 10, BERN: 20}
    assert reading.remarks == ()


async def test_quoted_csv_cells_may_hold_delimiters_and_line_ends() -> None:
    text = 'service,Country,Site,devices\r\nX,CH,"Bern, ""Mitte""\nOst",5\r\n'
    reading = await reading_of(text.encode(), content_type="text/csv", format="csv")
    assert by_node(reading) == {("CH", 'Bern, "Mitte"\nOst'): 5}


async def test_the_other_format_than_asked_is_taken_with_a_remark() -> None:
    text = "service,Country,Site,devices\r\nX,CH,Bern,5\r\n"
    csv_for_json = await reading_of(text.encode(), content_type="text/csv")
    json_for_csv = await reading_of(body(TWO_SITES), format="csv")
    assert by_node(csv_for_json) == {BERN: 5}
    assert remarked(csv_for_json, "the answer is CSV")
    assert remarked(json_for_csv, "the answer is JSON")


async def test_titles_are_mapped_as_configured() -> None:
    rows = [{"Name of service": SERVICE, "Country": "CH", "Site": "Bern", "Number of devices": 7, "Errors": 2}]
    columns = {"devices": "Number of devices", "devices_with_errors": "Errors"}
    reading = await reading_of(body(rows), columns=columns)
    assert by_node(reading) == {BERN: 7}
    assert by_node(reading, "devices_with_errors") == {BERN: 2}
    assert set(figures(reading).columns) == {"devices", "devices_with_errors"}


async def test_titles_in_another_spelling_are_recognised_and_units_in_titles_counted_in() -> None:
    rows = [
        {"SERVICE": "x", "Country": "CH", "Site": "Bern", "Devices With Errors": 3}
        | {"Network response time (s)": 0.25, "Incoming traffic [MB]": 2}
    ]
    reading = await reading_of(body(rows))
    assert by_node(reading, "devices_with_errors") == {BERN: 3}
    assert by_node(reading, "network_response_time") == {BERN: 250.0}
    assert by_node(reading, "incoming_traffic") == {BERN: 2_000_000.0}


async def test_two_columns_that_could_be_one_metric_are_neither() -> None:
    reading = await reading_of(body([row("CH", "Bern") | {"HTTP 5xx": 1, "http-5xx": 2}]))
    assert "http_5xx" not in figures(reading).columns
    assert remarked(reading, "http_5xx", "neither is used")


@pytest.mark.fault(83)
async def test_columns_nobody_knows_are_kept_as_further_metrics() -> None:
    extra = {"Wi-Fi drops (5 GHz)": 3, "status": "good", "Comment": "fine", "2nd line": 1, "Ökologie": -4}
    reading = await reading_of(body([row("CH", "Bern") | extra, row("CH", "Basel") | extra]))
    found = figures(reading)
    assert by_node(reading, "wi_fi_drops_5_ghz")[BERN] == 3
    assert by_node(reading, "okologie")[BERN] == -4
    assert "_2nd_line" in found.columns
    assert not {"status", "comment"} & set(found.columns)
    assert found.rows.nodes == (BERN, ("CH", "Basel"))


@pytest.mark.fault(65, 83)
async def test_a_missing_column_is_absent_and_missing_cells_are_no_figures() -> None:
    reading = await reading_of(body([row("CH", "Zürich"), {"Country": "CH", "Site": "Bern", "devices": 4}]))
    assert math.isnan(by_node(reading, "devices_with_errors")[BERN])
    assert "users" not in figures(reading).columns
    assert all(math.isnan(figure) for figure in by_node(reading, "users").values())


# ---- numbers


@pytest.mark.fault(66)
@pytest.mark.parametrize("cell", [None, "", "-", "–"])
async def test_blank_cells_are_no_figures_without_remark(cell: object) -> None:
    figure, remarks = await devices(cell)
    assert math.isnan(figure)
    assert remarks == ()


@pytest.mark.fault(69)
@pytest.mark.parametrize(
    ("cell", "figure"),
    [
        (0, 0.0),
        (12.5, 12.5),
        ("17", 17.0),
        (" 17 ", 17.0),
        ("1e3", 1000.0),
        ("1,234,567", 1_234_567.0),
        ("1,234.5", 1234.5),
        ("1.234.567", 1_234_567.0),
        ("1'234", 1234.0),
        ("12’345’678.5", 12_345_678.5),
    ],
)
async def test_numbers_that_can_mean_only_one_thing_are_figures(cell: object, figure: float) -> None:
    assert await devices(cell) == (figure, ())


@pytest.mark.fault(69)
@pytest.mark.parametrize(
    "cell",
    ["95,5", "1 234", "٩٥", "1,234", "12 apples", "NaN", "inf", "0x10", "1_000", "--5", "1.2.3", "x" * 500, "12 ms"],
)
async def test_text_that_is_no_number_is_refused_and_shown(cell: str) -> None:
    figure, remarks = await devices(cell)
    assert math.isnan(figure)
    assert len(remarks) == 1
    assert cell[:20] in remarks[0]
    assert "'CH/Bern'" in remarks[0]
    assert len(remarks[0]) < 250


@pytest.mark.fault(70)
@pytest.mark.parametrize("cell", [True, False, [1], {"value": 1}])
async def test_what_is_no_number_by_its_type_is_refused(cell: object) -> None:
    figure, remarks = await devices(cell)
    assert math.isnan(figure)
    assert len(remarks) == 1
    assert str(cell) in remarks[0]


@pytest.mark.fault(67)
@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_literals_that_are_no_numbers_are_missing_figures_not_a_broken_answer(literal: str) -> None:
    content = body(TWO_SITES).replace(b"20", literal.encode())
    reading = await reading_of(content)
    assert by_node(reading)[ZURICH] == 10
    assert math.isnan(by_node(reading)[BERN])
    assert reading.remarks


@pytest.mark.fault(80)
@pytest.mark.parametrize("digits", [30, 400, 5000])
async def test_giant_integers_do_no_harm(digits: int) -> None:
    reading = await reading_of(body(TWO_SITES).replace(b"20", b"9" * digits))
    assert by_node(reading)[ZURICH] == 10
    assert digits == 30 or math.isnan(by_node(reading)[BERN])


@pytest.mark.fault(68)
async def test_a_count_below_zero_is_no_figure() -> None:
    figure, remarks = await devices(-5)
    assert math.isnan(figure)
    assert "below zero, as -5" in remarks[0]


@pytest.mark.parametrize(
    ("cell", "figure"),
    [("38.2 ms", 38.2), ("1.5s", 1500.0), ("250 µs", 0.25), ("250us", 0.25), ("2 GB", None), ("3 parsecs", None)],
)
async def test_units_are_brought_to_milliseconds(cell: str, figure: float | None) -> None:
    rows = [row("CH", "Bern") | {"network_response_time": cell}]
    found = by_node(await reading_of(body(rows)), "network_response_time")[BERN]
    assert math.isnan(found) if figure is None else found == pytest.approx(figure)


@pytest.mark.parametrize(("cell", "figure"), [("12 B", 12.0), ("1.5 kB", 1500.0), ("2 MiB", 2097152.0), ("1GB", 1e9)])
async def test_sizes_are_brought_to_bytes(cell: str, figure: float) -> None:
    rows = [row("CH", "Bern") | {"incoming_traffic": cell}]
    assert by_node(await reading_of(body(rows)), "incoming_traffic")[BERN] == figure


async def test_percentages_of_further_metrics_are_fractions() -> None:
    reading = await reading_of(body([row("CH", "Bern") | {"share": "12.5 %"}]))
    assert by_node(reading, "share")[BERN] == 0.125


async def test_the_same_problem_in_a_thousand_rows_is_one_remark() -> None:
    rows = [row("CH", f"Site {n}") | {"devices": "n/a" if n % 2 else n} for n in range(2000)]
    reading = await reading_of(body(rows))
    assert len(reading.remarks) == 1
    assert remarked(reading, "1000 cells", "'n/a'")


async def test_there_are_never_more_than_a_few_remarks() -> None:
    bad = dict.fromkeys(("users", "connections", "http_3xx", "http_4xx", "http_5xx", "web_requests"), -1)
    bad |= dict.fromkeys(("application_crashes", "failed_connections", "devices"), -2)
    rows = [row("CH", f"S{n}") | bad for n in range(3)]
    reading = await reading_of(body(rows))
    assert len(reading.remarks) == 8
    assert reading.remarks[-1].startswith("and ")


# ---- nodes


async def test_all_is_told_by_position_and_the_whole_is_the_empty_node() -> None:
    rows = [row("all", "all", devices=99), *TWO_SITES, row("all", "Sub")]
    reading = await reading_of(body(rows))
    assert list(by_node(reading)) == [(), ("CH",), ZURICH, BERN, ("all", "Sub")]
    assert figures(reading).rows.aggregate.tolist() == [True, True, False, False, False]


async def test_a_site_really_called_all_makes_its_parents_row_unknown_not_a_guess() -> None:
    reading = await reading_of(body([*TWO_SITES, row("CH", "all", devices=7)]))
    found = by_node(reading)
    assert math.isnan(found["CH",])
    assert (found[ZURICH], found[BERN]) == (10, 20)
    assert list(found) == [("CH",), ZURICH, BERN]
    assert remarked(reading, "'CH'", "2 rows")


async def test_a_country_really_called_all_makes_the_row_of_the_whole_unknown() -> None:
    reading = await reading_of(body([row("all", "all"), row("all", "Sub"), *TWO_SITES]))
    assert math.isnan(by_node(reading)[()])
    assert by_node(reading)["all", "Sub"] == 10
    assert remarked(reading, "called 'all'")


@pytest.mark.fault(71)
async def test_a_row_that_stands_twice_is_unknown_with_a_remark() -> None:
    reading = await reading_of(body([*TWO_SITES, row("CH", "Bern", devices=5), row("DE", "Bern", devices=6)]))
    found = by_node(reading)
    assert math.isnan(found[BERN])
    assert found["DE", "Bern"] == 6
    assert found[ZURICH] == 10
    assert remarked(reading, "'CH/Bern'", "2 rows")


async def test_levels_are_found_by_name_wherever_they_stand() -> None:
    rows = [{"devices": 3, "Site": "Bern", "Comment": "x", "Country": "CH", "Region": "Europe"}]
    reading = await reading_of(body(rows), levels={"Location": ("Region", "Country", "Site")})
    assert by_node(reading) == {("Europe", "CH", "Bern"): 3}


async def test_without_known_levels_the_text_columns_down_to_the_asked_level_are_they() -> None:
    rows = [{"service": "x", "Region": "Europe", "Country": "CH", "Site": "Bern", "Contact": "me", "devices": 3}]
    assert by_node(await reading_of(body(rows))) == {("Europe", "CH", "Bern"): 3}


async def test_a_path_answer_that_shows_the_whole_path_is_taken_as_it_is() -> None:
    reading = await reading_of(body(TWO_SITES), query=PATH)
    assert list(by_node(reading)) == [("CH",), ZURICH, BERN]
    assert figures(reading).rows.aggregate.tolist() == [True, False, False]


async def test_a_path_answer_that_shows_only_children_gets_the_path_in_front() -> None:
    rows = [{"Site": "all", "devices": 30}, {"Site": "Zürich", "devices": 10}, {"Site": "CH", "devices": 5}]
    reading = await reading_of(body(rows), query=PATH)
    assert by_node(reading) == {("CH",): 30, ZURICH: 10, ("CH", "CH"): 5}
    assert figures(reading).rows.aggregate.tolist() == [True, False, False]


@pytest.mark.parametrize("shown", [("CH", "all"), ("CH", "Bern"), ("all",), ("Bern",)])
async def test_the_only_row_of_an_entity_is_the_entity_itself(shown: tuple[str, ...]) -> None:
    one = dict(zip(("Country", "Site")[-len(shown) :], shown, strict=True)) | {"devices": 4}
    query = Query("portal", SERVICE, "Location", path=("CH", "Bern"))
    reading = await reading_of(body([one]), query=query)
    assert by_node(reading) == {BERN: 4}
    assert figures(reading).rows.aggregate.tolist() == [False]


async def test_an_answer_about_another_path_is_refused() -> None:
    query = Query("portal", SERVICE, "Location", path=("DE",))
    found = failure(await reading_of(body(TWO_SITES), query=query))
    assert found.reason is Reason.NOT_A_TABLE
    assert "asked about DE" in found.text


# ---- successive answers


async def test_the_same_rows_share_one_node_list_and_other_rows_do_not() -> None:
    longer = [*TWO_SITES, row("CH", "Basel")]
    changed = [one | {"devices": 1} for one in TWO_SITES]
    behave = in_turn(*(answering(body(rows)) for rows in (TWO_SITES, changed, longer)))
    async with portal_that(behave) as (_, source, _clock):
        first, second, third = [figures(await source.ask(QUERY)) for _ in range(3)]
    assert first.rows is second.rows
    assert second.column("devices").tolist() == [1, 1, 1]
    assert third.rows is not second.rows


async def test_remarks_about_names_come_with_every_answer_that_has_them() -> None:
    async with portal_that(answering(body([*TWO_SITES, TWO_SITES[1]]))) as (_, source, _clock):
        first, second = await source.ask(QUERY), await source.ask(QUERY)
    assert first.remarks == second.remarks != ()
    assert math.isnan(by_node(second)[ZURICH])


async def test_large_answers_are_parsed_beside_the_loop_with_the_same_result() -> None:
    rows = [row(f"C{n // 100}", f"S{n}", devices=n) for n in range(5000)]
    reading = await reading_of(body(rows))
    assert by_node(reading)["C49", "S4999"] == 4999
    assert len(figures(reading).rows.nodes) == 5000
