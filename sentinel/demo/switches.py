"""What can be set on a Portal while it runs, and what it notes about each request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sentinel.demo.answers import Layout, Shape
from sentinel.demo.asking import PathStyle


@dataclass(slots=True, kw_only=True)
class Switches:
    """What may be changed at any time. The defaults are what is documented or, where nothing is, most likely.

    Attributes:
        feature_on: `globalconfig.feature.service-test-api`; off by default in the product, on here.
        shape, titles, csv_units, csv_delimiter, csv_bom: see `Layout`.
        path_style: how path elements are chained.
        unknown_status: answered to unknown names, 404 or 400.
        disabled: a disabled service is `unknown`, or answers with `empty` cells.
        global_row: whether level queries below the topmost level also carry one row for the whole hierarchy.
        entity_row: what a path query for an entity calls its only row: `all` (documented) or its own name (`named`).
        empty_is_null: whether nodes without active devices have no figures at all instead of zeros.
        frozen_at: answer as if it were this instant, as a Portal does whose computation stands still.
    """

    feature_on: bool = True
    shape: Shape = "rows"
    titles: Mapping[str, str] = field(default_factory=dict)
    csv_units: bool = False
    csv_delimiter: str = ","
    csv_bom: bool = False
    path_style: PathStyle = "repeated"
    unknown_status: int = 404
    disabled: Literal["unknown", "empty"] = "unknown"
    global_row: bool = False
    entity_row: Literal["all", "named"] = "all"
    empty_is_null: bool = False
    frozen_at: float | None = None

    def layout(self) -> Layout:
        """The form of the answers."""
        return Layout(
            shape=self.shape,
            titles=self.titles,
            csv_units=self.csv_units,
            csv_delimiter=self.csv_delimiter,
            csv_bom=self.csv_bom,
        )


@dataclass(slots=True, kw_only=True)
class Logged:
    """One request. `auth_ok` is None where authentication was not reached, `status` 0 while it is not answered."""

    at: float
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    authorization_sent: bool
    auth_ok: bool | None = None
    status: int = 0

    def values(self, name: str) -> list[str]:
        """All values of one parameter."""
        return [value for key, value in self.query if key == name]
