"""What a set chose: its drivers, and for each of their paths a growth law and the shape of a limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulate import layout
from simulate.checking import Check
from simulate.drivers import DRIVERS
from simulate.errors import did_you_mean, shown
from simulate.laws import LAWS, LIMITS


@dataclass(frozen=True)
class PathChoice:
    """Law and limit of a path, by name."""

    law: str
    limit: str


def drivers(check: Check) -> dict[str, Mapping[str, Any]]:
    """The drivers that the set names, in their order, each with its options."""
    given = check.settings.get("drivers") or {}
    if not isinstance(given, Mapping):
        check.wrong("drivers", f"drivers = {shown(given)}", "a mapping: {investment: {law: lead-time}, trend: {}}")
        return {}
    for name in given:
        if name not in DRIVERS:
            known = f"drivers: {', '.join(DRIVERS)}{did_you_mean(str(name), DRIVERS)}"
            check.wrong(f"drivers.{name}", f"no driver is called {shown(name)}", known)
    chosen: dict[str, Mapping[str, Any]] = {}
    for name in DRIVERS:
        options = given.get(name)
        if options is None or options is False:
            continue
        if options is not True and not isinstance(options, Mapping):
            example = "a mapping such as {law: decaying, limit: logistic}, or {}"
            check.wrong(f"drivers.{name}", f"drivers.{name} = {shown(options)}", example)
        chosen[name] = options if isinstance(options, Mapping) else {}
    for name in chosen:
        for other in getattr(DRIVERS[name], "REQUIRES", ()):
            if other not in chosen:
                check.wrong(
                    f"drivers.{name}", f"driver {name} needs the driver {other}", f"add `{other}: {{}}` to drivers"
                )
    return chosen


def paths(check: Check, chosen: Mapping[str, Mapping[str, Any]]) -> dict[str, PathChoice]:
    """Law and limit of every path that the set has; an optional path is there if the set has a row of it."""
    given = check.section("inputs")
    found = {}
    for driver, options in chosen.items():
        stated = _options(check, driver, options)
        for path in layout.paths(DRIVERS[driver]):
            if path.optional and not any(row.name in given for row in layout.path_rows(path)):
                continue
            key = f"drivers.{driver}" + ("" if path is layout.paths(DRIVERS[driver])[0] else f".{path.name}")
            law = check.choice(f"{key}.law", stated[path.name].get("law"), LAWS, "exponential")
            limit = check.choice(f"{key}.limit", stated[path.name].get("limit"), LIMITS, "none")
            found[path.name] = PathChoice(law, limit)
    return found


def _options(check: Check, driver: str, options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`law` and `limit` speak of the driver's first path; another path has a mapping by its name."""
    names = [path.name for path in layout.paths(DRIVERS[driver])]
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    for key, value in options.items():
        dotted = f"drivers.{driver}.{key}"
        if key in ("law", "limit") and names:
            found[names[0]][key] = value
        elif key in names and (value is None or isinstance(value, Mapping)):
            for inner, choice in (value or {}).items():
                if inner in ("law", "limit"):
                    found[key][inner] = choice
                else:
                    check.wrong(f"{dotted}.{inner}", f"{dotted}.{inner} is no option", "options of a path: law, limit")
        else:
            allowed = (["law", "limit"] if names else []) + names[1:]
            known = f"options of {driver}: {', '.join(allowed) or 'none'}{did_you_mean(str(key), allowed)}"
            check.wrong(dotted, f"{dotted} is no option", known)
    return found


def absent_quantities(chosen: Iterable[str], present: Mapping[str, PathChoice]) -> set[str]:
    """Levels of optional paths that the set left out."""
    every = (path for driver in chosen for path in layout.paths(DRIVERS[driver]))
    return {path.quantity for path in every if path.name not in present}
