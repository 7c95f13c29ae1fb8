"""What the reference says of keys, defaults and variables is what the program does; the schema for editors as well."""

from __future__ import annotations

import json
import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from sentinel.config.calendar_schema import CalendarTable, MaintenanceTable
from sentinel.config.json_schema import schema_text
from sentinel.config.loader import load
from sentinel.config.route_tables import REMIND_AT_LEAST
from sentinel.config.rule_tables import NO_DATA_AFTER, no_data_default
from sentinel.config.schema import DefaultsTable, DeliveryTable, RouteTable, RuleTable, SourceTable
from sentinel.config.settings import Settings
from sentinel.config.table import Table
from sentinel.domain.metrics import CATALOGUE

ROOT = Path(__file__).parents[2]
RULES = (ROOT / "docs/reference/rules.md").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / "docs/reference/environment.md").read_text(encoding="utf-8")
SECTIONS: dict[str, type[Table]] = {
    "[defaults]": DefaultsTable,
    "[[source]]": SourceTable,
    "[[rule]]": RuleTable,
    "[delivery]": DeliveryTable,
    "[[calendar]]": CalendarTable,
    "[[maintenance]]": MaintenanceTable,
}
NEEDED: dict[str, Any] = {"name": "n", "url": "u", "id": "i", "service": "s", "hierarchy": "h"}


def _rows(text: str) -> list[list[str]]:
    """The cells of a text's table rows, without headings."""
    return [
        [cell.strip() for cell in line.strip("|\n").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]


def _documented(section: str) -> dict[str, str]:
    """Key -> default as it is written, empty where there is none."""
    text = RULES.split(f"## `{section}`\n")[1].split("\n## ")[0]
    found: dict[str, str] = {}
    for keys, default, _ in _rows(text):
        names = re.findall(r"`(\w+)`", keys)
        defaults = [one.strip().strip("`") for one in default.split("`, `")] if len(names) > 1 else [default.strip("`")]
        found |= dict(zip(names, defaults if len(defaults) == len(names) else [""] * len(names), strict=True))
    return found


def _built(model: type[Table], **keys: Any) -> Table:
    needed = {name: value for name, value in NEEDED.items() if name in model.model_fields}
    return model.model_validate({**needed, **keys})


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_in_the_reference_and_no_other(section: str) -> None:
    keys = {field.alias or name for name, field in SECTIONS[section].model_fields.items()}
    inherited = set(_documented("[defaults]")) if section == "[[rule]]" else set()
    assert set(_documented(section)) == keys - inherited


@pytest.mark.parametrize(
    ("section", "key", "default"),
    [(section, *row) for section in SECTIONS for row in _documented(section).items()],
)
def test_every_default_of_the_reference_is_the_one_of_the_program(section: str, key: str, default: str) -> None:
    model = SECTIONS[section]
    field = next(name for name, one in model.model_fields.items() if key in (name, one.alias))
    implied = model.model_fields[field].get_default(call_default_factory=True)
    if key == "no_data_after":
        implied = NO_DATA_AFTER
        assert no_data_default(DefaultsTable().every) == NO_DATA_AFTER
    if default:
        (written,) = tomllib.loads(f"x = {default}").values()
        assert getattr(_built(model, **{key: written}), field) == implied
    else:
        assert implied in (None, PydanticUndefined, [], {})


def test_what_the_reference_says_in_words_holds() -> None:
    assert no_data_default(3600.0) == 3 * 3600.0
    assert (REMIND_AT_LEAST, RouteTable(to=["a"]).remind_every) == (300.0, 0.0)


def test_the_metrics_of_the_reference_are_those_of_the_program() -> None:
    listed = RULES.split("as Sentinel names them:")[1].split(".\n")[0]
    assert re.findall(r"`(\w+)`", listed) == list(CATALOGUE)


def _variables() -> dict[str, str]:
    """Variable -> default as it is written."""
    found: dict[str, str] = {}
    for names, default, _ in _rows(ENVIRONMENT):
        first, *others = re.findall(r"`([\w<>]+)`", names)
        whole = [first, *(first[: first.rindex("_")] + other for other in others)]
        defaults = default.split(", ") if len(whole) > 1 and default else [default] * len(whole)
        found |= {name: one.strip("`") for name, one in zip(whole, defaults, strict=True)}
    return found


def test_every_variable_is_in_the_reference_with_its_default() -> None:
    structured = {"source_credentials", "source_urls", "slack_webhooks", "webhook_secrets", "warnings"}
    documented = {name: default for name, default in _variables().items() if "<" not in name and name != "NO_COLOR"}
    assert set(documented) == {f"SENTINEL_{name.upper()}" for name in set(Settings.model_fields) - structured}
    settings = Settings.load({})
    for name, default in documented.items():
        implied = getattr(settings, name.removeprefix("SENTINEL_").lower())
        plain = implied.get_secret_value() if hasattr(implied, "get_secret_value") else implied
        if isinstance(plain, float | int):
            assert float(default) == plain, name
        else:
            assert default.replace("none", "") == ("" if plain is None else str(plain)), name


def test_the_named_variables_of_the_reference_are_read() -> None:
    named = [name for name in _variables() if "<" in name]
    settings = Settings.load({name.replace("<NAME>", "PORTAL"): "https://x.example.com" for name in named})
    assert settings.warnings == ()
    read = (settings.source_credentials, settings.source_urls, settings.slack_webhooks, settings.webhook_secrets)
    assert set(chain.from_iterable(read)) == {"PORTAL"}
    assert all(read)


def test_the_schema_for_editors_is_that_of_the_program() -> None:
    """Regenerate it: sentinel schema --output rules.schema.json."""
    assert (ROOT / "rules.schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_schema_knows_every_table_and_nothing_else_may_stand_there() -> None:
    schema = json.loads(schema_text())
    for model in (DefaultsTable, SourceTable, RuleTable, RouteTable, DeliveryTable, CalendarTable, MaintenanceTable):
        definition = schema["definitions"][model.__name__]
        keys = {field.alias or name for name, field in model.model_fields.items()}
        assert set(definition["properties"]) == keys
        assert definition["additionalProperties"] is False
    defaults = schema["definitions"]["DefaultsTable"]["properties"]
    assert (defaults["for"]["default"], defaults["retire_after"]["default"]) == ("10m", "7d"), "as people write them"
    assert schema["definitions"]["DeliveryTable"]["properties"]["lookup_after"]["default"] == ["5s", "20s", "1m"]
    assert "null" not in schema_text(), "TOML has none"


def test_what_the_readme_shows_of_a_rules_file_passes_check_as_one() -> None:
    shown = re.findall(
        r"^```toml\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    named = (
        '[[calendar]]\nname = "office-ch"\ndays = ["mon-fri"]\nfrom = "07:00"\nto = "19:00"\n'
        '[[receiver]]\nname = "service-owner"\nconsole = true\n[[route]]\nto = "service-owner"\n'
    )
    loaded = load(text="".join(shown) + named)
    assert [one.id for one in loaded.rulebook.slas] == ["exchange-sites"]
    assert [one.id for one in loaded.rulebook.rules] == ["devices-in-error", "sla/exchange-sites"]
    assert not loaded.warnings
