"""What is learnt is not smoothed: which smoothers a model loses, and what that does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from tests.estimation.programs import noise, rendered
from tests.support.native import needs_compiler

HEAD = 'import("stdfaust.lib"); x = hslider("x", 0.5, 0.1, 1, 0.01); '
SAID = "// learnt behind the smoother of its slider: "

SMOOTHERS = (
    "x : si.smoo",
    "si.smoo(x)",
    "si.smooth(0.99, x)",
    "x : si.smooth(ba.tau2pole(0.005)) : si.smoo",
    "x : *(0.01) : + ~ *(0.99)",
    "x : \\(u).(u : + ~ *(0.75) : *(0.25))",
    "x : ba.db2linear : si.smoo",
    "x : si.smoo : sqrt",
    "x : si.lag_ud(0.01, 0.002)",
    "x : fi.lowpass(2, 30)",
    "x@100",
    'vgroup("group", x : sqrt) : si.smoo',
    'x*hslider("y", 0.3, 0, 1, 0.01) : si.smoo',
    "(x : si.smoo)*(x*2 : si.smoo)",
    'x, hslider("y", 0.3, 0, 1, 0.01) : par(i, 2, si.smoo) : *',
    'x : si.smooth(ba.tau2pole(hslider("time [diff:off]", 0.005, 0.001, 1, 0.001)))',
    'x : si.polySmooth(button("gate"), 0.99, 1)',
)
NOT_SMOOTHERS = (
    "x",
    "os.osc(100*x) : si.smoo",
    "x*os.osc(3) : si.smoo",
    "x : fi.highpass(1, 30)",
    "x : + ~ *(0.99)",
    "x : -(0.5) : + ~ _",
    "x : *(0.02) : + ~ *(0.99)",
    "x <: _, si.smoo : -",
    'en.adsr(x, 0.1, 0.5, 0.1, button("gate"))',
    "si.smooth(x, 0.5)",
    'x : ba.sAndH(button("hold"))',
    "x : ba.time*_ : si.smoo",
    "no.noise*x : si.smoo",
)


def learner(text: str) -> tuple[fad.Program, fad.Program]:
    """A program, and one whose estimate of it starts there, and hardly moves."""
    program = fad.expand(f"{HEAD} process = _*({text});")
    start = {parameter.path: parameter.init for parameter in program.parameters}
    options: dict[str, Any] = {"optimizer": "sgd", "rate": 1e-15, "outputs": "audio"}
    return program, fad.estimate(program.source, start=start, input="external", **options)


def factors(engine: Engine, text: str, frames: int) -> tuple[Samples, Samples]:
    """What a program and the estimate make of a constant 1."""
    program, learning = learner(text)
    ones = np.ones((1, frames))
    target = rendered(engine, program, ones)
    return target[0], rendered(engine, learning, np.concatenate([ones, target]))[1]


@pytest.mark.parametrize("text", SMOOTHERS)
def test_a_smoother_is_left_out_of_the_model(engine: Engine, text: str) -> None:
    """The target has it still, and comes to rest where the model is from the beginning."""
    lines = learner(text)[1].source.splitlines()
    assert f"{SAID}/x" in lines or f"{SAID}/group/x" in lines
    target, estimate = factors(engine, text, 44100)
    np.testing.assert_allclose(estimate, estimate[0], rtol=1e-9)
    np.testing.assert_allclose(target[-1000:], estimate[-1000:], rtol=1e-6, atol=1e-12)
    assert np.abs(target - estimate)[:50].max() > 0.01


@pytest.mark.parametrize("text", NOT_SMOOTHERS)
def test_what_is_no_smoother_stays(engine: Engine, text: str) -> None:
    assert SAID not in learner(text)[1].source
    target, estimate = factors(engine, text, 4410)
    np.testing.assert_allclose(estimate, target, rtol=1e-9, atol=1e-9)


def test_only_what_is_learnt_loses_its_smoother() -> None:
    text = HEAD + 'process = *(x : si.smoo) : *(hslider("y", 0.3, 0, 1, 0.01) : si.smoo);'
    lines = fad.estimate(text, wrt=["y"]).source.splitlines()
    assert [line for line in lines if line.startswith(SAID)] == [f"{SAID}/y"]


def test_a_smoother_of_sound_stays(engine: Engine) -> None:
    text = HEAD + "process = _ <: (_ : si.smoo), (x : si.smoo) : *;"
    program = fad.estimate(
        text, start={"x": 0.5}, rate=1e-15, optimizer="sgd", outputs="audio", input="external"
    )
    x = noise(1, 44100)
    target = rendered(engine, fad.expand(text), x)
    _, estimate = rendered(engine, program, np.concatenate([x, target]))
    np.testing.assert_allclose(target[0, -1000:], estimate[-1000:], rtol=1e-6, atol=1e-12)


@needs_compiler
@pytest.mark.parametrize("smoother", ["", " : si.smoo", " : si.lag_ud(0.1, 0.02)"])
def test_a_value_behind_a_smoother_does_not_swing(smoother: str) -> None:
    slider = 'hslider("cutoff [unit:Hz] [scale:log]", 800, 50, 10000, 1)'
    text = f'import("stdfaust.lib"); process = fi.lowpass(1, {slider}{smoother});'
    recording = fad.run(fad.estimate(text, start={"cutoff": 5000}).source, seconds=2)
    learnt = recording.bargraphs["/learning/cutoff/cutoff"][recording.times > 1.5]
    assert np.abs(learnt / 800 - 1).max() < 0.03
