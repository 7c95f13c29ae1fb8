"""Figures of a report as rule tests expect them: shares, rates and whole seconds. Messages never repeat the value."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from sentinel.config.fields import refused

NO_DATA = "no data"
"""What is expected where no figure is."""

_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,30})?")
_SHARE_HINT = 'as the report has it, "0.997153", or "99.7153%"; "no data" where nothing was judged'
_RATE_HINT = 'as the report has it, "14.4"; "no data" where there is none'


def _number(value: object, hint: str) -> Decimal:
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if isinstance(text, str) and _NUMBER.fullmatch(text):
        return Decimal(text)
    raise refused("E105", "must be a number, in quotes or not", hint)


def _share(value: object) -> Decimal | None:
    if value == NO_DATA:
        return None
    if isinstance(value, str) and value.endswith("%"):
        share = _number(value[:-1].rstrip(), _SHARE_HINT).scaleb(-2)
    else:
        share = _number(value, _SHARE_HINT)
    if share > 1:
        raise refused("E106", "a share is 1 at most", _SHARE_HINT)
    return share


def _rate(value: object) -> Decimal | None:
    return None if value == NO_DATA else _number(value, _RATE_HINT)


_EITHER = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number", "minimum": 0}]})

Share = Annotated[Decimal | None, BeforeValidator(_share), _EITHER]
"""A share of 0 to 1; None: no data."""

Rate = Annotated[Decimal | None, BeforeValidator(_rate), _EITHER]
"""A number of 0 or more; None: no data."""

Seconds = Annotated[int, Field(ge=0, le=10**12)]
"""A whole number of 0 or more."""
