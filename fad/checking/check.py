"""`fad check`: each derivative against difference quotients that the standard compiler computes.

Those of reverse mode are tested against forward mode, in `dot_product`.

The original program, its dual and the original with one parameter moved a little run on the same
input, in double precision if they can. Nothing of what is compared is computed by fad.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.base.precision import NativePrecision
from fad.base.prose import either
from fad.base.source import Span
from fad.checking.length import PRESSED, seconds_for
from fad.checking.points import never_pressed, points_of, unpressed
from fad.checking.quotients import ACCURACIES, Accuracy, Judgement, Runs, judge
from fad.checking.report import CheckMode, Pair, Report
from fad.checking.rules import reviewed, without
from fad.diagram.box import Box, arity_of
from fad.diagram.order import OrderBy, widgets_of
from fad.diagram.parameters import Parameter, input_index, resolved, select
from fad.diagram.widgets import with_values
from fad.differentiation.dual import Dual, about, dense, lost
from fad.differentiation.operations import Operations
from fad.differentiation.seeds import by_parameters
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.pipeline.front import Request, read
from fad.pipeline.transform import derive
from fad.runtime.engine import Engine
from fad.runtime.foreign import refuse_foreign
from fad.runtime.frames import check_size, frames_of
from fad.runtime.input_signals import checked, noise
from fad.runtime.recording import values_over_time
from fad.runtime.renderer import EngineRefusal, Renderer
from fad.runtime.repeated import (
    MARGIN,
    SMALL_MARGIN,
    Courses,
    Host,
    Runner,
    Values,
    runner,
    runs_natively,
)
from fad.runtime.schedule import Change, scheduled
from fad.runtime.soundfiles import missing_sounds, plays_sounds
from fad.syntax.libraries import ProgramLike


def check(
    program: ProgramLike,
    *,
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
    inputs: NDArray[np.float64] | None = None,
    seconds: float | None = None,
    rate: int = 44100,
    at: Mapping[str, float] | None = None,
    changes: Mapping[float, Mapping[str, float]] | None = None,
    points: int = 3,
    seed: int = 1,
    engine: Renderer | None = None,
    native: bool | None = None,
    trust: bool = False,
    order_by: OrderBy = "text",
    mode: CheckMode = "forward",
) -> Report:
    """Compares each derivative with difference quotients, or reverse mode with forward mode.

    Buttons and checkboxes that neither `at` nor `changes` name are pressed after a tenth of the
    time, and stay so. All is in double precision, but for sound files in the interpreter.

    Args:
        program: a text, or the path of a file.
        include: folders to search for imported files, before the standard ones.
        libraries: a folder of libraries to use instead of the standard ones.
        wrt: the variables; see `fad.transform`.
        surrogate: which reads are given a slope; see `fad.transform`.
        rules: the derivatives of functions; see `fad.transform`.
        inputs: the audio inputs, of shape (channels, samples); noise by default.
        seconds: how much to run, and at most all of `inputs`; by default as long as it takes until
            the program's longest delays and the last of `changes` are over, and 0.05 s more, but
            for delays not more than 2 s.
        rate: the sample rate, in Hz.
        at: where to compare: label or path of a widget -> value; elsewhere the initial values.
        changes: time in seconds -> label or path of a widget -> value from there on.
        points: how many points to compare at: the one of `at`, and others where the sliders that
            neither `at` nor `changes` name have random values in their ranges.
        seed: of the noise, and of the points.
        engine: the standard compiler; by default an `Engine` for this call only. In forward mode,
            anything that renders interpreted programs will do.
        native: whether to run native code, which needs a C++ compiler, or libfaust's interpreter;
            by default native code where there is a compiler. Programs with foreign functions
            always run as native code.
        trust: whether the program, and the rules, may use foreign functions and values that are
            not the standard ones of mathematics; see `fad.run`.
        order_by: the order of the variables; see `fad.transform`.
        mode: which derivatives are tested: those of `forward` mode; those of `reverse` mode, by the
            dot-product test, for which programs run as native code only where `native` says so, or
            where they have foreign functions or play sound files; or `both`.

    Returns:
        A verdict for each output and parameter, and for each dot product.

    Raises:
        FadError: there is no such mode; what `fad.transform` raises, but that a construct without a
            transpose is told in the report about `both`; `at` or `changes` name nothing, leave a
            range or the run; `inputs` do not fit the program; the run is not possible, or too long;
            the standard compiler refuses, crashes or takes too long (`EngineError`).
    """
    if mode not in get_args(CheckMode):
        raise FadError(f"there is no mode `{mode}`", hint=f"there is {either(get_args(CheckMode))}")
    front = read(Request(program, include, rules=rules, libraries=libraries))
    evaluation = front.evaluated()
    precision: NativePrecision = "double"
    if _is_single(evaluation.process, native):
        precision = "single"
        front = read(Request(program, include, precision, rules, libraries))
        evaluation = front.evaluated()
    box = evaluation.process
    arity = arity_of(box)
    widgets = widgets_of(box, evaluation.facts, front.title, order_by)
    start = resolved(widgets, at or {})
    changes = changes or {}
    moving = {path for moves in changes.values() for path in resolved(widgets, moves)}
    places = points_of(widgets, start, moving, points, seed)
    if seconds is None:
        frames_of(1.0, rate)  # refuses what is no rate
        placed = [with_values(box, place) for place in places]
        seconds = seconds_for(placed, rate) + max(0.0, *changes, 0.0)
    variables = select(widgets, arity[0], wrt)
    frames = frames_of(seconds, rate)
    check_size((arity[0], arity[1] * (1 + len(variables))), frames, rate)
    samples = _inputs(arity[0], inputs, frames, seed)
    frames = samples.shape[1]
    pressed = unpressed(widgets, {*start, *moving})
    moves = (
        *(Change(round(PRESSED * frames), switch.path, 1.0) for switch in pressed),
        *scheduled(widgets, changes, rate, frames),
    )
    courses = _courses(widgets, start, moves, frames)
    with contextlib.nullcontext(engine) if engine is not None else Engine(keep=True) as faust:
        host = Host(faust, front.name, front.folder, rate, native, precision, trust)
        if mode != "reverse":
            job = _Check(
                evaluation,
                widgets,
                places,
                courses,
                variables,
                front.operations,
                surrogate,
                host,
                samples,
            )
            try:
                report = job.report()
            except EngineRefusal:
                report = replace(job, margin=SMALL_MARGIN).report()
        if mode != "forward":
            from fad.checking.dot_product import DotProductTest  # forward mode does not need it

            test = DotProductTest(
                *(front, evaluation, widgets, variables, wrt, surrogate, order_by),
                *(host, places, moves, samples, seed),
            )
            report = test.added_to(report) if mode == "both" else test.report()
    released = tuple(never_pressed(widgets, start, moves))
    return replace(report, unpressed=released, files=front.files(box))


def _is_single(box: Box, native: bool | None) -> bool:
    """Whether the interpreter plays sound files, which it does in single precision only."""
    return plays_sounds(box) and not runs_natively(box, native)


def _inputs(
    count: int, inputs: NDArray[np.float64] | None, frames: int, seed: int
) -> NDArray[np.float64]:
    if inputs is None:
        return noise(seed, count, frames)
    whole = checked(inputs, count)
    return np.ascontiguousarray(whole[:, :frames]) if count else np.zeros((0, frames))


def _courses(
    widgets: Sequence[Parameter],
    start: Mapping[str, float],
    changes: Sequence[Change],
    frames: int,
) -> Courses:
    """Path -> the values over time of the widgets that move."""
    paths = {change.path for change in changes}
    moving = [widget for widget in widgets if widget.path in paths]
    return values_over_time(moving, start, changes, np.arange(frames))


@dataclass(frozen=True)
class _Programs:
    """What is compared, ready to run.

    Attributes:
        original: the program.
        dual: the program with its derivatives.
        exact: the same without slopes at quantisers: only it can agree with quotients.
    """

    original: Runner
    dual: Runner
    exact: Runner


@dataclass(frozen=True)
class _Check:
    """A program at some places of its parameters.

    Attributes:
        evaluation: the program.
        widgets: what is known of its widgets.
        places: for each point, path -> value of the widgets that are not where they start.
        courses: path -> values over time of the widgets that move.
        variables: the parameters to compare.
        operations, surrogate: what the dual depends on; see `derive`.
        host: where to run.
        inputs: the audio inputs.
        margin: how far variables can be moved; see `runner`.
    """

    evaluation: Evaluation
    widgets: Sequence[Parameter]
    places: Sequence[Values]
    courses: Courses
    variables: Sequence[Parameter]
    operations: Operations
    surrogate: Sequence[Kind]
    host: Host
    inputs: NDArray[np.float64]
    margin: float = MARGIN

    def report(self) -> Report:
        dual = self._dual(self.evaluation, self.surrogate)
        if not self.host.trust and runs_natively(self.evaluation.process, self.host.native):
            refuse_foreign(self.evaluation.process, self.evaluation.facts.origins)
        warned = lost(dual)
        programs = self._programs(dual)
        comparisons: list[Pair] = []
        differing: set[int] = set()
        rounded: set[int] = set()
        not_finite: set[int] = set()
        silent = set(range(arity_of(self.evaluation.process)[1]))
        for number, place in enumerate(self.places):
            outputs = programs.original.run(self.inputs, place)
            lanes = self._lanes(programs.dual, place)
            comparisons += self._compared(programs, number, outputs, lanes, set(warned))
            for index in _differing(outputs, lanes[:, 0]):
                is_rounding = self._accuracy.is_rounding(outputs[index], lanes[index, 0])
                (rounded if is_rounding else differing).add(index)
            not_finite |= {i for i, each in enumerate(outputs) if not np.isfinite(each).all()}
            silent -= {i for i, each in enumerate(outputs) if each.any()}

        def again(pairs: Sequence[Pair], spans: Collection[Span]) -> list[Pair]:
            return self._again(programs, pairs, without(self.evaluation, spans))

        reviewed_pairs, about_rules = reviewed(self.evaluation.process, comparisons, again)
        return Report(
            self.host.name,
            self.inputs.shape[1],
            self.host.rate,
            self.host.precision,
            tuple(self.places),
            tuple(reviewed_pairs),
            tuple(sorted(differing)),
            tuple(sorted(rounded - differing)),
            tuple(sorted(not_finite)),
            tuple(sorted(silent)),
            (),
            (
                *self.evaluation.warnings,
                *missing_sounds(self.evaluation.process, self.host.folder),
                *about(dual),
                *about_rules,
            ),
        )

    def _again(
        self, programs: _Programs, pairs: Sequence[Pair], evaluation: Evaluation
    ) -> list[Pair]:
        """Some pairs once more, with the derivatives of a program that has the same outputs."""
        exact = self._dual_runner(self._dual(_without_makers(evaluation), ()))
        others = replace(programs, exact=exact)
        paths = [variable.path for variable in self.variables]
        columns: dict[tuple[int, str], list[Judgement]] = {}
        for pair in pairs:
            key = pair.point, pair.parameter
            if key not in columns:
                place = self.places[pair.point]
                outputs = programs.original.run(self.inputs, place)
                lanes = self._lanes(exact, place)
                index = paths.index(pair.parameter)
                columns[key] = self._judgements(others, place, index, outputs, lanes)
        return [
            replace(pair, **vars(columns[pair.point, pair.parameter][pair.output]))
            for pair in pairs
        ]

    def _programs(self, dual: Dual) -> _Programs:
        original = self._runner(self.evaluation.process)
        whole = exact = self._dual_runner(dual)
        if dual.sloped:
            exact = self._dual_runner(self._dual(_without_makers(self.evaluation), ()))
        return _Programs(original, whole, exact)

    def _compared(
        self,
        programs: _Programs,
        number: int,
        outputs: NDArray[np.float64],
        lanes: NDArray[np.float64],
        warned: set[str],
    ) -> Iterator[Pair]:
        """What came of each output and variable at a point.

        Args:
            programs: what runs.
            number: the number of the point.
            outputs: the original's outputs there.
            lanes: what the dual computes there; see `_lanes`.
            warned: the paths of the variables that only act through quantisers.
        """
        place = self.places[number]
        is_exact = programs.exact is programs.dual
        exact = lanes if is_exact else self._lanes(programs.exact, place)
        columns = [
            self._judgements(programs, place, index, outputs, exact)
            for index in range(len(self.variables))
        ]
        for output in range(len(outputs)):
            for index, variable in enumerate(self.variables):
                judgement = columns[index][output]
                lane = [index + 1]
                has_slope = bool(_differing(lanes[output, lane], exact[output, lane]))
                is_rough = judgement.verdict in ("jump", "kink")
                is_quantised = is_rough and variable.path in warned
                if is_quantised or (
                    has_slope and (is_rough or judgement.verdict in ("agrees", "zero"))
                ):
                    judgement = replace(judgement, verdict="quantised")
                yield Pair(output, variable.path, number, **vars(judgement))

    def _judgements(
        self,
        programs: _Programs,
        place: Values,
        index: int,
        outputs: NDArray[np.float64],
        lanes: NDArray[np.float64],
    ) -> list[Judgement]:
        """What came of one variable, for each output."""
        variable = self.variables[index]
        value = self._value(variable, place)
        runs = self._runs(programs.original, place, variable, value, outputs)
        judgements = [
            judge(*each, self._accuracy) for each in zip(lanes[:, index + 1], runs, strict=True)
        ]
        if any(map(_is_excusable, judgements)) and input_index(variable) is None:
            # At a kink of one of its parts, a program can be smooth as a whole: its tangent is
            # then what was chosen for the part, and has to be right on both sides only.
            sides = [self._beside(programs, place, index, side) for side in (1, -1)]
            judgements = [
                _excused(judgement, beside) if _is_excusable(judgement) else judgement
                for judgement, *beside in zip(judgements, *sides, strict=True)
            ]
        return judgements

    def _beside(self, programs: _Programs, place: Values, index: int, side: int) -> list[Judgement]:
        """What comes of a variable a little to one side of where it is, for each output."""
        variable = self.variables[index]
        value = self._value(variable, place)
        value += side * self._accuracy.aside * max(1.0, abs(value))
        there = {**place, variable.path: value}
        tangents = self._lanes(programs.exact, there)[:, index + 1]
        outputs = programs.original.run(self.inputs, there)
        runs = self._runs(programs.original, there, variable, value, outputs)
        return [judge(*each, self._accuracy) for each in zip(tangents, runs, strict=True)]

    @property
    def _accuracy(self) -> Accuracy:
        return ACCURACIES[self.host.precision]

    def _value(self, variable: Parameter, place: Values) -> float:
        """Where a variable is; if it has a course, how far from that: not at all."""
        if variable.path in self.courses:
            return 0.0
        return place.get(variable.path, variable.init)

    def _dual(self, evaluation: Evaluation, surrogate: Sequence[Kind]) -> Dual:
        return derive(evaluation, by_parameters(self.variables), self.operations, surrogate)

    def _dual_runner(self, dual: Dual) -> Runner:
        return self._runner(dense(dual, len(self.variables)))

    def _runner(self, box: Box) -> Runner:
        return runner(box, self.host, self.places, self.courses, self.margin)

    def _lanes(self, dual: Runner, values: Values) -> NDArray[np.float64]:
        """What a dual computes: (outputs, the output and its tangents, frames)."""
        samples = dual.run(self.inputs, values)
        return samples.reshape(-1, 1 + len(self.variables), samples.shape[1])

    def _runs(
        self,
        original: Runner,
        place: Values,
        variable: Parameter,
        value: float,
        outputs: NDArray[np.float64],
    ) -> Iterator[Runs]:
        """The original around a value of a variable, where it has `outputs`: for each of them."""
        step = self._accuracy.step * max(1.0, abs(value))
        moved = [
            self._moved(original, place, variable, value + offset)
            for offset in (step, -step, step / 2, -step / 2)
        ]
        for output, centre in enumerate(outputs):
            yield Runs(step, centre, *(samples[output] for samples in moved))

    def _moved(
        self, original: Runner, place: Values, variable: Parameter, value: float
    ) -> NDArray[np.float64]:
        channel = input_index(variable)
        if channel is None:
            return original.run(self.inputs, {**place, variable.path: value})
        inputs = self.inputs.copy()
        inputs[channel] += value
        return original.run(inputs, place)


def _without_makers(evaluation: Evaluation) -> Evaluation:
    """A program of which nobody knows that parts of it come from a library."""
    return replace(evaluation, facts=replace(evaluation.facts, made_by={}))


def _is_excusable(judgement: Judgement) -> bool:
    return judgement.verdict == "mismatch" and math.isfinite(judgement.error)


def _excused(judgement: Judgement, beside: Sequence[Judgement]) -> Judgement:
    """A mismatch that is none because the tangent is right on both sides: the error is there."""
    if any(side.verdict in ("mismatch", "undefined") for side in beside):
        return judgement
    worse = max(beside, key=lambda side: side.error)
    return replace(
        judgement, verdict="kink", error=worse.error, tolerance=worse.tolerance, limit=worse.limit
    )


def _differing(some: NDArray[np.float64], others: NDArray[np.float64]) -> tuple[int, ...]:
    """The channels that are not the same, bit for bit."""
    pairs = enumerate(zip(some, others, strict=True))
    return tuple(index for index, (one, other) in pairs if one.tobytes() != other.tobytes())
