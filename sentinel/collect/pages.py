"""HTML where data should be: what kind of page it is. And the discovery page, read for what it offers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

from sentinel.collect.quality import shown
from sentinel.collect.source import Offer, OfferedHierarchy, OfferedService

_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,400}?)</title", re.IGNORECASE | re.DOTALL)
_LOGIN = re.compile(r"sign[ -]?in|log[ -]?in|log[ -]?on|anmeld|connexion|s'identifier", re.IGNORECASE)
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LOOKED_AT = 200_000


def page_title(text: str) -> str:
    """The title of an HTML page in one line, empty where it has none."""
    match = _TITLE.search(text[:_LOOKED_AT])
    return " ".join(match[1].split()) if match else ""


def is_login_page(text: str) -> bool:
    """Whether the page asks for user and password."""
    head = text[:_LOOKED_AT].lower()
    return 'type="password"' in head or "type='password'" in head or bool(_LOGIN.search(page_title(text)))


def describe_page(text: str, wanted: str) -> tuple[str, str]:
    """What the page is, in a sentence, and what may mend it."""
    head = text[:_LOOKED_AT].lower()
    title = page_title(text)
    named = f", title {shown(title, 80)}" if title else ""
    if head.lstrip().startswith("<?xml") and "<html" not in head:
        return f"asked for {wanted}, got an XML document", "is this the address of the Portal?"
    if is_login_page(text):
        hint = "a proxy or single sign-on stands before the Portal; give Sentinel a way around it and a local account"
        return f"asked for {wanted}, got a login page{named}", hint
    if "<table" in head:
        hint = "something on the way drops the parameter format"
        return f"an HTML table although {wanted} was asked{named}", hint
    hint = "a proxy's notice, or the Portal's start page: check the address and what stands in between"
    return f"asked for {wanted}, got an HTML page{named}", hint


def offer_of(page: str) -> Offer:
    """What a discovery page offers: its tables, links and choice lists, since its markup is not documented."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    services: dict[str, OfferedService] = {}
    hierarchies: dict[str, list[str]] = {}
    for row in reader.rows:
        _service_in(row, services)
        _hierarchy_in(row, hierarchies)
    for uid, name in reader.options:
        if _UID.fullmatch(uid) and name:
            services.setdefault(uid.lower(), OfferedService(name, uid))
    for link in [link for row in reader.rows for link in row.links] + reader.links:
        asked = parse_qs(urlsplit(link).query)
        for hierarchy in asked.get("hierarchy", []):
            levels = hierarchies.setdefault(hierarchy, [])
            levels += [level for level in asked.get("hierarchy-level", []) if level not in levels]
    return Offer(
        tuple(services.values()),
        tuple(OfferedHierarchy(name, tuple(levels)) for name, levels in hierarchies.items()),
    )


@dataclass
class _Row:
    """One table row: the text of its cells, the list items within each, its links, and the table's header."""

    cells: list[str] = field(default_factory=list)
    items: list[list[str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)


def _service_in(row: _Row, services: dict[str, OfferedService]) -> None:
    uid = next((match[0] for cell in row.cells if (match := _UID.search(cell))), None)
    if uid is None:
        linked = [uid for link in row.links for uid in parse_qs(urlsplit(link).query).get("metric", [])]
        uid = linked[0] if linked else None
    name = next((cell for cell in row.cells if cell and not _UID.search(cell)), "")
    if uid is None or not name:
        return
    rest = " ".join(cell for cell in row.cells if cell != name).lower()
    kind = "web" if "web-based" in rest or "web based" in rest else "connection" if "connection" in rest else ""
    services.setdefault(uid.lower(), OfferedService(name, uid, kind))


def _hierarchy_in(row: _Row, hierarchies: dict[str, list[str]]) -> None:
    titles = [title.lower() for title in row.header]
    if not row.cells or not titles or not titles[0].startswith("hierarch") or not row.cells[0]:
        return
    column = next((n for n, title in enumerate(titles) if title.startswith("level")), None)
    levels = hierarchies.setdefault(row.cells[0], [])
    if column is not None and column < len(row.cells):
        shown_levels = row.items[column] or [part.strip() for part in re.split(r"[,>/]", row.cells[column])]
        levels += [level for level in shown_levels if level and level not in levels]


class _Reader(HTMLParser):
    """Collects table rows, links outside of them, and options."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[_Row] = []
        self.links: list[str] = []
        self.options: list[tuple[str, str]] = []
        self._row: _Row | None = None
        self._header: list[str] = []
        self._heading = False
        self._text: list[str] | None = None
        self._item: list[str] | None = None
        self._option: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._header = []
        elif tag == "tr":
            self._row, self._heading = _Row(header=self._header), False
        elif tag in ("td", "th") and self._row is not None:
            self._text = []
            self._row.items.append([])
            self._heading = self._heading or tag == "th"
        elif tag == "li" and self._text is not None:
            self._item = []
        elif tag == "a" and values.get("href"):
            (self.links if self._row is None else self._row.links).append(values["href"])
        elif tag == "option":
            self._option = (values.get("value", ""), [])

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)
        if self._item is not None:
            self._item.append(data)
        if self._option is not None:
            self._option[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "li" and self._item is not None and self._row is not None:
            self._row.items[-1].append(_line(self._item))
            self._item = None
        elif tag in ("td", "th") and self._row is not None and self._text is not None:
            self._row.cells.append(_line(self._text))
            self._text = None
        elif tag == "tr" and self._row is not None:
            self._end_row(self._row)
            self._row = None
        elif tag == "option" and self._option is not None:
            self.options.append((self._option[0], _line(self._option[1])))
            self._option = None

    def _end_row(self, row: _Row) -> None:
        if self._heading and not self._header:
            self._header = row.cells
        else:
            self.rows.append(row)


def _line(parts: list[str]) -> str:
    return " ".join("".join(parts).split())
