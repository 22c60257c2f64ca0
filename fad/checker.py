"""`fad check`: each derivative against difference quotients that the standard compiler computes.

The original program, its dual and the original with one parameter moved a little run on the same
input, in double precision. Nothing of what is compared is computed by fad.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.box import Box, ForeignFunction, postorder
from fad.compiler import derive, evaluated, lost
from fad.deep import with_deep_stack
from fad.emitter import emit
from fad.engine import Engine
from fad.errors import FadError, counted, either
from fad.evaluator import Evaluation
from fad.forward import dense
from fad.libraries import Libraries
from fad.modules import Module
from fad.native import render_natively
from fad.parameters import Parameter, find_parameters, input_index, select, with_values
from fad.quotients import Judgement, Runs, Samples, Verdict, judge
from fad.source import Source
from fad.surrogates import Kind

#: The step of the difference quotients, in units of the parameter (or of 1, if that is more).
STEP = 1e-6
#: How far from a kink the derivative has to be right, in the same units.
_ASIDE = 1e-4
#: The largest sample of the noise that programs are run on.
_AMPLITUDE = 0.9


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
        differing: the outputs that the dual does not repeat bit for bit.
        not_finite: the outputs with samples that are infinite or not a number.
        warnings: what the user should know, one sentence each.
    """

    program: str
    frames: int
    rate: int
    pairs: tuple[Pair, ...]
    differing: tuple[int, ...]
    not_finite: tuple[int, ...]
    warnings: tuple[str, ...]

    @property
    def primal_identical(self) -> bool:
        """Whether the dual repeats the original's outputs bit for bit."""
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
    program: str | Path | Source,
    *,
    include: Sequence[str | Path] = (),
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    rules: str | Path | Source | None = None,
    inputs: NDArray[np.float64] | None = None,
    seconds: float = 0.05,
    rate: int = 44100,
    at: Mapping[str, float] | None = None,
    seed: int = 1,
    engine: Engine | None = None,
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

    Returns:
        A verdict for each output and parameter.

    Raises:
        FadError: what `fad.transform` raises; `at` names nothing or leaves a range; `inputs` do
            not fit the program; the standard compiler refuses, crashes or takes too long
            (`EngineError`).
    """
    module, libraries, evaluation = with_deep_stack(lambda: evaluated(program, include, "double"))
    arity = evaluation.process.arity
    assert arity is not None
    widgets = list(find_parameters(evaluation.process))
    values = _values(widgets, at or {})
    variables = [
        replace(variable, init=values.get(variable.path, variable.init))
        for variable in select(widgets, arity[0], wrt)
    ]
    samples = _inputs(arity[0], inputs, round(seconds * rate), seed)
    checker = _Check(
        _at(evaluation, values), variables, libraries, module, rate, samples, surrogate, rules
    )
    if engine is not None:
        return checker.report(engine)
    with Engine() as own:
        return checker.report(own)


def _values(widgets: Sequence[Parameter], at: Mapping[str, float]) -> dict[str, float]:
    """Path -> value, for what the user wants to be elsewhere."""
    values = {}
    for name, value in at.items():
        named = [widget for widget in widgets if name in (widget.path, widget.label)]
        if not named:
            available = either(widget.path for widget in widgets)
            raise FadError(
                f"no widget is called `{name}`",
                hint=f"there is {available}" if available else "the program has no widgets",
            )
        for widget in named:
            if not widget.min <= value <= widget.max:
                raise FadError(
                    f"{value:g} is outside the range of `{widget.path}`",
                    hint=f"it goes from {widget.min:g} to {widget.max:g}",
                )
            values[widget.path] = float(value)
    return values


def _inputs(
    count: int, inputs: NDArray[np.float64] | None, frames: int, seed: int
) -> NDArray[np.float64]:
    if frames < 1:
        raise FadError("there is nothing to run: the time is less than a sample")
    if inputs is None:
        return np.random.default_rng(seed).uniform(-_AMPLITUDE, _AMPLITUDE, (count, frames))
    if inputs.ndim != 2 or len(inputs) != count:
        channels = len(inputs) if inputs.ndim == 2 else 1
        raise FadError(
            f"the input has {counted(channels, 'channel')}, "
            f"the program has {counted(count, 'audio input')}"
        )
    if not inputs.shape[1] and count:
        raise FadError("the input is empty")
    if not count:
        return np.zeros((0, frames))
    return np.ascontiguousarray(inputs[:, :frames], np.float64)


def _at(evaluation: Evaluation, values: Mapping[str, float]) -> Evaluation:
    """A program whose widgets start at other values, and what is known about its parts."""
    if not values:
        return evaluation
    new: dict[Box, Box] = {}
    process = with_deep_stack(lambda: with_values(evaluation.process, values, new))
    return replace(
        evaluation,
        process=process,
        origins={new.get(box, box): span for box, span in evaluation.origins.items()},
        made_by={new.get(box, box): function for box, function in evaluation.made_by.items()},
    )


@dataclass(frozen=True)
class _Check:
    evaluation: Evaluation
    variables: Sequence[Parameter]
    libraries: Libraries
    module: Module
    rate: int
    inputs: NDArray[np.float64]
    surrogate: Sequence[Kind]
    rules: str | Path | Source | None

    def report(self, engine: Engine) -> Report:
        dual, warned = self._dual(self.evaluation, self.surrogate)
        original = self._original(engine)
        lanes = self._lanes(engine, dual)
        exact = self._exact_lanes(engine, dual, lanes)
        pairs: list[list[Pair]] = []
        for index, variable in enumerate(self.variables):
            judgements = self._judgements(engine, variable, original, exact[:, index + 1])
            pairs.append([])
            for output, judgement in enumerate(judgements):
                has_slope = not _same(lanes[output, index + 1], exact[output, index + 1])
                if judgement.verdict == "jump" and variable.path in warned:
                    judgement = replace(judgement, verdict="quantised")
                if judgement.verdict in ("agrees", "zero", "jump") and has_slope:
                    judgement = replace(judgement, verdict="quantised")
                pairs[-1].append(Pair(output, variable.path, **vars(judgement)))
        return Report(
            Path(self.module.source.name).name,
            self.inputs.shape[1],
            self.rate,
            tuple(pair for row in zip(*pairs, strict=True) for pair in row),
            tuple(i for i, samples in enumerate(original) if not _same(samples, lanes[i, 0])),
            tuple(i for i, samples in enumerate(original) if not np.isfinite(samples).all()),
            (*self.evaluation.warnings, *warned.values()),
        )

    def _judgements(
        self,
        engine: Engine,
        variable: Parameter,
        original: NDArray[np.float64],
        tangents: NDArray[np.float64],
    ) -> list[Judgement]:
        """What came of one variable, for each output."""
        runs = self._runs(engine, variable, original)
        judgements = list(map(judge, tangents, runs))
        if any(map(_is_excusable, judgements)) and input_index(variable) is None:
            # At a kink of one of its parts, a program can be smooth as a whole: its tangent is
            # then what was chosen for the part, and has to be right on both sides only.
            above, below = (self._beside(engine, variable, side) for side in (1, -1))
            judgements = [
                replace(judgement, verdict="jump")
                if _is_excusable(judgement) and above[output] and below[output]
                else judgement
                for output, judgement in enumerate(judgements)
            ]
        return judgements

    def _beside(self, engine: Engine, variable: Parameter, side: int) -> list[bool]:
        """For each output, whether its tangent is right a little to one side of a variable."""
        value = variable.init + side * _ASIDE * max(1.0, abs(variable.init))
        moved = replace(variable, init=value)
        evaluation = _at(self.evaluation, {variable.path: value})
        there = replace(self, evaluation=evaluation, variables=[moved])
        dual, _ = there._dual(replace(evaluation, made_by={}), ())
        tangents = there._lanes(engine, dual)[:, 1]
        runs = there._runs(engine, moved, there._original(engine))
        verdicts = (judge(*each).verdict for each in zip(tangents, runs, strict=True))
        return [verdict not in ("mismatch", "undefined") for verdict in verdicts]

    def _original(self, engine: Engine) -> NDArray[np.float64]:
        box = self.evaluation.process
        return self._run(engine, box, self._text(box))

    def _exact_lanes(
        self, engine: Engine, dual: str, lanes: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The lanes without slopes at quantisers: only these can agree with quotients."""
        exact, _ = self._dual(replace(self.evaluation, made_by={}), ())
        return lanes if exact == dual else self._lanes(engine, exact)

    def _dual(
        self, evaluation: Evaluation, surrogate: Sequence[Kind]
    ) -> tuple[str, dict[str, str]]:
        """The text of the dual, and the warnings about variables that it loses."""

        def compute() -> tuple[str, dict[str, str]]:
            dual, names = derive(evaluation, self.variables, self.libraries, surrogate, self.rules)
            return emit(dense(dual, len(self.variables)), names), lost(dual, self.variables)

        return with_deep_stack(compute)

    def _text(self, box: Box) -> str:
        return with_deep_stack(lambda: emit(box))

    def _lanes(self, engine: Engine, text: str) -> NDArray[np.float64]:
        """What a dual computes: (outputs, the output and its tangents, frames)."""
        samples = self._run(engine, self.evaluation.process, text)
        return samples.reshape(-1, 1 + len(self.variables), samples.shape[1])

    def _runs(
        self, engine: Engine, variable: Parameter, original: NDArray[np.float64]
    ) -> Iterator[Runs]:
        """The original around a variable, for each output."""
        step = STEP * max(1.0, abs(variable.init))
        moved = [
            self._moved(engine, variable, offset) for offset in (step, -step, step / 2, -step / 2)
        ]
        for output, centre in enumerate(original):
            yield Runs(step, centre, *(samples[output] for samples in moved))

    def _moved(self, engine: Engine, variable: Parameter, offset: float) -> NDArray[np.float64]:
        box, inputs = self.evaluation.process, self.inputs
        channel = input_index(variable)
        if channel is None:
            values = {variable.path: variable.init + offset}
            box = with_deep_stack(lambda: with_values(box, values))
        else:
            inputs = inputs.copy()
            inputs[channel] += offset
        return self._run(engine, box, self._text(box), inputs)

    def _run(
        self,
        engine: Engine,
        box: Box,
        text: str,
        inputs: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        inputs = self.inputs if inputs is None else inputs
        name = Path(self.module.source.name).name
        folder = self.module.source.path.parent if self.module.source.path else Path()
        if any(isinstance(part, ForeignFunction) for part in postorder(box)):
            # The interpreter cannot call them.
            return render_natively(
                engine.cpp(text, name, include=[folder]), inputs, self.rate, folder
            )
        frames = inputs.shape[1]
        return engine.render(
            text, name, inputs=inputs, frames=frames, sample_rate=self.rate, include=[folder]
        )


def _is_excusable(judgement: Judgement) -> bool:
    return judgement.verdict == "mismatch" and bool(np.isfinite(judgement.error))


def _same(one: Samples, other: Samples) -> bool:
    return one.tobytes() == other.tobytes()
