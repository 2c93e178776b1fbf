"""Check a set and everything said on the command line, and run nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Print 'valid', or raise every mistake at once."""
    from simulate import assumptions

    assumptions.build(settings, where)
    Console(soft_wrap=True, highlight=False, markup=False).print(f"valid: {settings['name']}")
