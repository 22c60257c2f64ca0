"""Programs with two sliders, and what they have to compute by the mathematics alone, in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import fad
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples

FRAMES = 16
G, H = 0.6, 1.3
#: Before each program.
SLIDERS = f"""import("stdfaust.lib");
g = hslider("g", {G}, -4, 4, 0.01);
h = hslider("h", {H}, -4, 4, 0.01);
D(f, v) = fad(f(v), v) : !,_;
"""
#: Makes a derivative exact in double precision: nothing is subtracted.
COMPLEX_STEP = 1e-30

#: The inputs of a program, its two sliders -> its outputs.
Model = Callable[[Any, Any, Any], Sequence[Any]]
#: The inputs of a program -> its outputs.
Expected = Callable[[Any], Sequence[Any]]


def noise(inputs: int, frames: int = FRAMES) -> Samples:
    return np.random.default_rng(1).uniform(-0.9, 0.9, (inputs, frames))


def run(engine: Engine, text: str, frames: int = FRAMES) -> tuple[Samples, Samples]:
    """The inputs and the outputs of a program that uses operators."""
    source = fad.expand(text).source
    inputs = noise(engine.compile(source, "test").inputs, frames)
    return inputs, engine.render(source, "test", inputs=inputs, frames=frames)


def verify(engine: Engine, text: str, expected: Expected) -> None:
    """Makes sure that the diagram of a text, after the sliders, computes what is expected."""
    x, found = run(engine, f"{SLIDERS}process = {text};")
    wanted = expected(x)
    assert len(found) == len(wanted)
    for lane, samples in zip(wanted, found, strict=True):
        np.testing.assert_allclose(samples, np.broadcast_to(lane, FRAMES), rtol=1e-9, atol=1e-9)


def dual(model: Model, by: str) -> Expected:
    """What the dual of a model computes: each output, followed by its derivatives.

    Args:
        by: for each lane `g`, `h`, the number of an input, or `-` for what has no effect.
    """

    def expected(x: Samples) -> list[Any]:
        def moved(lane: str) -> Sequence[Any]:
            inputs = x.astype(complex)
            if lane.isdigit():
                inputs[int(lane)] += 1j * COMPLEX_STEP
            step = {lane: 1j * COMPLEX_STEP}
            return model(inputs, G + step.get("g", 0), H + step.get("h", 0))

        lanes = [[np.imag(y) / COMPLEX_STEP for y in moved(lane)] for lane in by]
        primal = model(x, G, H)
        return [y for i in range(len(primal)) for y in (primal[i], *(lane[i] for lane in lanes))]

    return expected


def recursion(step: Callable[..., Sequence[Any]], x: Any, outputs: int = 1) -> list[Any]:
    """Runs a recursion.

    Args:
        step: samples of the inputs at one time, and a function that gives an output some samples
            earlier -> the outputs at that time.
    """
    frames = x.shape[1] if len(x) else FRAMES
    past = np.zeros((outputs, frames), dtype=complex)
    for n in range(frames):

        def before(output: int, delay: int, n: int = n) -> Any:
            return past[output, n - delay] if n >= delay else 0.0

        past[:, n] = step(*x[:, n], before)
    return list(past if np.iscomplexobj(x) else past.real)


def late(x: Any, delay: int = 1) -> Any:
    """A delayed signal."""
    return np.concatenate([np.zeros(delay), x[: len(x) - delay]])


def constant(*values: float) -> Expected:
    return lambda _: values
