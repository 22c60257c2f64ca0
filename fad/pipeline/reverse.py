"""`fad transform --mode reverse`: a program becomes three, which compute gradients together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fad.base.errors import FadError
from fad.base.prose import either
from fad.base.version import __version__
from fad.diagram.box import Box, Par, Primitive, Real, Seq, Slot, arity_of
from fad.diagram.facts import Facts
from fad.diagram.labels import identifier
from fad.diagram.order import OrderBy, widgets_of
from fad.diagram.parameters import Parameter, input_index, select
from fad.differentiation.channels import Output, along_direction, channels
from fad.differentiation.dual import about, about_second
from fad.differentiation.operations import Operations
from fad.differentiation.prepared import Prepared, prepare
from fad.differentiation.seeds import by_parameters
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.evaluation.sizes import check_size
from fad.pipeline.comments import parameter_comments, rule_comments
from fad.pipeline.costs import Costs
from fad.pipeline.front import Front
from fad.pipeline.program import MANIFEST_FORMAT, parameter_data, versions
from fad.reverse.adjoint import Adjoint, adjoint
from fad.reverse.transpose import name_of_cotangent
from fad.signals.describe import described
from fad.signals.graph import PREVIOUS, Applied, Signal
from fad.signals.numbers import integers
from fad.signals.write import Writer, past_name, process_of
from fad.text.emitter import emit
from fad.text.lines import comment, comment_list

#: A recorded integer is divided by this, and multiplied again: the standard compiler takes inputs
#: to be in [-1, 1], and everything computed from them to be as small.
_SCALE = 2.0**31


#: Names of variables, and their components: numbers, or what tells them while the program runs; see
#: `fad.reverse.tangents.with_tangents`.
Direction = Sequence[tuple[str, float | Box]]


@dataclass(frozen=True)
class ReverseProgram:
    """Three programs that compute the gradient of a program.

    Attributes:
        forward: computes the outputs of the original, then the tape.
        adjoint: on reversed time, takes a cotangent for each output, then the tape; gives the
            terms of the coefficients' cotangents, then the cotangents of inputs that are variables.
        control: takes the sums of these terms; gives the derivative by each parameter. Empty where
            there are no parameters, but inputs only.
        parameters: the parameters, in the order of the control program's outputs.
        inputs: the audio inputs that are variables, in the order of the adjoint's last outputs.
        outputs: what the outputs of the original are called; with a direction, each is followed by
            its derivative along that.
        tape: what the lanes of the tape are.
        coefficients: what the sums belong to.
        warnings: what the user should know, one sentence each.
        name: the file name of the original.
        files: the files that it was made from, and those that it names.
        direction: the names and components of the direction that outputs have derivatives along,
            as far as they are numbers.
        costs: what either mode costs, where this one was chosen for that.
    """

    forward: str
    adjoint: str
    control: str
    parameters: tuple[Parameter, ...]
    inputs: tuple[int, ...]
    outputs: tuple[str, ...]
    tape: tuple[str, ...]
    coefficients: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    name: str = ""
    files: tuple[Path, ...] = ()
    direction: tuple[tuple[str, float], ...] = ()
    costs: Costs | None = None

    def texts(self, stem: str) -> dict[str, str]:
        """The files to write: names -> texts.

        Args:
            stem: what their names begin with.
        """
        told = json.dumps(self.manifest(), indent=2, ensure_ascii=False) + "\n"
        control = {f"{stem}.control.dsp": self.control} if self.control else {}
        return {
            f"{stem}.forward.dsp": self.forward,
            f"{stem}.adjoint.dsp": self.adjoint,
            **control,
            f"{stem}.json": told,
        }

    def manifest(self) -> dict[str, Any]:
        """What the channels of the three programs are, as plain data for JSON."""
        return {
            "program": self.name,
            "format": MANIFEST_FORMAT,
            "mode": "reverse",
            "versions": versions(),
            "outputs": list(self.outputs),
            "tape": list(self.tape),
            "coefficients": list(self.coefficients),
            "inputs": [f"input:{index}" for index in self.inputs],
            **({"direction": dict(self.direction)} if self.direction else {}),
            "parameters": [parameter_data(parameter) for parameter in self.parameters],
            **({"cost": self.costs.to_json()} if self.costs else {}),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Marked:
    """An evaluated program with its variables, ready for reverse mode.

    Attributes:
        evaluation: the program.
        front: what it takes to differentiate it.
        variables: what the gradient is by.
        direction: the names and components of the direction, if there is one.
        components: the same, by the numbers of the variables that are marked.
        prepared: the diagram in which all is marked.
        operations: what functions do to tangents.
        facts: what is known about the parts of the diagram.
    """

    evaluation: Evaluation
    front: Front
    variables: Sequence[Parameter]
    direction: Direction
    components: Mapping[int, float | Box]
    prepared: Prepared
    operations: Operations
    facts: Facts


def marked_program(
    evaluation: Evaluation,
    front: Front,
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    order_by: OrderBy = "text",
    direction: Direction = (),
) -> Marked:
    """Marks the variables of a program, and all that decides about its derivatives.

    For the arguments, see `reversed_program`.

    Raises:
        FadError: a variable is not there, or the program is too large.
    """
    box, facts = evaluation.process, evaluation.facts
    widgets = widgets_of(box, facts, front.title, order_by)
    inputs = arity_of(box)[0]
    variables = select(widgets, inputs, wrt)
    along = {each: value for name, value in direction for each in select(widgets, inputs, [name])}
    every = [*variables, *(each for each in along if each not in variables)]
    components = {lane: along[each] for lane, each in enumerate(every) if each in along}
    seeds = by_parameters(every)
    operations = front.operations.afresh()
    # The whole program keeps its name, `process`, for itself.
    names = {part: name for part, name in facts.names.items() if part is not box}
    facts = replace(facts, names=names)
    check_size(box, len(seeds.names), facts.origins)
    prepared = prepare(box, seeds, operations, facts, surrogate)
    return Marked(evaluation, front, variables, direction, components, prepared, operations, facts)


def adjoint_of(marked: Marked) -> Adjoint:
    """The adjoint of a marked program.

    Raises:
        FadError: there are no variables, none has an effect, or something on the way from one to an
            output has no derivative or no transpose.
    """
    if not marked.variables:
        raise FadError(
            "the program has no variables: there is nothing to differentiate by",
            hint="a slider or a number entry is one, and an audio input with `--wrt input:0`",
        )
    components = marked.components if marked.direction else None
    asked = range(len(marked.variables))
    found = adjoint(marked.prepared, marked.operations, marked.facts, components, asked)
    if not (found.terms or found.inputs):
        told = about(marked.prepared)
        paths = either(variable.path for variable in marked.variables)
        raise FadError(f"no output changes with {paths}: the gradient is 0", hint="\n".join(told))
    return found


def reversed_program(
    evaluation: Evaluation,
    front: Front,
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    order_by: OrderBy = "text",
    direction: Direction = (),
) -> ReverseProgram:
    """The programs that compute the gradient of an evaluated program.

    Args:
        evaluation: the program.
        front: what it takes to differentiate it.
        wrt, surrogate, order_by: see `fad.transform`.
        direction: the names and components of a direction: the derivatives of the outputs along it
            are outputs, too, and so what comes back from them are second derivatives.

    Raises:
        FadError: see `marked_program` and `adjoint_of`.
    """
    marked = marked_program(evaluation, front, wrt, surrogate, order_by, direction)
    return written(marked, adjoint_of(marked))


def written(marked: Marked, found: Adjoint) -> ReverseProgram:
    """The programs, as texts.

    Args:
        marked: the program.
        found: its adjoint.
    """
    evaluation, front, variables = marked.evaluation, marked.front, marked.variables
    prepared = marked.prepared
    direction = [(name, value) for name, value in marked.direction if not isinstance(value, Box)]
    box = evaluation.process
    second = about_second(found.sloped, box) if marked.direction else []
    warnings = (*evaluation.warnings, *about(prepared, folders=False), *second)
    is_widget = [input_index(variable) is None for variable in variables]
    gradient = [each for each, is_own in zip(found.gradient, is_widget, strict=False) if is_own]
    parameters = [each for each, is_own in zip(variables, is_widget, strict=True) if is_own]
    head = [
        *parameter_comments(variables, dict(direction)),
        *rule_comments(evaluation.facts),
        *(line for warning in warnings for line in comment(f"warning: {warning}")),
        *front.declares,
    ]
    count = arity_of(box)[1]
    outputs = along_direction(count) if marked.direction else channels(count, ())
    texts = _Texts(found, front.name, head, gradient, outputs)
    return ReverseProgram(
        texts.forward(),
        texts.adjoint(),
        texts.control() if parameters else "",
        tuple(parameters),
        tuple(found.inputs),
        tuple(texts.outputs),
        tuple(texts.tape),
        tuple(texts.coefficients),
        (*evaluation.warnings, *about(prepared), *second),
        front.name,
        front.files(box),
        tuple(direction),
    )


class _Texts:
    """Writes the three programs.

    Args:
        found: the program and its adjoint.
        name: the file name of the program.
        head: lines of comments and metadata that each begins with.
        gradient: the cotangents of the parameters.
        outputs: the output channels.

    Attributes:
        outputs: what the outputs are called.
        tape: what the lanes of the tape are.
        coefficients: what the sums belong to.
    """

    def __init__(
        self,
        found: Adjoint,
        name: str,
        head: Sequence[str],
        gradient: Sequence[Signal],
        outputs: Sequence[Output],
    ) -> None:
        self._found = found
        self._name = name
        self._head = head
        self._gradient = gradient
        program = found.program
        self._results = [each.plain for each in program.outputs]
        self.outputs = [output.name for output in outputs]
        #: A derivative is called as in mathematics, by the part that is an identifier.
        self._called = [name.partition("/")[0] for name in self.outputs]
        names = _numbered("x", len(program.inputs))
        self._names = {**found.names, **dict(zip(program.inputs, names, strict=True))}
        for signal, called in found.names.items():
            self._names.setdefault(signal.plain, called)
        for result, called in zip(self._results, self._called, strict=True):
            self._names.setdefault(result, called)
        self.tape = [described(each, self._names) for each in found.tape]
        self.coefficients = [described(each.plain, self._names) for each in found.coefficients]
        self._integers = integers(found.tape)

    def forward(self) -> str:
        """The program that records."""
        signals = [*self._results, *self._found.tape]
        channels_ = [*self.outputs, *(f"tape: {told}" for told in self.tape)]
        title = f"What {self._name} computes, and what its adjoint takes of that"

        def recorded(signal: Signal, box: Box) -> Box:
            return _scaled(box, 1 / _SCALE) if signal in self._integers else box

        inputs = [(each, self._names[each]) for each in self._found.program.inputs]
        count = len(self._results)
        return self._text(
            title,
            inputs,
            signals,
            channels_,
            True,
            lambda index, box: box if index < count else recorded(signals[index], box),
        )

    def adjoint(self) -> str:
        """The program that runs on reversed time."""
        found = self._found
        cotangents = zip(found.cotangents, map(name_of_cotangent, self._called), strict=True)
        lanes = zip(found.tape, map(self._lane, found.tape), strict=True)
        signals = [*found.terms, *found.inputs.values()]
        channels_ = [f"to be summed: {told}" for told in self.coefficients]
        channels_ += [f"input {index}, reversed" for index in found.inputs]
        title = f"The adjoint of {self._name}, on reversed time"
        return self._text(title, [*cotangents, *lanes], signals, channels_)

    def control(self) -> str:
        """The program that runs once for each block."""
        known = (self._names.get(each.plain, "total") for each in self._found.coefficients)
        names = [name_of_cotangent(identifier(name, "total")) for name in known]
        inputs = list(zip(self._found.sums, names, strict=True))
        title = f"The gradient of {self._name}, from the sums that its adjoint gives"
        return self._text(title, inputs, self._gradient, [])

    def _text(
        self,
        title: str,
        inputs: Sequence[tuple[Signal, str]],
        signals: Sequence[Signal],
        channels_: Sequence[str],
        shows: bool = False,
        change: Callable[[int, Box], Box] = lambda index, box: box,
    ) -> str:
        """A program with inputs that signals are computed from."""
        slots = [Slot(1 + index, name) for index, (_, name) in enumerate(inputs)]
        given: dict[Signal, Box] = {}
        for slot, (signal, _) in zip(slots, inputs, strict=True):
            is_integer = not shows and signal in self._integers
            given[signal] = Seq(_scaled(slot, _SCALE), Primitive("int")) if is_integer else slot
        writer = Writer(signals, given, self._names, len(slots), shows)
        boxes = [change(index, writer.box(each)) for index, each in enumerate(signals)]
        lines = comment(f"{title}, by fad {__version__}.")
        if channels_:
            lines += comment_list("outputs:", channels_)
        return emit(process_of(slots, boxes), writer.named, [*lines, *self._head])

    def _lane(self, signal: Signal) -> str:
        """What a lane of the tape is called in the adjoint."""
        name = self._names.get(signal)
        if name is None and isinstance(signal, Applied) and signal.box is PREVIOUS:
            before = self._names.get(signal.arguments[0].plain)
            name = before and past_name(before)
        return identifier(name or "tape", "tape")


def _numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}{index}" for index in range(count)]


def _scaled(box: Box, factor: float) -> Box:
    return Seq(Par(box, Real(factor)), Primitive("*"))
