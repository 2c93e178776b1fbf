"""Is this machine one of those that give the published bits?

The random generator is held against the known answers of its authors, and every shipped set, drawn at random and with
Sobol points, against the fingerprints in `golden.csv`: what the kernel counted (whole numbers) and the tables that
follow from it. Who changes results on purpose writes that file anew, `python -m simulate.selfcheck`, and says so in the
changelog.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulate import assumptions, compose, dataset, fingerprints, forecast, words
from simulate.errors import Mistake, Mistakes
from simulate.library import Library
from simulate.outcome import Outcome
from simulate.philox import random_words
from simulate.run_keys import RANDOM, SOBOL

GOLDEN = Path(__file__).parent / "golden.csv"
DRAWS = 2048
SEED = 20261122
#: Counter, key and words of Philox4x32-10, from the Random123 library (Salmon and others 2011), file `kat_vectors`.
KNOWN = (
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)


class Fingerprint(NamedTuple):
    """What a set gives."""

    set: str
    sampling: str
    counts: str
    tables: str


def generator_differs() -> list[str]:
    """The known answers that the compiled generator does not give."""
    found = []
    for counter, key, expected in KNOWN:
        out = np.zeros(4, np.uint64)
        random_words(np.array(counter, np.uint64), np.array(key, np.uint64), out)
        if tuple(out.tolist()) != expected:
            found.append(f"counter {counter[0]:x}...: {out[0]:x}... in place of {expected[0]:x}...")
    return found


def fingerprints_here(names: Sequence[str] = ()) -> Iterator[Fingerprint]:
    """Run the shipped sets (those of these names, or all) and take their fingerprints."""
    mistakes: list[Mistake] = []
    library = Library(None, mistakes)
    for name in names or library.names("assumptions"):
        job = [words.Word("selfcheck", "assumptions", name, f"assumptions={name}")]
        composed = compose.compose(library, job, mistakes, by_hydra=False)
        if mistakes:
            raise Mistakes(mistakes)
        built = assumptions.build(composed.settings, composed.where)
        for sampling in (RANDOM, SOBOL):
            outcome = forecast.simulate(built, DRAWS, SEED, sampling=sampling)
            tables = fingerprints.of_dataset(dataset.dataset(outcome))
            yield Fingerprint(name, sampling, fingerprints.of_arrays(_counted(outcome)), tables)


def _counted(outcome: Outcome) -> dict[str, np.ndarray]:
    """Everything that was counted."""
    found: dict[str, np.ndarray] = {}
    for which, counts in enumerate(outcome.members):
        found |= {f"{which} {name}": values for name, values in counts.sums.others.items()}
        found |= {f"{which} inputs": counts.sums.inputs.bins, f"{which} results": counts.sums.results.bins}
    return found


def golden() -> dict[tuple[str, str], Fingerprint]:
    """The published fingerprints, by set and way of drawing."""
    lines = csv.DictReader(io.StringIO(GOLDEN.read_text("utf-8")))
    return {(line["set"], line["sampling"]): Fingerprint(**line) for line in lines}


def write() -> None:
    """Write the fingerprints of this machine as the published ones."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(Fingerprint._fields)
    writer.writerows(fingerprints_here())
    GOLDEN.write_text(out.getvalue(), "utf-8")


if __name__ == "__main__":
    write()
