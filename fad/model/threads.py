"""Items of a batch on several threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress


class Threads:
    """Threads that share work with whoever asks for it, started when they are first needed.

    Args:
        count: how many, the one that asks among them; by default, as many as there are processors
            for this process.
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
        # Who is ready takes the next one: a processor may have other things to do as well.
        left = deque(range(items))

        def share() -> None:
            while True:
                try:
                    item = left.popleft()
                except IndexError:
                    return
                try:
                    work(item)
                except BaseException:
                    left.clear()
                    raise

        others = []
        with suppress(RuntimeError):  # while the interpreter ends, this thread does all of it
            for _ in range(min(items, self.count) - 1):
                others.append(self._executor().submit(share))
        try:
            share()
        finally:
            for done in others:
                if not done.cancel():  # one that has not begun is not needed any more
                    done.result()

    def _executor(self) -> ThreadPoolExecutor:
        # A process that was forked has none of the threads of its parent.
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(self.count - 1, "fad"), os.getpid()
        return self._pool


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
