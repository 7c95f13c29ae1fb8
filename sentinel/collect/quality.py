"""Remarks about the quality of an answer: each problem once, with a count and one example, and not too many."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_REMARKS = 8
_MOST_SHOWN = 60


def shown(value: object, limit: int = _MOST_SHOWN) -> str:
    """A value from outside in quotes, invisible characters escaped, cut to `limit` characters."""
    if isinstance(value, str):
        text = repr(value[: limit + 1])
        return text if len(value) <= limit else f"{text[:limit]}…'"
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**limit else "a number of very many digits"
    return text if len(text) <= limit else f"{text[:limit]}…"


@dataclass
class Remarks:
    """Collects remarks in order; the same text counts once."""

    _texts: dict[str, None] = field(default_factory=dict)

    def add(self, text: str) -> None:
        """One more."""
        self._texts[text] = None

    def extend(self, texts: tuple[str, ...]) -> None:
        """Several more."""
        for text in texts:
            self.add(text)

    def told(self) -> tuple[str, ...]:
        """All of them, or the first few and how many more there were."""
        texts = tuple(self._texts)
        if len(texts) <= MOST_REMARKS:
            return texts
        return (*texts[: MOST_REMARKS - 1], f"and {len(texts) - MOST_REMARKS + 1} more remarks")
