"""A host for the programs of reverse mode, and forward mode to compare its gradients with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from fad.diagram.box import Box, Lambda, Slot, arity_of
from fad.diagram.parameters import find_parameters
from fad.diagram.widgets import reach, with_inputs
from fad.differentiation.dual import dense
from fad.differentiation.seeds import Seed, Seeds
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.pipeline.front import Front, Request, read
from fad.pipeline.reverse import ReverseProgram, reversed_program
from fad.pipeline.transform import derive
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from fad.text.emitter import emit

#: Parameter path -> its value at each sample, of shape (frames,).
Courses = Mapping[str, Samples]
#: Numbers of slots that no program has.
_FIRST_SLOT = 1_000_000
#: Where a parameter has less effect than this, relative to the others, it counts for less: an
#: effect that is nothing but rounding should not be made large.
_LEAST_SHARE = 1e-3


@dataclass(frozen=True)
class Gradient:
    """What the three programs compute.

    Attributes:
        outputs: of the original, (outputs, frames).
        parameters: (parameters, blocks): the derivative of the sum of all outputs times their
            cotangents by the value that each parameter has in each block.
        inputs: (inputs that are variables, frames): the same by each sample of an input.
    """

    outputs: Samples
    parameters: Samples
    inputs: Samples


def gradient(
    engine: Engine,
    programs: ReverseProgram,
    inputs: Samples,
    cotangents: Samples,
    courses: Courses,
    block: int | None = None,
) -> Gradient:
    """Runs forward, adjoint and control program.

    Args:
        engine: the standard compiler.
        programs: what is run.
        inputs: of the original, (inputs, frames).
        cotangents: (outputs, frames).
        courses: the values of sliders that move, from block to block.
        block: samples in a block; all are one, by default.
    """
    frames = inputs.shape[1]
    block = block or frames
    recorded = run(engine, programs.forward, inputs, courses)
    count = len(programs.outputs)
    outputs, tape = recorded[:count], recorded[count:]
    turned = np.concatenate([cotangents, tape])[:, ::-1]
    backwards = {path: course[::-1] for path, course in courses.items()}
    terms = run(engine, programs.adjoint, turned, backwards)[:, ::-1]
    lanes = len(programs.coefficients)
    sums = np.add.reduceat(terms[:lanes], np.arange(0, frames, block), axis=1)
    each = {path: course[::block] for path, course in courses.items()}
    parameters = run(engine, programs.control, sums, each) if programs.control else sums[:0]
    return Gradient(outputs, parameters, terms[lanes:])


def run(engine: Engine, program: str | Box, inputs: Samples, courses: Courses) -> Samples:
    """The outputs of a program while its sliders move."""
    box = evaluated(program) if isinstance(program, str) else program
    ranges = {path: (float(course.min()), float(course.max())) for path, course in courses.items()}
    heard = [course / reach(*ranges[path]) for path, course in courses.items()]
    text = emit(with_inputs(box, ranges))
    every = np.concatenate([np.array(heard).reshape(len(heard), inputs.shape[1]), inputs])
    return engine.render(text, "test", inputs=np.ascontiguousarray(every), frames=inputs.shape[1])


@lru_cache(maxsize=4)
def evaluated(text: str) -> Box:
    """The diagram of a program; of the last ones, it is remembered."""
    return read(Request(text)).evaluated().process


def directional(
    engine: Engine,
    front: Front,
    variables: Sequence[str],
    inputs: Samples,
    directions: Samples,
    courses: Courses,
    surrogate: Sequence[Kind] = (),
) -> tuple[Samples, Samples]:
    """The outputs of a program, and their derivative along a direction, by forward mode.

    Args:
        variables: the paths of widgets, and `input:0` for audio inputs.
        directions: how they all move, at each sample: (variables, frames).
    """
    slots = [Slot(_FIRST_SLOT + index, "v") for index in range(len(variables))]
    tangents = {path: Seed(0, slot) for path, slot in zip(variables, slots, strict=True)}
    widgets = {path: seed for path, seed in tangents.items() if not path.startswith("input:")}
    channels = {
        int(path.removeprefix("input:")): seed
        for path, seed in tangents.items()
        if path not in widgets
    }
    seeds = Seeds(["direction"], ["direction"], ["direction"], widgets, channels)
    box = dense(derive(front.evaluated(), seeds, front.operations, surrogate), 1)
    for slot in reversed(slots):
        box = Lambda(slot, box)
    lanes = run(engine, box, np.concatenate([directions, inputs]), courses)
    return lanes[0::2], lanes[1::2]


@dataclass(frozen=True)
class Subject:
    """A program, and what reverse mode makes of it."""

    front: Front
    evaluation: Evaluation
    programs: ReverseProgram


def subject(
    program: str | Path,
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    rules: str | None = None,
) -> Subject:
    """A program that is transformed; for the arguments, see `compare`."""
    front = read(Request(program, rules=rules))
    evaluation = front.evaluated()
    return Subject(front, evaluation, reversed_program(evaluation, front, wrt, surrogate))


@dataclass(frozen=True)
class Comparison:
    """What forward and reverse mode make of a program, of a direction v and of cotangents w.

    Attributes:
        forward: <J v, w>.
        reverse: <v, transposed J w>.
        size: the sum of the sizes of the terms of either one, the larger of both.
        original, repeated: the outputs of the original, and of the forward program.
        programs: those of reverse mode.
        effective: the paths of the parameters by which some derivative is not 0.
    """

    forward: float
    reverse: float
    size: float
    original: Samples
    repeated: Samples
    programs: ReverseProgram
    effective: Sequence[str]

    @property
    def error(self) -> float:
        """The difference, relative to the larger of both."""
        largest = max(abs(self.forward), abs(self.reverse))
        return abs(self.forward - self.reverse) / largest if largest else 0.0

    @property
    def error_of_size(self) -> float:
        """The difference, relative to the size of the terms."""
        return abs(self.forward - self.reverse) / self.size if self.size else 0.0


def compare(
    engine: Engine,
    program: str | Path | Subject,
    *,
    wrt: Sequence[str] = (),
    frames: int = 320,
    block: int = 64,
    moving: float = 0.02,
    pressed: Collection[str] = ("button",),
    surrogate: Sequence[Kind] = (),
    rules: str | None = None,
) -> Comparison:
    """The dot-product test, with random directions and cotangents.

    A direction moves each parameter the farther the less effect that has, so that a wrong
    derivative by one of them is not lost beside the others.

    Args:
        program: a text, a file, or what has been transformed before; then `wrt`, `surrogate` and
            `rules` are those of before.
        wrt: the variables; see `fad.transform`.
        frames: how many samples to run.
        block: parameters and their directions change after so many samples.
        moving: how far parameters are moved from their initial values, in units of their ranges.
        pressed: the kinds of widgets that are pressed, after the first block if there are more.
        surrogate, rules: see `fad.transform`.
    """
    if not isinstance(program, Subject):
        program = subject(program, wrt, surrogate, rules)
    front, process, programs = program.front, program.evaluation.process, program.programs
    count, outputs = arity_of(process)
    random = np.random.default_rng(1)
    inputs = random.uniform(-0.5, 0.5, (count, frames))
    cotangents = random.uniform(-1, 1, (outputs, frames))
    blocks = -(-frames // block)
    courses: dict[str, Samples] = {}
    for each in find_parameters(process):
        if each.kind in pressed:
            is_pressed = (np.arange(blocks) > 0) | (blocks == 1)
            courses[each.path] = np.repeat(is_pressed, block)[:frames].astype(float)
    directions = []
    for each in programs.parameters:
        span = each.max - each.min
        values = each.init + span * random.uniform(-moving, moving, blocks)
        # What would go beyond an end goes back from it: at the ends, derivatives may be infinite.
        values = each.max - np.abs(each.max - (each.min + np.abs(values - each.min)))
        if each.step >= 1 and each.step == int(each.step):
            # It chooses among things, or presses a key: other values than its steps do nothing.
            values = each.min + each.step * np.round((values - each.min) / each.step)
        if moving:
            courses[each.path] = np.repeat(np.clip(values, each.min, each.max), block)[:frames]
        directions.append(span * random.uniform(-1, 1, blocks))
    by_block = np.array(directions).reshape(len(directions), blocks)
    by_sample = random.uniform(-1, 1, (len(programs.inputs), frames))
    found = gradient(engine, programs, inputs, cotangents, courses, block)
    effects = np.abs(by_block * found.parameters).sum(axis=1, keepdims=True)
    largest = effects.max(initial=0.0)
    if 0 < largest < np.inf:
        by_block *= largest / np.maximum(effects, _LEAST_SHARE * largest)
    variables = [each.path for each in programs.parameters]
    variables += [f"input:{index}" for index in programs.inputs]
    _, tangents = directional(
        engine,
        front,
        variables,
        inputs,
        np.concatenate([np.repeat(by_block, block, axis=1)[:, :frames], by_sample]),
        courses,
        surrogate,
    )
    terms = [*(by_block * found.parameters).flat, *(by_sample * found.inputs).flat]
    products = cotangents * tangents
    return Comparison(
        float(products.sum()),
        float(np.sum(terms)),
        float(max(np.abs(products).sum(), np.abs(terms).sum())),
        run(engine, process, inputs, courses),
        found.outputs,
        programs,
        [path for path, [effect] in zip(variables, effects, strict=False) if effect],
    )
