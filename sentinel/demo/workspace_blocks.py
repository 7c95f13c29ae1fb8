"""Slack's rules for the shape and size of blocks (Slack documentation, Block Kit reference)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_HEADER = 150
MAX_SECTION_TEXT = 3000
MAX_FIELDS = 10
MAX_FIELD_TEXT = 2000
MAX_ACTIONS = 25
MAX_CONTEXT = 10
MAX_BUTTON_TEXT = 75
MAX_BUTTON_VALUE = 2000
MAX_URL = 3000
MAX_ID = 255
MAX_ALT_TEXT = 2000
MAX_IMAGE_TITLE = 2000
MAX_MARKDOWN = 12_000
MAX_OPTION_TEXT = 75
MAX_OPTION_VALUE = 150
MAX_SELECT_OPTIONS = 100
MAX_OVERFLOW_OPTIONS = 5

# Accepted in a message, but not looked into: Sentinel sends none of them.
SHALLOW_BLOCKS = frozenset({"rich_text", "video", "table", "input", "file"})
SHALLOW_ELEMENTS = frozenset(
    {
        "checkboxes",
        "channels_select",
        "conversations_select",
        "datepicker",
        "datetimepicker",
        "external_select",
        "multi_static_select",
        "radio_buttons",
        "timepicker",
        "users_select",
        "workflow_button",
    }
)
BOTH_TEXTS = ("plain_text", "mrkdwn")
BUTTON_STYLES = ("primary", "danger")


class At(NamedTuple):
    """A value inside the request and the JSON pointer to it."""

    value: Any
    pointer: str

    def get(self, key: str | int) -> At:
        """The part under `key`; the value is None where there is none."""
        inner = self.value.get(key) if isinstance(key, str) else self.value[key]
        return At(inner, f"{self.pointer}/{key}")

    def says(self, problem: str) -> str:
        """The problem as the Web API words its place."""
        return f"[ERROR] {problem} [json-pointer:{self.pointer}]"


def block_problems(blocks: object, pointer: str, maximum: int) -> list[str]:
    """Every rule that a list of blocks breaks; empty when it would be accepted."""
    here = At(blocks, pointer)
    if not isinstance(blocks, list):
        return [here.says("must be an array")]
    found = [problem for index in range(len(blocks)) for problem in _block(here.get(index))]
    if len(blocks) > maximum:
        found.append(here.says(f"no more than {maximum} items allowed"))
    return [*found, *_twice(here, "block_id")]


def _block(block: At) -> Iterator[str]:
    if not isinstance(block.value, dict):
        yield block.says("must be an object")
        return
    kind = str(block.value.get("type"))
    check = _BLOCKS.get(kind)
    if check is None and kind not in SHALLOW_BLOCKS:
        yield block.get("type").says(f"unsupported type: {kind}")
        return
    yield from _string(block.get("block_id"), MAX_ID, required=False)
    if check is not None:
        yield from check(block)


def _header(block: At) -> Iterator[str]:
    yield from _no_others(block, "type block_id text")
    yield from _text(block.get("text"), MAX_HEADER, ("plain_text",))


def _section(block: At) -> Iterator[str]:
    yield from _no_others(block, "type block_id text fields accessory expand")
    if block.value.get("text") is None and not block.value.get("fields"):
        yield block.says("needs text or fields")
    if block.value.get("text") is not None:
        yield from _text(block.get("text"), MAX_SECTION_TEXT, BOTH_TEXTS)
    if block.value.get("fields") is not None:
        yield from _each(block.get("fields"), MAX_FIELDS, lambda one: _text(one, MAX_FIELD_TEXT, BOTH_TEXTS))
    if block.value.get("accessory") is not None:
        yield from _element(block.get("accessory"), also=("image",))


def _context(block: At) -> Iterator[str]:
    yield from _no_others(block, "type block_id elements")
    yield from _each(block.get("elements"), MAX_CONTEXT, _context_element)


def _context_element(element: At) -> Iterator[str]:
    if isinstance(element.value, dict) and element.value.get("type") == "image":
        yield from _image(element)
    else:
        yield from _text(element, MAX_SECTION_TEXT, BOTH_TEXTS)


def _divider(block: At) -> Iterator[str]:
    yield from _no_others(block, "type block_id")


def _actions(block: At) -> Iterator[str]:
    yield from _no_others(block, "type block_id elements")
    elements = block.get("elements")
    yield from _each(elements, MAX_ACTIONS, _element)
    if isinstance(elements.value, list):
        yield from _twice(elements, "action_id")


def _markdown(block: At) -> Iterator[str]:
    yield from _no_others(block, "type block_id text")
    yield from _string(block.get("text"), MAX_MARKDOWN)


def _image(block: At) -> Iterator[str]:
    yield from _no_others(block, "type block_id image_url slack_file alt_text title")
    if block.value.get("slack_file") is None:
        yield from _string(block.get("image_url"), MAX_URL)
    yield from _string(block.get("alt_text"), MAX_ALT_TEXT)
    if block.value.get("title") is not None:
        yield from _text(block.get("title"), MAX_IMAGE_TITLE, ("plain_text",))


def _element(element: At, also: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(element.value, dict):
        yield element.says("must be an object")
        return
    kind = str(element.value.get("type"))
    yield from _string(element.get("action_id"), MAX_ID, required=False)
    if kind == "button":
        yield from _button(element)
    elif kind == "image" and kind in also:
        yield from _image(element)
    elif kind == "overflow":
        yield from _each(element.get("options"), MAX_OVERFLOW_OPTIONS, _option)
    elif kind == "static_select":
        yield from _select(element)
    elif kind not in SHALLOW_ELEMENTS:
        yield element.get("type").says(f"unsupported type: {kind}")


def _button(button: At) -> Iterator[str]:
    yield from _no_others(button, "type text action_id url value style confirm accessibility_label")
    yield from _text(button.get("text"), MAX_BUTTON_TEXT, ("plain_text",))
    yield from _string(button.get("value"), MAX_BUTTON_VALUE, required=False)
    yield from _string(button.get("url"), MAX_URL, required=False)
    if button.value.get("style", "primary") not in BUTTON_STYLES:
        yield button.get("style").says("must be primary or danger")


def _select(element: At) -> Iterator[str]:
    if element.value.get("placeholder") is not None:
        yield from _text(element.get("placeholder"), MAX_HEADER, ("plain_text",))
    if element.value.get("option_groups") is None:
        yield from _each(element.get("options"), MAX_SELECT_OPTIONS, _option)


def _option(option: At) -> Iterator[str]:
    if not isinstance(option.value, dict):
        yield option.says("must be an object")
        return
    yield from _text(option.get("text"), MAX_OPTION_TEXT, BOTH_TEXTS)
    yield from _string(option.get("value"), MAX_OPTION_VALUE, required=option.value.get("url") is None)


def _text(text: At, maximum: int, kinds: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(text.value, dict):
        yield text.says("must be a text object")
        return
    kind = text.value.get("type")
    if kind not in kinds:
        yield text.get("type").says(f"must be one of {', '.join(kinds)}")
    yield from _no_others(text, "type text verbatim" if kind == "mrkdwn" else "type text emoji")
    yield from _string(text.get("text"), maximum)


def _string(text: At, maximum: int, *, required: bool = True) -> Iterator[str]:
    if text.value is None and not required:
        return
    if not isinstance(text.value, str):
        yield text.says("must be a string")
    elif required and not text.value:
        yield text.says("must be more than 0 characters")
    elif len(text.value) > maximum:
        yield text.says(f"must be less than {maximum + 1} characters")


def _each(items: At, maximum: int, check: Callable[[At], Iterator[str]]) -> Iterator[str]:
    if not isinstance(items.value, list) or not items.value:
        yield items.says("must be an array with at least one item")
        return
    if len(items.value) > maximum:
        yield items.says(f"no more than {maximum} items allowed")
    for index in range(len(items.value)):
        yield from check(items.get(index))


def _twice(items: At, key: str) -> Iterator[str]:
    """The ids that more than one item of a list claims."""
    ids = Counter(str(one[key]) for one in items.value if isinstance(one, dict) and one.get(key))
    yield from (items.says(f"{key} {name} occurs twice") for name, times in ids.items() if times > 1)


def _no_others(shape: At, allowed: str) -> Iterator[str]:
    extra = sorted(set(shape.value) - set(allowed.split()))
    if extra:
        yield shape.says(f"invalid additional property: {extra[0]}")


_BLOCKS: Mapping[str, Callable[[At], Iterator[str]]] = {
    "actions": _actions,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "markdown": _markdown,
    "section": _section,
}
