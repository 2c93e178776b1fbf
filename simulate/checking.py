"""What every check of an assumption set shares: the settings, where each key stands, and the mistakes found so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simulate.errors import Mistake, did_you_mean, shown

Where = Callable[[str], str]


class Check:
    """Collects what is wrong, so that everything can be said at once."""

    def __init__(self, settings: Mapping[str, Any], where: Where) -> None:
        self.settings, self.where = settings, where
        self.mistakes: list[Mistake] = []
        self.notes: list[str] = []
        self.broken: set[str] = set()  # rows with mistakes of their own: other rows may still name them

    def wrong(self, key: str, what: str, way_out: str = "") -> None:
        """Note a mistake at a dotted key."""
        self.mistakes.append(Mistake(self.where(key), what, way_out))

    def in_words(self, key: str) -> bool:
        """Whether the command line states a key, and so has the last word on it."""
        return self.where(key).startswith("override ")

    def section(self, name: str) -> dict[str, Any]:
        """The rows of a section, without those that were set to null."""
        given = self.settings.get(name) or {}
        return {str(key): row for key, row in given.items() if row is not None} if isinstance(given, Mapping) else {}

    def choice(self, key: str, value: Any, allowed: Iterable[str], default: str) -> str:
        """One of a closed list of names; anything else is a mistake."""
        names = list(allowed)
        if value is None:
            return default
        if not isinstance(value, str) or value not in names:
            self.wrong(
                key, f"{key} = {shown(value)}", f"choose from: {', '.join(names)}{did_you_mean(str(value), names)}"
            )
            return default
        return value
