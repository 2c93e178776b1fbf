"""Which inputs drive the answer: Sobol' indices of inputs and groups, and swings from 10th to 90th percentile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulate import designs, forecast, instants, provenance, quantiles, sobol
from simulate.blocks import DRAWS
from simulate.checkpoint import Checkpoint
from simulate.designs import HYPOTHESIS, Change
from simulate.intervals import standard_error
from simulate.journal import Journal
from simulate.plan import prepare
from simulate.rows import Row
from simulate.sensitivity_question import Output, Question
from simulate.sensitivity_tables import CROSSED, DATE, NOWHERE, OTHERWISE, WORKS

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
SWING = (0.1, 0.9)
SWING_NUMBERS = 2 * len(SWING) + 1  # an answer and an error at each end, and the error of the difference


def run(
    question: Question,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    checkpoint: Checkpoint | None = None,
) -> xr.Dataset:
    """Answer a question: indices (input, output) and (group, output) with 95 % intervals, and conditional answers
    (pinned, level, output) in probabilities, decimal years and log10 units.

    Goes on from a `checkpoint`, which keeps what finished designs have given, and keeps it up to date.
    """
    study = _Study(question, seed, threads, progress or (lambda draws: None), checkpoint)
    try:
        return study.dataset()
    except BaseException:
        study.journal.save()
        raise


def draws_needed(question: Question) -> int:
    """Draws of all designs together, for a sign of progress."""
    groups = sum(1 for names in question.groups.values() if not _is_factor(question, names))
    return question.draws * (2 + len(question.factors) + groups + len(SWING) * len(question.inputs))


def _is_factor(question: Question, streams: tuple[str, ...]) -> bool:
    return any(set(factor.streams) == set(streams) for factor in question.factors)


class _Study:
    """The designs as they are run, and what is kept of each."""

    def __init__(
        self,
        question: Question,
        seed: int,
        threads: int | None,
        progress: Callable[[int], None],
        checkpoint: Checkpoint | None,
    ) -> None:
        self.asked, self.seed, self.threads, self.progress = question, seed, threads, progress
        self.set, self.draws = question.set, question.draws
        # A is a forecast: whatever is wrong with the set in some draw is found and told there.
        self.forecast = forecast.simulate(self.set, self.draws, seed, threads, sample=self.draws)
        progress(self.draws)
        self.prepared = [counts.member.prepared for counts in self.forecast.members]
        self.year = instants.nearest(self.set.years, question.year)
        self.weights = np.array([member.weight for member in self.set.members])
        self.pick, self.pick_again = (designs.picks(self.weights, self.draws, seed, again) for again in (False, True))
        self.each_a = [
            self._outputs(designs.Traced(counts.member.trajectories, counts.member.crossings))
            for counts in self.forecast.members
        ]
        self.a = designs.picked(self.each_a, self.pick)
        everything = [name for factor in question.factors for name in factor.streams]
        self.b = designs.picked(self._run(designs.anew(everything)), self.pick_again)
        self.by_rank = [
            output.kind == DATE or not (np.isfinite(self.a[k]).all() and np.isfinite(self.b[k]).all())
            for k, output in enumerate(question.outputs)
        ]
        self.ranks = [sobol.Ranks(self.a[k], self.b[k]) if by else None for k, by in enumerate(self.by_rank)]
        self.sobol = [
            sobol.Designs(self._scaled(k, self.a), self._scaled(k, self.b)) for k in range(len(question.outputs))
        ]
        pieces = len(question.factors) + len(question.groups) + len(question.inputs)
        width = 1 + len(sobol.Index._fields) * len(question.outputs)  # swings have fewer numbers
        frame = hashlib.sha256(self.a.tobytes() + self.b.tobytes()).hexdigest()
        self.journal = Journal(checkpoint, pieces, width, frame)

    def _run(self, change: Change) -> list[Array]:
        """The outputs of a design under each hypothesis."""
        found = []
        for prepared, one in designs.members(self.set, self.prepared):
            found.append(self._outputs(designs.trace(change(prepared, one), self.draws, self.seed, self.threads)))
        self.progress(self.draws)
        return found

    def _outputs(self, traced: designs.Traced) -> Array:
        """Every output of every draw (output, draw)."""
        names, kept = list(self.set.thresholds), self.forecast.kept
        found = np.empty((len(self.asked.outputs), self.draws))
        for k, output in enumerate(self.asked.outputs):
            if output.kind == CROSSED:
                found[k] = traced.crossings[names.index(output.of)] <= self.set.years[self.year] + 1e-9
            elif output.kind == DATE:
                found[k] = traced.crossings[names.index(output.of)]
            else:
                found[k] = traced.trajectories[kept.index(output.of), self.year]
        return found

    def _scaled(self, k: int, values: Array) -> Array:
        """An output as its variance is taken: itself, or its rank."""
        ranks = self.ranks[k]
        return values[k] if ranks is None else ranks.of(values[k])

    def _worked_out(self, runs: int, work: Callable[[], Array]) -> Array:
        """What a piece of work of so many designs gives, or gave to an earlier process."""
        if self.journal.knows_next():
            self.progress(runs * self.draws)
        return self.journal.next(work)

    def _indices(self, streams: Sequence[str]) -> Array:
        """Whether what these random numbers decide changes any output, and the indices of every output for it."""
        if tuple(streams) == (HYPOTHESIS,):
            ab = designs.picked(self.each_a, self.pick_again)
            self.progress(self.draws)
        else:
            pick = self.pick_again if HYPOTHESIS in streams else self.pick
            ab = designs.picked(self._run(designs.anew(streams)), pick)
        found = sobol.together(self.sobol, [self._scaled(k, ab) for k in range(len(self.sobol))])
        return np.concatenate([[not np.array_equal(ab, self.a)], np.ravel(found)])

    def _drives_anything(self, streams: Sequence[str]) -> bool:
        """Whether any quantity, ceiling or date is another in the first block, in any hypothesis."""
        for member in self.set.members:
            whole = prepare(member.set, (*member.set.units, *member.set.ceilings))
            changed = designs.anew(streams)(whole, member.set)
            before, after = (designs.trace(one, DRAWS, self.seed, 1) for one in (whole, changed))
            if not all(np.array_equal(x, y, equal_nan=True) for x, y in zip(before, after, strict=True)):
                return True
        return False

    def dataset(self) -> xr.Dataset:
        """The labelled answer."""
        import xarray as xr

        outputs = self.asked.outputs
        variables: dict[str, Any] = {}
        coordinates: dict[str, Any] = {
            "output": ("output", _texts(output.name for output in outputs)),
            "level": ("level", np.array(SWING), {"long_name": "quantile at which an input is pinned"}),
        }
        kinds = {"kind": "kind", "of": "of", "units": "unit"}
        for column, field in kinds.items():
            variables[f"output_{column}"] = ("output", _texts(getattr(output, field) for output in outputs))
        about = {"long_name": "1 if variance is that of ranks: dates beyond the horizon, infinities"}
        variables["output_by_rank"] = ("output", np.array(self.by_rank, np.int8), about)
        variables |= self._answers("answer", self.a[None], ("output",), "the answer, all inputs drawn")
        named = {factor.name: factor.streams for factor in self.asked.factors}
        effects = []
        for kind, among in (("input", named), ("group", self.asked.groups)):
            indices = []
            for streams in among.values():
                works, *found = self._worked_out(1, partial(self._indices, streams))
                indices.append(found)
                if kind == "input":
                    effects.append(WORKS if works else OTHERWISE if self._drives_anything(streams) else NOWHERE)
            coordinates[kind] = (kind, _texts(among))
            variables[f"{kind}_members"] = (kind, _texts(", ".join(streams) for streams in among.values()))
            variables |= _labelled(kind, np.array(indices).reshape(len(among), len(outputs), 6))
        variables["effect"] = ("input", _texts(effects), {"long_name": "what the input decides"})
        if self.asked.inputs:
            coordinates["pinned"] = ("pinned", _texts(self.asked.inputs))
            variables |= self._swings()
        return xr.Dataset(variables, coordinates, self._attributes())

    def _swings(self) -> dict[str, Any]:
        """The answers with one input pinned at each level, all others drawn."""
        known = [designs.rows(member.set) for member in self.set.members]
        inputs, outputs = self.asked.inputs, self.asked.outputs
        values = np.array([_pinned_at([rows[name] for rows in known if name in rows]) for name in inputs])
        numbers = [self._worked_out(len(SWING), partial(self._swing, name)) for name in inputs]
        table = np.array(numbers)[:, : SWING_NUMBERS * len(outputs)].reshape(-1, len(outputs), SWING_NUMBERS)
        answers, errors, difference = table[..., :2].swapaxes(1, 2), table[..., 2:4].swapaxes(1, 2), table[..., 4]
        unit = _texts(next(rows[name].unit for rows in known if name in rows) for name in inputs)
        dims = ("pinned", "level", "output")
        swing = {"long_name": "Monte Carlo standard error of the difference between the two levels"}
        return {
            "pinned_value": (
                ("pinned", "level"),
                values,
                {"long_name": "value in the written unit; nan: by hypothesis"},
            ),
            "pinned_unit": ("pinned", unit),
            "conditional": (dims, answers, {"long_name": "answer with the input pinned; units of the output"}),
            "conditional_error": (dims, errors, {"long_name": "Monte Carlo standard error"}),
            "swing_error": (("pinned", "output"), difference, swing),
        }

    def _swing(self, name: str) -> Array:
        """The answers and errors of every output with an input pinned at either level, and the error of the difference
        of the two.
        """
        ends = [designs.picked(self._run(designs.pinned(name, level)), self.pick) for level in SWING]
        found = []
        for k, output in enumerate(self.asked.outputs):
            answers, errors = zip(*(_answer(output, end[k]) for end in ends), strict=True)
            # The two runs share the numbers of all other inputs, which makes their difference surer than either.
            paired = float(np.std(ends[1][k] - ends[0][k])) / self.draws**0.5 if output.kind == CROSSED else None
            found.append([*answers, *errors, float(np.hypot(*errors)) if paired is None else paired])
        return np.ravel(found)

    def _answers(self, name: str, values: Array, dims: tuple[str, ...], meaning: str) -> dict[str, Any]:
        found = [_answer(output, values[0, k]) for k, output in enumerate(self.asked.outputs)]
        answers, errors = (np.array(column) for column in zip(*found, strict=True))
        return {
            name: (dims, answers, {"long_name": f"{meaning}: a probability, or a median in the units of the output"}),
            f"{name}_error": (dims, errors, {"long_name": "Monte Carlo standard error"}),
        }

    def _attributes(self) -> dict[str, Any]:
        attrs = provenance.of_set("sensitivity", self.set, self.draws, self.seed)
        asked = {"year": self.asked.year, "groups": json.dumps(self.asked.groups)}
        return attrs | asked | {"shown": json.dumps(self._shown())}

    def _shown(self) -> list[str]:
        """The thresholds that are told and drawn: those asked for; of all, the one whose crossing is most open."""
        named = list(dict.fromkeys(output.of for output in self.asked.outputs if output.kind == CROSSED))
        if self.asked.named or not named:
            return named
        chances = [self.a[k].mean() for k, output in enumerate(self.asked.outputs) if output.kind == CROSSED]
        return [named[int(np.argmin(np.abs(np.array(chances) - 0.5)))]]


def _answer(output: Output, values: Array) -> tuple[float, float]:
    """Probability or median of an output, and its standard error; none where the median is infinite."""
    draws = len(values)
    if output.kind == CROSSED:
        p = float(values.mean())
        return p, float(standard_error(p, draws))
    ordered = np.sort(values)
    middle, around = (draws - 1) // 2, max(round(0.5 * draws**0.5), 1)  # one standard deviation of the rank
    low, high = float(ordered[max(middle - around, 0)]), float(ordered[min(middle + around, draws - 1)])
    error = 0.5 * (high - low) if np.isfinite([low, high]).all() else np.nan
    return float(ordered[middle]), error


def _pinned_at(rows: Sequence[Row]) -> Array:
    """Values (level,) at which an input is pinned; no numbers where its row is another under another hypothesis."""
    values = np.array([quantiles.at(row.shape, SWING) for row in rows if row.shape])
    found: Array = np.where((values == values[0]).all(axis=0), values[0], np.nan)
    return found


def _labelled(kind: str, table: Array) -> dict[str, Any]:
    """The columns of the indices as variables; those of groups have names of their own."""
    prefix = "" if kind == "input" else "group_"
    meanings = {"first": "first-order index", "total": "total index"}
    found = {}
    for column, name in enumerate(sobol.Index._fields):
        base, _, end = name.partition("_")
        meaning = f"{'lower' if end == 'low' else 'upper'} end of the 95 % interval of the {meanings[base]}"
        about = {"units": "1", "long_name": meaning if end else f"{meanings[base]}, share of the variance"}
        found[f"{prefix}{name}"] = ((kind, "output"), table[..., column], about)
    return found


def _texts(values: Any) -> np.ndarray:
    return np.array(list(values), dtype=object).astype(str)
