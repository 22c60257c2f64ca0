"""The diagrams behind a model: the program, and those that compute its derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fad.base.deep_stack import recursive
from fad.base.errors import FadError
from fad.diagram.box import Box, Lambda, Real, Slider, Slot, Wire, arity_of
from fad.diagram.order import widgets_of
from fad.diagram.parameters import Parameter, Widget, input_index, parameter_at, resolved, select
from fad.diagram.widgets import with_widgets
from fad.differentiation.dual import about, dense
from fad.differentiation.seeds import DIRECTION, Seed, Seeds, by_parameters
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.pipeline.costs import OneMode
from fad.pipeline.front import Front
from fad.pipeline.modes import cheaper_mode
from fad.pipeline.reverse import ReverseProgram, reversed_program
from fad.pipeline.transform import derive

#: A parameter that stands for all audio inputs.
INPUT = "input"
#: What the widgets are called that a direction is given by. Each stands where the parameter does
#: that it is the component of; by the slash, its path is the same one in any group.
_COMPONENT = "/fad component {}"
#: Numbers of slots that no program has.
_FIRST_SLOT = 1_000_000


@dataclass(frozen=True)
class Derived:
    """A program that computes derivatives.

    Attributes:
        box: its diagram.
        warnings: what the user should know of them, one sentence each.
    """

    box: Box
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """A program, and what it is differentiated by.

    Attributes:
        front: how it was read.
        evaluation: its diagram.
        widgets: its sliders, number entries and switches, without those that are constants.
        variables: the parameters that it is differentiated by.
        inputs: the numbers of the audio inputs that it is differentiated by.
        surrogate: see `fad.transform`.
    """

    front: Front
    evaluation: Evaluation
    widgets: tuple[Parameter, ...]
    variables: tuple[Parameter, ...]
    inputs: tuple[int, ...]
    surrogate: tuple[Kind, ...]

    @property
    def box(self) -> Box:
        """The diagram of the program."""
        return self.evaluation.process

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the program, one sentence each."""
        return tuple(self.evaluation.warnings)

    @recursive
    def dual(self) -> Derived:
        """For each output: the output, then its derivative by each of the variables."""
        seeds = by_parameters(self.variables)
        found = derive(self.evaluation, seeds, self.front.operations, self.surrogate)
        return Derived(dense(found, len(seeds.names)), about(found))

    @recursive
    def directional(self, paths: Sequence[str], inputs: Sequence[int]) -> Derived:
        """For each output: the output, then its derivative along a direction.

        Args:
            paths: the parameters that the direction has components of: these are widgets with the
                paths `component(0)` and so on.
            inputs: the audio inputs that it has components of: these are audio inputs before
                those of the program.
        """
        slots = [Slot(_FIRST_SLOT + index, "direction") for index in inputs]
        seeds = Seeds(
            [DIRECTION],
            [DIRECTION],
            [DIRECTION],
            {path: Seed(0, _component(index)) for index, path in enumerate(paths)},
            {index: Seed(0, slot) for index, slot in zip(inputs, slots, strict=True)},
        )
        found = derive(self.evaluation, seeds, self.front.operations, self.surrogate)
        box = dense(found, 1)
        for slot in reversed(slots):
            box = Lambda(slot, box)
        return Derived(box, about(found))

    @recursive
    def reverse(self) -> ReverseProgram:
        """The programs of reverse mode."""
        return reversed_program(self.evaluation, self.front, self._wrt, self.surrogate)

    @recursive
    def reverse_along(self) -> ReverseProgram:
        """The programs of reverse mode of `directional`, by the same variables as `reverse`.

        The direction has a component for each of the variables: the widgets `component(0)` and so
        on, and audio inputs after those of the program.
        """
        direction: list[tuple[str, float | Box]] = [
            (each.path, _component(index)) for index, each in enumerate(self.variables)
        ]
        direction += [(f"input:{number}", Wire()) for number in self.inputs]
        return reversed_program(
            self.evaluation, self.front, self._wrt, self.surrogate, direction=direction
        )

    @recursive
    def cheaper(self) -> OneMode:
        """The mode in which a gradient is likely to cost less."""
        if not self._wrt:
            return "forward"
        choice = cheaper_mode(self.evaluation, self.front, self._wrt, self.surrogate)
        return choice.costs.cheaper

    @property
    def _wrt(self) -> list[str]:
        return [each.path for each in self.variables] + [f"input:{k}" for k in self.inputs]


def components_of(count: int) -> list[Parameter]:
    """The components of a direction as widgets."""
    return [parameter_at(_component(index), ()) for index in range(count)]


def component(index: int) -> str:
    """The path of a component of a direction."""
    return _COMPONENT.format(index)


def _component(index: int) -> Slider:
    return Slider("nentry", _COMPONENT.format(index), 0.0, -1e9, 1e9, 0.0)


@recursive
def subject(
    front: Front,
    wrt: Sequence[str],
    constant: Mapping[str, float],
    surrogate: Sequence[Kind],
) -> Subject:
    """A program whose derivatives are asked for.

    Args:
        front: how it was read.
        wrt: the variables; see `fad.transform`. `input` stands for all audio inputs.
        constant: label or path -> value, of widgets that are constants from now on.
        surrogate: see `fad.transform`.

    Raises:
        FadError: the program has no value; a name that nothing has; a value outside its range.
    """
    evaluation = front.evaluated()
    everything = widgets_of(evaluation.process, evaluation.facts, front.title)
    values = _constants(everything, constant)
    evaluation = _with_constants(evaluation, values)
    widgets = tuple(each for each in everything if each.path not in values)
    count = arity_of(evaluation.process)[0]
    names = [name.strip() for pattern in wrt for name in pattern.split(",")]
    for each in everything:
        if each.path in values and not {*names}.isdisjoint(each.names):
            raise FadError(f"`{each.path}` is a constant, and cannot be a variable as well")
    patterns = ["input:*" if name == INPUT and count else name for name in names]
    chosen = select(widgets, count, patterns)
    numbers = [input_index(each) for each in chosen]
    return Subject(
        front,
        evaluation,
        widgets,
        tuple(each for each, number in zip(chosen, numbers, strict=True) if number is None),
        tuple(number for number in numbers if number is not None),
        tuple(surrogate),
    )


def _constants(widgets: Sequence[Parameter], constant: Mapping[str, float]) -> dict[str, float]:
    """Path -> value."""
    values: dict[str, float] = {}
    for name, value in constant.items():
        for path, found in resolved(widgets, {name: value}).items():
            if path in values:
                raise FadError(f"the constant `{path}` has two values, also by `{name}`")
            values[path] = found
    return values


def _with_constants(evaluation: Evaluation, values: Mapping[str, float]) -> Evaluation:
    if not values:
        return evaluation

    def fixed(widget: Widget, parameter: Parameter) -> Box:
        value = values.get(parameter.path)
        return widget if value is None else Real(value)

    process, originals = with_widgets(evaluation.process, fixed)
    became = {old: new for new, old in originals.items()}
    return replace(evaluation, process=process, facts=evaluation.facts.renamed(became))
