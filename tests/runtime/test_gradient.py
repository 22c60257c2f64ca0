"""Gradients by native code."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from fad.runtime.gradient import Gradient
from fad.runtime.input_signals import Samples
from tests.support.native import needs_compiler
from tests.support.places import STANDARD_EXAMPLES

pytestmark = needs_compiler

#: A filter whose cutoff and gain vary, with a delay that does, too, and a meter.
PROGRAM = """
cutoff = hslider("cutoff", 0.3, 0.05, 0.9, 0.001);
gain = hslider("gain", 0.5, 0, 1, 0.001);
time = hslider("time", 5.5, 1, 20, 0.1);
line(x) = x@int(time) : *(1 - frac), (x@(int(time) + 1) : *(frac)) :> _
with {
    frac = time - floor(time);
};
process = _ <: (*(cutoff) : + ~ *(1 - cutoff)), line <: +, - : *(gain), (_ : hbargraph("m", 0, 1));
"""
FRAMES, BLOCK = 500, 64
BLOCKS = 8
VALUES: dict[str, Samples] = {
    "cutoff": np.linspace(0.1, 0.8, BLOCKS),
    "gain": np.linspace(1, 0.2, BLOCKS),
    "time": np.full(BLOCKS, 5.5),
}


@pytest.fixture(scope="module")
def gradient(engine: Engine) -> Gradient:
    return Gradient(PROGRAM, wrt=["cutoff", "gain", "input:0"], engine=engine)


@pytest.fixture(scope="module")
def sound() -> Samples:
    return np.random.default_rng(3).uniform(-1, 1, (1, FRAMES))


@pytest.fixture(scope="module")
def weights() -> Samples:
    return np.random.default_rng(4).normal(size=(2, FRAMES))


def test_outputs_are_those_of_the_program(
    gradient: Gradient, engine: Engine, sound: Samples
) -> None:
    outputs, _ = gradient(sound, {"gain": 0.25})
    wanted = fad.run(
        PROGRAM, seconds=FRAMES / 48000, rate=48000, at={"gain": 0.25}, inputs=sound, engine=engine
    ).outputs
    assert np.array_equal(outputs, wanted)


@pytest.mark.parametrize("name", ["cutoff", "gain"])
def test_derivatives_are_difference_quotients(
    gradient: Gradient, sound: Samples, weights: Samples, name: str
) -> None:
    """By the value in each block, of a loss that is a weighted sum of the outputs."""
    _, pullback = gradient(sound, VALUES, block=BLOCK)
    found = pullback(weights).parameters[f"/{name}"]
    assert found.shape == (BLOCKS,)
    step = 1e-6
    for block in range(BLOCKS):
        losses = []
        for sign in (1, -1):
            moved = np.array(VALUES[name])
            moved[block] += sign * step
            outputs, _ = gradient(sound, {**VALUES, name: np.clip(moved, 0, 1)}, block=BLOCK)
            losses.append(float(np.sum(weights * outputs)))
        scale = 1 if 0 < VALUES[name][block] < 1 else 2  # at an end, a one-sided difference
        assert found[block] == pytest.approx(scale * (losses[0] - losses[1]) / (2 * step), abs=1e-6)


def test_the_derivative_by_an_input_is_a_difference_quotient(
    gradient: Gradient, sound: Samples, weights: Samples
) -> None:
    _, pullback = gradient(sound, VALUES, block=BLOCK)
    found = pullback(weights).inputs[0]
    for place in (0, 63, 64, 250, FRAMES - 1):
        moved = sound.copy()
        moved[0, place] += 1
        # The program is linear in its input.
        change = gradient(moved, VALUES, block=BLOCK)[0] - gradient(sound, VALUES, block=BLOCK)[0]
        assert found[place] == pytest.approx(float(np.sum(weights * change)), abs=1e-9)


@pytest.mark.parametrize("checkpoint", [1, 64, 100, 499, 10_000])
def test_checkpoints_change_nothing(
    gradient: Gradient, sound: Samples, weights: Samples, checkpoint: int
) -> None:
    outputs, pullback = gradient(sound, VALUES, block=BLOCK)
    again, other = gradient(sound, VALUES, block=BLOCK, checkpoint=checkpoint)
    assert np.array_equal(outputs, again)
    whole, pieces = pullback(weights), other(weights)
    assert np.array_equal(whole.inputs[0], pieces.inputs[0])
    for path, derivative in whole.parameters.items():
        np.testing.assert_allclose(pieces.parameters[path], derivative, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["filtering/moogVCF.dsp", "phasing/phaser.dsp"])
def test_single_precision_is_near_double(engine: Engine, name: str) -> None:
    path: Path = STANDARD_EXAMPLES / name
    results = []
    for precision in ("double", "single"):
        program = Gradient(path, precision=precision, rate=44100, engine=engine)
        sound = np.random.default_rng(5).uniform(-0.5, 0.5, (program.inputs, 2000))
        outputs, pullback = program(sound)
        results.append(pullback(np.ones_like(outputs)).parameters)
    double, single = results
    largest = max(abs(float(value[0])) for value in double.values())
    for parameter, value in double.items():
        assert single[parameter][0] == pytest.approx(value[0], rel=0.02, abs=0.02 * largest)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g, x: g(x[:, :0]), "at least one sample"),
        (lambda g, x: g(x, block=0), "at least one sample"),
        (lambda g, x: g(x, checkpoint=0), "at least one sample"),
        (lambda g, x: g(x[0]), "have the shape (500,), not (1, frames)"),
        (lambda g, x: g(np.vstack([x, x])), "not (1, frames)"),
        (lambda g, x: g(x * np.nan), "the inputs are infinite or not a number"),
        (lambda g, x: g(x, {"cutof": 0.5}), "did you mean `cutoff`"),
        (lambda g, x: g(x, {"cutoff": 2}), "2 is outside the range of `/cutoff`"),
        (lambda g, x: g(x, {"cutoff": np.nan}), "outside the range of `/cutoff`"),
        (lambda g, x: g(x, {"cutoff": [0.5, 0.6]}, block=64), "one for each of the 8 blocks"),
        (lambda g, x: g(x)[1](x), "the cotangents have the shape (1, 500), the outputs (2, 500)"),
        (lambda g, x: g(x)[1](np.full((2, 500), np.inf)), "the cotangents are infinite"),
    ],
)
def test_bad_input_is_named(gradient: Gradient, sound: Samples, call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(fad.FadError, match=re.escape(message)):
        call(gradient, sound)


def test_a_program_without_variables_has_no_gradient() -> None:
    with pytest.raises(fad.FadError):
        Gradient("process = _;")
