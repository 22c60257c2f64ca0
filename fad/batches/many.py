"""Fits of many recordings: what is done is kept, and a second run does the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Literal, get_args

from fad.base.errors import FadError
from fad.base.prose import counted
from fad.batches.clusters import cluster_workers
from fad.batches.pools import pool
from fad.batches.store import Failed, Found, Row, Store
from fad.batches.workers import Died, Job, Work, Workers
from fad.model.choices import refuse_unknown

#: Where jobs are done: by processes or threads of this machine, or by those of many.
Backend = Literal["loky", "threading", "dask", "ray"]
_CLUSTERS = ("dask", "ray")
#: A job whose worker has died is done again so often, with nothing beside it.
_AGAIN = 2


@dataclass(frozen=True)
class Tally:
    """How far it has come.

    Attributes:
        total: how many recordings there are.
        kept: how many of them an earlier run had done.
        retried: how many had failed in an earlier run, and are tried again.
        done, failed: how many this run has done, and how many have failed in it.
        last: the one that has just ended; `None` at the beginning.
    """

    total: int
    kept: int = 0
    retried: int = 0
    done: int = 0
    failed: int = 0
    last: Row | None = None

    @property
    def left(self) -> int:
        """How many there still are to do."""
        return self.total - self.kept - self.done - self.failed


#: Called at the beginning, and as each recording has ended.
Progress = Callable[[Tally], object]


def fit_many(
    jobs: Sequence[Job],
    work: Work,
    store: Store,
    *,
    jobs_at_once: int | None = None,
    backend: Backend = "loky",
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Tally:
    """Does jobs on several processes or machines, and writes results as they come.

    What the store has already is not done again, but for what has failed, which is tried once more,
    after the others. A job that fails does not stop the others. Where a worker dies, what it was
    doing is done again; a job that kills every worker that it is given to has failed. `Ctrl-C` ends
    it: what is done is in the store.

    Args:
        jobs: what to do; jobs with the same key are done once.
        work: what a worker does; a function of a module that workers can import.
        store: where results go.
        jobs_at_once: how many; by default, one for each processor, or for each worker of the
            scheduler.
        backend: where jobs are done: `loky` are processes and `threading` threads of this machine,
            `dask` and `ray` those of others, too.
        scheduler: the address of a Dask scheduler or of a Ray cluster, which has its workers; by
            default, these are on this machine.
        progress: called at the beginning, and as each recording has ended.

    Returns:
        How many there are of each kind.

    Raises:
        FadError: a package is missing; the scheduler cannot be reached, has no workers, or goes
            away; a result cannot be written.
    """
    refuse_unknown([backend], get_args(Backend), "backend")
    if scheduler is not None and backend not in _CLUSTERS:
        raise FadError(
            f"the backend `{backend}` has no scheduler", hint="choose another one, such as `dask`"
        )
    states = store.states()
    alike: defaultdict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        alike[job.key].append(job)
    kept = {key for (key, _), state in states.items() if state == "done"} & alike.keys()
    for key in kept:
        _name(store, key, alike[key])
    tried = {key for key, _ in states} & alike.keys() - kept
    tally = Tally(
        len(jobs),
        kept=sum(len(alike[key]) for key in kept),
        retried=sum(len(alike[key]) for key in tried),
    )
    tell = progress or _nothing
    tell(tally)
    keys = [key for key in alike if key not in kept]
    left = [alike[key][0] for key in sorted(keys, key=tried.__contains__)]
    if not left:
        return tally
    with _workers(backend, jobs_at_once, scheduler, work) as found:
        for job, outcome in _outcomes(left, found):
            for each in alike[job.key]:
                row = Row(each.key, each.name, outcome)
                store.put([row])
                is_done = isinstance(outcome, Found)
                tally = replace(
                    tally,
                    done=tally.done + is_done,
                    failed=tally.failed + (not is_done),
                    last=row,
                )
                tell(tally)
    return tally


def _workers(
    backend: Backend, count: int | None, scheduler: str | None, work: Work
) -> AbstractContextManager[Workers]:
    if backend in _CLUSTERS:
        return cluster_workers(backend, count, scheduler, work)
    return nullcontext(pool(backend, count, work))


def _name(store: Store, key: str, jobs: Sequence[Job]) -> None:
    """Gives recordings that are like one that is done rows of their own."""
    rows = store.rows(key)
    names = {row.name for row in rows}
    outcome = next(row.outcome for row in rows if row.state == "done")
    new = [Row(key, job.name, outcome) for job in jobs if job.name not in names]
    if new:
        store.put(new)


def _outcomes(jobs: Sequence[Job], found: Workers) -> Iterator[tuple[Job, Found | Failed]]:
    """Does jobs; those whose worker has died come last, each alone: if one dies then, it did it."""
    suspects = []
    for job, outcome in found.run(jobs):
        if isinstance(outcome, Died):
            suspects.append(job)
        else:
            yield job, outcome
    for job in suspects:
        yield job, _alone(job, found)


def _alone(job: Job, found: Workers) -> Found | Failed:
    death = Died()
    for _ in range(_AGAIN):
        for _, outcome in found.run([job], alone=True):
            if not isinstance(outcome, Died):
                return outcome
            death = outcome
    how = f" ({death.how})" if death.how else ""
    return Failed(
        f"error: the process that did it died{how}, and so did those that tried it again, with "
        f"nothing beside it, {counted(_AGAIN, 'time')}\n"
        "hint: is there enough memory for this recording?"
    )


def _nothing(tally: Tally) -> None:
    """Tells nobody."""
