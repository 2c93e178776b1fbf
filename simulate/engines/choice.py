"""Which engine does the runs: chosen once around a study, and asked by every run within it.

A study makes many runs, through functions that have nothing to say about where the work is done. So the engine is no
argument of theirs: it holds for whatever runs inside `chosen`, and threads (`engines.local`) where nothing is chosen. A
cluster is opened by the first run that needs it and closed at the end of the study, or, where it is
`held`, after the last of several.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from simulate.errors import Mistake, shown

if TYPE_CHECKING:
    from simulate.checkpoint import Checkpoint
    from simulate.engines.cluster import Cluster
    from simulate.engines.work import Counted, Member, Progress

LOCAL, DASK = "local", "dask"
ADDRESS = re.compile(r"(tcp|tls)://[A-Za-z0-9_.:\[\]-]{1,253}:[0-9]{1,5}")
EXTRA = "install its extra, where the program is: pip install -e '.[cluster]'"


class _Lazy:
    """A cluster that is there from the first time that it is asked for."""

    def __init__(self, scheduler: str | None, threads: int | None) -> None:
        self.scheduler, self.threads = scheduler, threads
        self.lock = threading.Lock()
        self.cluster: Cluster | None = None

    def open(self) -> Cluster:
        from simulate.engines.cluster import Cluster

        with self.lock:  # the points of a grid may ask at the same time
            self.cluster = self.cluster or Cluster(self.scheduler, self.threads)
            return self.cluster

    def close(self) -> None:
        if self.cluster:
            self.cluster.close()


_chosen: ContextVar[_Lazy | None] = ContextVar("engine", default=None)
_held: ContextVar[dict[tuple[str | None, int | None], _Lazy] | None] = ContextVar("clusters", default=None)


@contextmanager
def held() -> Iterator[None]:
    """Let the studies within, one after the other in this process, share the clusters that they open."""
    clusters: dict[tuple[str | None, int | None], _Lazy] = {}
    before = _held.set(clusters)
    try:
        yield
    finally:
        _held.reset(before)
        for lazy in clusters.values():
            lazy.close()


@contextmanager
def chosen(settings: Mapping[str, Any]) -> Iterator[None]:
    """Let the engine that the settings of a run name do all runs within."""
    engine, shared = settings["engine"], _held.get()
    key = engine["scheduler"], settings["threads"]
    clusters = {} if shared is None else shared
    lazy = clusters.setdefault(key, _Lazy(*key)) if engine["name"] == DASK else None
    before, keep = _chosen.set(lazy), False
    try:
        yield
        keep = shared is not None  # where a study fails, its cluster may be why
    finally:
        _chosen.reset(before)
        if lazy and not keep:
            clusters.pop(key).close()


def ready() -> None:
    """Open the chosen engine, so that what is wrong with it is said before anything is compiled."""
    lazy = _chosen.get()
    if lazy:
        lazy.open()


def run(
    members: Sequence[Member],
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> Counted:
    """Run all blocks by the chosen engine; the result does not depend on which that is.

    Calls `progress` with the number of draws done since it was last called. Goes on from a `checkpoint`, and keeps it
    up to date; also when it is interrupted.
    """
    lazy = _chosen.get()
    if lazy:
        return lazy.open().run(members, draws, seed, progress, checkpoint)
    from simulate.engines import local

    return local.run(members, draws, seed, threads, progress, checkpoint=checkpoint)


def at_once(threads: int | None) -> int:
    """How many small runs, of one thread each, should be made at the same time."""
    from simulate import cores

    lazy = _chosen.get()
    return max(lazy.open().threads(), 1) if lazy else threads or cores.available()


def check(engine: Mapping[str, Any], threads: int | None, where: Callable[[str], str]) -> list[Mistake]:
    """What is wrong with the engine that is chosen, and with what it is told."""
    name, scheduler = engine["name"], engine["scheduler"]
    found = []
    if name == DASK and importlib.util.find_spec("distributed") is None:
        found.append(Mistake(where("engine"), "engine=dask needs dask.distributed, which is not installed", EXTRA))
    if scheduler is None:
        return found
    place, said = where("engine.scheduler"), f"engine.scheduler = {shown(scheduler)}"
    if name != DASK:
        way_out = "add engine=dask, or leave it out"
        found.append(Mistake(place, f"'engine.scheduler' means nothing to engine={name}", way_out))
    elif not (isinstance(scheduler, str) and ADDRESS.fullmatch(scheduler)):
        found.append(Mistake(place, f"{said}: no address of a scheduler", "write engine.scheduler=tcp://HOST:PORT"))
    elif threads is not None:
        what = "'threads' means nothing to a cluster that is joined: its workers have their own"
        found.append(Mistake(where("threads"), what, "leave it out"))
    return found
