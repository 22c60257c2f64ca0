"""Differentiates a Faust program, compiles the result with libfaust, and runs it on noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import fad
from fad.runtime.engine import Engine

FRAMES = 6


def main() -> None:
    """Prints the program that fad writes for `estimate.dsp`, and its first samples."""
    path = Path(__file__).with_name("estimate.dsp")
    program = fad.transform(path)
    print(program.source)

    noise = np.random.default_rng(1).uniform(-1, 1, (1, FRAMES))
    with Engine() as engine:
        outputs = engine.render(program.source, path.name, inputs=noise, frames=FRAMES)

    columns = ["x", *(output.name for output in program.outputs)]
    print(*(f"{name:>12}" for name in columns))
    for samples in np.concatenate([noise, outputs]).T:
        print(*(f"{sample:12.6f}" for sample in samples))


if __name__ == "__main__":
    main()
