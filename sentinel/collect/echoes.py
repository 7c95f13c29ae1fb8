"""Answers that repeat what they were asked with, as debugging pages and proxies do: the login in them is hidden."""

from __future__ import annotations

import base64
from dataclasses import replace

from sentinel.fetch import Answer

SHORTEST = 8
"""A password shorter than this may be a figure of the table by chance, and stays."""

_HIDDEN = b"***"


def authorization(username: str, password: str) -> str:
    """The value of the header that logs in."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")


def without_login(answer: Answer, username: str, password: str) -> Answer:
    """The answer with the password, and the login as it went over the wire, taken out of body and headers."""
    if not password:
        return answer
    forms = [authorization(username, password).partition(" ")[2].encode()]
    forms += [password.encode("utf-8", "surrogatepass")] if len(password) >= SHORTEST else []
    body = _hidden(answer.body, forms)
    headers = {name: _hidden(value.encode(), forms).decode() for name, value in answer.headers.items()}
    return answer if body is answer.body and headers == answer.headers else replace(answer, body=body, headers=headers)


def _hidden(content: bytes, forms: list[bytes]) -> bytes:
    for form in forms:
        if form in content:
            content = content.replace(form, _HIDDEN)
    return content
