"""The JSON Schema of rules files and rule tests, made from their models: completion, hover and red lines in editors.

Draft 7, and nothing in it that draft 4 reads otherwise: editors of TOML know the older ones best.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from sentinel.config.durations import PATTERN, duration_text
from sentinel.config.key_words import words_of
from sentinel.config.schema import RulesFile


def json_schema(file: type[RulesFile], title: str) -> dict[str, Any]:
    """The JSON Schema of a kind of file, for editors; definitions under the name that older drafts know."""
    made = file.model_json_schema(ref_template="#/definitions/{model}")
    made["definitions"] = made.pop("$defs")
    found = _as_written(made)
    for name, table in ((file.__name__, found), *found["definitions"].items()):
        words = {**(words_of("RulesFile") if table is found else {}), **words_of(name)}
        properties = table.get("properties", {})
        table["properties"] = {key: _described(part, words.get(key, "")) for key, part in properties.items()}
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": title, **found}


def _described(part: dict[str, Any], words: str) -> dict[str, Any]:
    """A key with its sentence; what stands beside a reference is not read, so the reference goes inside."""
    if not words:
        return part
    inner = {"allOf": [{"$ref": part["$ref"]}]} if "$ref" in part else {}
    return {"description": words, **{key: value for key, value in part.items() if key != "$ref"}, **inner}


def _as_written(part: Any) -> Any:
    """A part of the schema in terms of the file: TOML has no null, and durations are text."""
    if isinstance(part, list):
        return [_as_written(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {key: _as_written(value) for key, value in part.items() if (key, value) != ("default", None)}
    if isinstance(found.get("title"), str):
        del found["title"]  # the library's: the key in capitals
    if "const" in found and "enum" not in found:
        found["enum"] = [found.pop("const")]  # draft 4 does not know const
    if isinstance(choices := found.get("anyOf"), list):
        choices = found["anyOf"] = [one for one in choices if one != {"type": "null"}]
        if len(choices) == 1:
            found |= found.pop("anyOf")[0]
    default, items = found.get("default"), found.get("items")
    if found.get("pattern") == PATTERN and isinstance(default, float):
        found["default"] = duration_text(default)
    elif isinstance(default, list) and isinstance(items, dict) and items.get("pattern") == PATTERN:
        found["default"] = [duration_text(one) for one in default]
    return found


def schema_text(file: type[RulesFile] = RulesFile, title: str = "Sentinel rules") -> str:
    """The contents of `rules.schema.json`, or of the schema for another kind of file."""
    return json.dumps(json_schema(file, title), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":  # python -m sentinel.config.json_schema > rules.schema.json
    sys.stdout.write(schema_text())
