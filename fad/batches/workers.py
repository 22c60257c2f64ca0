"""Jobs, and those who do them: they may fail at a job, and die of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fad.base.errors import FadError
from fad.batches.store import Failed, Found


@dataclass(frozen=True, eq=False)
class Job:
    """Something to do for a recording.

    Attributes:
        key: what all that the result depends on is known by.
        name: what the recording is called.
        task: makes what a worker is sent. It is called when the job is about to be done, so that
            not all recordings are in memory; what it raises is the outcome of the job.
    """

    key: str
    name: str
    task: Callable[[], Any]


@dataclass(frozen=True)
class Died:
    """The outcome of a job whose worker has died: perhaps of this job, perhaps of another one.

    Attributes:
        how: what is known of the death, in words; it may be nothing.
    """

    how: str = ""


Outcome = Found | Failed | Died
#: What a worker does: from what it was sent to what it has found.
Work = Callable[[Any], Found]


class Workers(Protocol):
    """Those who do jobs."""

    def run(self, jobs: Sequence[Job], alone: bool = False) -> Iterator[tuple[Job, Outcome]]:
        """Does jobs, and tells of each as it is done.

        Args:
            jobs: what to do.
            alone: whether to do one after the other.
        """
        ...


def made(job: Job) -> Any:
    """What a worker is sent, or why there is nothing to send."""
    try:
        return job.task()
    except Exception as error:
        return told(error)


def done(work: Work, task: Any) -> Found | Failed:
    """Does a job. All that goes wrong is an outcome."""
    if isinstance(task, Failed):
        return task
    try:
        return work(task)
    except Exception as error:
        return told(error)


def told(error: Exception) -> Failed:
    """An error as an outcome."""
    if isinstance(error, FadError):
        return Failed(error.render())
    if isinstance(error, MemoryError):
        return Failed("error: the fit needs more memory than there is")
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Failed(
        f"internal error: {type(error).__name__}: {error} "
        f"({Path(place.filename).name}:{place.lineno})"
    )
