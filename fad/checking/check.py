"""`fad check`: each derivative against difference quotients that the standard compiler computes.

The original program, its dual and the original with one parameter moved a little run on the same
input, in double precision. Nothing of what is compared is computed by fad.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.checking.quotients import Judgement, Runs, Verdict, judge
from fad.diagram.box import Box, arity_of
from fad.diagram.parameters import Parameter, find_parameters, input_index, resolved, select
from fad.diagram.widgets import with_values
from fad.differentiation.dual import Dual, dense, lost
from fad.differentiation.operations import Operations
from fad.differentiation.seeds import by_parameters
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.pipeline.front import Request, read
from fad.pipeline.transform import derive
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples, checked, noise
from fad.runtime.repeated import Host, Runner, runner
from fad.syntax.libraries import ProgramLike

#: The step of the difference quotients, in units of the parameter (or of 1, if that is more).
STEP = 1e-6
#: How far from a kink the derivative has to be right, in the same units.
_ASIDE = 1e-4
#: How much an output may differ where libfaust computes in another order, in units of the loudest
#: sample: rounding errors can grow in a recursion.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Pair:
    """What came of one output and one parameter.

    Attributes:
        output: the number of the output, from 0.
        parameter: the path of the parameter.
        verdict: `agrees`; `zero` (no effect at this point); `jump` (the quotient does not settle,
            or its two sides disagree); `quantised` (a jump or a slope that fad has warned about
            or put there); `undefined` (the output is not finite); `mismatch`.
        error: the largest difference of tangent and quotient where the program is smooth, in
            units of the largest quotient.
        sample: the first sample that is wrong, or at a jump.
        compared: the share of the samples where the program is smooth.
    """

    output: int
    parameter: str
    verdict: Verdict
    error: float
    sample: int | None
    compared: float


@dataclass(frozen=True)
class Report:
    """What came of a program.

    Attributes:
        program: its file name.
        frames: the number of samples per channel.
        rate: the sample rate, in Hz.
        pairs: the verdicts, by output, then by parameter.
        differing: the outputs that the dual does not repeat.
        rounded: the outputs that it repeats but for rounding, because libfaust orders sums and
            products by what else is in a program.
        not_finite: the outputs with samples that are infinite or not a number.
        warnings: what the user should know, one sentence each.
    """

    program: str
    frames: int
    rate: int
    pairs: tuple[Pair, ...]
    differing: tuple[int, ...]
    rounded: tuple[int, ...]
    not_finite: tuple[int, ...]
    warnings: tuple[str, ...]

    @property
    def primal_identical(self) -> bool:
        """Whether the dual repeats the original's outputs."""
        return not self.differing

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return self.primal_identical and all(pair.verdict != "mismatch" for pair in self.pairs)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data; an infinite error is `None`."""
        pairs = [asdict(pair) for pair in self.pairs]
        for pair in pairs:
            if not np.isfinite(pair["error"]):
                pair["error"] = None
        return {
            **asdict(self),
            "pairs": pairs,
            "primal_identical": self.primal_identical,
            "passed": self.passed,
        }


def check(
    program: ProgramLike,
    *,
    include: Sequence[str | Path] = (),
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
    inputs: NDArray[np.float64] | None = None,
    seconds: float = 0.05,
    rate: int = 44100,
    at: Mapping[str, float] | None = None,
    seed: int = 1,
    engine: Engine | None = None,
    native: bool | None = None,
) -> Report:
    """Compares each derivative of a program with difference quotients.

    Args:
        program: a text, or the path of a file.
        include: folders to search for imported files, before the standard ones.
        wrt: the variables; see `fad.transform`.
        surrogate: which reads are given a slope; see `fad.transform`.
        rules: the derivatives of foreign functions; see `fad.transform`.
        inputs: the audio inputs, of shape (channels, samples); noise by default.
        seconds: how much to run, and at most all of `inputs`.
        rate: the sample rate, in Hz.
        at: where to compare: label or path of a widget -> value; elsewhere the initial values.
        seed: of the noise.
        engine: the standard compiler; by default one for this call only.
        native: whether to run native code, which needs a C++ compiler, or libfaust's interpreter;
            by default native code where there is a compiler. Programs with foreign functions
            always run as native code, programs with sound files never.

    Returns:
        A verdict for each output and parameter.

    Raises:
        FadError: what `fad.transform` raises; `at` names nothing or leaves a range; `inputs` do
            not fit the program; the standard compiler refuses, crashes or takes too long
            (`EngineError`).
    """
    front = read(Request(program, include, rules=rules))
    evaluation = front.evaluated()
    count = arity_of(evaluation.process)[0]
    widgets = list(find_parameters(evaluation.process, front.title))
    values = resolved(widgets, at or {})
    variables = [
        replace(variable, init=values.get(variable.path, variable.init))
        for variable in select(widgets, count, wrt)
    ]
    samples = _inputs(count, inputs, round(seconds * rate), seed)
    with contextlib.nullcontext(engine) if engine is not None else Engine() as faust:
        host = Host(faust, front.name, front.folder, rate, native)
        return _Check(
            evaluation, values, variables, front.operations, surrogate, host, samples
        ).report()


def _inputs(
    count: int, inputs: NDArray[np.float64] | None, frames: int, seed: int
) -> NDArray[np.float64]:
    if frames < 1:
        raise FadError("there is nothing to run: the time is less than a sample")
    if inputs is None:
        return noise(seed, count, frames)
    whole = checked(inputs, count)
    return np.ascontiguousarray(whole[:, :frames]) if count else np.zeros((0, frames))


@dataclass(frozen=True)
class _Check:
    """A program at a place of its parameters.

    Attributes:
        evaluation: the program.
        values: path -> value of the widgets that the user has moved.
        variables: the parameters to compare, each `init` being where it is compared.
        operations, surrogate: what the dual depends on; see `derive`.
        host: where to run.
        inputs: the audio inputs.
    """

    evaluation: Evaluation
    values: Mapping[str, float]
    variables: Sequence[Parameter]
    operations: Operations
    surrogate: Sequence[Kind]
    host: Host
    inputs: NDArray[np.float64]

    def report(self) -> Report:
        dual = self._dual(self.evaluation, self.surrogate)
        warned = lost(dual)
        original = self._runner(self.evaluation.process)
        outputs = original.run(self.inputs, {})
        exact = self._dual_runner(dual)
        lanes = exact_lanes = self._lanes(exact, {})
        if dual.sloped:
            # Only the lanes without slopes at quantisers can agree with quotients.
            exact = self._dual_runner(self._dual(_without_makers(self.evaluation), ()))
            exact_lanes = self._lanes(exact, {})
        pairs: list[list[Pair]] = []
        for index, variable in enumerate(self.variables):
            judgements = self._judgements(original, exact, index, outputs, exact_lanes)
            pairs.append([])
            for output, judgement in enumerate(judgements):
                has_slope = bool(
                    _differing(lanes[output, [index + 1]], exact_lanes[output, [index + 1]])
                )
                if judgement.verdict == "jump" and variable.path in warned:
                    judgement = replace(judgement, verdict="quantised")
                if judgement.verdict in ("agrees", "zero", "jump") and has_slope:
                    judgement = replace(judgement, verdict="quantised")
                pairs[-1].append(Pair(output, variable.path, **vars(judgement)))
        unlike = _differing(outputs, lanes[:, 0])
        rounded = tuple(i for i in unlike if _is_rounding(outputs[i], lanes[i, 0]))
        return Report(
            self.host.name,
            self.inputs.shape[1],
            self.host.rate,
            tuple(pair for row in zip(*pairs, strict=True) for pair in row),
            tuple(output for output in unlike if output not in rounded),
            rounded,
            tuple(i for i, samples in enumerate(outputs) if not np.isfinite(samples).all()),
            (*self.evaluation.warnings, *warned.values()),
        )

    def _judgements(
        self,
        original: Runner,
        dual: Runner,
        index: int,
        outputs: NDArray[np.float64],
        lanes: NDArray[np.float64],
    ) -> list[Judgement]:
        """What came of one variable, for each output."""
        variable = self.variables[index]
        runs = self._runs(original, variable, variable.init, outputs)
        judgements = list(map(judge, lanes[:, index + 1], runs))
        if any(map(_is_excusable, judgements)) and input_index(variable) is None:
            # At a kink of one of its parts, a program can be smooth as a whole: its tangent is
            # then what was chosen for the part, and has to be right on both sides only.
            above, below = (self._beside(original, dual, index, side) for side in (1, -1))
            judgements = [
                replace(judgement, verdict="jump")
                if _is_excusable(judgement) and above[output] and below[output]
                else judgement
                for output, judgement in enumerate(judgements)
            ]
        return judgements

    def _beside(self, original: Runner, dual: Runner, index: int, side: int) -> list[bool]:
        """For each output, whether its tangent is right a little to one side of a variable."""
        variable = self.variables[index]
        value = variable.init + side * _ASIDE * max(1.0, abs(variable.init))
        there = {variable.path: value}
        tangents = self._lanes(dual, there)[:, index + 1]
        runs = self._runs(original, variable, value, original.run(self.inputs, there))
        verdicts = (judge(*each).verdict for each in zip(tangents, runs, strict=True))
        return [verdict not in ("mismatch", "undefined") for verdict in verdicts]

    def _dual(self, evaluation: Evaluation, surrogate: Sequence[Kind]) -> Dual:
        return derive(evaluation, by_parameters(self.variables), self.operations, surrogate)

    def _dual_runner(self, dual: Dual) -> Runner:
        return self._runner(dense(dual, len(self.variables)))

    def _runner(self, box: Box) -> Runner:
        return runner(with_values(box, self.values), self.host)

    def _lanes(self, dual: Runner, values: Mapping[str, float]) -> NDArray[np.float64]:
        """What a dual computes: (outputs, the output and its tangents, frames)."""
        samples = dual.run(self.inputs, values)
        return samples.reshape(-1, 1 + len(self.variables), samples.shape[1])

    def _runs(
        self,
        original: Runner,
        variable: Parameter,
        value: float,
        outputs: NDArray[np.float64],
    ) -> Iterator[Runs]:
        """The original around a value of a variable, where it has `outputs`: for each of them."""
        step = STEP * max(1.0, abs(value))
        moved = [
            self._moved(original, variable, value, offset)
            for offset in (step, -step, step / 2, -step / 2)
        ]
        for output, centre in enumerate(outputs):
            yield Runs(step, centre, *(samples[output] for samples in moved))

    def _moved(
        self, original: Runner, variable: Parameter, value: float, offset: float
    ) -> NDArray[np.float64]:
        channel = input_index(variable)
        if channel is None:
            return original.run(self.inputs, {variable.path: value + offset})
        inputs = self.inputs.copy()
        inputs[channel] += offset
        return original.run(inputs, {})


def _without_makers(evaluation: Evaluation) -> Evaluation:
    """A program of which nobody knows that parts of it come from a library."""
    return replace(evaluation, facts=replace(evaluation.facts, made_by={}))


def _is_excusable(judgement: Judgement) -> bool:
    return judgement.verdict == "mismatch" and bool(np.isfinite(judgement.error))


def _differing(some: NDArray[np.float64], others: NDArray[np.float64]) -> tuple[int, ...]:
    """The channels that are not the same, bit for bit."""
    pairs = enumerate(zip(some, others, strict=True))
    return tuple(index for index, (one, other) in pairs if one.tobytes() != other.tobytes())


def _is_rounding(one: Samples, other: Samples) -> bool:
    """Whether two channels are the same but for rounding."""
    loudest = np.abs(one[np.isfinite(one)]).max(initial=0.0)
    return bool(np.allclose(one, other, rtol=0.0, atol=_ROUNDING * loudest, equal_nan=True))
