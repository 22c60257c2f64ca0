"""Room for recursion: diagrams are nested as deeply as programs make them.

And time for it: diagrams have no cycles, so the garbage collector seldom has to go through them.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from fad.base.errors import FadError

P = ParamSpec("P")
T = TypeVar("T")

_STACK_BYTES = 512 * 1024 * 1024
_RECURSION_LIMIT = 1_000_000
#: How many new objects there are before the youngest are looked through for garbage in cycles, how
#: often these are before the next older ones are, and these before all are.
_SELDOM = (100_000, 50, 1_000)


def recursive(function: Callable[P, T]) -> Callable[P, T]:
    """Marks a function that may recurse a million calls deep, and gives it the room to.

    It runs in a thread with a large stack, of which only what is used takes memory. What it
    raises is raised in the caller. When a function with room calls another one, that one has room
    already and runs as it is.
    """

    @wraps(function)
    def with_room(*arguments: P.args, **options: P.kwargs) -> T:
        call = partial(function, *arguments, **options)
        if getattr(_HERE, "is_deep", False):
            return call()
        with _SETTINGS.changed():
            return _on_one_stack(call) if sys.platform == "emscripten" else _in_thread(call)

    return with_room


def _on_one_stack(call: Callable[[], T]) -> T:
    """The result of a call in a browser, where there are no threads."""
    try:
        return _marked_deep(call)
    except (FadError, MemoryError, RecursionError) as error:
        forget_frames(error)
        raise


def forget_frames(error: BaseException) -> None:
    """Frees what an error tells about where in fad it was raised, one frame after the other.

    Each frame holds the one that has called it: freed all at once, by recursion in C, thousands of
    them would take more room than there is.
    """
    known: BaseException | None = error
    while known is not None:
        entries: list[TracebackType] = []
        entry = known.__traceback__
        while entry is not None:
            entries.append(entry)
            entry = entry.tb_next
        known.__traceback__ = None
        frames = [entry.tb_frame for entry in entries]
        for entry in entries:
            entry.tb_next = None
        del entries, entry
        while frames:
            frames.pop()  # the innermost first: the others are still in the list
        known = known.__context__


def _in_thread(call: Callable[[], T]) -> T:
    """The result of a call that runs in a thread with a large stack."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(_marked_deep(call))
        except BaseException as error:  # handed over to the caller, whatever it is
            errors.append(error)

    _started(run).join()
    if errors:
        raise errors[0]
    return results[0]


def _marked_deep(call: Callable[[], T]) -> T:
    """The result of a call in which this thread counts as one with room."""
    _HERE.is_deep = True
    try:
        return call()
    finally:
        _HERE.is_deep = False


def _started(run: Callable[[], None]) -> threading.Thread:
    """A running thread with a large stack; the size is a setting of the whole process."""
    with _STACK_SIZE_LOCK:
        usual = threading.stack_size(_STACK_BYTES)
        try:
            thread = threading.Thread(target=run, name="fad", daemon=True)
            thread.start()
        finally:
            threading.stack_size(usual)
    return thread


class _Settings:
    """The recursion limit and the pace of the garbage collector belong to the whole process: the
    last one out puts them back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._usual = sys.getrecursionlimit(), gc.get_threshold()

    @contextmanager
    def changed(self) -> Iterator[None]:
        with self._lock:
            if self._users == 0:
                self._usual = sys.getrecursionlimit(), gc.get_threshold()
                sys.setrecursionlimit(max(self._usual[0], _RECURSION_LIMIT))
                if self._usual[1][0]:  # 0 turns the collector off
                    gc.set_threshold(*map(max, self._usual[1], _SELDOM))
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    limit, pace = self._usual
                    sys.setrecursionlimit(limit)
                    gc.set_threshold(*pace)


#: What belongs to the thread that asks: whether it has room for recursion.
_HERE = threading.local()
_SETTINGS = _Settings()
_STACK_SIZE_LOCK = threading.Lock()
