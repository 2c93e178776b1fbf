"""The command `simulate`: answers --help and --version at once, and hands everything else to `simulate.command`.

Hydra, numba and xarray take seconds to import; whoever asks for help shall not wait for them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from simulate import streams

HELP = """\
simulate [-m] [--config-dir DIR] [study=STUDY] [key=value ...]

Monte Carlo scenarios of AI training compute: how large, how sure, and when thresholds are crossed.

  simulate                                  the default forecast; results go to outputs/
  simulate assumptions=NAME                 another set of assumptions
  simulate thresholds=[standard,anchors]    other thresholds
  simulate inputs.chip_growth.low=1.2       change one field of one row
  simulate inputs.chip_growth.value=1.5     pin a row to one value
  simulate drivers.power.law=exponential    another growth law
  simulate study=grid grid.chip_growth=[1.2,1.5,2]    the answer over one or more inputs
  simulate study=structures law_of=investment         growth laws as hypotheses about a driver
  simulate study=validate                   check everything, run nothing
  simulate study=list                       sets, thresholds, inputs, units, distributions, laws
  simulate study=show inputs=chip_growth    one row: density, mean, median, source
  simulate study=compare sets=[A,B,C]       sets side by side, with errors of their differences
  simulate study=attribution sets=[A,B]     which rows make the difference between two sets
  simulate study=sensitivity year=2030      which inputs drive the answer: Sobol' indices and swings
  simulate study=explain threshold=NAME     one draw as a story; or draw=123
  simulate study=selfcheck                  does this machine give the published bits?
  simulate -m seed=1,2,3                    a sweep; also 'assumptions=glob(*)' and range(1,10)
  simulate -m sweep=ceilings                a named sweep; with resume=true what is missing of it
  simulate -m hydra/launcher=joblib seed=1,2,3      its jobs side by side; also submitit_local, submitit_slurm

Keys of a run:
  draws=1000000  seed=1  threads=null
  keep=draws     every draw on disk, as draws.zarr; kept=[training_compute,chips]: of these quantities
  sampling=random|sobol    scrambled Sobol points have smaller errors than random draws
  engine=dask    worker processes, as many as threads; engine.scheduler=tcp://HOST:PORT joins a running cluster
  target_error=0.001       as many draws as give every probability that standard error, at most `draws`
  output=NAME    folder under outputs/; without it <set>-<hash>-<number>
  resume=true       go on with a run that was interrupted; of a finished one, tell the answer again
  overwrite=true    replace the named folder

Options:
  -m, --multirun      run every combination of the values given
  --config-dir DIR    a folder with assumptions/, thresholds/ or sweep/ of your own
  -h, --help          this text
  --version           the version

Exit codes: 0 done, 2 bad input, 3 done in part (a job of a sweep or a point of a grid failed, or replicate missed a
printed number), 4 reading or writing failed, 5 stored data are damaged, or selfcheck finds other bits, 6 the folder is
in use, 7 a cluster cannot do the work, 70 a defect of the program, 130 and 143 interrupted, 141 the reader has gone.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the words `argv` (those of the process by default); gives the exit code."""
    if argv is None:
        streams.hold_places()
    words = list(sys.argv[1:] if argv is None else argv)
    if any(word in ("-h", "--help") for word in words):
        return _say(HELP)
    if "--version" in words:
        from importlib.metadata import version

        return _say(f"simulate {version('simulate-training-compute')}\n")
    try:
        from simulate import command
    except KeyboardInterrupt:  # the import takes a while
        return 130
    return command.run(words)


def _say(text: str) -> int:
    """Write text to standard output; gives the exit code."""
    try:
        streams.write(text, sys.stdout)
    except BrokenPipeError:
        streams.silence(sys.stdout)
        return streams.PIPE_CLOSED
    except streams.Unwritable as error:
        streams.silence(sys.stdout)
        streams.complain(f"error: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
