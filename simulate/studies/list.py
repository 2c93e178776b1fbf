"""What there is to choose from: sets, thresholds, inputs, units, distributions, growth laws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Print every name that a set or the command line may use; rows are those of the chosen set."""
    from simulate import page, wording

    for title, lines in sections(settings):
        page.say(title)
        for name, meaning in lines:
            page.say(f"  {wording.clean(name):34} {wording.clean(meaning)}".rstrip())
        page.say("")


def sections(settings: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield (title, [(name, meaning)]) of everything that can be named."""
    from simulate import distributions, fields, layout, units
    from simulate.drivers import DRIVERS
    from simulate.laws import LAWS, LIMITS

    for group, titles in settings["show"].items():
        yield f"{group.capitalize()} ({group}=NAME)", list(titles.items())
    rows = settings.get("inputs", {})
    for name, driver in DRIVERS.items():
        known = [(row.name, row.unit, row.meaning) for path in layout.paths(driver) for row in layout.path_rows(path)]
        known += [(item.name, item.unit, item.meaning) for item in layout.inputs(driver)]
        stated = [(key, f"{rows[key].get('unit') or unit}: {meaning}") for key, unit, meaning in known if key in rows]
        yield f"Inputs of the driver {name}, in {settings['name']}", stated
        yield f"Further rows that {name} can read", [(k, f"{unit}: {m}") for k, unit, m in known if k not in rows]
    yield (
        "Distributions (dist)",
        [(name, ", ".join(sorted(fields.FIELDS[name]))) for name in distributions.FAMILIES],
    )
    yield (
        "Growth laws (drivers.NAME.law)",
        [(name, "needs: " + (", ".join(law.needs) or "-")) for name, law in LAWS.items()],
    )
    yield "Limits (drivers.NAME.limit)", [(name, "") for name in LIMITS]
    yield "Units", [(unit, "") for unit in units.spellings()]
