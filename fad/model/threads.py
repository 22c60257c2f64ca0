"""Items of a batch on several threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class Threads:
    """Threads that share work, started when they are first needed.

    Args:
        count: how many; by default, as many as there are processors for this process.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or _processors()
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0

    def each(self, items: int, work: Callable[[int], None]) -> None:
        """Does something for each item, in any order. The first error ends it."""
        if items == 1 or self.count == 1:
            for item in range(items):
                work(item)
            return
        shares = min(items, self.count)

        def share(first: int) -> None:
            for item in range(first, items, shares):
                work(item)

        shared = []
        for first in range(shares):
            try:
                shared.append(self._executor().submit(share, first))
            except RuntimeError:  # the interpreter ends: a thread that still runs does it itself
                share(first)
        for done in shared:
            done.result()

    def _executor(self) -> ThreadPoolExecutor:
        # A process that was forked has none of the threads of its parent.
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(self.count, "fad"), os.getpid()
        return self._pool


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
