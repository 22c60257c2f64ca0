"""Derivatives compared with difference quotients that libfaust computes, in double precision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import fad
from fad.base.deep_stack import with_deep_stack
from fad.base.source import Source
from fad.diagram.parameters import with_values
from fad.evaluation.evaluator import evaluate
from fad.runtime.engine import Engine
from fad.syntax.libraries import Libraries, read_source
from fad.text.emitter import emit

STEP = 1e-6
#: How far from a kink the tangent has to be right.
ASIDE = 1e-4


@dataclass(frozen=True)
class Comparison:
    """What the dual of a program computes, and what it should.

    Args:
        primal: outputs of the dual that repeat the original's, (outputs, frames).
        original: the original's outputs, (outputs, frames).
        tangents: (outputs, parameters, frames).
        quotients: central differences of the original, of the same shape.
    """

    primal: NDArray[np.float64]
    original: NDArray[np.float64]
    tangents: NDArray[np.float64]
    quotients: NDArray[np.float64]

    @property
    def error(self) -> float:
        """The largest difference, relative to the largest quotient of its output and parameter."""
        scale = np.maximum(1.0, np.abs(self.quotients).max(axis=2, keepdims=True))
        return float((np.abs(self.tangents - self.quotients) / scale).max(initial=0.0))


def compare(
    engine: Engine, program: str | Path, frames: int = 64, step: float = STEP, seed: int = 1
) -> Comparison:
    """Runs a program's dual and its difference quotients on the same noise."""
    source = read_source(program) if isinstance(program, Path) else Source("test.dsp", program)
    libraries = Libraries()
    module = libraries.parse(source)
    box = with_deep_stack(lambda: evaluate(module, libraries)).process
    dual = fad.transform(source)
    assert box.arity is not None
    inputs = np.random.default_rng(seed).uniform(-1, 1, (box.arity[0], frames))

    def run(text: str) -> NDArray[np.float64]:
        return engine.render(text, "test", inputs=inputs, frames=frames)

    count = len(dual.parameters)
    lanes = run(dual.source).reshape(box.arity[1], 1 + count, frames)
    quotients = np.empty((box.arity[1], count, frames))
    for index, parameter in enumerate(dual.parameters):
        h = step * max(1.0, abs(parameter.init))
        above, below = (
            run(emit(with_values(box, {parameter.path: parameter.init + sign * h})))
            for sign in (1, -1)
        )
        quotients[:, index] = (above - below) / (2 * h)
    return Comparison(lanes[:, 0], run(emit(box)), lanes[:, 1:], quotients)
