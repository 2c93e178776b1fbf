"""JSON that was read from a disk: whatever has become of it, it is data or damaged, and never a defect."""

from __future__ import annotations

import json
from typing import Any

from simulate.errors import IntegrityError


def parse(text: str | bytes, where: object) -> Any:
    """What JSON from a file says; `where` names the file.

    Raises
    ------
    IntegrityError
        If it is no JSON, or nested so deep that reading it would exhaust the stack.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(where, error) from error


def damaged(where: object, error: Exception) -> IntegrityError:
    """The error of a file whose content is not what any run writes."""
    return IntegrityError(f"{where}: cannot be read ({type(error).__name__}); it is damaged")
