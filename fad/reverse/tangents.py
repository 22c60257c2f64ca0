"""Forward mode on signals: how they change with a variable, or along a direction.

A program of reverse mode may have tangents among its outputs: what comes back from them are second
derivatives. They are made of the marked signals of the program, so that all that is known about
these is still known when they are differentiated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from fad.base.deep_stack import recursive
from fad.base.source import Span
from fad.diagram.box import Box, Wire
from fad.differentiation.dual import Dropped
from fad.differentiation.operations import Operations
from fad.differentiation.rules import Custom, Linear
from fad.differentiation.seeds import Seeds
from fad.differentiation.surrogates import SlopedRead, SlopedSample
from fad.reverse.marked_signals import Program, lane_of, operands_of
from fad.reverse.obstacles import Obstacles
from fad.reverse.rule_signals import RuleSignals
from fad.reverse.transpose import Paths, paths
from fad.signals.algebra import Algebra, is_number
from fad.signals.graph import Knot, Marked, Signal, is_past


class Tangents:
    """Makes the tangents of signals.

    Args:
        program: the program.
        operations: the rules.
        found: the signals between its variables and its outputs.
        variables: what the variables are called, in messages.

    Attributes:
        names: what the tangents are called that have been made.
        places: where what they were made for was written.
        sloped: the reads at whole positions whose slope stands for a derivative.
    """

    def __init__(
        self, program: Program, operations: Operations, found: Paths, variables: Sequence[str]
    ) -> None:
        self.names: dict[Signal, str] = {}
        self.sloped: list[Dropped] = []
        self._program = program
        self._graph = program.graph
        self._operations = operations
        self._found = found
        self._obstacles = Obstacles(program, operations, variables)
        self._algebra = Algebra(self._graph)
        self._rule = RuleSignals(self._graph, self._algebra, marks=True)
        self.places: Mapping[Signal, Span] = self._rule.places
        #: The last signal of the program itself.
        self._last = self._graph.knot().number
        self._users: dict[Signal, list[Signal]] = {}
        for signal in found.order:
            for _, operand in found.sources[signal]:
                self._users.setdefault(operand, []).append(signal)

    @recursive
    def outputs(self, seeds: Mapping[Signal, Signal]) -> list[Signal]:
        """The tangents of the program's outputs; 0 where there is none.

        Args:
            seeds: variables, and the tangents that they begin with.

        Raises:
            DifferentiationError: something on the way has no derivative.
        """
        moving = self._moving(seeds)
        made = dict(seeds)
        pasts: dict[Signal, Knot] = {}
        for signal in self._found.order:
            if signal in made or signal not in moving:
                continue
            if is_past(signal) and signal.arguments[0] not in made:
                knot = pasts[signal.arguments[0]] = self._graph.knot()
                made[signal] = self._graph.previous(knot)
                continue
            terms = {
                position: made[operand]
                for position, operand in self._found.sources[signal]
                if operand in made and not is_number(made[operand], 0)
            }
            tangent = self._made(signal, terms) if terms else self._algebra.zero
            if signal in pasts:
                self._graph.tie(pasts[signal], tangent)
                tangent = pasts[signal]
            made[signal] = tangent
            if signal in self._program.names and tangent.number > self._last:
                self.names.setdefault(tangent, f"d{self._program.names[signal]}")
        return [made.get(output, self._algebra.zero) for output in self._program.outputs]

    def _moving(self, seeds: Iterable[Signal]) -> Set[Signal]:
        """The signals that depend on variables."""
        found: set[Signal] = set()
        waiting = list(seeds)
        while waiting:
            signal = waiting.pop()
            if signal not in found:
                found.add(signal)
                waiting += self._users.get(signal, ())
        return found

    def _made(self, signal: Signal, terms: Mapping[int, Signal]) -> Signal:
        """The tangent of a signal, from the numbers of operands and their tangents."""
        operation = self._obstacles.operation(signal)
        if operation is None:
            (tangent,) = terms.values()
            return tangent
        operands, rule = operands_of(signal), operation.rule
        place = self._program.places.get(signal)
        if isinstance(signal, Marked) and isinstance(signal.box, SlopedRead | SlopedSample):
            self.sloped.append(Dropped("a slope has no slope", operation.name, place))
        if isinstance(rule, Linear):
            zero = self._algebra.zero
            tangents = [terms.get(position, zero) for position in range(len(operands))]
            added = dict.fromkeys(
                function
                for position in terms
                for function in self._operations.terms(operation, position)
            )
            values = [*operands, *tangents, signal]
            return self._algebra.sum([self._rule(each, values, place) for each in added])
        total = self._algebra.sum(
            [
                self._algebra.product(tangent, self._rule(partial, [*operands, signal], place))
                for position, tangent in terms.items()
                for partial in [self._operations.partial(operation, position)]
            ]
        )
        if isinstance(rule, Custom) and rule.ruled.passing is not None:
            return self._rule(rule.ruled.passing, [*operands, total], place)
        return total


def with_tangents(
    program: Program, operations: Operations, seeds: Seeds, direction: Mapping[int, float | Box]
) -> tuple[Program, Sequence[Dropped]]:
    """A program that has, after each output, the derivative of that along a direction.

    Args:
        program: the program.
        operations: the rules.
        seeds: its variables.
        direction: the number of a variable -> its component: a number; or what tells it while the
            program runs, a slider or a wire, which is an audio input after the program's own.

    Returns:
        The program, and the reads at whole positions whose slope stands for a derivative.

    Raises:
        DifferentiationError: something on the way from these variables has no derivative.
    """
    graph, algebra = program.graph, Algebra(program.graph)
    inputs = list(program.inputs)
    components: dict[int | None, Signal] = {}
    for lane, value in direction.items():
        if isinstance(value, Wire):
            components[lane] = graph.input(len(inputs))
            inputs.append(components[lane])
        elif isinstance(value, Box):
            components[lane] = graph.applied(value)
        else:
            components[lane] = algebra.number(value)

    def component(signal: Signal) -> Signal | None:
        return components.get(lane_of(signal, seeds))

    found = paths(program, operations, lambda each: component(each) is not None)
    begun = {each: start for each in found.order if (start := component(each)) is not None}
    tangents = Tangents(program, operations, found, seeds.names)
    derivatives = tangents.outputs(begun)
    outputs = [each for pair in zip(program.outputs, derivatives, strict=True) for each in pair]
    names = {**tangents.names, **program.names}
    places = {**tangents.places, **program.places}
    whole = replace(program, inputs=inputs, outputs=outputs, names=names, places=places)
    return whole, tangents.sloped
