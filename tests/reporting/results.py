"""What fits could have found, for tests of what is told about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.diagram.parameters import Parameter
from fad.fitting.result import Attempt, FitResult, Match, Moment, Sensitivity
from fad.fitting.targets import Target

RATE = 8000
FREQUENCY = Parameter(
    "/synth/freq", "freq", "hslider", 500.0, 100.0, 1600.0, 0.1, unit="Hz", scale="log"
)
GAIN = Parameter("/gain", "gain", "hslider", 0.25, 0.0, 1.0, 0.01)
LEVEL = Parameter("/level", "level", "hslider", 0.5, 0.0, 1.0, 0.01)
SOURCE = 'process = hslider("gain", 0.5, 0, 1, 0.01);\n'


def tone(frequency: float, frames: int = 800, gain: float = 0.5) -> NDArray[np.float64]:
    """A sine, of shape (1, frames)."""
    return gain * np.sin(2 * np.pi * frequency * np.arange(frames) / RATE)[None]


def match(target: NDArray[np.float64], sound: NDArray[np.float64], **changes: Any) -> Match:
    """A target and a sound; the start is half the sound."""
    values = {"/synth/freq": 400.0, "/gain": 0.5, "/level": 0.5}
    found = Match(Target(target, name="recording.wav"), sound, sound / 2, 0.01, values)
    return replace(found, **changes)


def sensitivity(**changes: Any) -> Sensitivity:
    """Of three parameters that are known well."""
    paths = (FREQUENCY.path, GAIN.path, LEVEL.path)
    found = Sensitivity(paths, np.array([1.0, 0.1, 0.01]), np.full(3, 0.002), np.eye(3))
    return replace(found, **changes)


def result(**changes: Any) -> FitResult:
    """A fit of three parameters by two starts, with what is to be different in it."""
    start, end = {"/gain": 0.25}, {"/gain": 0.5}
    best = (Moment(1, "coarse", 1.0), Moment(3, "coarse", 0.1), Moment(4, "fine", 0.02))
    other = (Moment(2, "coarse", 2.0), Moment(5, "fine", 0.04))
    found = FitResult(
        parameters={"/synth/freq": 400.0, "/gain": 0.5, "/level": 0.5},
        variables=(FREQUENCY, GAIN, LEVEL),
        loss=0.01,
        start_loss=1.0,
        ending="converged",
        message="no step makes the loss smaller",
        loss_name="mss",
        reason="`freq` reaches an oscillator",
        evaluations=5,
        seconds=1.5,
        attempts=(
            Attempt(start, end, 0.01, best, "converged"),
            Attempt(start, end, 0.03, other, "its steps are tiny"),
        ),
        sensitivity=sensitivity(),
        matches=(match(tone(400), tone(420)),),
        warnings=(),
        source=SOURCE,
        rate=RATE,
        seed=7,
        program="sine.dsp",
    )
    return replace(found, **changes)
