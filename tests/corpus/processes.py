"""Work on many programs, each in a process of its own: one that crashes stops no other one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Generic, TypeVar

Subject = TypeVar("Subject")
T = TypeVar("T")


@dataclass(frozen=True)
class Work(Generic[Subject, T]):
    """What is to be done for a program, or for several together.

    Attributes:
        run: does it; it has to be found by its name in its module.
        failed: what comes of a program that takes too long, or that ends the process: from the
            program and the reason.
        limit: in seconds.
        needs: modules that take long to import: all processes share them.
    """

    run: Callable[[Subject, float], T]
    failed: Callable[[Subject, str], T]
    limit: float
    needs: Sequence[str] = ()

    def done(self, subject: Subject) -> T:
        """Does it in a process of its own."""
        multiprocessing.set_forkserver_preload([*self.needs])
        receiver, sender = multiprocessing.Pipe(duplex=False)
        process = self._context.Process(target=_send, args=(sender, self.run, subject, self.limit))
        process.start()
        sender.close()
        try:
            if receiver.poll(self.limit):
                result: T = receiver.recv()
                return result
            reason = f"takes over {self.limit:g} s"
        except EOFError:
            reason = "ends the process that checks it"
        finally:
            process.kill()
            process.join()
        return self.failed(subject, reason)

    @property
    def _context(self) -> ForkServerContext | SpawnContext:
        return get_context("forkserver") if self.needs else get_context("spawn")

    def done_for_all(self, subjects: Sequence[Subject], jobs: int) -> Iterator[T]:
        """Does it for programs, `jobs` at a time; they come in the order in which they end."""
        with ThreadPoolExecutor(jobs) as pool:
            for future in as_completed([pool.submit(self.done, each) for each in subjects]):
                yield future.result()


def _send(
    channel: Connection, run: Callable[[Subject, float], T], subject: Subject, limit: float
) -> None:
    channel.send(run(subject, limit))
