"""`fad check --mode reverse`: the dot-product test.

For a direction v of the variables and cotangents w of the outputs, <J v, w> by forward mode is
<v, transposed J w> by reverse mode. All programs run in the standard compiler; what forward mode
computes is tested by difference quotients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fad.base.errors import DifferentiationError
from fad.base.precision import NativePrecision
from fad.checking.both_modes import BothModes, Comparison, Setting, directional
from fad.checking.quotients import ACCURACIES, Accuracy
from fad.checking.report import DotProduct, DotProducts, ProductVerdict, Report, Test
from fad.diagram.order import OrderBy
from fad.diagram.parameters import Parameter
from fad.differentiation.dual import about
from fad.differentiation.prepared import Prepared, prepare
from fad.differentiation.seeds import by_parameters
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.model.gradient import Cotangents
from fad.model.moves import Moves
from fad.pipeline.front import Front
from fad.pipeline.reverse import ReverseProgram, reversed_program
from fad.runtime.frames import check_size
from fad.runtime.input_signals import Samples
from fad.runtime.recording import values_over_time
from fad.runtime.repeated import Host, Values
from fad.runtime.schedule import Change
from fad.runtime.soundfiles import missing_sounds

#: How much the products may differ, in units of the larger one.
TOLERANCES: Mapping[NativePrecision, float] = {"double": 1e-10, "single": 1e-3}
#: The longest block, in samples.
_BLOCK = 64
#: In how many pieces the adjoint runs, in `split`.
_PIECES = 3
#: How far `moving` moves a parameter, in units of its range.
_MOVING = 0.02
#: Rounding errors of an output, in units of the precision: what is smaller than that is 0.
_NOISE = 10.0
#: How many times the rounding errors that were measured the products may differ by, and how much at
#: most, in units of the larger one.
_ALLOWANCE = 16.0
_ROUGHEST = 1e-4


@dataclass(frozen=True)
class DotProductTest:
    """A program at some places of its parameters.

    Attributes:
        front: what it takes to differentiate it.
        evaluation: the program.
        widgets: all its widgets.
        variables: what it is differentiated by: first the parameters, then the inputs.
        wrt, surrogate, order_by: see `fad.transform`.
        host: where it runs.
        places: for each point, path -> value of the widgets that are not where they start.
        changes: what moves while it runs, in order of time; here, at the start of a block.
        inputs: the audio inputs.
        seed: of the directions and the cotangents.
    """

    front: Front
    evaluation: Evaluation
    widgets: Sequence[Parameter]
    variables: Sequence[Parameter]
    wrt: Sequence[str]
    surrogate: Sequence[Kind]
    order_by: OrderBy
    host: Host
    places: Sequence[Values]
    changes: Sequence[Change]
    inputs: Samples
    seed: int

    def report(self) -> Report:
        """What comes of it.

        Raises:
            FadError: the program has no gradient in reverse mode; the run does not fit into memory.
            EngineError: a program cannot be run.
        """
        names = tuple(each.path for each in self.variables)
        missing = tuple(missing_sounds(self.evaluation.process, self.host.folder))
        report = Report(
            self.host.name,
            self.inputs.shape[1],
            self.host.rate,
            self.host.precision,
            tuple(self.places),
            comparisons=(),
            differing=(),
            rounded=(),
            not_finite=(),
            silent=(),
            unpressed=(),
            warnings=(*self.evaluation.warnings, *missing),
            mode="reverse",
            dot_products=DotProducts(names),
        )
        if not self.variables:
            return report
        # What goes wrong here names variables; along a direction, it could not.
        prepared = self._prepared()
        if not prepared.reached:  # there would be no programs
            found = DotProducts(names, without_effect=names)
            warnings = (*report.warnings, *about(prepared))
            return replace(report, warnings=warnings, dot_products=found)
        programs = reversed_program(
            self.evaluation, self.front, self.wrt, self.surrogate, self.order_by
        )
        dual = directional(self.front, self.evaluation, self.variables, self.surrogate)
        both = BothModes(
            *(self.front, self.evaluation, self.host, self._moving),
            *(self.variables, programs, dual),
        )
        return self._filled(replace(report, warnings=(*missing, *programs.warnings)), both)

    def added_to(self, report: Report) -> Report:
        """A report on forward mode, and what comes of this.

        Raises:
            FadError, EngineError: see `report`, but that a construct that has no transpose is told
                in the report.
        """
        try:
            found = self.report()
        except DifferentiationError as error:
            names = tuple(each.path for each in self.variables)
            products = DotProducts(names, refusal=error.render())
            return replace(report, mode="both", dot_products=products)
        return replace(
            report,
            mode="both",
            dot_products=found.dot_products,
            warnings=tuple(dict.fromkeys((*report.warnings, *found.warnings))),
        )

    def _filled(self, report: Report, both: BothModes) -> Report:
        """A report with what came of all comparisons."""
        programs, frames = both.programs, self.inputs.shape[1]
        outputs = len(programs.outputs)
        check_size((len(self.inputs), outputs + both.lanes), frames, self.host.rate)
        products: list[DotProduct] = []
        differing: set[int] = set()
        rounded: set[int] = set()
        not_finite: set[int] = set()
        silent = set(range(outputs))
        effective: set[str] = set()
        for number in range(len(self.places)):
            whole: Comparison | None = None
            for test, setting in self._settings(number, both):
                each = both.compared(setting)
                whole = whole or each
                products.append(self._judged(test, number, setting, both, each, whole))
                effective |= both.effective(setting, each)
                pairs = zip(each.original, each.repeated, strict=True)
                for index, (one, other) in enumerate(pairs):
                    if not np.array_equal(one, other, equal_nan=True):
                        is_rounding = self._accuracy.is_rounding(one, other)
                        (rounded if is_rounding else differing).add(index)
                not_finite |= {i for i, one in enumerate(each.original) if not _is_finite(one)}
                silent -= {i for i, one in enumerate(each.original) if one.any()}
        names = tuple(variable.path for variable in both.variables)
        found = DotProducts(
            names,
            tuple(products),
            tuple(path for path in names if path not in effective),
            tuple(sorted(differing)),
            tuple(sorted(rounded - differing)),
            self._block,
            len(programs.tape),
        )
        return replace(
            report,
            dot_products=found,
            not_finite=tuple(sorted(not_finite)),
            silent=tuple(sorted(silent)),
        )

    def _prepared(self) -> Prepared:
        """What is known of the derivatives by each variable."""
        evaluation = self.evaluation
        seeds = by_parameters(self.variables)
        operations = self.front.operations.afresh()
        return prepare(evaluation.process, seeds, operations, evaluation.facts, self.surrogate)

    @property
    def _accuracy(self) -> Accuracy:
        return ACCURACIES[self.host.precision]

    @property
    def _moving(self) -> list[Parameter]:
        """The widgets that move, or are not where they start."""
        paths = {variable.path for variable in self.variables}
        paths.update(change.path for change in self.changes)
        paths.update(path for place in self.places for path in place)
        return [widget for widget in self.widgets if widget.path in paths]

    @property
    def _block(self) -> int:
        """The samples of a block: there are some, also in a short run."""
        frames: int = self.inputs.shape[1]
        return max(1, min(_BLOCK, frames // 8))

    def _settings(self, number: int, both: BothModes) -> Iterator[tuple[Test, Setting]]:
        """What a point is tried on."""
        frames, block = self.inputs.shape[1], self._block
        random = np.random.default_rng((self.seed, number))
        starts = np.arange(0, frames, block)
        values = values_over_time(self._moving, self.places[number], self.changes, starts)
        resting = Moves.of(values, len(starts), block)
        parameters = both.programs.parameters
        count = len(both.variables) - len(parameters)
        spans = np.array([each.max - each.min for each in parameters]).reshape(-1, 1)
        cotangents = random.uniform(-1, 1, (len(both.programs.outputs), frames))
        by_sample = random.uniform(-1, 1, (count, frames))
        steady = spans * random.uniform(-1, 1, (len(parameters), 1))
        varying = spans * random.uniform(-1, 1, (len(parameters), len(starts)))
        setting = Setting(self.inputs, resting, cotangents, varying, by_sample, frames)
        if (resting.courses == resting.courses[:, :1]).all():
            still = replace(resting.within(slice(1)), block=frames)
            yield "whole", replace(setting, moves=still, by_block=steady)
        else:
            constant = np.repeat(steady, len(starts), axis=1)
            yield "whole", replace(setting, by_block=constant)
        yield "split", replace(setting, piece=block * -(-len(starts) // _PIECES))
        moved = dict(values)
        for each in parameters:
            by = (each.max - each.min) * random.uniform(-_MOVING, _MOVING, len(starts))
            moved[each.path] = np.clip(values[each.path] + by, each.min, each.max)
        yield "moving", replace(setting, moves=Moves.of(moved, len(starts), block))

    def _judged(
        self,
        test: Test,
        number: int,
        setting: Setting,
        both: BothModes,
        found: Comparison,
        whole: Comparison,
    ) -> DotProduct:
        """What came of a comparison.

        Args:
            test, number: which test, at which point.
            setting: what was compared.
            both: the program.
            found: what came of it.
            whole: what came of the test `whole` there.
        """
        tolerance = usual = TOLERANCES[self.host.precision]
        error = found.error
        if test == "split":
            error = max(error, _apart(found.programs, found.gradient, whole.gradient))
        verdict: ProductVerdict = "agrees"
        is_finite = np.isfinite([found.forward, found.reverse])
        if not _is_finite(found.original) or not is_finite.any():
            verdict = "undefined"
        elif self._is_nothing(setting, found):
            verdict = "zero"
        elif not error <= usual:
            largest = max(abs(found.forward), abs(found.reverse))
            if is_finite.all() and largest:
                measured = _ALLOWANCE * both.noise(setting, found) / largest
                tolerance = max(usual, min(measured, _ROUGHEST))
            verdict = "agrees" if error <= tolerance else "mismatch"
        suspects: tuple[str, ...] = ()
        if verdict == "mismatch":
            suspects = both.suspects(setting, found, tolerance)
        is_rounded = verdict == "agrees" and error > usual
        return DotProduct(
            test,
            number,
            verdict,
            found.forward,
            found.reverse,
            error if is_finite.all() else float("inf"),
            tolerance,
            "rounding" if is_rounded else None,
            suspects,
        )

    def _is_nothing(self, setting: Setting, found: Comparison) -> bool:
        """Whether both products are 0, but for rounding errors of the outputs."""
        loudness = float(np.abs(found.original * setting.cotangents).sum())
        return found.size <= _NOISE * self._accuracy.epsilon * loudness


def _apart(programs: ReverseProgram, pieces: Cotangents, one: Cotangents) -> float:
    """How much gradients differ that come of an adjoint in pieces and in one.

    That is in units of the largest derivative, with parameters in units of their ranges. Those of a
    parameter are summed over the blocks.
    """
    pairs = [(pieces.inputs[index], one.inputs[index]) for index in programs.inputs]
    for each in programs.parameters:
        span, path = each.max - each.min, each.path
        sums = (gradient.parameters[path].sum(keepdims=True) for gradient in (pieces, one))
        some, whole = (np.asarray(span * each) for each in sums)
        pairs.append((some, whole))
    largest = max(float(np.abs(whole).max()) for _, whole in pairs)
    apart = max(float(np.abs(whole - some).max()) for some, whole in pairs)
    return apart / largest if apart else 0.0


def _is_finite(samples: Samples) -> bool:
    return bool(np.isfinite(samples).all())
