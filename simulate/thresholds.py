"""Thresholds: named levels and the quantity that crosses them.

A level is a row like any other (certain, uncertain or by formula), on the largest run's training compute (`kind:
physical`, the default), on its effective compute (`kind: effective`), or on any `quantity`. It is crossed at the first
instant at which the running maximum of quantity - level reaches zero, interpolated linearly in log10 between instants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulate import rows
from simulate.checking import Check
from simulate.errors import did_you_mean, shown
from simulate.own import COMPUTE
from simulate.rows import Row

KINDS = {"physical": "largest_run", "effective": "largest_effective"}
MOST = 1000


@dataclass(frozen=True)
class Threshold:
    """A level, the quantity that crosses it, and the kernel unit of both."""

    row: Row
    quantity: str
    kernel_unit: str

    @property
    def own(self) -> bool:
        """Whether the set itself (or the command line) states it, not a set of thresholds."""
        return Path(self.row.where).parent.name != "thresholds"


def read(check: Check, known_units: Mapping[str, str], has_compute: bool) -> dict[str, Threshold]:
    """Check every threshold; levels of compute that the set cannot have are left out, with a note."""
    given = check.section("thresholds")
    if len(given) > MOST:
        check.wrong("thresholds", f"{len(given)} thresholds", f"at most {MOST}")
        return {}
    found = {}
    left_out: dict[str, list[str]] = {}
    for name, fields in given.items():
        threshold = _one(check, name, fields, known_units, has_compute, left_out)
        if threshold is not None:
            found[name] = threshold
    for lack, names in left_out.items():
        several = f"{len(names)} thresholds are" if len(names) > 1 else "one threshold is"
        check.notes.append(f"{several} left out, as the set has no {lack}: {', '.join(names)}")
    return found


def _one(
    check: Check,
    name: str,
    given: Any,
    known_units: Mapping[str, str],
    has_compute: bool,
    left_out: dict[str, list[str]],
) -> Threshold | None:
    key = f"thresholds.{name}"
    fields = given if isinstance(given, Mapping) else {}
    quantity, kind = fields.get("quantity"), fields.get("kind")
    if quantity is not None and kind is not None:
        check.wrong(key, f"{key} has both kind and quantity", "give one of them")
        return None
    if quantity is None:
        before = len(check.mistakes)
        chosen = check.choice(f"{key}.kind", kind, KINDS, "physical")
        if len(check.mistakes) > before:
            return None
        quantity, kernel_unit = KINDS[chosen], COMPUTE
        if not has_compute or quantity not in known_units:
            lacks = "algorithms, so no effective compute" if has_compute else "ceiling, so no training compute"
            left_out.setdefault(lacks, []).append(name)
            return None
    elif not isinstance(quantity, str) or quantity not in known_units:
        known = f"quantities of this set: {', '.join(known_units)}{did_you_mean(str(quantity), known_units)}"
        check.wrong(f"{key}.quantity", f"{key}.quantity = {shown(quantity)}", known)
        return None
    else:
        kernel_unit = known_units[quantity]
    row = rows.read("thresholds", name, given, kernel_unit, check.where, check.mistakes, check.section("thresholds"))
    return None if row is None else Threshold(row, quantity, kernel_unit)
