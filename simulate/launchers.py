"""Who runs the jobs of a sweep: this process, several processes of this machine, or a cluster under SLURM.

The launchers are Hydra's; this is the closed list of those that can be named, of their options, all of them plain
values, and of what has to be installed for each.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simulate.errors import Mistake, did_you_mean, shown

KEY, OPTIONS = "hydra/launcher", "hydra.launcher."
#: What a text option may hold; it ends up in a script for SLURM.
PLAIN_TEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:,/@+-]{0,199}")
MOST = 1_000_000


class Launcher(NamedTuple):
    """A launcher of Hydra: its package, the extra that installs it, the type of each option, a command it calls."""

    package: str = ""
    extra: str = ""
    options: Mapping[str, type] = {}
    calls: str = ""

    @property
    def apart(self) -> bool:
        """Whether its jobs run in other processes."""
        return bool(self.package)

    @property
    def shared(self) -> bool:
        """Whether its jobs run on other machines, which see the folder of results but no other."""
        return bool(self.calls)


_SLURM: Mapping[str, type] = {
    **dict.fromkeys(("timeout_min", "cpus_per_task", "mem_gb", "array_parallelism"), int),
    **dict.fromkeys(("name", "partition", "qos", "account", "constraint", "exclude"), str),
}
LAUNCHERS: Mapping[str, Launcher] = {
    "basic": Launcher(),
    "joblib": Launcher("hydra_joblib_launcher", "joblib", {"n_jobs": int}),
    "submitit_local": Launcher("hydra_submitit_launcher", "submitit", {"timeout_min": int}),
    "submitit_slurm": Launcher("hydra_submitit_launcher", "submitit", _SLURM, "sbatch"),
}


class Chosen(NamedTuple):
    """What the command line says about the launcher: its name and the options that it sets."""

    name: str
    options: Mapping[str, Any]

    @property
    def launcher(self) -> Launcher:
        """The launcher of that name."""
        return LAUNCHERS[self.name]

    def at_once(self, count: int, cores: int, threads: int | None) -> int:
        """How many of `count` jobs run at the same time on this machine, each with `threads` if that is given."""
        if self.name == "submitit_local":
            most = max(1, cores // (threads or 1))
        else:
            most = int(self.options.get("n_jobs", -1)) if self.name == "joblib" else 1
            most = most if most > 0 else max(1, cores + 1 + most)
        return min(count, most)

    def batches(self, at_once: int) -> list[str]:
        """What keeps Hydra from starting more jobs at once, for a launcher that starts all that it gets."""
        return [f"hydra.sweeper.max_batch_size={at_once}"] if self.name == "submitit_local" else []

    def threads(self, at_once: int, cores: int) -> int | None:
        """Threads of a job whose words do not say how many: its share of the cores; None for all that it finds."""
        if self.launcher.shared:
            return self.options.get("cpus_per_task")
        return max(1, cores // at_once) if self.launcher.apart else None


def chosen(said: Mapping[str, Any]) -> Chosen:
    """The launcher that these words, by their keys, choose."""
    options = {key.removeprefix(OPTIONS): value for key, value in said.items() if key.startswith(OPTIONS)}
    return Chosen(str(said.get(KEY, "basic")), options)


def check(said: Sequence[tuple[str, str, Any]], sweeping: bool, mistakes: list[Mistake]) -> None:
    """Check the words on the launcher, each as where it stands, its key and its value."""
    said = [word for word in said if word[1] == KEY or word[1].startswith(OPTIONS)]
    name = next((str(value) for _, key, value in said if key == KEY), "basic")
    for where, key, value in said:
        if mistake := _wrong(where, key, value, name):
            mistakes.append(mistake)
        elif not sweeping:
            mistakes.append(Mistake(where, f"'{key}' speaks of the jobs of a sweep", "a sweep needs -m"))


def _wrong(where: str, key: str, value: Any, name: str) -> Mistake | None:
    launcher = LAUNCHERS.get(name)
    if launcher is None:
        what = f"there is no launcher {shown(name)}{did_you_mean(name, LAUNCHERS)}"
        return Mistake(where, what, f"one of: {', '.join(LAUNCHERS)}") if key == KEY else None
    if key == KEY:
        return _missing(where, name, launcher)
    option = key.removeprefix(OPTIONS)
    if option not in launcher.options:
        allowed = f"its options: {', '.join(launcher.options)}" if launcher.options else f"{KEY}=joblib has some"
        return Mistake(where, f"the launcher {name} has no option '{option}'", allowed)
    if launcher.options[option] is str:
        fits, needed = _plain(value), "a name of letters, digits and _ . : , / @ + - is needed"
    else:
        whole = isinstance(value, int) and not isinstance(value, bool)
        least = -MOST if option == "n_jobs" else 1
        fits, needed = whole and value != 0 and least <= value <= MOST, f"a whole number is needed, {_range(option)}"
    return None if fits else Mistake(where, f"{key} = {shown(value)} cannot be", needed)


def _plain(value: Any) -> bool:
    return value is not None and not isinstance(value, bool) and PLAIN_TEXT.fullmatch(str(value)) is not None


def _range(option: str) -> str:
    return "1 or more, or -1: one job a core" if option == "n_jobs" else f"1 to {MOST}"


def _missing(where: str, name: str, launcher: Launcher) -> Mistake | None:
    if launcher.package and not _installed(launcher.package):
        way_out = f"install its extra, where the program is: pip install -e '.[{launcher.extra}]'"
        return Mistake(where, f"the launcher {name} is not installed", way_out)
    if launcher.calls and shutil.which(launcher.calls) is None:
        what = f"the launcher {name} calls {launcher.calls}, which is not here"
        return Mistake(where, what, "start the sweep on a machine that submits to SLURM")
    return None


def _installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(f"hydra_plugins.{package}") is not None
    except ModuleNotFoundError:  # there is no plugin of Hydra at all
        return False
