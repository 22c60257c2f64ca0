"""Room for recursion, with threads and without."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading

import pytest

from fad.base.deep_stack import recursive

DEPTH = 100_000


@recursive
def depth(levels: int) -> int:
    """A function that calls itself so many times."""

    def inner(left: int) -> int:
        return 0 if left == 0 else 1 + inner(left - 1)

    return inner(levels)


@recursive
def thread_of_inner_call() -> tuple[str, str]:
    """The threads of this call, and of another one with room inside it."""
    return threading.current_thread().name, recursive(lambda: threading.current_thread().name)()


def test_a_function_may_call_itself_often() -> None:
    assert depth(DEPTH) == DEPTH


def test_room_is_made_once() -> None:
    outer, inner = thread_of_inner_call()
    assert outer == inner != threading.current_thread().name


def test_errors_come_out() -> None:
    @recursive
    def fail() -> None:
        raise KeyError("a")

    with pytest.raises(KeyError, match="a"):
        fail()


#: As in a browser: starting a thread fails there.
WITHOUT_THREADS = """
import sys, threading
from fad.base.deep_stack import recursive

def refuse(thread):
    raise RuntimeError("can't start new thread")

sys.platform = "emscripten"
threading.Thread.start = refuse
usual = sys.getrecursionlimit()

@recursive
def depth(left):
    return 0 if left == 0 else 1 + depth(left - 1)

assert depth(5000) == 5000
assert sys.getrecursionlimit() == usual
"""


def test_without_threads_the_one_stack_has_to_do() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_THREADS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_garbage_collector_is_put_back_and_stays_off_where_it_is() -> None:
    """Diagrams have no cycles: while they are built, it runs seldom."""
    pace = gc.get_threshold()
    for usual in ((700, 10, 10), (0, 10, 10)):
        gc.set_threshold(*usual)
        try:
            inside = recursive(recursive(gc.get_threshold))()
            assert gc.get_threshold() == usual
        finally:
            gc.set_threshold(*pace)
        assert (inside[0] > usual[0]) == (usual[0] > 0)
