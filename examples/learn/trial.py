"""Runs a learning example from one starting point, and judges what it learnt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import fad
from examples.learn.catalogue import Example, Judge
from fad.base.precision import NativePrecision
from fad.base.source import Source
from fad.diagram.box import Box, Seq
from fad.diagram.parameters import Parameter
from fad.diagram.widgets import with_widgets
from fad.pipeline.front import Request, read
from fad.pipeline.program import Program
from fad.runtime.engine import Engine
from fad.runtime.recording import Recording
from fad.text.emitter import emit

HERE = Path(__file__).parent
PRECISIONS: tuple[NativePrecision, ...] = ("double", "single")
#: The number of starting points.
STARTS = 3
#: A value has to be near enough for at least this share of the time before the next change.
SETTLED = 0.1
#: Samples over which the error of a curve is taken.
BLOCK = 2048

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Phase:
    """What was learnt between two changes.

    Args:
        seconds: the time from which the error stays in the tolerance; `None` if it does not.
        final: the largest error at the end.
    """

    seconds: float | None
    final: float


@dataclass(frozen=True)
class Trial:
    """A run of a learning program.

    Args:
        precision: how it computed.
        start: parameter -> the value that it started from.
        phases: one for each of the hidden values.
        errors: parameter -> errors over time, in percent: four for each phase, at 5 %, 20 %, 50 %
            and 100 % of it.
    """

    precision: NativePrecision
    start: dict[str, float]
    phases: tuple[Phase, ...]
    errors: dict[str, list[float]]

    @property
    def converges(self) -> bool:
        """Whether all values were found."""
        return all(phase.seconds is not None for phase in self.phases)

    @property
    def final(self) -> float:
        """The largest error at the end of a phase."""
        return max(phase.final for phase in self.phases)


def target_of(example: Example) -> Path:
    """The program whose sound is learnt."""
    return HERE / f"{example.name}.dsp"


def learning_program(example: Example, start: int, smooth: bool = False) -> Program:
    """The program that `fad estimate` writes.

    Args:
        example: the example.
        start: the number of the starting point, from 0.
        smooth: whether `si.smoo` is behind each slider, of the target and of the model.
    """
    target, model = (
        smoothed(path) if smooth else path
        for path in (target_of(example), HERE / f"{example.model or example.name}.dsp")
    )
    return fad.estimate(
        target,
        model if example.model else None,
        start=starting_point(fad.expand(model).parameters, start),
        outputs="loss" if example.judged_by == "parameters" else "all",
        input=str(HERE / f"{example.data}.dsp") if example.data else "noise",
        **example.options,
    )


def automatic(example: Example) -> Example:
    """The same example with the optimizer that needs no settings; its loss stays."""
    kept = {name: value for name, value in example.options.items() if name == "loss"}
    return replace(example, options={**kept, "optimizer": "auto"})


def smoothed(path: Path) -> Source:
    """A program with `si.smoo` behind each slider."""
    smoo = _diagram('import("stdfaust.lib"); process = si.smoo;')
    box, _ = with_widgets(_diagram(path), lambda widget, parameter: Seq(widget, smoo))
    return Source(path.name, emit(box))


def _diagram(program: str | Path) -> Box:
    return read(Request(program)).evaluated().process


def starting_point(parameters: Sequence[Parameter], start: int) -> dict[str, float]:
    """Path -> value, spread over the ranges: no two are alike, whatever the parameters' order."""
    values = {}
    for number, parameter in enumerate(sorted(parameters, key=lambda each: each.path)):
        spread = (start + 0.5) / STARTS + number * (math.sqrt(5) - 1) / 2
        share = 0.05 + 0.9 * (spread % 1)
        low, high = parameter.min, parameter.max
        value = low * (high / low) ** share if _is_log(parameter) else low + (high - low) * share
        values[parameter.path] = float(f"{value:.3g}")
    return values


def record(
    example: Example, program: Program, precision: NativePrecision, engine: Engine
) -> Recording:
    """Runs a learning program while the hidden values change."""
    moves = example.hidden
    return fad.run(
        Source(f"{example.name}.dsp", program.source),
        seconds=example.seconds * len(moves),
        at=moves[0],
        changes={example.seconds * number: moves[number] for number in range(1, len(moves))},
        precision=precision,
        engine=engine,
    )


def judged(
    example: Example, program: Program, recording: Recording, precision: NativePrecision
) -> Trial:
    """What came of a run."""
    if example.judged_by == "parameters":
        times = recording.times
        errors = {p.label: _error(p, recording) for p in program.parameters}
    else:
        times, error = _block_errors(recording, example.judged_by)
        errors = {example.judged_by: error}
    largest = np.max(list(errors.values()), axis=0)
    phases = []
    told: dict[str, list[float]] = {name: [] for name in errors}
    for number in range(len(example.hidden)):
        begin, end = (example.seconds * n for n in (number, number + 1))
        # A value that is read at the time of a change may be from before it, or after.
        inside = np.flatnonzero((times > begin + 0.001) & (times < end - 0.001))
        phases.append(_phase(example, times[inside] - begin, largest[inside]))
        for name, values in errors.items():
            some = [inside[min(int(len(inside) * x), len(inside) - 1)] for x in (0.05, 0.2, 0.5, 1)]
            told[name] += [100 * float(values[index]) for index in some]
    start = {p.path.strip("/"): p.init for p in program.parameters}
    return Trial(precision, start, tuple(phases), told)


def _phase(example: Example, times: Samples, errors: Samples) -> Phase:
    # Not `>`: what is not a number is not near.
    far = np.flatnonzero(~(errors <= example.tolerance))
    settled = 0.0
    if len(far):
        settled = float(times[far[-1] + 1]) if far[-1] + 1 < len(times) else np.inf
    last = times >= (1 - SETTLED) * example.seconds
    is_settled = settled <= (1 - SETTLED) * example.seconds
    return Phase(settled if is_settled else None, float(errors[last].max()))


def _error(parameter: Parameter, recording: Recording) -> Samples:
    """How far a parameter is from its hidden value, in its range, over time."""
    learnt = recording.bargraphs[f"/learning/{parameter.label}/{parameter.label}"]
    hidden = recording.sliders[f"/target/{parameter.label}"]
    error: Samples = np.abs(_place(parameter, learnt) - _place(parameter, hidden))
    return error


def _place(parameter: Parameter, values: Samples) -> Samples:
    low, high = parameter.min, parameter.max
    if _is_log(parameter):
        place: Samples = np.log(values / low) / np.log(high / low)
    else:
        place = (values - low) / (high - low)
    return place


def _is_log(parameter: Parameter) -> bool:
    return parameter.scale == "log" and parameter.min > 0


def _block_errors(recording: Recording, kind: Judge) -> tuple[Samples, Samples]:
    """The times at which blocks end, and the errors in them."""
    count = recording.frames // BLOCK
    _, target, estimate = recording.outputs[:, : count * BLOCK].reshape(3, count, BLOCK)
    error: Samples
    if kind == "curve":
        error = np.sqrt(np.mean((target - estimate) ** 2, axis=1) / np.mean(target**2, axis=1))
    else:
        error = np.mean((target > 0.5) != (estimate > 0), axis=1)
    return np.arange(1, count + 1) * BLOCK / recording.rate, error
