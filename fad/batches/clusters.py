"""Workers on many machines: what Dask and Ray send jobs to.

Jobs do not go there through joblib. Its results of Dask stay away for ever when a job has killed
its workers, and recordings that it keeps on a worker die with that one; those of Ray come only when
all jobs are done.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from fad.base.errors import FadError
from fad.base.version import __version__
from fad.batches.store import Failed
from fad.batches.workers import Died, Job, Outcome, Work, done, made, told
from fad.fitting.extras import extra

#: How long a scheduler may take to answer, and one without workers to get some, in seconds.
_PATIENCE = 8.0
#: How long all workers may be away before it is an error, in seconds.
_ABSENCE = 60.0
#: How often is looked who is there, in seconds.
_LOOK = 1.0
#: Jobs for each worker that are on their way: one that it does, and one that it finds next.
_AHEAD = 2


class Cluster(Protocol):
    """What sends jobs to workers."""

    @property
    def count(self) -> int:
        """How many workers there are now."""
        ...

    def submit(self, work: Work, task: Any) -> Any:
        """Sends a job, and gives what its outcome is known by."""
        ...

    def ready(self, sent: Sequence[Any], seconds: float) -> Any:
        """One of some jobs whose outcome is there, or `None` if none is after so many seconds.

        Raises:
            FadError: the scheduler has gone.
        """
        ...

    def outcome(self, sent: Any) -> Outcome:
        """The outcome of a job that is ready.

        Raises:
            FadError: the scheduler has gone.
        """
        ...

    def cancel(self, sent: Sequence[Any]) -> None:
        """Nobody wants the outcome of some jobs any more."""
        ...


@dataclass(frozen=True)
class ClusterWorkers:
    """The workers of a cluster; see `Workers`.

    Attributes:
        cluster: the cluster.
        work: what they do.
        most: how many jobs they do at once; as many as they can by default.
    """

    cluster: Cluster
    work: Work
    most: int | None = None

    def run(self, jobs: Sequence[Job], alone: bool = False) -> Iterator[tuple[Job, Outcome]]:
        """See `Workers`."""
        left = deque(jobs)
        sent: dict[Any, Job] = {}
        most = 1 if alone else self.most
        try:
            while left or sent:
                together = most or max(1, _AHEAD * self.cluster.count)
                while left and len(sent) < together:
                    job = left.popleft()
                    sent[self.cluster.submit(self.work, made(job))] = job
                ready = self._waited_for(list(sent))
                yield sent[ready], self.cluster.outcome(ready)
                del sent[ready]
        finally:
            self.cluster.cancel(list(sent))

    def _waited_for(self, sent: Sequence[Any]) -> Any:
        """One that is ready, as soon as it is: that may take long, if there are workers."""
        seen = time.monotonic()
        while (ready := self.cluster.ready(sent, _LOOK)) is None:
            if self.cluster.count:
                seen = time.monotonic()
            elif time.monotonic() - seen > _ABSENCE:
                raise FadError(
                    f"there have been no workers for {_ABSENCE:g} s",
                    hint="start some, and the same command does the rest",
                )
        return ready


@contextmanager
def cluster_workers(
    backend: str, count: int | None, scheduler: str | None, work: Work
) -> Iterator[ClusterWorkers]:
    """The workers of a cluster, as long as it is open.

    Args:
        backend: `dask` or `ray`.
        count: how many processes there are in a cluster of our own, one for each processor by
            default; or how many jobs another cluster does at once, as many as it can by default.
        scheduler: the address of a cluster; by default, it is our own, on this machine.
        work: what the workers do; they import it.

    Raises:
        FadError: a package is missing; the scheduler cannot be reached, or has no workers, or these
            have another fad.
    """
    opened = _dask if backend == "dask" else _ray
    with opened(count, scheduler) as cluster:
        yield ClusterWorkers(cluster, work, count if scheduler is not None else None)


def _try(cluster: Cluster, scheduler: str, start: str) -> None:
    """Lets a worker do something.

    Args:
        cluster: whose worker.
        scheduler: its address.
        start: what starts a worker.

    Raises:
        FadError: there is none, or it has another fad.
    """
    sent = cluster.submit(_version, None)
    if cluster.ready([sent], _PATIENCE) is None:
        cluster.cancel([sent])
        raise FadError(
            f"the scheduler `{scheduler}` has no workers",
            hint=f"start some, on this machine or on others: `{start}`",
        )
    outcome: Any = cluster.outcome(sent)
    if outcome != __version__:
        found = outcome.error if isinstance(outcome, Failed) else f"they have {outcome}"
        raise FadError(
            f"the workers of `{scheduler}` do not run fad {__version__}: {found}",
            hint="install it where they are: `pip install 'faust-fad[fit]'`",
        )


def _version(task: None) -> Any:
    return __version__


def _gone() -> FadError:
    return FadError(
        "the scheduler has gone", hint="start it again, and the same command does the rest"
    )


def _unreachable(scheduler: str, error: Exception, hint: str) -> FadError:
    reason = str(error) or type(error).__name__
    return FadError(f"the scheduler `{scheduler}` cannot be reached: {reason}", hint=hint)


# -- Dask ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Dask:
    distributed: Any
    client: Any

    @property
    def count(self) -> int:
        with self._scheduler():
            return sum(self.client.ncores().values())

    def submit(self, work: Work, task: Any) -> Any:
        with self._scheduler():
            return self.client.submit(done, work, task, pure=False)

    def ready(self, sent: Sequence[Any], seconds: float) -> Any:
        with self._scheduler():
            try:
                found = self.distributed.wait(sent, seconds, "FIRST_COMPLETED")
            except self.distributed.TimeoutError:
                return None
            return next(iter(found.done))

    def outcome(self, sent: Any) -> Outcome:
        with self._scheduler():
            try:
                found: Outcome = sent.result()
                return found
            except self.distributed.KilledWorker:
                return Died()
            except (CancelledError, OSError):
                raise
            except Exception as error:  # a worker could not read what it was sent
                return told(error)

    @contextmanager
    def _scheduler(self) -> Iterator[None]:
        """Says that the scheduler has gone, if it has."""
        try:
            yield
        except (CancelledError, OSError):
            raise _gone() from None
        except Exception:
            if self.client.status in ("closing", "closed"):
                raise _gone() from None
            raise

    def cancel(self, sent: Sequence[Any]) -> None:
        if self.client.status == "running":
            self.client.cancel(list(sent))


@contextmanager
def _dask(count: int | None, scheduler: str | None) -> Iterator[_Dask]:
    why, brings = "the backend `dask`", "faust-fad[dask]"
    distributed, dask = extra("distributed", why, brings), extra("dask", why, brings)
    chosen = {
        # Recordings travel with their jobs, so that nothing is lost with a worker.
        "distributed.admin.large-graph-warning-threshold": "1 GiB",
        # In a cluster of our own: what dies is tried again by `fit_many`.
        "distributed.scheduler.allowed-failures": 1,
    }
    with dask.config.set(chosen), _quiet("distributed"):
        if scheduler is None:
            with _local(distributed, count) as client:
                yield _Dask(distributed, client)
            return
        try:
            client = distributed.Client(scheduler, timeout=_PATIENCE)
        except Exception as error:
            hint = "`dask scheduler` starts one, and tells its address: `tcp://192.168.1.2:8786`"
            raise _unreachable(scheduler, error, hint) from None
        with client:
            found = _Dask(distributed, client)
            _try(found, scheduler, f"dask worker {scheduler}")
            yield found


@contextmanager
def _local(distributed: Any, count: int | None) -> Iterator[Any]:
    """A client of workers on this machine."""
    options = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with (
        distributed.LocalCluster(
            n_workers=count, silence_logs=logging.CRITICAL, **options
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Lets a package log nothing: what matters is told as outcomes, and as errors."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


# -- Ray -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ray:
    ray: Any
    remote: Any

    @property
    def count(self) -> int:
        return int(self.ray.cluster_resources().get("CPU", 0))

    def submit(self, work: Work, task: Any) -> Any:
        return self.remote.remote(work, task)

    def ready(self, sent: Sequence[Any], seconds: float) -> Any:
        found, _ = self.ray.wait(list(sent), num_returns=1, timeout=seconds)
        return next(iter(found), None)

    def outcome(self, sent: Any) -> Outcome:
        try:
            found: Outcome = self.ray.get(sent)
            return found
        except (self.ray.exceptions.WorkerCrashedError, self.ray.exceptions.OutOfMemoryError):
            return Died()
        except Exception as error:  # a worker could not read what it was sent
            return told(error)

    def cancel(self, sent: Sequence[Any]) -> None:
        for each in sent:
            self.ray.cancel(each, force=True)


@contextmanager
def _ray(count: int | None, scheduler: str | None) -> Iterator[_Ray]:
    ray = extra("ray", "the backend `ray`", "ray")
    options = {"num_cpus": count} if scheduler is None else {"address": scheduler}
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
    except Exception as error:
        hint = "`ray start --head` starts one, and tells its address"
        raise _unreachable(scheduler or "of this machine", error, hint) from None
    try:
        found = _Ray(ray, ray.remote(max_retries=1)(done))
        if scheduler is not None:
            _try(found, scheduler, f"ray start --address={scheduler}")
        yield found
    finally:
        ray.shutdown()
