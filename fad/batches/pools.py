"""Workers that are processes or threads of this machine, through joblib."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fad.batches.store import Failed, Found
from fad.batches.workers import Died, Job, Outcome, Work, done, made
from fad.fitting.extras import extra


@dataclass(frozen=True)
class Pool:
    """Workers of this machine; see `Workers`.

    Attributes:
        joblib: the module.
        backend: `loky` or `threading`.
        count: how many there are.
        work: what they do.
    """

    joblib: Any
    backend: str
    count: int
    work: Work

    def run(self, jobs: Sequence[Job], alone: bool = False) -> Iterator[tuple[Job, Outcome]]:
        """See `Workers`. Where one process dies, joblib ends all: what they did has died."""
        left = deque(jobs)
        while left:
            sent: dict[int, Job] = {}
            try:
                yield from self._until_broken(left, sent, 1 if alone else self.count)
            except BrokenExecutor as error:
                for job in sent.values():
                    yield job, Died(_codes(str(error)))

    def _until_broken(
        self, left: deque[Job], sent: dict[int, Job], together: int
    ) -> Iterator[tuple[Job, Outcome]]:
        """Does jobs.

        Args:
            left: what is to do; what is sent is taken away.
            sent: number of a job -> the job, of those that are being done.
            together: how many are done at the same time.
        """

        def calls() -> Iterator[Any]:  # threads of joblib go through it
            while left:
                job = left.popleft()
                sent[id(job)] = job
                yield self.joblib.delayed(_numbered)(id(job), self.work, made(job))

        with self._results(calls(), together) as results:
            for number, outcome in results:
                yield sent.pop(number), outcome

    @contextmanager
    def _results(self, calls: Iterator[Any], together: int) -> Iterator[Iterator[Any]]:
        inner = {"inner_max_num_threads": 1} if self.backend == "loky" else {}
        with self.joblib.parallel_config(backend=self.backend, **inner):
            parallel = self.joblib.Parallel(
                # A single job at a time would be done by this very process, and kill it.
                n_jobs=max(2, self.count),
                pre_dispatch=together,
                batch_size=1,
                max_nbytes=None,  # recordings are sent, and not put into files
                return_as="generator_unordered",
            )
        results = parallel(calls)
        try:
            yield results
        finally:
            with warnings.catch_warnings():  # who ends early knows that jobs are not done
                warnings.simplefilter("ignore")
                results.close()


def _numbered(number: int, work: Work, task: Any) -> tuple[int, Found | Failed]:
    return number, done(work, task)


def _codes(message: str) -> str:
    """How processes have ended, as joblib tells: `SIGKILL(-9)`."""
    _, _, codes = message.partition("The exit codes of the workers are {")
    return codes.partition("}")[0]


def pool(backend: str, count: int | None, work: Work) -> Pool:
    """Workers of this machine.

    Args:
        backend: `loky` for processes, `threading` for threads.
        count: how many; by default, one for each processor.
        work: what they do.

    Raises:
        FadError: joblib is not installed.
    """
    joblib = extra("joblib", "fitting many recordings")
    return Pool(joblib, backend, count or joblib.cpu_count(), work)
