"""The graph of a program in which everything is marked that decides about its derivative."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fad.base.source import Span
from fad.diagram.box import Bargraph, Box, ForeignFunction, Primitive, Slot, arity_of
from fad.diagram.facts import Facts
from fad.diagram.ruled import Ruled
from fad.differentiation.operations import Operation, Operations
from fad.differentiation.prepared import Prepared
from fad.differentiation.seeds import Seeds
from fad.differentiation.surrogates import SlopedRead, SlopedSample
from fad.differentiation.variables import Variable
from fad.differentiation.variants import Variant
from fad.signals.algebra import taken
from fad.signals.graph import Applied, Graph, Input, Knot, Marked, Signal
from fad.signals.propagate import Propagation

_WHOLE = Primitive("int")
_SELECTIONS = frozenset({"select2", "select3"})
_CHOICES = _SELECTIONS | {"min", "max"}


class MarkedPropagation(Propagation):
    """Runs a prepared diagram on signals: what is marked in the diagram is marked in the graph."""

    def leaf(self, box: Box, inputs: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """See `Propagation`."""
        match box:
            case Variable():
                (value,) = super().leaf(box.signal, ())
                return (self._marked(box, (), value),)
            case Variant():
                return (self._marked(box, inputs, self.graph.applied(box.function, inputs)),)
            case SlopedRead():
                operands = inputs
                if box.is_cast:
                    operands = (*inputs[:-1], self.graph.applied(_WHOLE, inputs[-1:]))
                value = self.graph.applied(box.function, operands)
                return (self._marked(box, inputs, value),)
            case SlopedSample():
                return (self._marked(box, inputs, inputs[0]),)
        return super().leaf(box, inputs)

    def ruled(
        self, box: Ruled, inputs: tuple[Signal, ...], slots: Mapping[Slot, Signal]
    ) -> tuple[Signal, ...]:
        """A function with a rule of its own: its value, and what it is a function of."""
        values = super().ruled(box, inputs, slots)
        return tuple([self._marked(box, inputs, value) for value in values])

    def _marked(self, box: Box, operands: Sequence[Signal], value: Signal) -> Signal:
        return self.noted(self.graph.marked(box, operands, value))


@dataclass(frozen=True)
class Program:
    """A program as a graph.

    Attributes:
        graph: what makes its signals.
        inputs, outputs: its signals, with marks.
        names: what signals are called.
        places: where they were written.
    """

    graph: Graph
    inputs: Sequence[Signal]
    outputs: Sequence[Signal]
    names: Mapping[Signal, str]
    places: Mapping[Signal, Span]


def program_of(prepared: Prepared, facts: Facts) -> Program:
    """The graph of a prepared program."""
    graph = Graph()
    run = MarkedPropagation(prepared.box, graph, facts, prepared.originals, (Variable,))
    inputs = tuple([graph.input(index) for index in range(arity_of(prepared.box)[0])])
    outputs = run.outputs(prepared.box, inputs)
    return Program(graph, inputs, outputs, run.names, run.places)


def variable_of(signal: Signal) -> Variable | None:
    """The variable that a signal is, if it is one."""
    if isinstance(signal, Marked) and isinstance(signal.box, Variable):
        return signal.box
    return None


def lane_of(signal: Signal, seeds: Seeds) -> int | None:
    """The number of the variable that a signal is: a widget, or an audio input; if it is one."""
    if isinstance(signal, Input):
        seed = seeds.inputs.get(signal.index)
        return None if seed is None else seed.lane
    variable = variable_of(signal)
    return None if variable is None else variable.lane


def operation_of(signal: Signal, operations: Operations) -> Operation | None:
    """The rule that a signal is computed by, if there is one."""
    if isinstance(signal, Marked):
        box = signal.box
        if isinstance(box, Variant | SlopedRead | SlopedSample):
            return operations.of(box)
        if isinstance(box, Ruled) and box.rule.obstacle is None:
            return operations.of(box)
    elif isinstance(signal, Applied) and isinstance(signal.box, Primitive | ForeignFunction):
        return operations.of(signal.box)
    return None


def operands_of(signal: Signal) -> Sequence[Signal]:
    """What the rule of a signal is about."""
    return signal.operands if isinstance(signal, Marked) else signal.arguments


def sources(signal: Signal, operations: Operations) -> Iterator[tuple[int, Signal]]:
    """The signals that a tangent may come from, each with its number among the operands."""
    match signal:
        case Knot():
            yield 0, signal.value
            return
        case Marked(box=Ruled() as box) if box.rule.obstacle is not None:
            yield 0, signal.value
            return
        case Applied() if isinstance(signal.element, Bargraph):
            yield 0, signal.arguments[0]
            return
    operation = operation_of(signal, operations)
    if operation is None and not (
        isinstance(signal, Applied) and isinstance(signal.box, ForeignFunction)
    ):
        return
    always = None
    if operation is not None and operation.name in _SELECTIONS:
        always = taken(operands_of(signal))
    for position, operand in enumerate(operands_of(signal)):
        passes = operation is None or operation.passes(position)
        if passes and always in (None, position):
            yield position, operand


def is_choice(signal: Signal, operations: Operations) -> bool:
    """Whether a signal is one of its operands at a time, and the others do not count then."""
    operation = operation_of(signal, operations)
    if operation is None or operation.name not in _CHOICES:
        return False
    return operation.name not in _SELECTIONS or taken(operands_of(signal)) is None
