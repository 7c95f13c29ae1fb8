"""What looks like a credential, so that no report ever shows one that stands where it should not."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_KEY = (  # from the beginning of a word on: looked for at each of its letters, a long word would take minutes
    r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]*(?:pass?w|passphrase|passwd|pwd|pswd|secret|token|credential|api[_-]?key|private[_-]?key|user[_-]?name|"
    r"login(?!s?[_-]?(?:time|duration|error|failure|count|share))|"
    r"authori[sz]ation|bearer)[A-Za-z0-9_-]*"
)
_CONFIDENTIAL_KEY = re.compile(_KEY, re.IGNORECASE)
_VALUE = (
    r'"""(?:.*?"""|.*)|' r"'''(?:.*?'''|.*)|" r'"(?:[^"\\]|\\.)*"' r"|'[^']*'" r"|[\[{\"'].*|[^\s,\]}]+"
)  # text, else the rest of the line
_CONFIDENTIAL = re.compile(
    rf"(?P<key>[\"']?{_KEY}[\"']?\s*[=:]\s*)(?P<value>{_VALUE})"
    r"|(?P<lead>://)[^\s\"']+(?P<tail>@)"
    r"|(?P<place>\burl[\"']?\s*=\s*[\"']?https?://[^/\s\"']+/)[^\s\"']+"  # whoever has a webhook's path can post to it
    r"|xox[a-z]-[A-Za-z0-9-]+|xapp-[A-Za-z0-9-]+|https://hooks\.slack[^\s\"']+",
    re.IGNORECASE,
)
HIDDEN = "***"


def is_confidential_key(name: str) -> bool:
    """Whether a key of this name would hold a user, a password, a token or the like."""
    return _CONFIDENTIAL_KEY.fullmatch(name) is not None


def is_slack_webhook(url: str) -> bool:
    """Whether a URL is that of a Slack incoming webhook: whoever has it can post."""
    return re.match(r"https://hooks\.slack[^/]*/", url, re.IGNORECASE) is not None


def masked(line: str, column: int, span: int) -> tuple[str, int, int]:
    """The line with everything confidential as `***`, and where `column` (from 1) and `span` have moved to."""
    shown, last, start, end = "", 0, column - 1, column - 1 + span
    new_start, new_end = start, end
    for match in _CONFIDENTIAL.finditer(line):
        head, tail = match.group("key") or match.group("lead") or match.group("place") or "", match.group("tail") or ""
        begin, stop = match.start() + len(head), match.end() - len(tail)
        shown += line[last:begin]
        new_start = _moved(start, begin, stop, len(shown), new_start, inside=0)
        new_end = _moved(end, begin, stop, len(shown), new_end, inside=len(HIDDEN))
        shown += HIDDEN
        last = stop
    return shown + line[last:], new_start + 1, max(1, new_end - new_start)


def _moved(offset: int, begin: int, stop: int, shown: int, moved: int, *, inside: int) -> int:
    """Where an offset of the line stands once characters `begin` to `stop` have become `***` at `shown`.

    `inside`: how far into `***` an offset goes that lay between the two.
    """
    if offset <= begin:
        return moved
    if offset < stop:
        return shown + inside
    return shown + len(HIDDEN) + offset - stop


class Veil:
    """Hides known secrets in any text: as they are, as a URL has them, and as a login in base64 has them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)  # a secret may be part of another

    def __call__(self, text: str) -> str:
        """The text with `***` in their place."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text


def _forms(secret: str) -> Iterable[str]:
    yield secret
    for spelt in (
        quote(secret, safe="", errors="replace"),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
    ):
        yield spelt
        yield spelt.replace("%", "%25")
    raw = secret.encode("utf-8", "surrogatepass")
    yield repr(secret)[1:-1]
    yield ascii(secret)[1:-1]
    yield repr(raw)[2:-1]
    yield base64.b64encode(raw).decode("ascii")
