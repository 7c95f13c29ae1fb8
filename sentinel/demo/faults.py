"""Faults of the Portal's answers, each small, to be combined: at the door, in the table, in the body.

`faults_wire` holds those of the connection. A fault acts on a request in up to four places, in this order:
`door` may answer instead of the Portal, `table` changes rows, `body` changes the written answer, `send` takes over
the connection. Figures of the form `times=2` mean "for the next two requests that it matches".
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate, parsedate_to_datetime
from typing import Literal

from aiohttp import web

from sentinel.demo.answers import HTML, Answer, Layout, page
from sentinel.demo.tables import Row, Table
from sentinel.demo.tenants import Path


@dataclass(kw_only=True)
class Fault:
    """A fault that does nothing yet.

    Attributes:
        times: how many requests it still spoils; None is every one until it is taken out.
        skip: how many matching requests it lets pass first.
        only: it matches requests whose path and query contain this text, for instance a service's UID.
    """

    times: int | None = None
    skip: int = 0
    only: str = ""

    def take(self, path_qs: str) -> bool:
        """Whether it acts on this request; counts."""
        if self.only not in path_qs or self.times == 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    async def door(self, closing: asyncio.Event) -> Answer | None:
        """The answer given instead of the Portal's; `closing` is set when the Portal stops."""
        del closing
        return None

    def table(self, table: Table) -> Table:
        """The table to write."""
        return table

    def body(self, answer: Answer, layout: Layout) -> Answer:
        """The answer to send."""
        del layout
        return answer

    async def send(self, request: web.Request, answer: Answer) -> web.StreamResponse | None:
        """The response, if it was sent here in some unusual way."""
        del request, answer
        return None


# ---- at the door


@dataclass
class Status(Fault):
    """An error status with an HTML page, before authentication; `retry_after` in seconds or as an HTTP date."""

    code: int
    retry_after: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    async def door(self, closing: asyncio.Event) -> Answer | None:
        del closing
        answer = page(self.code, f"{self.code} error", "The Portal cannot answer at present.")
        answer.headers.update(self.headers)
        if self.retry_after is not None:
            answer.headers["Retry-After"] = self.retry_after
        return answer


@dataclass
class LoginPage(Fault):
    """HTTP 200 with an HTML page where data should be: a login page, a proxy's notice, a captive portal."""

    title: str = "Sign in"

    async def door(self, closing: asyncio.Event) -> Answer | None:
        del closing
        return page(200, self.title, "Please enter your user name and password.")


@dataclass
class Redirect(Fault):
    """A redirect to `to`, a path of the same host or an address elsewhere."""

    to: str
    code: int = 302

    async def door(self, closing: asyncio.Event) -> Answer | None:
        del closing
        return Answer(self.code, HTML, b"", {"Location": self.to})


@dataclass
class Cached(Fault):
    """The right answer, as a cache on the way gives it out `seconds` later; `told`: it says how long it has had it."""

    seconds: float
    told: bool = True

    def body(self, answer: Answer, layout: Layout) -> Answer:
        del layout
        written = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        answer.headers["Date"] = formatdate(written - self.seconds, usegmt=True)
        if self.told:
            answer.headers["Age"] = str(int(self.seconds))
        return answer


@dataclass
class Delay(Fault):
    """Answers only after that many real seconds, as during the nightly computation."""

    seconds: float

    async def door(self, closing: asyncio.Event) -> Answer | None:
        await _wait(closing, self.seconds)
        return None


@dataclass
class Hang(Fault):
    """Never answers: holds the request until the client leaves or the Portal stops."""

    async def door(self, closing: asyncio.Event) -> Answer | None:
        await closing.wait()
        return page(503, "503 error", "The Portal is stopping.")


# ---- in the table


@dataclass
class EmptyList(Fault):
    """A good answer without any row."""

    def table(self, table: Table) -> Table:
        return replace(table, rows=[])


@dataclass
class Shorter(Fault):
    """A good answer that lacks the last `share` of its rows."""

    share: float = 0.5

    def table(self, table: Table) -> Table:
        return replace(table, rows=table.rows[: round(len(table.rows) * (1 - self.share))])


@dataclass
class DuplicateRows(Fault):
    """The first `count` rows a second time at the end, with `cells` put over them so that they may contradict."""

    count: int = 1
    cells: Mapping[str, object] = field(default_factory=dict)

    def table(self, table: Table) -> Table:
        again = [Row(row.node, row.is_all, row.cells | dict(self.cells)) for row in table.rows[: self.count]]
        return replace(table, rows=[*table.rows, *again])


@dataclass
class Cells(Fault):
    """Another value for one canonical metric, in every row or in that of `node`.

    Any Python value goes: None, True, -5, 10**400, "95,5", "1 234", "٩٥", and `math.nan` or `math.inf`, which JSON
    then carries as the literals NaN and Infinity.
    """

    metric: str
    value: object
    node: Path | None = None

    def table(self, table: Table) -> Table:
        rows = [
            Row(row.node, row.is_all, row.cells | {self.metric: self.value}) if self.node in (None, row.node) else row
            for row in table.rows
        ]
        return replace(table, rows=rows)


@dataclass
class WithoutColumn(Fault):
    """The column of one canonical metric is gone."""

    metric: str

    def table(self, table: Table) -> Table:
        return replace(table, metrics=tuple(name for name in table.metrics if name != self.metric))


@dataclass
class ExtraColumns(Fault):
    """Columns that nobody has seen before: title to cell, the same in every row."""

    columns: Mapping[str, object]

    def table(self, table: Table) -> Table:
        return replace(table, extra=table.extra | dict(self.columns))


# ---- in the body


@dataclass
class ContentType(Fault):
    """The right body under a wrong Content-Type."""

    value: str = "text/plain"

    def body(self, answer: Answer, layout: Layout) -> Answer:
        del layout
        return replace(answer, content_type=self.value)


@dataclass
class Truncated(Fault):
    """A complete HTTP answer whose text stops in the middle."""

    share: float = 0.5

    def body(self, answer: Answer, layout: Layout) -> Answer:
        del layout
        return replace(answer, body=answer.body[: int(len(answer.body) * self.share)])


@dataclass
class Body(Fault):
    """Any other body, and any other Content-Type if given."""

    content: bytes
    content_type: str | None = None

    def body(self, answer: Answer, layout: Layout) -> Answer:
        del layout
        return replace(answer, body=self.content, content_type=self.content_type or answer.content_type)


def deep_nesting(depth: int = 100_000, *, times: int | None = None) -> Body:
    """JSON lists nested too deep for a recursive parser."""
    return Body(b"[" * depth + b"]" * depth, times=times)


@dataclass
class DuplicateKeys(Fault):
    """Each JSON object names the column of one canonical metric twice, first with the wrong value 0."""

    metric: str = "devices"

    def body(self, answer: Answer, layout: Layout) -> Answer:
        key = f'"{layout.title(self.metric)}":'.encode()
        return replace(answer, body=answer.body.replace(key, key + b"0," + key))


@dataclass
class BrokenCsv(Fault):
    """CSV that is not: `ragged` (a row with a cell too few), `quote` (one that never closes), `headless` (no header)."""

    how: Literal["ragged", "quote", "headless"] = "ragged"

    def body(self, answer: Answer, layout: Layout) -> Answer:
        lines = answer.body.split(b"\r\n")
        if self.how == "headless":
            lines = lines[1:]
        elif self.how == "quote":
            lines[1] = b'"' + lines[1]
        else:
            lines[1] = lines[1].rpartition(layout.csv_delimiter.encode())[0]
        return replace(answer, body=b"\r\n".join(lines))


async def _wait(closing: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await closing.wait()
    except TimeoutError:
        return
