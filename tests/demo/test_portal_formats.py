"""One table, written in every format and shape."""

import csv
import io

import pytest

from sentinel.demo.metrics import METRICS
from sentinel.demo.portal import Portal
from sentinel.demo.switches import Switches
from sentinel.demo.tiers import awkward, tier, uid_of
from tests.demo.portal_client import MONDAY, get, rows


async def test_the_columns_are_service_levels_and_metrics_in_that_order() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        first = (await rows(portal, level="Country"))[0]
        assert list(first) == ["service", "Continent", "Country", *METRICS["connection"]]


async def test_each_kind_of_service_has_its_own_metrics() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        mail = (await rows(portal))[0]
        web = (await rows(portal, metric=uid_of("Intranet")))[0]
        assert {"connections", "failed_connections"} <= mail.keys()
        assert {"web_requests", "web_request_duration", "http_3xx", "http_4xx", "http_5xx"} <= web.keys()
        assert not {"connections", "failed_connections"} & web.keys()
        assert web["http_3xx"] + web["http_4xx"] + web["http_5xx"] < web["web_requests"]


async def test_the_three_json_shapes_hold_the_same_rows() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        plain = await rows(portal, level="Site")
        portal.switches.shape = "envelope"
        envelope = (await get(portal, level="Site")).json()
        portal.switches.shape = "columns"
        columns = (await get(portal, level="Site")).json()
        assert envelope["rows"] == plain
        assert {k: v for k, v in envelope.items() if k != "rows"} == {
            "service": "Exchange Online",
            "hierarchy": "Location",
            "scope": "hour",
        }
        assert [dict(zip(columns["headers"], line, strict=True)) for line in columns["data"]] == plain


async def test_csv_holds_the_same_rows_with_a_header_line() -> None:
    async with Portal(awkward(), now=lambda: MONDAY) as portal:
        plain = await rows(portal, level="Site")
        answer = await get(portal, level="Site", format="csv")
        assert answer.headers["content-type"].startswith("text/csv")
        lines = list(csv.DictReader(io.StringIO(answer.text)))
        assert lines == [{k: "" if v is None else str(v) for k, v in row.items()} for row in plain]


@pytest.mark.parametrize("delimiter", [",", ";"])
async def test_csv_can_carry_units_other_delimiters_and_a_byte_order_mark(delimiter: str) -> None:
    switches = Switches(csv_units=True, csv_delimiter=delimiter, csv_bom=True)
    async with Portal(tier(), now=lambda: MONDAY, switches=switches) as portal:
        answer = await get(portal, format="csv")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        line = next(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=delimiter))
        assert line["network_response_time"].endswith(" ms")
        assert line["incoming_traffic"].endswith(" B")
        assert line["devices"].isdigit()


async def test_column_titles_can_be_those_of_another_portal() -> None:
    titles = {"devices": "Number of devices", "service": "Service name"}
    async with Portal(tier(), now=lambda: MONDAY, switches=Switches(titles=titles)) as portal:
        first = (await rows(portal))[0]
        assert first["Service name"] == "Exchange Online"
        assert first["Number of devices"] > 0
        assert "devices" not in first


async def test_an_empty_entity_has_zeros_without_averages_or_nothing_at_all() -> None:
    async with Portal(awkward(), now=lambda: MONDAY) as portal:
        empty = next(r for r in await rows(portal, level="Site") if r["Site"] == "Empty")
        assert (empty["devices"], empty["network_response_time"], empty["status"]) == (0, None, "none")
        portal.switches.empty_is_null = True
        empty = next(r for r in await rows(portal, level="Site") if r["Site"] == "Empty")
        assert (empty["devices"], empty["network_response_time"], empty["status"]) == (None, None, "none")


async def test_names_are_escaped_in_html() -> None:
    async with Portal(awkward(), now=lambda: MONDAY) as portal:
        text = (await get(portal, level="Site", format="table")).text
        assert "<b>Plateau" not in text
        assert "&lt;b&gt;Plateau" in text
