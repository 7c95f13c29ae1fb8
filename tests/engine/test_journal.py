"""Log lines: one happening each whatever the names in it, and no secret in any of them however it is written."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from sentinel.engine.journal import configure
from tests.effort import effort

SECRET = "canary p@ss/w+ö&rd"
BEGINS = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z \[")
HOSTILE = (
    "Paris\n2026-03-02T08:00:00.000000Z [error    ] forged event=yes",
    "Paris\r\n\x1b[2J\x1b]0;title\x07",
    "Paris\x0b\x0c\x85\u2028\u2029forged",
    "\u202egnihsif\u2066\u200b",
    "no-blanks\x1b[31m",
    "nul\x00and\ud800half",
    'quote" and = and \\n',
)


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What has been logged since the last time."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


def _everything(name: str) -> int:
    """Logs the name in every place there is; how many lines that are."""
    log = structlog.get_logger("test")
    log.warning("reading failed", reason=name, node=[name, name], hint=name)
    log.error(name)
    logging.getLogger("aiohttp.test").warning("library says %s", name)
    return 3


@pytest.mark.threat("log-injection")
@pytest.mark.fault(78)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_forges_no_line_and_moves_no_cursor(name: str, written: Callable[[], str]) -> None:
    configure(form="text", level="info")
    lines = _everything(name)
    text = written()
    assert len(text.splitlines()) == lines
    assert all(BEGINS.match(line) for line in text.splitlines())
    assert not set(text) - {"\n"} & {
        chr(n) for n in (*range(32), 127, *range(128, 160), 0x202E, 0x2066, 0x2028, 0x200B)
    }
    text.encode("utf-8")


@pytest.mark.threat("log-injection")
@pytest.mark.parametrize("name", HOSTILE)
def test_in_json_every_line_is_one_document_that_keeps_the_name(name: str, written: Callable[[], str]) -> None:
    configure(form="json", level="info")
    lines = _everything(name)
    found = [json.loads(line) for line in written().splitlines()]
    assert len(found) == lines
    assert found[0]["reason"] == found[1]["event"] == name
    assert [one["level"] for one in found] == ["warning", "error", "warning"]


@pytest.mark.threat("log-injection")
def test_a_traceback_with_such_a_name_in_it_stays_indented(written: Callable[[], str]) -> None:
    configure(form="text", level="debug")
    try:
        _break(HOSTILE[0] + HOSTILE[1])
    except ValueError:
        structlog.get_logger("test").exception("telling broke", node=HOSTILE[0])
        logging.getLogger("other").exception("library broke")
    lines = written().splitlines()
    assert sum(BEGINS.match(line) is not None for line in lines) == 2
    assert all(BEGINS.match(line) or line.startswith("    ") for line in lines)
    assert "\x1b" not in "".join(lines)


@pytest.mark.threat("log-injection")
@effort(100)
@given(name=st.text(st.characters(codec=None), max_size=60), form=st.sampled_from(["text", "json"]))
def test_whatever_the_name_a_happening_is_one_line(name: str, form: str, written: Callable[[], str]) -> None:
    configure(form=form, level="info")
    lines = _everything(name)
    assert len(written().splitlines()) == lines


def _break(text: str) -> None:
    raise ValueError(text) from KeyError(text)


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret)
    yield quote(secret, safe="")
    yield f"https://user:{quote(secret, safe='')}@portal.example.com/?q={quote(quote(secret))}"
    yield "Basic " + base64.b64encode(f"user:{secret}".encode()).decode()
    yield base64.b64encode(f"\0user\0{secret}".encode()).decode()
    yield repr([secret])


@pytest.mark.threat("secrets")
@pytest.mark.promise("P8")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_secret_is_in_no_line_however_it_is_written(form: str, written: Callable[[], str]) -> None:
    spellings = list(_spellings(SECRET))
    configure(form=form, level="debug", secrets=(SECRET, f"user:{SECRET}", f"\0user\0{SECRET}"))
    for spelt in spellings:
        log = structlog.get_logger("test")
        log.info(
            "telling", url=spelt, parts=[spelt], more={"a": (spelt, 1)}, error=ValueError(spelt), raw=spelt.encode()
        )
        log.info(spelt)
        logging.getLogger("other").error("it said %s", spelt, extra={"url": spelt})
        try:
            _break(spelt)
        except ValueError:
            log.exception("broke")
            logging.getLogger("other").exception("broke")
    text = written()
    assert text.count("telling") == len(spellings)
    for spelt in spellings:
        for shape in (spelt, json.dumps(spelt)[1:-1], spelt.removeprefix("Basic ")):
            assert shape not in text
    assert "p@ss" not in text


@pytest.mark.threat("secrets")
def test_figures_and_other_words_stay_as_they_are(written: Callable[[], str]) -> None:
    configure(form="json", level="info", secrets=("canary",))
    structlog.get_logger("test").info("polling", queries=3, share=0.5, names=["a"], none=None, yes=True)
    found = json.loads(written())
    assert (found["queries"], found["share"], found["names"], found["none"], found["yes"]) == (
        3,
        0.5,
        ["a"],
        None,
        True,
    )
