"""Draws Slack messages and e-mails in a terminal about as their readers see them.

Whatever the text holds, no control character of it reaches the terminal. `rich` is loaded at the first drawing.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, tzinfo
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import EmailMessage

    from rich.console import RenderableType

    from sentinel.demo.workspace import Workspace
    from sentinel.demo.workspace_truth import Message

DEFAULT_WIDTH = 80
MAIL_HEADERS = ("From", "To", "Cc", "Date", "Subject")


def draw(
    message: Mapping[str, Any], *, width: int = DEFAULT_WIDTH, colour: bool | None = None, zone: tzinfo = UTC
) -> str:
    """A Slack message, of the shape the Web API sends or takes, as lines that end with a newline.

    Args:
        message: `text`, `blocks`, `attachments`; `ts` and a name where there are some.
        width: columns of the terminal.
        colour: styles or plain text; None asks the environment variable `NO_COLOR`.
        zone: the zone of the reader, for times and date tokens.
    """
    from sentinel.demo import drawing_blocks  # noqa: PLC0415  # rich only when something is drawn

    return _printed([drawing_blocks.message(message, zone)], width, colour)


def draw_channel(
    workspace: Workspace, channel: str, *, width: int = DEFAULT_WIDTH, colour: bool | None = None, zone: tzinfo = UTC
) -> str:
    """A channel with its threads indented under their roots, oldest first; arguments as for `draw`."""
    from rich.rule import Rule  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415

    from sentinel.demo.drawing_text import clean  # noqa: PLC0415

    parts: list[RenderableType] = [Text(f"# {clean(workspace.channel(channel).name)}", "bold")]
    day = ""
    for root in workspace.roots(channel):
        moment = datetime.fromtimestamp(float(root.ts), zone)
        today = f"{moment:%A}, {moment.day} {moment:%B}"
        if today != day:
            parts.append(Rule(today, style="dim"))
            day = today
        else:
            parts.append(Text())
        parts += _with_thread(root, workspace.thread(channel, root.ts), zone)
    return _printed(parts, width, colour)


def draw_mail(mail: EmailMessage, *, width: int = DEFAULT_WIDTH, colour: bool | None = None) -> str:
    """An e-mail in a box: who, to whom, about what, and its text part; arguments as for `draw`."""
    from rich import box  # noqa: PLC0415  # as above
    from rich.console import Group  # noqa: PLC0415
    from rich.panel import Panel  # noqa: PLC0415
    from rich.rule import Rule  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from sentinel.demo.drawing_text import clean  # noqa: PLC0415

    heads = Table.grid(padding=(0, 1))
    for name in MAIL_HEADERS:
        for value in mail.get_all(name, []):
            style = "bold" if name == "Subject" else ""
            heads.add_row(Text(f"{name}:", "dim"), Text(clean(" ".join(str(value).split())), style))
    body = mail.get_body(preferencelist=("plain",))
    text = Text(clean(str(body.get_content())).rstrip()) if body is not None else Text("(no text part)", "dim")
    return _printed([Panel(Group(heads, Rule(style="dim"), text), box=box.ROUNDED)], width, colour)


def _with_thread(root: Message, answers: list[Message], zone: tzinfo) -> list[RenderableType]:
    from rich.text import Text  # noqa: PLC0415  # as above

    from sentinel.demo import drawing_blocks  # noqa: PLC0415

    parts = [drawing_blocks.message(root.as_dict(), zone)]
    if answers:
        count = "1 reply" if len(answers) == 1 else f"{len(answers)} replies"
        parts.append(Text(f"   ╭ {count}", "dim"))
    for answer in answers:
        drawn = drawing_blocks.message(answer.as_dict(), zone)
        parts.append(drawing_blocks.Barred(drawn, drawing_blocks.THREAD, "dim"))
    return parts


def _printed(parts: list[RenderableType], width: int, colour: bool | None) -> str:
    from rich.console import Console  # noqa: PLC0415  # as above

    coloured = not os.environ.get("NO_COLOR") if colour is None else colour
    page = StringIO()
    console = Console(
        file=page,
        width=width,
        force_terminal=coloured,
        color_system="256" if coloured else None,
        no_color=not coloured,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for part in parts:
        console.print(part)
    lines = page.getvalue().split("\n")
    return "\n".join(line.rstrip() for line in lines)
