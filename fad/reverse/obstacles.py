"""What cannot be differentiated on the way from variables to outputs, and how that is told."""

from __future__ import annotations

from collections.abc import Sequence

from fad.base.errors import DifferentiationError
from fad.base.prose import either
from fad.base.source import Span
from fad.diagram.box import ForeignFunction
from fad.diagram.ruled import Ruled
from fad.differentiation.operations import Operation, Operations, without_rule
from fad.differentiation.rules import Unsupported
from fad.reverse.marked_signals import Program, operation_of, sources, variable_of
from fad.signals.graph import Applied, Input, Marked, Signal, operands_first


class Obstacles:
    """Tells what has no derivative.

    Args:
        program: the program.
        operations: the rules.
        variables: what the variables are called, by their lanes.
    """

    def __init__(self, program: Program, operations: Operations, variables: Sequence[str]) -> None:
        self._program = program
        self._operations = operations
        self._variables = variables

    def operation(self, signal: Signal) -> Operation | None:
        """The rule of a signal that tangents pass; `None` if it is what it is computed from.

        Raises:
            DifferentiationError: the signal has no derivative, in no mode.
        """
        operation = operation_of(signal, self._operations)
        if operation is None:
            if isinstance(signal, Marked) and isinstance(signal.box, Ruled):
                obstacle = signal.box.rule.obstacle
                assert obstacle is not None
                raise self._error("", obstacle.message, signal, f"{obstacle.hint}; ", obstacle.span)
            if isinstance(signal, Applied) and isinstance(signal.box, ForeignFunction):
                what, remedy = without_rule(signal.box)
                raise self._error("", what, signal, remedy)
        elif isinstance(operation.rule, Unsupported):
            raise self._error("", f"`{operation.name}` {operation.rule.reason}", signal)
        return operation

    def in_reverse(
        self, what: str, signal: Signal, remedy: str = "forward mode differentiates it; "
    ) -> DifferentiationError:
        """The error about a signal that has a derivative, but no transpose.

        Args:
            what: what is wrong with it.
            signal: the signal.
            remedy: what to do, a clause.
        """
        return self._error(" in reverse mode", what, signal, remedy)

    def _error(
        self, mode: str, what: str, signal: Signal, remedy: str = "", span: Span | None = None
    ) -> DifferentiationError:
        names = either(self._reaching(signal))
        return DifferentiationError(
            f"cannot differentiate{mode}: {what}",
            span or self._program.places.get(signal),
            f"{remedy}its arguments depend on {names}",
        )

    def _reaching(self, signal: Signal) -> list[str]:
        """The variables that a signal depends on."""

        def operands(signal: Signal) -> list[Signal]:
            return [operand for _, operand in sources(signal, self._operations)]

        found: dict[str, None] = {}
        for each in operands_first([signal], operands):
            variable = variable_of(each)
            if variable is not None:
                found[self._variables[variable.lane]] = None
            elif isinstance(each, Input) and f"input:{each.index}" in self._variables:
                found[f"input:{each.index}"] = None
        return list(found)
