"""Names in formulas: each must exist, inputs may only use inputs, and no formula may need itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from simulate.checking import Check
from simulate.errors import did_you_mean
from simulate.formulas import Formula
from simulate.own import Own
from simulate.rows import Row
from simulate.thresholds import Threshold


def formulas_of(
    table: Mapping[str, Row], groups: Iterable[Mapping[str, Own]], thresholds: Mapping[str, Threshold]
) -> dict[str, Formula]:
    """Every formula of the set by its dotted key."""
    found = {f"inputs.{name}": row.formula for name, row in table.items() if row.formula}
    for section, group in zip(("quantities", "ceilings"), groups, strict=True):
        found |= {f"{section}.{name}": own.formula for name, own in group.items()}
    return found | {f"thresholds.{name}": t.row.formula for name, t in thresholds.items() if t.row.formula}


def check_names(
    check: Check, formulas: Mapping[str, Formula], inputs: Collection[str], results: Collection[str]
) -> None:
    """Hold every name against what exists, and look for circles."""
    known_inputs = set(inputs) | check.broken
    known_results = set(results) | check.broken
    for key, formula in formulas.items():
        if key.startswith("inputs."):
            if formula.moves:
                what = f"{key} uses year or previous"
                check.wrong(f"{key}.formula", what, "an input is one value a draw; state a quantity instead")
            way_out = "an input may only use inputs; state a quantity instead"
            _hold(check, key, formula.names, known_inputs, known_results, way_out)
        else:
            _hold(check, key, formula.names, known_inputs | known_results, set(), "")
            _hold(check, key, formula.earlier, known_results, known_inputs, "previous() takes a quantity")
    _no_circle(check, ("inputs",), formulas, set())
    _no_circle(check, ("quantities", "ceilings"), formulas, known_inputs)


def _hold(check: Check, key: str, names: Iterable[str], known: set[str], elsewhere: set[str], hint: str) -> None:
    for name in sorted(names):
        if name in known:
            continue
        if name in elsewhere:
            check.wrong(f"{key}.formula", f"{key} uses '{name}'", hint)
        else:
            kind = "input" if key.startswith("inputs") else "input or quantity"
            listed = ", ".join(sorted(known))
            way_out = f"known: {listed[:300]}{'...' if len(listed) > 300 else ''}{did_you_mean(name, known)}"
            check.wrong(f"{key}.formula", f"{key}: no {kind} is called '{name}'", way_out)


def _no_circle(check: Check, sections: Collection[str], formulas: Mapping[str, Formula], outside: set[str]) -> None:
    """Follow the names of the formulas of some sections, which may use each other; a circle is shown with all its
    members.
    """
    keys = {key.partition(".")[2]: key for key in formulas if key.partition(".")[0] in sections}
    needs = {name: formulas[key].names - outside for name, key in keys.items()}
    done: set[str] = set()

    def follow(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = (*above[above.index(name) :], name)
            what = f"formulas go in a circle: {' -> '.join(circle)}"
            check.wrong(f"{keys[name]}.formula", what, "break it; previous(quantity, first) may look back")
            done.update(above)
        elif name not in done and name in needs:
            for other in sorted(needs[name]):
                follow(other, (*above, name))
            done.add(name)

    for name in needs:
        follow(name, ())
