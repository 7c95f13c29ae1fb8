"""Slack messages as rich renderables: blocks, attachments with their bar, threads with their indent."""

from __future__ import annotations

from datetime import datetime, tzinfo
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from sentinel.demo.drawing_text import clean, marked, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    Json = Mapping[str, Any]

BAR = "┃ "
THREAD = "   │ "
NAMED_COLOURS = {"good": "#2eb886", "warning": "#daa038", "danger": "#a30200"}
NO_COLOUR = "#dddddd"
PILLS = {"primary": "bold white on green", "danger": "bold white on red", "": "bold reverse"}
TWO_COLUMNS_FROM = 44  # narrower than this, the fields of a section stand below each other


class Barred:
    """Anything, with the same start before each of its lines."""

    def __init__(self, content: RenderableType, start: str, style: str) -> None:
        self._content = content
        self._start = start
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the content narrower and put the start before every line."""
        width = max(1, options.max_width - len(self._start))
        style = Style.parse(self._style)
        for line in console.render_lines(self._content, options.update_width(width), pad=False):
            yield Segment(self._start, style)
            yield from line
            yield Segment.line()


def message(shape: Json, zone: tzinfo) -> RenderableType:
    """A whole message: who and when, text or blocks, attachments."""
    head = _head(shape, zone)
    parts: list[RenderableType] = [head] if head.plain else []
    if shape.get("blocks"):
        parts += blocks(shape["blocks"], zone)
    elif shape.get("text"):
        parts.append(marked(shape["text"], zone))
    parts += [_attachment(one, zone) for one in shape.get("attachments") or []]
    if shape.get("edited"):
        parts.append(Text("(edited)", "dim"))
    return Group(*parts)


def blocks(shapes: Iterable[Json], zone: tzinfo) -> list[RenderableType]:
    """One renderable per block; one of an unknown type says so."""
    drawn: list[RenderableType] = []
    for shape in shapes:
        kind = str(shape.get("type"))
        draw = _BLOCKS.get(kind)
        drawn.append(draw(shape, zone) if draw is not None else Text(f"[{clean(kind)}]", "dim"))
    return drawn


def _head(shape: Json, zone: tzinfo) -> Text:
    bot = shape.get("bot_profile") or {}
    person = shape.get("user_profile") or {}
    name = bot.get("name") or shape.get("username") or person.get("display_name") or shape.get("user") or ""
    head = Text.assemble((clean(str(name)), "bold"))
    if shape.get("bot_id"):
        head.append(" ").append("APP", "reverse dim")
    if shape.get("ts"):
        head.append(f"  {datetime.fromtimestamp(float(shape['ts']), zone):%H:%M}", "dim")
    if shape.get("subtype") == "thread_broadcast":
        head.append("  also sent to the channel", "dim italic")
    return head


def _attachment(shape: Json, zone: tzinfo) -> RenderableType:
    parts: list[RenderableType] = []
    if shape.get("blocks"):
        parts += blocks(shape["blocks"], zone)
    else:
        title, text = shape.get("title"), shape.get("text") or shape.get("fallback")
        parts += [Text(clean(str(title)), "bold")] if title else []
        parts += [marked(text, zone)] if text else []
        parts += [
            Text.assemble((f"{plain(one.get('title', ''))}\n", "bold")).append_text(marked(one.get("value", ""), zone))
            for one in shape.get("fields") or []
        ]
        parts += [Text(clean(str(shape["footer"])), "dim")] if shape.get("footer") else []
    return Barred(Group(*parts), BAR, _colour(shape.get("color")))


def _colour(name: object) -> str:
    wanted = str(name or NO_COLOUR)
    wanted = NAMED_COLOURS.get(wanted, wanted).lstrip("#").lower()
    if len(wanted) in {3, 6} and all(letter in "0123456789abcdef" for letter in wanted):
        digits = wanted if len(wanted) == 6 else "".join(letter * 2 for letter in wanted)  # noqa: PLR2004  # RRGGBB
        return f"#{digits}"
    return NO_COLOUR


def _text(shape: Any, zone: tzinfo) -> Text:
    if not isinstance(shape, dict):
        return Text()
    words = shape.get("text", "")
    return marked(words, zone) if shape.get("type") == "mrkdwn" else plain(words)


def _header(shape: Json, zone: tzinfo) -> RenderableType:
    text = _text(shape.get("text"), zone)
    text.stylize("bold")
    return text


def _section(shape: Json, zone: tzinfo) -> RenderableType:
    parts: list[RenderableType] = []
    if shape.get("text"):
        parts.append(_text(shape["text"], zone))
    if shape.get("fields"):
        parts.append(Fields([_text(one, zone) for one in shape["fields"]]))
    if shape.get("accessory"):
        parts.append(_element(shape["accessory"], zone))
    return Group(*parts)


class Fields:
    """The fields of a section: two beside each other where there is room."""

    def __init__(self, texts: list[Text]) -> None:
        self._texts = texts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Choose the number of columns by the width at hand."""
        del console
        if options.max_width < TWO_COLUMNS_FROM:
            yield Group(*self._texts)
            return
        table = Table.grid(padding=(0, 3, 0, 0))
        half = options.max_width // 2
        table.add_column(width=half - 3)
        table.add_column(max_width=options.max_width - half)
        for left, right in zip_longest(self._texts[::2], self._texts[1::2], fillvalue=Text()):
            table.add_row(left, right)
        yield table


def _context(shape: Json, zone: tzinfo) -> RenderableType:
    parts = [
        _image(one, zone) if one.get("type") == "image" else _text(one, zone) for one in shape.get("elements") or []
    ]
    line = Text("  ").join(parts)
    line.stylize("dim")
    return line


def _divider(shape: Json, zone: tzinfo) -> RenderableType:
    del shape, zone
    return Rule(style="dim")


def _actions(shape: Json, zone: tzinfo) -> RenderableType:
    """Pills beside each other; a pill is never broken over two lines."""
    return Pills([_element(one, zone) for one in shape.get("elements") or []])


class Pills:
    """Buttons in a row, continued on the next line between two of them."""

    def __init__(self, pills: list[Text]) -> None:
        self._pills = pills

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Fill lines up to the width at hand."""
        del console
        row = Text()
        for pill in self._pills:
            if row.cell_len and row.cell_len + 2 + pill.cell_len > options.max_width:
                yield row
                row = Text()
            row = Text("  ").join([row, pill]) if row.cell_len else pill
        yield row


def _element(shape: Json, zone: tzinfo) -> Text:
    kind = shape.get("type")
    if kind == "button":
        return _pill(_text(shape.get("text"), zone).plain, str(shape.get("style") or ""))
    if kind == "image":
        return _image(shape, zone)
    if kind == "overflow":
        return _pill("⋯")
    return _pill(f"{_text(shape.get('placeholder'), zone).plain or clean(str(kind))} ▾")


def _pill(label: str, style: str = "") -> Text:
    return Text(f"[ {' '.join(label.split())} ]", PILLS.get(style, PILLS[""]))


def _image(shape: Json, zone: tzinfo) -> Text:
    title = _text(shape.get("title"), zone)
    alt = Text(f"▨ {clean(str(shape.get('alt_text') or 'image'))}", "italic")
    return Text("\n").join([title, alt]) if title.plain else alt


def _markdown(shape: Json, zone: tzinfo) -> RenderableType:
    del zone
    return plain(shape.get("text", ""))


_BLOCKS: Mapping[str, Callable[[Json, tzinfo], RenderableType]] = {
    "actions": _actions,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "markdown": _markdown,
    "section": _section,
}
