"""Programs whose parameters are learnt, and how they are run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import fad
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples

GAIN = 'process = *(hslider("gain", 0.8, 0, 1, 0.01));'
GAIN_AND_OFFSET = """
gain = hslider("gain", 0.8, 0, 1, 0.01);
offset = hslider("offset", 0.2, -1, 1, 0.01);
process = *(gain) : +(offset);
"""
CUTOFF = """
import("stdfaust.lib");
process = fi.lowpass(1, hslider("cutoff [unit:Hz] [scale:log]", 800, 50, 10000, 1));
"""
MIX = """
process = *(hslider("a", 0.3, -1, 1, 0.01)), *(hslider("b", -0.5, -1, 1, 0.01)) :> _;
"""
SPLIT = """
process = _ <: *(hslider("a", 0.3, -1, 1, 0.01)), *(hslider("b", -0.5, -1, 1, 0.01));
"""
SOURCE = """
import("stdfaust.lib");
process = no.noise*hslider("level", 0.3, 0, 1, 0.01);
"""
STEREO = """
left = hslider("h:left/gain", 0.3, 0, 1, 0.01);
right = hslider("h:right/gain", 0.9, 0, 1, 0.01);
process = *(left), *(right);
"""

#: An optimizer that arrives within 8000 samples.
FAST: Mapping[str, Any] = {"optimizer": "adam(0.9, 0.999)", "rate": 0.001}


def rendered(
    engine: Engine, program: fad.Program, inputs: Samples | None = None, frames: int = 8000
) -> Samples:
    if inputs is not None:
        frames = inputs.shape[1]
    return engine.render(program.source, "learning", inputs=inputs, frames=frames)


def noise(*shape: int) -> Samples:
    return np.random.default_rng(1).uniform(-1, 1, shape)
