"""Room for recursion: diagrams are nested as deeply as programs make them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_STACK_BYTES = 512 * 1024 * 1024
_RECURSION_LIMIT = 1_000_000


def with_deep_stack(compute: Callable[[], T]) -> T:
    """The result of a computation that may recurse a million calls deep.

    It runs in a thread with a large stack, of which only what is used takes memory. What it
    raises is raised here.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(compute())
        except BaseException as error:  # handed over to the caller, whatever it is
            errors.append(error)

    with _LIMIT.raised():
        _start(run).join()
    if errors:
        raise errors[0]
    return results[0]


class _RecursionLimit:
    """Python's recursion limit belongs to the whole process: the last one out puts it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._usual = 0

    @contextmanager
    def raised(self) -> Iterator[None]:
        with self._lock:
            if self._users == 0:
                self._usual = sys.getrecursionlimit()
                sys.setrecursionlimit(max(self._usual, _RECURSION_LIMIT))
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    sys.setrecursionlimit(self._usual)


_LIMIT = _RecursionLimit()
_STACK_SIZE = threading.Lock()


def _start(run: Callable[[], None]) -> threading.Thread:
    """A running thread with a large stack; the size is a setting of the whole process, too."""
    with _STACK_SIZE:
        usual = threading.stack_size(_STACK_BYTES)
        try:
            thread = threading.Thread(target=run, name="fad", daemon=True)
            thread.start()
        finally:
            threading.stack_size(usual)
    return thread
