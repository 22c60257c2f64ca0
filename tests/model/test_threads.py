"""Items of a batch on several threads."""

from __future__ import annotations

import time
from threading import Barrier, get_ident

import pytest

from fad.model.threads import Threads


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("items", [1, 2, 7])
def test_each_item_is_done_once(count: int, items: int) -> None:
    done: list[int] = []
    threads = Threads(count)
    for _ in range(20):
        done.clear()
        threads.each(items, done.append)
        assert sorted(done) == list(range(items))


def test_as_many_threads_as_asked_for_work_at_the_same_time() -> None:
    together = Barrier(3, timeout=60)
    who: set[int] = set()

    def work(item: int) -> None:
        together.wait()
        who.add(get_ident())

    Threads(3).each(3, work)
    assert len(who) == 3 and get_ident() in who


@pytest.mark.parametrize("count", [1, 3])
def test_an_error_ends_all(count: int) -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 2:
            raise ValueError("the third")
        time.sleep(0.001)
        done.append(item)

    threads = Threads(count)
    with pytest.raises(ValueError, match="the third"):
        threads.each(10_000, work)
    assert len(done) < 9_999
    threads.each(3, lambda item: done.append(-item))
    assert sorted(done[-3:]) == [-2, -1, 0]
