"""What differs between two nested settings, as a person would say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulate.errors import shown


def differences(old: Any, new: Any, key: str = "") -> Iterator[str]:
    """Yield `key: old -> new` for everything in which two nested settings differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from differences(old.get(name), new.get(name), f"{key}.{name}" if key else name)
    elif old != new:
        yield f"{key}: {_said(old)} -> {_said(new)}"


def _said(value: Any) -> str:
    return "not given" if value is None else shown(value)
