"""Work on many programs, each in a process of its own: one that crashes stops no other one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Work(Generic[T]):
    """What is to be done for a program.

    Attributes:
        run: does it; it has to be found by its name in its module.
        failed: what comes of a program that takes too long, or that ends the process: from the
            program and the reason.
        limit: in seconds.
    """

    run: Callable[[Path, float], T]
    failed: Callable[[Path, str], T]
    limit: float

    def done(self, path: Path) -> T:
        """Does it in a process of its own."""
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_send, args=(sender, self.run, path, self.limit))
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
        return self.failed(path, reason)

    def done_for_all(self, paths: Sequence[Path], jobs: int) -> Iterator[T]:
        """Does it for programs, `jobs` at a time; they come in the order in which they end."""
        with ThreadPoolExecutor(jobs) as pool:
            for future in as_completed([pool.submit(self.done, path) for path in paths]):
                yield future.result()


def _send(channel: Connection, run: Callable[[Path, float], T], path: Path, limit: float) -> None:
    channel.send(run(path, limit))
