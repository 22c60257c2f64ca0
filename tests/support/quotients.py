"""Duals beside the difference quotients of their programs, all of it computed by libfaust."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import fad
from fad.base.source import Source
from fad.checking.quotients import DOUBLE, Judgement, Runs, judge
from fad.diagram.box import Box
from fad.diagram.order import widgets_of
from fad.diagram.parameters import find_parameters, select
from fad.diagram.widgets import with_values
from fad.evaluation.core import Evaluation
from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples, noise
from fad.text.emitter import emit

#: How far from a kink the tangent has to be right.
ASIDE = 1e-4
#: Where a program runs around a parameter's value, in steps, in the order of `Runs`.
_OFFSETS = (1.0, -1.0, 0.5, -0.5)

#: How far some parameters are moved from their values, by name.
Offsets = Mapping[str, float]
#: Runs a program once for each of some offsets; its outputs have shape (runs, outputs, frames).
RunAll = Callable[[Sequence[Offsets]], Samples]


@dataclass(frozen=True)
class Comparison:
    """What the dual of a program computes, and what the program computes around its parameters.

    Args:
        steps: parameter -> how far it is moved.
        original: the program's outputs, (outputs, frames).
        primal: outputs of the dual that repeat them.
        tangents: (outputs, parameters, frames).
        around: the program's outputs where each parameter is moved, of shape
            (offsets, outputs, parameters, frames).
    """

    steps: Mapping[str, float]
    original: Samples
    primal: Samples
    tangents: Samples
    around: Samples

    @property
    def quotients(self) -> Samples:
        """Central differences of the original, of the shape of the tangents."""
        steps: Samples = np.array([*self.steps.values()])
        quotients: Samples = (self.around[0] - self.around[1]) / (2 * steps[:, np.newaxis])
        return quotients

    @property
    def error(self) -> float:
        """The largest difference, relative to the largest quotient of its output and parameter."""
        scale = np.maximum(1.0, np.abs(self.quotients).max(axis=2, keepdims=True))
        return float((np.abs(self.tangents - self.quotients) / scale).max(initial=0.0))

    @property
    def judgements(self) -> dict[tuple[int, str], Judgement]:
        """For each output and parameter, what fad's own checker says of the tangent."""
        return {
            (output, name): judge(
                self.tangents[output, index],
                Runs(step, self.original[output], *self.around[:, output, index]),
            )
            for output in range(len(self.original))
            for index, (name, step) in enumerate(self.steps.items())
        }


def beside_quotients(
    primal: Samples, tangents: Samples, steps: Mapping[str, float], run: RunAll
) -> Comparison:
    """Runs a program around the values of its parameters.

    Args:
        primal, tangents, steps: see `Comparison`.
        run: runs the program.
    """
    moved = [{name: offset * step} for name, step in steps.items() for offset in _OFFSETS]
    runs = run([{}, *moved])
    around = runs[1:].reshape(len(steps), len(_OFFSETS), *runs[0].shape)
    return Comparison(steps, runs[0], primal, tangents, around.transpose(1, 2, 0, 3))


def steps_of(evaluation: Evaluation, wrt: Sequence[str] = ()) -> dict[str, float]:
    """How far to move the parameters of a program, by path, in the order of its text."""
    box = evaluation.process
    assert box.arity is not None
    variables = select(widgets_of(box, evaluation.facts), box.arity[0], wrt)
    return {variable.path: DOUBLE.step * max(1.0, abs(variable.init)) for variable in variables}


def moving(engine: Engine, box: Box, inputs: Samples) -> RunAll:
    """Runs a diagram; its parameters go by their paths."""
    values = {parameter.path: parameter.init for parameter in find_parameters(box)}

    def moved(offsets: Offsets) -> str:
        places = {path: values[path] + offset for path, offset in offsets.items()}
        return emit(with_values(box, places))

    def run(moves: Sequence[Offsets]) -> Samples:
        return np.array([render(engine, moved(offsets), inputs) for offsets in moves])

    return run


def render(engine: Engine, text: str, inputs: Samples) -> Samples:
    """The outputs of a program."""
    # libfaust crashes on `assertbounds`, which passes its last argument on.
    text = re.sub(r"\bassertbounds\b", "(!,!,_)", text)
    return engine.render(text, "test", inputs=inputs, frames=inputs.shape[1])


def compare(
    engine: Engine,
    program: str | Path | Source,
    dual: str | None = None,
    *,
    include: Sequence[Path] = (),
    wrt: Sequence[str] = (),
    frames: int = 64,
) -> Comparison:
    """Runs a program around its parameters, and its dual, on the same noise.

    Args:
        program: a text, or a file.
        dual: the text of its dual; what fad writes by default.
        include: folders to search for imported files, before the standard ones.
        wrt: the variables; see `fad.transform`.
        frames: how many samples to run.
    """
    if dual is None:
        dual = fad.transform(program, include=include, wrt=wrt).source
    evaluation = read(Request(program, include)).evaluated()
    box = evaluation.process
    assert box.arity is not None
    inputs = noise(1, box.arity[0], frames)
    steps = steps_of(evaluation, wrt)
    lanes = render(engine, dual, inputs).reshape(box.arity[1], 1 + len(steps), frames)
    return beside_quotients(lanes[:, 0], lanes[:, 1:], steps, moving(engine, box, inputs))
