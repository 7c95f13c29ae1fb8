"""HTTP answers as bytes: mostly well formed, often odd, sometimes none."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.mutations import ODD_VALUES, spoilt

STATUSES = st.sampled_from(
    [200, 200, 200, 201, 204, 301, 302, 400, 401, 403, 404, 410, 429, 429, 500, 502, 503, 504, 999]
)
HEADERS = st.lists(
    st.sampled_from(
        [
            b"Retry-After: 30",
            b"Retry-After: -1",
            b"Retry-After: 99999999999999999999",
            b"Retry-After: nan",
            b"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT",
            b"Retry-After: Wed, 99 Foo 2015 99:99:99 GMT",
            b"Retry-After: \xd9\xa3",
            b"Location: http://169.254.169.254/",
            b"Content-Encoding: gzip",
            b"Content-Encoding: br",
            b"Transfer-Encoding: chunked",
            b"Content-Type: text/html",
            b"Content-Type: application/json; charset=nonsense",
            b"Set-Cookie: a=b",
            b"X: \xff\xfe",
        ]
    ),
    max_size=2,
)
LENGTHS = st.sampled_from(["right", "none", "short", "long", "negative"])
KEYS = (
    "ok",
    "ts",
    "channel",
    "error",
    "message",
    "messages",
    "response_metadata",
    "channels",
    "id",
    "name",
    "metadata",
)
VALUES = st.one_of(
    st.sampled_from(ODD_VALUES),
    st.sampled_from(["1.2", "C1", True, {"ts": "1.2"}, [{"ts": "1.2"}], ["x"], "ratelimited", {"next_cursor": 5}, 7]),
)


def jsons(*likely: Any) -> st.SearchStrategy[bytes]:
    """JSON texts: the likely ones, those with an odd value at one of their keys or one more, or any."""

    def changed(base: Any, more: dict[str, Any]) -> Any:
        return {**base, **more}

    some = st.sampled_from(likely)
    odd = st.builds(changed, some, st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=2))
    trees = st.one_of(some, odd, odd, odd, odd, VALUES)
    return trees.map(lambda tree: json.dumps(tree).encode())


@st.composite
def answers(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """One answer: in good form with any body, or in some form with any."""
    body = draw(bodies)
    good = draw(st.integers(0, 3)) > 0
    if not good:
        body = draw(
            st.one_of(st.just(body), st.binary(max_size=60), st.just(b""), st.just(b"<html><title>Sign in</title>"))
        )
    status = 200 if good else draw(STATUSES)
    how = "right" if good else draw(LENGTHS)
    kind = (
        b"application/json"
        if good
        else draw(st.sampled_from([b"application/json; charset=utf-8", b"text/plain", b"text/html"]))
    )
    length = {"right": len(body), "short": max(0, len(body) - 3), "long": len(body) + 50, "negative": -5}.get(how)
    lines = [b"HTTP/1.1 %d Word" % status, b"Content-Type: " + kind, *([] if good else draw(HEADERS))]
    lines += [] if length is None else [b"Content-Length: %d" % length]
    whole = b"\r\n".join([*lines, b"", body])
    return whole if good else draw(st.one_of(st.just(whole), st.just(whole), spoilt(whole), st.just(b"")))
