"""Models in several threads and processes, and in interpreters that end."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from fad.model.loading import load
from fad.model.model import Model
from tests.model.programs import FILTER, model
from tests.support.native import both_ways, needs_compiler

X = np.random.default_rng(1).uniform(-1, 1, (3, 1, 100))


def outputs(work: tuple[Model, np.ndarray]) -> np.ndarray:
    found, x = work
    return found(x, cutoff=0.3)


@needs_compiler
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_models_go_to_other_processes(method: str) -> None:
    found = model(FILTER)
    with multiprocessing.get_context(method).Pool(1) as pool:
        (there,) = pool.map(outputs, [(found, X)])
    assert np.array_equal(there, outputs((found, X)))


@both_ways
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_the_models_of_its_parent(native: bool) -> None:
    """Those that its parent has used on several threads, and goes on to use."""
    found = model(FILTER, native=native, threads=2)
    wanted = outputs((found, X))
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(outputs((found, X)), wanted) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(outputs((found, X)), wanted)


@needs_compiler
def test_threads_share_a_model() -> None:
    """Also while one of them makes the program that another one needs."""
    found = load(FILTER, rate=8000, precision="double", threads=2)
    wanted, results = outputs((model(FILTER), X)), []

    def run() -> None:
        for _ in range(5):
            y, pullback = found.vjp(X, cutoff=0.3)
            gradient = pullback(np.ones_like(y))
            results.append((outputs((found, X)), y, gradient["cutoff"]))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20
    for played, y, gradient in results:
        assert np.array_equal(played, wanted) and np.array_equal(y, wanted)
        assert gradient == results[0][2]


@needs_compiler
def test_two_processes_build_one_library(tmp_path: Path) -> None:
    code = (
        "import fad, numpy as np\n"
        "model = fad.load('process = *(hslider(\"g\", 0.5, 0, 1, 0.1));')\n"
        "print(model(np.ones((1, 3), np.float32)).sum())\n"
    )
    place = {**os.environ, "FAD_CACHE_DIR": str(tmp_path / "cache")}
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=place)
        for _ in range(2)
    ]
    assert [process.communicate(timeout=120)[0] for process in running] == [b"1.5\n"] * 2
    kept = sorted(path.name.partition("-")[0] for path in (tmp_path / "cache/native").iterdir())
    assert kept == ["cpp", "native"]  # one of each, and nothing that is not finished


@needs_compiler
@pytest.mark.parametrize("daemon", [True, False])
def test_an_interpreter_ends_while_a_batch_runs(daemon: bool) -> None:
    code = f"""
import threading, time
import numpy as np
import fad
from tests.model.programs import FILTER

model = fad.load(FILTER, rate=8000, precision="double", threads=2)
x, began = np.ones((4, 1, 100_000)), threading.Event()

def run():
    for _ in range(1000 if {daemon} else 10):
        model(x)
        began.set()

threading.Thread(target=run, daemon={daemon}).start()
began.wait()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@needs_compiler
def test_an_interrupted_batch_leaves_the_model_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    found = model(FILTER, threads=2)
    wanted = outputs((found, X))
    unit = found.compiled.primal
    play, calls = unit.play, []

    def interrupted(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        play(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(unit, "play", interrupted)
    with pytest.raises(KeyboardInterrupt):
        outputs((found, X))
    assert np.array_equal(outputs((found, X)), wanted)
