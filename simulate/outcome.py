"""What a run counted, as tables of numbers: of each hypothesis, and of their mixture.

A set without hypotheses is a mixture of one, whose tables are those of its only member. `dataset` gives the tables
their names and units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate import elementwise, histograms, intervals, pooling, replicates, summary
from simulate.crossings import Crossings
from simulate.histograms import Watch
from simulate.mixture import Histograms, mixed_moments, mixed_shares
from simulate.products import product
from simulate.run_keys import RANDOM, SOBOL
from simulate.summary import Sum
from simulate.tally import Sums

if TYPE_CHECKING:
    from simulate.assumptions import Assumptions
    from simulate.engines.work import Member
    from simulate.rows import Row

Array = NDArray[np.float64]
INPUTS, RESULTS = "inputs", "results"
LIKELIHOOD = "log_likelihood"
QUANTILES = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])


class Counts(NamedTuple):
    """The counts of one member: a hypothesis, or the set itself."""

    set: Assumptions
    member: Member
    sums: Sums

    @property
    def mass(self) -> int:
        """Sum of the weights of all draws: their number, where there is no evidence."""
        return int(self.sums.others["mass"][0])

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of what is watched: inputs and "threshold:name", or quantities and "ceiling:name"."""
        return getattr(self.member.prepared, kind)

    def binding(self, ceilings: Sequence[str]) -> Array:
        """Share in which each of these ceilings is the lowest (ceiling, year)."""
        share = np.zeros((len(ceilings), len(self.set.years)))
        for name, lowest in zip(self.set.active, self.sums.others["binding"], strict=True):
            share[ceilings.index(name)] = lowest / self.mass
        return share

    @property
    def crossed(self) -> Array:
        """Share that has crossed by each instant (threshold, year)."""
        return np.cumsum(self.sums.others["crossed"], axis=1) / self.mass


class Outcome:
    """The counts of a run and what they mean."""

    def __init__(
        self,
        assumptions: Assumptions,
        members: Sequence[Member],
        sums: Sequence[Sums],
        pairs: pooling.Sums | None,
        kept: tuple[str, ...],
        draws: int,
        seed: int,
        seconds: float,
        levels: Sequence[float] = (),
        everything: bool = False,
    ) -> None:
        self.set, self.kept, self.draws, self.seed, self.seconds = assumptions, kept, draws, seed, seconds
        self.everything = everything  # whether every draw was kept
        self.levels: Array = np.unique([*QUANTILES, *levels])
        sets = [hypothesis.set for hypothesis in assumptions.members]
        self.members = [Counts(*parts) for parts in zip(sets, members, sums, strict=True)]
        self.prior: Array = np.array([hypothesis.weight for hypothesis in assumptions.members])
        masses = np.array([counts.mass for counts in self.members], np.float64)
        self.pool = pooling.pool(self.prior, masses, pairs) if pairs else None
        self.posterior: Array = self.pool.posterior if self.pool else np.ones(1)

    @property
    def sampling(self) -> str:
        """How the uniforms were drawn."""
        return SOBOL if self.replicates else RANDOM

    @property
    def sample_size(self) -> float:
        """Draws that the result is worth."""
        return self.pool.sample_size if self.pool else float(self.draws)

    @cached_property
    def counting(self) -> list[int]:
        """The members that weigh something: those that neither the prior nor the evidence rules out."""
        return [which for which, weight in enumerate(self.posterior) if weight > 0.0]

    def pooled(self, table: Callable[[Counts], Array]) -> Array:
        """The mixture of a table of shares."""
        if len(self.members) == 1:
            return table(self.members[0])
        return mixed_shares(self.posterior[self.counting], [table(self.members[which]) for which in self.counting])

    @cached_property
    def ceilings(self) -> list[str]:
        """Every ceiling; first those that are active under some hypothesis."""
        active = {name for counts in self.members for name in counts.set.active}
        return sorted(self.set.ceilings, key=lambda name: name not in active)

    @cached_property
    def rows(self) -> dict[str, Row]:
        """Every input of any member; a row that several have is that of the first."""
        found: dict[str, Row] = {}
        for counts in self.members:
            found = {**counts.set.rows, **found} if found else dict(counts.set.rows)
        return found

    def quantiles_of(self, which: int, kind: str, name: str, levels: Array) -> Array:
        """Quantiles (quantile, year) of one watched row of one member."""
        return summary.quantiles(*self._counted(which, kind, name), levels)[0]

    def quantiles(self, kind: str, name: str, levels: Array) -> Array:
        """Quantiles (quantile, year) of one watched row of the mixture of all members that have it."""
        having = [which for which in self.counting if name in self.members[which].names(kind)]
        if not having:  # an input of hypotheses that weigh nothing
            years = len(self.set.years) if kind == RESULTS else 1
            return np.full((len(levels), years), np.nan)
        if len(having) == 1:
            return self.quantiles_of(having[0], kind, name, levels)
        weights = self.posterior[having] / self.posterior[having].sum()
        watches, totals = zip(*(self._counted(which, kind, name) for which in having), strict=True)
        return Histograms(watches, totals, weights).quantiles(levels)

    def _counted(self, which: int, kind: str, name: str) -> tuple[Watch, Sum]:
        """Histogram of one watched row of one member."""
        counts = self.members[which]
        row = counts.names(kind).index(name)
        return histograms.one_row(getattr(counts.member.watched, kind), row), getattr(counts.sums, kind).one_row(row)

    def written(self, name: str, levels: Array, which: int | None = None) -> Array:
        """Quantiles (quantile,) of an input in its written unit, or of a level in that of its quantity."""
        found = (
            self.quantiles(INPUTS, name, levels) if which is None else self.quantiles_of(which, INPUTS, name, levels)
        )
        holder = next(counts for counts in self.members if name in counts.names(INPUTS))
        in_logs = holder.member.watched.input_logs[holder.names(INPUTS).index(name)]
        if not in_logs:
            return found[:, 0]
        values: Array = np.where(np.isneginf(found[:, 0]), -np.inf, elementwise.exp10(found[:, 0]))
        for row in (counts.set.rows.get(name) for counts in self.members):
            if row is not None and row.certain is not None:  # comes back as it was stated
                values = np.where(found[:, 0] == elementwise.log10(row.certain), row.certain, values)
        return values

    def moments_of(self, which: int, name: str) -> tuple[Array, Array]:
        """Mean and standard deviation of a result of one member, both (year,)."""
        mean, sd = summary.moments(*self._counted(which, RESULTS, name), self.members[which].mass)
        return mean[0], sd[0]

    def moments(self, name: str) -> tuple[Array, Array]:
        """Mean and standard deviation of a result of the mixture, both (year,)."""
        return mixed_moments(self.posterior[self.counting], [self.moments_of(which, name) for which in self.counting])

    @cached_property
    def probability(self) -> Array:
        """P(crossed by each instant), (threshold, year)."""
        return self.pooled(lambda counts: counts.crossed)

    @cached_property
    def replicates(self) -> replicates.Replicates | None:
        """The same probability by each replicate, where draws are Sobol points."""
        if not self.members[0].member.prepared.plan.draws.points.replicate:
            return None
        return replicates.Replicates(self.prior, [counts.sums.parts for counts in self.members], self.draws)

    @cached_property
    def probability_error(self) -> Array:
        """Its Monte Carlo standard error."""
        p = self.probability
        if self.replicates:
            return self.replicates.error(p)
        return self.pool.error(p) if self.pool else intervals.standard_error(p, self.draws)

    @cached_property
    def worth(self) -> Array:
        """The number of independent draws that would give that error (threshold, year)."""
        p = self.probability
        if self.replicates:
            return self.replicates.worth(p)
        return self.pool.worth(p) if self.pool else np.full_like(p, self.draws)

    def probability_interval(self) -> tuple[Array, Array]:
        """The ends of the 95 % Monte Carlo interval of the probability."""
        if not (self.pool or self.replicates):
            return intervals.binomial(np.cumsum(self.members[0].sums.others["crossed"], axis=1), self.draws)
        p, worth = np.clip(self.probability, 0.0, 1.0), self.worth
        if self.replicates:
            worth = np.maximum(worth * replicates.FEW, 1.0)
        return intervals.binomial(p * worth, worth)

    @property
    def weighted(self) -> bool:
        """Whether draws have weights, by evidence."""
        return bool(self.set.evidence)

    def every_draw(self) -> np.ndarray:
        """All kept trajectories (kept, [hypothesis,] draw, year)."""
        paths = np.array([counts.member.trajectories for counts in self.members])
        paths = np.moveaxis(paths, 1, 0).swapaxes(-1, -2)
        return paths if self.set.hypotheses else paths[:, 0]

    def some_draws(self) -> np.ndarray:
        """As many kept trajectories as one member has (kept, draw, year), picked from all by their weights."""
        paths = np.array([counts.member.trajectories for counts in self.members])  # (member, kept, year, draw)
        draws = paths.shape[-1]
        weights = np.repeat(self.prior[:, None], draws, axis=1)
        if self.weighted:
            weights = weights * elementwise.exp(paths[:, -1, 0, :])
        upto = np.cumsum(weights.ravel())
        if not upto[-1] > 0.0:  # none of these few explains the evidence: none to show
            return paths[0, :, :, :0].swapaxes(-1, -2)
        picked = np.searchsorted(upto, (np.arange(draws) + 0.5) / draws * upto[-1])
        member, draw = np.divmod(picked, draws)
        return np.moveaxis(paths[member, :, :, draw], 0, 1)

    @cached_property
    def with_pole(self) -> tuple[str, ...]:
        """The paths that are superexponential under some hypothesis."""
        return tuple(dict.fromkeys(name for counts in self.members for name in counts.set.superexponential))

    def poles_of(self, which: int) -> Array:
        """Share of the draws of one member in which each path `with_pole` has reached its pole, (path, year); 0 where
        the path has another law there.
        """
        counts = self.members[which]
        reached = dict(zip(counts.set.superexponential, counts.sums.others["poles"], strict=True))
        none = np.zeros(len(self.set.years))
        return np.array([reached.get(name, none) / max(counts.mass, 1) for name in self.with_pole])

    def poles(self) -> Array:
        """The same of the mixture."""
        return product(self.posterior, np.array([self.poles_of(which) for which in range(len(self.members))]))

    def crossings(self, which: int | None = None) -> Crossings:
        """Crossing dates of one member, or of the mixture."""
        if which is None and len(self.members) > 1:
            return self._mixed_crossings()
        counts = self.members[which or 0]
        others = counts.sums.others
        return Crossings(
            self.set.years,
            others["crossed"][:, 0],
            others["dates"],
            others["dates_differ"] == 0,
            counts.member.watched.dates,
            counts.mass,
            self.worth if which is None else np.full(counts.crossed.shape, float(self.draws)),
        )

    def _mixed_crossings(self) -> Crossings:
        counting = [self.members[which] for which in self.counting]
        dates = np.array([counts.member.watched.dates for counts in counting])
        same = np.array([counts.sums.others["dates_differ"] == 0 for counts in counting])
        certain = same.all(axis=0) & (dates == dates[0]).all(axis=0)
        return Crossings(
            self.set.years,
            self.pooled(lambda counts: counts.sums.others["crossed"][:, 0] / counts.mass),
            self.pooled(lambda counts: counts.sums.others["dates"] / counts.mass),
            certain,
            dates[0],
            1.0,
            self.worth,
        )
