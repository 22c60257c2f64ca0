"""Programs that use `fad.lib`, and the signals that they run on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import fad
from fad.runtime.engine import Engine
from tests.support.places import ROOT

Signal = NDArray[np.float64]
Reference = Callable[[Signal], Signal]

LIBRARY = ROOT / "fad" / "lib" / "fad.lib"
RATE = 1000
TOLERANCE = 1e-9


def render(
    engine: Engine, text: str, inputs: Signal, folder: Path = LIBRARY.parent, rate: int = RATE
) -> Signal:
    """What the standard compiler makes of a program that uses `df`."""
    return engine.render(
        f'df = library("fad.lib");\n{text}',
        "test.dsp",
        inputs=inputs,
        frames=inputs.shape[1],
        sample_rate=rate,
        include=[folder],
    )


def dual(engine: Engine, text: str, inputs: Signal) -> Signal:
    """What fad makes of a program that uses `df`, run by the standard compiler."""
    source = fad.expand(f'df = library("fad.lib");\n{text}').source
    frames = inputs.shape[1]
    return engine.render(source, "test.dsp", inputs=inputs, frames=frames, sample_rate=RATE)


def noise(channels: int, frames: int = 300, seed: int = 0) -> Signal:
    return np.random.default_rng(seed).normal(size=(channels, frames))


def edges(channels: int) -> Signal:
    """Noise with zeros and equal, small and huge values in it."""
    signal = noise(channels)
    signal[:, 40:60] = 0
    signal[:, 80:90] = signal[0, 80:90]
    signal[:, 100:110] *= 1e-9
    signal[0, 120:130] *= 1e6
    signal[-1, 150:160] *= -1e12
    return signal


def certain() -> Signal:
    """Labels, and logits of any size."""
    labels, logits = np.meshgrid([0, 0.25, 1], [0, 1e-9, -1, 3, 50, -800, 1e6, -1e9])
    return np.stack([labels.ravel(), logits.ravel()])


def broken(channels: int) -> Signal:
    """Noise with samples that are not finite numbers, the first one among them."""
    signal = noise(channels)
    signal[0, [0, 100, 101]] = np.nan
    signal[-1, [50, 120]] = np.inf, -np.inf
    signal[0, 200] = 1e30
    return signal


AROUND = (np.concatenate([np.linspace(-50, 50, 201), [-1e3, 1e3, -1e6, 1e6, 0]])[None],)

OPTIMIZERS = [
    "sgd(0.1)",
    "momentum(0.9, 0.1)",
    "nesterov(0.9, 0.1)",
    "rmsprop(0.9, 0.1)",
    "adam(0.9, 0.999, 0.1)",
    "nadam(0.9, 0.999, 0.1)",
    "sign(0.1)",
]
