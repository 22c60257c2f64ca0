"""A program in forward and in reverse mode, on the same inputs, along the same direction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fad.diagram.box import Box, Lambda, Slot
from fad.diagram.parameters import Parameter, input_index
from fad.diagram.widgets import with_inputs
from fad.differentiation.dual import Dual, dense
from fad.differentiation.seeds import DIRECTION, Seed, Seeds
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.model.gradient import Cotangents, brought_back
from fad.model.moves import Moves
from fad.model.reverse import Recorded, boxes_of, reverse_of
from fad.model.units import Units
from fad.pipeline.front import Front
from fad.pipeline.reverse import ReverseProgram
from fad.pipeline.transform import derive
from fad.runtime.foreign import refuse_foreign
from fad.runtime.input_signals import Samples
from fad.runtime.repeated import Host, Moving, Runner, runner, runs_natively
from fad.runtime.soundfiles import plays_sounds, read_sounds

#: Numbers of slots that no program has.
_FIRST_SLOT = 1_000_000
#: How often rounding errors are measured.
_SHAKES = 3


@dataclass(frozen=True)
class Setting:
    """What both modes are tried on.

    Attributes:
        inputs: the audio inputs, of shape (channels, frames).
        moves: how the widgets move.
        cotangents: of the outputs, of shape (channels, frames).
        by_block: how the parameters move along the direction, of shape (parameters, blocks).
        by_sample: the same for the inputs that are variables, of shape (inputs, frames).
        piece: how many samples the adjoint runs through at once: whole blocks.
    """

    inputs: Samples
    moves: Moves
    cotangents: Samples
    by_block: NDArray[np.float64]
    by_sample: Samples
    piece: int


@dataclass(frozen=True)
class Comparison:
    """What both modes make of a setting.

    Attributes:
        forward: <J v, w>.
        reverse: <v, transposed J w>.
        size: the sum of the sizes of the terms of either one, the larger of both.
        original, repeated: the outputs of the original, and of the forward program.
        gradient: transposed J w.
        programs: those of reverse mode.
    """

    forward: float
    reverse: float
    size: float
    original: Samples
    repeated: Samples
    gradient: Cotangents
    programs: ReverseProgram

    @property
    def error(self) -> float:
        """The difference, relative to the larger of both."""
        largest = max(abs(self.forward), abs(self.reverse))
        return abs(self.forward - self.reverse) / largest if largest else 0.0

    @property
    def error_of_size(self) -> float:
        """The difference, relative to the size of the terms."""
        return abs(self.forward - self.reverse) / self.size if self.size else 0.0


class BothModes:
    """A program, ready to run in forward and in reverse mode.

    Args:
        front: what it takes to differentiate it.
        evaluation: the program.
        host: where to run it: natively only if it asks for that, or the program for it.
        widgets: those that may move.
        variables: what it is differentiated by: first the parameters, then the inputs.
        programs: those of reverse mode.
        dual: the one of forward mode; see `directional`.

    Attributes:
        variables, programs: see above.
        lanes: the number of outputs of the forward program.

    Raises:
        FadError: the program may not run natively, and has to.
        EngineError: it cannot be run.
    """

    def __init__(
        self,
        front: Front,
        evaluation: Evaluation,
        host: Host,
        widgets: Sequence[Parameter],
        variables: Sequence[Parameter],
        programs: ReverseProgram,
        dual: Dual,
    ) -> None:
        self.variables = variables
        self.programs = programs
        box, boxes = evaluation.process, boxes_of(programs)
        # Each program runs a few times only: compiling it would take longer. But the interpreter
        # plays sound files in single precision only.
        needed = host.native or (plays_sounds(box) and host.precision == "double")
        is_native = any(runs_natively(each, bool(needed)) for each in (box, *boxes))
        host = replace(host, native=is_native)
        if is_native and not host.trust:
            refuse_foreign(box, evaluation.facts.origins)
        self._ranges = {widget.path: (widget.min, widget.max) for widget in widgets}
        self._original = self._runner(box, host)
        forward = dense(dual, 1)
        for seed in reversed([*dual.seeds.widgets.values(), *dual.seeds.inputs.values()]):
            assert isinstance(seed.value, Slot)
            forward = Lambda(seed.value, forward)
        self._dual = self._runner(forward, host)
        units = Units(
            "native" if is_native else "interpreter",
            *(front, widgets, host.rate, host.precision, host.trust),
            *(read_sounds(box, host.folder), host.compiler),
        )
        self._reverse = reverse_of(programs, boxes, units)
        self.lanes = self._reverse.forward.outputs

    def compared(self, setting: Setting) -> Comparison:
        """What both modes make of a setting, in which just the widgets move that may.

        Raises:
            EngineError: a program cannot be run.
        """
        dtype = self._reverse.forward.dtype
        run = Recorded(self._reverse, setting.inputs.astype(dtype), setting.moves, setting.piece)
        gradient = brought_back(run, self.programs, setting.cotangents.astype(dtype))
        terms = np.concatenate([*self._terms(setting, gradient)])
        original = self._run(self._original, setting.inputs, setting)
        products = self._products(setting)
        with np.errstate(all="ignore"):
            sizes = (np.abs(products).sum(), np.abs(terms).sum())
            return Comparison(
                float(products.sum()),
                float(terms.sum()),
                float(max(sizes)),
                original,
                np.asarray(run.outputs, np.float64),
                gradient,
                self.programs,
            )

    def noise(self, setting: Setting, found: Comparison) -> float:
        """How much rounding errors may matter: what the products change by when everything that
        goes in changes by a few of them.

        Args:
            setting: what was compared.
            found: what came of it.
        """
        random = np.random.default_rng(1)
        epsilon = float(np.finfo(self._reverse.forward.dtype).eps)

        def shaken(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(values * (1 + epsilon * random.integers(-4, 5, values.shape)))

        worst = 0.0
        for _ in range(_SHAKES):
            ranges = np.array([self._ranges[path] for path in setting.moves.paths])
            low, high = ranges.reshape(-1, 2, 1).transpose(1, 0, 2)
            courses = np.clip(shaken(setting.moves.courses), low, high)
            each = self.compared(
                Setting(
                    shaken(setting.inputs),
                    replace(setting.moves, courses=courses),
                    shaken(setting.cotangents),
                    shaken(setting.by_block),
                    shaken(setting.by_sample),
                    setting.piece,
                )
            )
            changes = each.forward - found.forward, each.reverse - found.reverse
            worst = max(worst, *map(abs, changes))
        return worst

    def suspects(self, setting: Setting, found: Comparison, tolerance: float) -> tuple[str, ...]:
        """The variables along which alone the products differ.

        Args:
            setting: what was compared.
            found: what came of it.
            tolerance: by how much they may, in units of the larger one.
        """
        count = len(setting.by_block)
        wrong = []
        terms = self._terms(setting, found.gradient)
        for index, (variable, term) in enumerate(zip(self.variables, terms, strict=True)):
            alone = np.zeros((len(self.variables), 1))
            alone[index] = 1
            only = replace(
                setting,
                by_block=setting.by_block * alone[:count],
                by_sample=setting.by_sample * alone[count:],
            )
            forward, reverse = float(self._products(only).sum()), float(term.sum())
            if not abs(forward - reverse) <= tolerance * max(abs(forward), abs(reverse)):
                wrong.append(variable.path)
        return tuple(wrong)

    def effective(self, setting: Setting, found: Comparison) -> set[str]:
        """The variables whose derivatives are not all 0."""
        terms = self._terms(setting, found.gradient)
        return {each.path for each, term in zip(self.variables, terms, strict=True) if term.any()}

    def _terms(self, setting: Setting, gradient: Cotangents) -> Iterator[NDArray[np.float64]]:
        """The terms of <v, transposed J w>, for each variable."""
        directions = (*setting.by_block, *setting.by_sample)
        with np.errstate(all="ignore"):
            for variable, direction in zip(self.variables, directions, strict=True):
                index = input_index(variable)
                if index is None:
                    yield direction * gradient.parameters[variable.path]
                else:  # what no output depends on has no cotangent
                    yield direction * gradient.inputs.get(index, 0.0)

    def _products(self, setting: Setting) -> Samples:
        """The terms of <J v, w>, of shape (outputs, frames)."""
        frames = setting.inputs.shape[1]
        by_block = np.repeat(setting.by_block, setting.moves.block, axis=1)[:, :frames]
        heard = np.concatenate([by_block, setting.by_sample, setting.inputs])
        lanes = self._run(self._dual, heard, setting)
        with np.errstate(all="ignore"):
            return np.asarray(lanes[1::2] * setting.cotangents)

    def _runner(self, box: Box, host: Host) -> Runner:
        return runner(with_inputs(box, self._ranges), host)

    def _run(self, program: Runner, inputs: Samples, setting: Setting) -> Samples:
        """The outputs of a program whose widgets move as in a setting."""
        moves = setting.moves
        courses = dict(zip(moves.paths, moves.by_sample(inputs.shape[1]), strict=True))
        return Moving(program, courses, self._ranges).run(inputs, {})


def directional(
    front: Front,
    evaluation: Evaluation,
    variables: Sequence[Parameter],
    surrogate: Sequence[Kind] = (),
) -> Dual:
    """A program in forward mode, along a direction that may be another one at each sample.

    Args:
        front: what it takes to differentiate it.
        evaluation: the program.
        variables: first the parameters, then the inputs.
        surrogate: see `fad.transform`.

    Returns:
        Its dual, whose seeds are slots: how each variable moves.
    """
    widgets: dict[str, Seed] = {}
    inputs: dict[int, Seed] = {}
    for number, variable in enumerate(variables):
        seed, index = Seed(0, Slot(_FIRST_SLOT + number, "v")), input_index(variable)
        if index is None:
            widgets[variable.path] = seed
        else:
            inputs[index] = seed
    told = [DIRECTION]
    return derive(evaluation, Seeds(told, told, told, widgets, inputs), front.operations, surrogate)
