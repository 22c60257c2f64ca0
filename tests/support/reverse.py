"""Reverse mode: its programs in libfaust's interpreter, and forward mode to compare them with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fad.checking.both_modes import (
    BothModes,
    Comparison,
    Setting,
    directional,
)
from fad.diagram.box import arity_of
from fad.diagram.order import widgets_of
from fad.diagram.parameters import select
from fad.diagram.widgets import with_inputs
from fad.differentiation.surrogates import Kind
from fad.model.gradient import brought_back
from fad.model.moves import Moves
from fad.model.reverse import Recorded, boxes_of, reverse_of
from fad.model.units import Units
from fad.pipeline.front import Request, read
from fad.pipeline.reverse import ReverseProgram, reversed_program
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from fad.runtime.repeated import Courses, Host, with_courses
from fad.runtime.soundfiles import Sounds
from fad.text.emitter import emit

_RATE = 44100


@dataclass(frozen=True)
class Found:
    """What the three programs compute.

    Attributes:
        outputs: of the forward program, but for the tape: (outputs, frames).
        parameters: the derivatives by each parameter in each block: (parameters, blocks).
        inputs: those by each sample of the inputs that are variables: (inputs, frames).
    """

    outputs: Samples
    parameters: Samples
    inputs: Samples


def gradient(
    engine: Engine,
    programs: ReverseProgram,
    inputs: Samples,
    cotangents: Samples,
    courses: Courses | None = None,
    block: int | None = None,
) -> Found:
    """Runs forward, adjoint and control program.

    Args:
        engine: the standard compiler.
        programs: what is run.
        inputs: of the original, (inputs, frames).
        cotangents: (outputs, frames).
        courses: path -> the values at each sample of a parameter that moves, from block to block.
        block: samples in a block; all are one, by default.
    """
    frames = inputs.shape[1]
    size = block or frames
    values = {path: course[::size] for path, course in (courses or {}).items()}
    blocks = -(-frames // size)
    front = read(Request(programs.forward))
    units = Units(
        "interpreter", front, programs.parameters, _RATE, "double", False, Sounds({}), engine
    )
    reverse = reverse_of(programs, boxes_of(programs), units)
    run = Recorded(reverse, inputs, Moves.of(values, blocks, size), frames)
    found = brought_back(run, programs, cotangents)
    return Found(
        run.outputs,
        np.array(list(found.parameters.values())).reshape(-1, blocks),
        np.array(list(found.inputs.values())).reshape(-1, frames),
    )


def run(engine: Engine, program: str, inputs: Samples, courses: Courses) -> Samples:
    """The outputs of a program while its sliders move, each within what it does."""
    ranges = {path: (float(course.min()), float(course.max())) for path, course in courses.items()}
    text = emit(with_inputs(read(Request(program)).evaluated().process, ranges))
    heard = np.ascontiguousarray(with_courses(inputs, courses, ranges))
    return engine.render(text, "test", inputs=heard, frames=inputs.shape[1])


def compare(
    engine: Engine,
    program: str | Path,
    *,
    wrt: Sequence[str] = (),
    frames: int = 320,
    block: int = 64,
    moving: float = 0.02,
    surrogate: Sequence[Kind] = (),
    rules: str | None = None,
) -> Comparison:
    """The dot-product test, with random directions and cotangents, in libfaust's interpreter.

    Args:
        program: a text, or a file.
        wrt: the variables; see `fad.transform`.
        frames: how many samples to run.
        block: parameters and their directions change after so many samples.
        moving: how far parameters are moved from their initial values, in units of their ranges.
        surrogate, rules: see `fad.transform`.
    """
    front = read(Request(program, rules=rules))
    evaluation = front.evaluated()
    programs = reversed_program(evaluation, front, wrt, surrogate)
    count, outputs = arity_of(evaluation.process)
    widgets = widgets_of(evaluation.process, evaluation.facts, front.title)
    variables = select(widgets, count, wrt)
    random = np.random.default_rng(1)
    inputs = random.uniform(-0.5, 0.5, (count, frames))
    cotangents = random.uniform(-1, 1, (outputs, frames))
    blocks = -(-frames // block)
    # A button is pressed after the first block.
    values = {
        each.path: (np.arange(blocks) > 0).astype(float)
        for each in widgets
        if each.kind == "button"
    }
    directions = []
    for each in programs.parameters:
        span = each.max - each.min
        moved = each.init + span * random.uniform(-moving, moving, blocks)
        if moving:
            values[each.path] = np.clip(moved, each.min, each.max)
        directions.append(span * random.uniform(-1, 1, blocks))
    by_block = np.array(directions).reshape(len(directions), blocks)
    by_sample = random.uniform(-1, 1, (len(variables) - len(directions), frames))
    host = Host(engine, front.name, front.folder, _RATE, native=False)
    dual = directional(front, evaluation, variables, surrogate)
    movers = [each for each in widgets if each.path in values]
    both = BothModes(front, evaluation, host, movers, variables, programs, dual)
    moves = Moves.of(values, blocks, block)
    return both.compared(Setting(inputs, moves, cotangents, by_block, by_sample, frames))
