"""Many jobs: resumed, failed, killed, on processes and on a cluster."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from fad.base.errors import FadError, OutputError
from fad.batches import clusters
from fad.batches.many import Tally, fit_many
from fad.batches.store import Failed, Found, Store, open_store
from fad.batches.workers import Job
from tests.batches.stub_jobs import Stub, begun, job, square

pytestmark = pytest.mark.skipif(find_spec("joblib") is None, reason="needs joblib")
needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="needs distributed")
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs ray")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "results.sqlite") as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "begun"
    path.mkdir()
    return path


def run(
    store: Store, folder: Path, troubles: dict[int, str], count: int = 6, **options: Any
) -> tuple[Tally, list[Tally]]:
    """Does jobs, some of which give trouble.

    Returns:
        The tally, and those on the way.
    """
    told: list[Tally] = []
    jobs = [job(Stub(folder, number, troubles.get(number, ""))) for number in range(count)]
    chosen = {"jobs_at_once": 2, "progress": told.append, **options}
    return fit_many(jobs, square, store, **chosen), told


def outcomes(store: Store) -> dict[int, Found | Failed]:
    """Number -> what has become of it."""
    rows = [row for key, _ in store.states() for row in store.rows(key)]
    return {int(row.name.removeprefix("number ")): row.outcome for row in rows}


def squares(store: Store) -> dict[int, int]:
    """Number -> its square, of those that are done."""
    return {
        number: int(each.result)
        for number, each in sorted(outcomes(store).items())
        if isinstance(each, Found)
    }


def failure(store: Store, number: int) -> str:
    """Why one has failed."""
    found = outcomes(store)[number]
    assert isinstance(found, Failed)
    return found.error


ALL = {number: number**2 for number in range(6)}


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_all_are_done_and_told_as_they_come(store: Store, folder: Path, backend: str) -> None:
    found, told = run(store, folder, {}, backend=backend)
    assert squares(store) == ALL
    assert found == Tally(6, done=6, last=found.last)
    assert [each.left for each in told] == [6, 5, 4, 3, 2, 1, 0]
    assert told[0].last is None
    assert {each.last.name for each in told[1:] if each.last} == {f"number {n}" for n in range(6)}


def test_each_is_in_the_file_before_it_is_told(store: Store, folder: Path) -> None:
    seen = []

    def look(tally: Tally) -> None:
        seen.append((tally.done, len(store.states())))

    run(store, folder, {}, backend="threading", progress=look)
    assert seen == [(number, number) for number in range(7)]


def test_one_that_fails_does_not_stop_the_others_and_is_tried_again(
    store: Store, folder: Path
) -> None:
    found, _ = run(store, folder, {1: "is refused", 4: "has a bug"}, backend="threading")
    assert (found.done, found.failed) == (4, 2)
    assert failure(store, 1) == "error: the recording is silent\nhint: play it"
    assert re.fullmatch(
        r"internal error: ZeroDivisionError: none of anything \(stub_jobs.py:\d+\)",
        failure(store, 4),
    )
    again, told = run(store, folder, {1: "is refused"}, backend="threading")
    assert (again.kept, again.retried, again.done, again.failed) == (4, 2, 1, 1)
    assert told[0] == Tally(6, kept=4, retried=2)
    assert begun(folder) == {0: 1, 1: 2, 2: 1, 3: 1, 4: 2, 5: 1}
    assert squares(store) == {number: number**2 for number in (0, 2, 3, 4, 5)}


def test_what_has_failed_comes_last(store: Store, folder: Path) -> None:
    run(store, folder, {0: "is refused"}, count=1, backend="threading")
    _, told = run(store, folder, {}, backend="threading", jobs_at_once=1)
    names = [each.last.name for each in told if each.last]
    assert names == [f"number {number}" for number in (1, 2, 3, 4, 5, 0)]


def test_a_recording_that_cannot_be_read_fails_alone(store: Store, folder: Path) -> None:
    def unreadable() -> Stub:
        raise FadError("this is no sound")

    jobs = [job(Stub(folder, 0)), Job("1", "number 1", unreadable), job(Stub(folder, 2))]
    found = fit_many(jobs, square, store, backend="threading")
    assert (found.done, found.failed) == (2, 1)
    assert failure(store, 1) == "error: this is no sound"


def test_recordings_that_are_alike_are_fitted_once(store: Store, folder: Path) -> None:
    twin = job(Stub(folder, 3))
    jobs = [twin, Job(twin.key, "number 30", twin.task)]
    assert fit_many(jobs, square, store, backend="threading").done == 2
    jobs.append(Job(twin.key, "number 300", twin.task))
    assert fit_many(jobs, square, store, backend="threading").kept == 3
    assert begun(folder) == {3: 1}
    assert squares(store) == {3: 9, 30: 9, 300: 9}


# -- Workers that die -----------------------------------------------------------------------------


def test_what_a_dead_process_did_is_done_by_others(store: Store, folder: Path) -> None:
    found, _ = run(store, folder, {2: "kills once"})
    assert (found.done, found.failed) == (6, 0)
    assert squares(store) == ALL
    assert begun(folder)[2] == 2


def test_one_that_kills_every_process_is_told_and_the_others_are_done(
    store: Store, folder: Path
) -> None:
    found, _ = run(store, folder, {0: "kills", 3: "kills"})
    assert (found.done, found.failed) == (4, 2)
    assert squares(store) == {number: number**2 for number in (1, 2, 4, 5)}
    assert begun(folder)[0] == begun(folder)[3] == 3
    assert "died (SIGKILL(-9)), and so did those that tried it again" in failure(store, 0)
    assert "2 times" in failure(store, 3)


def test_one_process_alone_is_not_this_one(store: Store, folder: Path) -> None:
    """If it were, the tests would end here."""
    found, _ = run(store, folder, {0: "kills once"}, count=2, jobs_at_once=1)
    assert (found.done, found.failed) == (2, 0)


def test_what_is_done_is_kept_when_it_is_stopped(store: Store, folder: Path) -> None:
    def stop(tally: Tally) -> None:
        if tally.done == 2:
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(store, folder, {5: "takes long", 4: "takes long"}, progress=stop)
    assert time.monotonic() - began < 30
    assert len(squares(store)) == 2
    found, _ = run(store, folder, {})
    assert (found.kept, found.done) == (2, 4)
    assert squares(store) == ALL


def test_a_file_that_cannot_be_written_ends_it(store: Store, folder: Path) -> None:
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]

    def fill(tally: Tally) -> None:
        store._connection.execute(f"PRAGMA max_page_count = {pages}")

    jobs = [Job("0", "x" * 10_000, job(Stub(folder, 0)).task)]
    with pytest.raises(OutputError, match="full"):
        fit_many(jobs, square, store, backend="threading", progress=fill)
    assert store.states() == {}


# -- A cluster ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backend", [pytest.param("dask", marks=needs_dask), pytest.param("ray", marks=needs_ray)]
)
def test_a_cluster_loses_nothing_with_a_worker(store: Store, folder: Path, backend: str) -> None:
    found, _ = run(store, folder, {5: "kills once"}, count=12, backend=backend)
    assert (found.done, found.failed) == (12, 0)
    assert squares(store) == {number: number**2 for number in range(12)}
    assert begun(folder)[5] >= 2


@needs_dask
def test_a_scheduler_that_is_not_there_is_told_soon(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clusters._PATIENCE <= 10
    monkeypatch.setattr(clusters, "_PATIENCE", 1.0)
    began = time.monotonic()
    with pytest.raises(FadError) as caught:
        run(store, folder, {}, backend="dask", scheduler="tcp://127.0.0.1:9")
    assert time.monotonic() - began < 10
    assert "the scheduler `tcp://127.0.0.1:9` cannot be reached" in caught.value.render()
    assert "dask scheduler" in caught.value.render()


@needs_dask
def test_an_address_that_is_none_is_told(store: Store, folder: Path) -> None:
    with pytest.raises(FadError, match="`nowhere://` cannot be reached"):
        run(store, folder, {}, backend="dask", scheduler="nowhere://")


@needs_dask
def test_a_scheduler_without_workers_is_told_soon(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(clusters, "_PATIENCE", 0.5)
    with LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0") as cluster:
        with pytest.raises(FadError) as caught:
            run(store, folder, {}, backend="dask", scheduler=cluster.scheduler_address)
        told = caught.value.render()
        assert f"the scheduler `{cluster.scheduler_address}` has no workers" in told
        assert f"dask worker {cluster.scheduler_address}" in told


@needs_dask
@pytest.mark.parametrize(("jobs", "together"), [(None, {2, 3}), (1, {1})])
def test_a_scheduler_is_sent_as_many_jobs_as_asked_for(
    store: Store, folder: Path, jobs: int | None, together: set[int]
) -> None:
    from distributed import LocalCluster

    counts = dict.fromkeys(range(4), "counts")
    options = {"n_workers": 1, "threads_per_worker": 3, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(processes=False, **options) as cluster:
        address = cluster.scheduler_address
        run(store, folder, counts, 4, backend="dask", scheduler=address, jobs_at_once=jobs)
    assert max(squares(store).values()) in together


@needs_dask
def test_a_scheduler_that_goes_is_told_and_what_is_done_is_kept(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(clusters, "_PATIENCE", 1.0)

    def end(tally: Tally) -> None:
        if tally.done == 2:
            cluster.close()

    with LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0") as cluster:
        address = cluster.scheduler_address
        with pytest.raises(FadError, match="the scheduler has gone"):
            run(store, folder, {}, backend="dask", scheduler=address, progress=end)
    assert len(squares(store)) == 2


# -- What does not go together --------------------------------------------------------------------


def test_processes_of_this_machine_have_no_scheduler(store: Store, folder: Path) -> None:
    with pytest.raises(FadError) as caught:
        run(store, folder, {}, scheduler="tcp://127.0.0.1:8786")
    assert "the backend `loky` has no scheduler" in caught.value.render()
    assert "dask" in caught.value.render()


def test_another_backend_is_an_error(store: Store, folder: Path) -> None:
    with pytest.raises(FadError, match="did you mean `threading`"):
        run(store, folder, {}, backend="threds")


def test_nobody_is_asked_where_nothing_is_left(store: Store, folder: Path) -> None:
    run(store, folder, {}, backend="threading")
    found, _ = run(store, folder, {}, backend="dask", scheduler="tcp://127.0.0.1:9")
    assert found == Tally(6, kept=6)


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_a_package_that_is_missing_is_told(store: Store, folder: Path) -> None:
    with pytest.raises(FadError, match="needs the package `ray`, which is not installed"):
        run(store, folder, {}, backend="ray")
