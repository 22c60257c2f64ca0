"""The part of numpy that the page has in pure Python: it gives what numpy gives."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fad
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineRefusal
from tests.support.places import ROOT

PAGE = ROOT / "web" / "python"


def page_numpy() -> ModuleType:
    """The page's numpy, beside the real one."""
    folder = PAGE / "numpy"
    spec = importlib.util.spec_from_file_location(
        "page_numpy", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    module = sys.modules["page_numpy"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pn: Any = page_numpy()

# -- Function by function -----------------------------------------------------------------------

SPECIAL = [0.0, -0.0, 1.5, -2.25, math.inf, -math.inf, math.nan, 1e-300, 3.0, 3.0]
OTHER = [1.0, 0.0, 1.5, 0.0, math.inf, 2.0, 1.0, math.nan, -0.0, 7.0]


def plain(value: Any) -> Any:
    """What an array or a number of either kind is, with NaN and signs of zeros as texts."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return json.dumps(value)


FUNCTIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda n, x, y: x + y,
    "subtract": lambda n, x, y: 2 * x - y * 0.5,
    "from a number": lambda n, x, y: 1 - x,
    "divide": lambda n, x, y: x / y,
    "divide by a number": lambda n, x, y: x / 0.1,
    "compare": lambda n, x, y: (x < y) | (x <= 1) & ~(y > 1) | (x >= y),
    "abs": lambda n, x, y: n.abs(x),
    "negative": lambda n, x, y: -x,
    "finite": lambda n, x, y: n.isfinite(x),
    "maximum": lambda n, x, y: n.maximum(x, y) + 0.0,  # whichever zero that was
    "where": lambda n, x, y: n.where(n.isfinite(x), y, 0.0),
    "nan_to_num": lambda n, x, y: n.nan_to_num(x, nan=n.inf, posinf=n.inf),
    "all at once": lambda n, x, y: n.logical_and.reduce([x < 2, y < 2, x < y]),
    "largest": lambda n, x, y: [
        x[n.isfinite(x)].max(initial=0.0),
        x.max(),
        x[x > 9].max(initial=1),
    ],
    "first of the largest": lambda n, x, y: int(n.argmax(n.where(n.isfinite(x), x, 0.0))),
    "first truth": lambda n, x, y: int(n.argmax(x > y)),
    "counts": lambda n, x, y: [int((x > y).sum()), bool((x > y).any()), bool((x > y).all())],
    "rows": lambda n, x, y: n.asarray([x, y])[1],
    "columns": lambda n, x, y: n.asarray([x, y, x]).reshape(3, 2, -1)[:, 1],
    "chosen": lambda n, x, y: n.asarray([x, y]).reshape(2, 2, 5)[1, [0]],
    "parts": lambda n, x, y: n.asarray([x, y])[:, :4],
    "one": lambda n, x, y: [float(n.asarray([x, y])[1, -1]), float(x[3])],
    "together": lambda n, x, y: n.concatenate([n.zeros((1, 10)), n.asarray([x, y])]),
    "of nothing": lambda n, x, y: n.concatenate([n.reshape([], (0, 10)), n.asarray([x])]),
    "steps": lambda n, x, y: n.searchsorted(n.arange(7), 3) + n.arange(4),
    "iterated": lambda n, x, y: [row.tolist() for row in n.asarray([x, y])],
    "noise": lambda n, x, y: n.random.default_rng(3).uniform(-0.9, 0.9, (2, 50)),
    "noise of a long seed": lambda n, x, y: n.random.default_rng(2**140 + 7).uniform(0, 1, (1, 9)),
    "tiny": lambda n, x, y: float(n.finfo(n.float64).tiny),
    "bytes": lambda n, x, y: x.tobytes().hex(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gives_what_numpy_gives(name: str) -> None:
    function = FUNCTIONS[name]
    with np.errstate(all="ignore"):
        expected = function(np, np.asarray(SPECIAL), np.asarray(OTHER))
    assert plain(function(pn, pn.asarray(SPECIAL), pn.asarray(OTHER))) == plain(expected)


@pytest.mark.parametrize("equal_nan", [False, True])
def test_closeness_is_that_of_numpy(equal_nan: bool) -> None:
    for x in SPECIAL:
        for y in [*SPECIAL, 1.5 + 1e-9, 1.5 + 1e-7]:
            options: dict[str, Any] = {"rtol": 0.0, "atol": 1e-8, "equal_nan": equal_nan}
            expected = np.allclose(np.asarray([x]), np.asarray([y]), **options)
            assert pn.allclose(pn.asarray([x]), pn.asarray([y]), **options) == expected, (x, y)


def test_parts_can_be_changed() -> None:
    def changed(n: Any) -> Any:
        values, rows = n.full(5, 2.0), n.zeros((2, 3))
        values[3:] = 1.0
        values[9:] = 7.0
        rows[1] += 0.5
        copy = rows.copy()
        copy[0] += 1
        return [values.tolist(), rows.tolist(), copy.tolist()]

    assert changed(pn) == changed(np)


# -- A check as a whole ---------------------------------------------------------------------------

SLIDERS = 'import("stdfaust.lib"); p = hslider("p", 0.5, 0, 4, 0.01); g = button("g"); '
PROGRAMS = [
    (ROOT / "examples" / "estimate.dsp").read_text("utf-8"),
    (ROOT / "examples" / "lowpass.dsp").read_text("utf-8"),
    SLIDERS + "process = max(p, 0.5), _*p*((p > 0.5) + 1), _ + (p > 9)*p;",
    SLIDERS + "process = _*p, p/(_ > 0), exp(10*p) + 1000000*_;",
    SLIDERS + "process = p*_ + rdtable(16, os.sinwaveform(16), int(2*p)), _ + int(2*p);",
    SLIDERS + "process = (p - 0.5)*_ + (abs(p - 0.5) - max(p, 1 - p))*_, g*p*_ : fi.pole(0.9), _;",
    SLIDERS + "process = os.osc(100*p), de.fdelay(16, 3.3 + p);",
    # A rule that is wrong.
    'f(x) = x*x; d_f(x) = 3*x; process = _*f(hslider("p", 0.5, 0, 4, 0.01));',
]
OPTIONS: dict[str, Any] = {"seconds": 0.005, "points": 2, "native": False}

REPLAYED = """
import json, math, sys
import numpy
assert not hasattr(numpy, "linalg")
import fad
from fad.runtime.renderer import EngineRefusal

programs, options, rendered = json.load(sys.stdin)

class Replay:
    def render(self, source, name, *, inputs, frames, **more):
        found = rendered[json.dumps([source, inputs.tobytes().hex(), frames])]
        if found is None:
            raise EngineRefusal("refused")
        return numpy.reshape(numpy.asarray(found), (len(found), frames))

print(json.dumps([fad.check(each, engine=Replay(), **options).to_json() for each in programs]))
"""


class Recorder:
    """libfaust, and what it has rendered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.rendered: dict[str, Any] = {}

    def render(
        self,
        source: str,
        name: str,
        *,
        inputs: NDArray[np.float64] | None = None,
        frames: int,
        sample_rate: int = 44100,
        include: Sequence[Path] = (),
        precision: fad.base.precision.Precision = "double",
    ) -> NDArray[np.float64]:
        assert inputs is not None
        key = json.dumps([source, inputs.tobytes().hex(), frames])
        self.rendered[key] = None
        try:
            found = self._engine.render(source, name, inputs=inputs, frames=frames)
        except EngineRefusal:
            raise
        self.rendered[key] = found.tolist()
        return found


def test_a_check_finds_what_it_finds_with_numpy(engine: Engine, tmp_path: Path) -> None:
    recorder = Recorder(engine)
    expected = [fad.check(each, engine=recorder, **OPTIONS).to_json() for each in PROGRAMS]
    verdicts = {pair["verdict"] for each in expected for pair in each["comparisons"]}
    assert {"agrees", "zero", "jump", "kink", "quantised", "mismatch"} <= verdicts

    replayed = subprocess.run(
        [sys.executable, "-c", REPLAYED],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PAGE), str(ROOT)])},
        input=json.dumps([PROGRAMS, OPTIONS, recorder.rendered]),
        capture_output=True,
        encoding="utf-8",
    )
    assert replayed.returncode == 0, replayed.stderr
    found = json.loads(replayed.stdout)
    for some, others in zip(found, json.loads(json.dumps(expected)), strict=True):
        assert without_errors(some) == without_errors(others)
        for one, other in zip(some["comparisons"], others["comparisons"], strict=True):
            for name in ("error", "tolerance"):
                assert one[name] == pytest.approx(other[name], rel=1e-9, nan_ok=True)


def without_errors(report: dict[str, Any]) -> dict[str, Any]:
    pairs = [{**pair, "error": 0, "tolerance": 0} for pair in report["comparisons"]]
    return {**report, "comparisons": pairs, "pairs": None}
