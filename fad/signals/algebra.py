"""Arithmetic on signals without what leaves them as they are: `1*x`, `0 + x`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fad.diagram.box import Int, Primitive, Real
from fad.evaluation.folding import folded
from fad.signals.graph import Applied, Graph, Signal

_Pair = tuple[Signal, Signal]


def number_of(signal: Signal) -> Int | Real | None:
    """The number that a signal is, if it is written as one."""
    if isinstance(signal, Applied) and isinstance(signal.box, Int | Real):
        return signal.box
    return None


def is_number(signal: Signal, value: float) -> bool:
    """Whether a signal is a certain number."""
    number = number_of(signal)
    return number is not None and number.value == value


def taken(operands: Sequence[Signal]) -> int | None:
    """The number of the operand that `select2` or `select3` always takes, if a number says that."""
    if not (isinstance(operands[0], Applied) and isinstance(operands[0].box, Int)):
        return None
    number, last = operands[0].box.value, len(operands) - 1
    # All that is not 0 takes the second one of two, and all that is not 0 or 1 the third of three.
    return number + 1 if 0 <= number < last else last


class Algebra:
    """Computes with signals.

    Args:
        graph: what makes them.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.zero = self.number(0.0)
        self.one = self.number(1.0)

    def number(self, value: float) -> Signal:
        """A real number."""
        return self._graph.applied(Real(value))

    def apply(self, name: str, operands: Sequence[Signal]) -> Signal:
        """What a primitive gives, in simple terms."""
        numbers = [number for each in operands if (number := number_of(each)) is not None]
        if len(numbers) == len(operands):
            number = folded(name, numbers)
            if number is not None:
                return self._graph.applied(number)
        simplify = _SIMPLER.get(name)
        simple = simplify(self, operands) if simplify else None
        return self._graph.applied(Primitive(name), operands) if simple is None else simple

    def sum(self, terms: Sequence[Signal]) -> Signal:
        """A sum; of differences, too, where a term is `0 - x`."""
        total: Signal | None = None
        negative = []
        for term in terms:
            if (subtracted := self.negated(term)) is not None:
                negative.append(subtracted)
            else:
                total = term if total is None else self.apply("+", (total, term))
        for term in negative:
            total = self.apply("-", (self.zero if total is None else total, term))
        return self.zero if total is None else total

    def product(self, signal: Signal, factor: Signal) -> Signal:
        """A product; with `0 - f` as a factor, `0 - signal*f`."""
        if (negated := self.negated(factor)) is not None:
            return self.apply("-", (self.zero, self.product(signal, negated)))
        if (divisor := self._divisor(factor)) is not None:
            return self.apply("/", (signal, divisor))
        return self.apply("*", (signal, factor))

    def negated(self, signal: Signal) -> Signal | None:
        """What is subtracted from 0 in a signal, if anything is."""
        if is_number(signal, -1):
            return self.one
        if _is_applied(signal, "-") and is_number(signal.arguments[0], 0):
            return signal.arguments[1]
        return None

    def _divisor(self, signal: Signal) -> Signal | None:
        if _is_applied(signal, "/") and is_number(signal.arguments[0], 1):
            return signal.arguments[1]
        return None


def _is_applied(signal: Signal, name: str) -> bool:
    return (
        isinstance(signal, Applied)
        and isinstance(signal.box, Primitive)
        and signal.box.name == name
    )


def _add(algebra: Algebra, operands: Sequence[Signal]) -> Signal | None:
    x, y = operands
    return y if is_number(x, 0) else x if is_number(y, 0) else None


def _subtract(algebra: Algebra, operands: Sequence[Signal]) -> Signal | None:
    x, y = operands
    if is_number(y, 0):
        return x
    return algebra.negated(y) if is_number(x, 0) else None


def _multiply(algebra: Algebra, operands: Sequence[Signal]) -> Signal | None:
    x, y = operands
    if is_number(x, 0) or is_number(y, 0):
        return algebra.zero
    return y if is_number(x, 1) else x if is_number(y, 1) else None


def _divide(algebra: Algebra, operands: Sequence[Signal]) -> Signal | None:
    x, y = operands
    return x if is_number(y, 1) else None


def _first(algebra: Algebra, operands: Sequence[Signal]) -> Signal:
    return operands[0]


def _whole(algebra: Algebra, operands: Sequence[Signal]) -> Signal | None:
    return operands[0] if _is_applied(operands[0], "int") else None


def _delay(algebra: Algebra, operands: Sequence[Signal]) -> Signal | None:
    x, delay = operands
    return x if is_number(delay, 0) else None


def _select(algebra: Algebra, operands: Sequence[Signal]) -> Signal | None:
    place = taken(operands)
    if place is not None:
        return operands[place]
    _, x, *others = operands
    return x if all(x is other for other in others) else None


_SIMPLER: Mapping[str, Callable[[Algebra, Sequence[Signal]], Signal | None]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "int": _whole,
    "@": _delay,
    "attach": _first,
    "select2": _select,
    "select3": _select,
}
