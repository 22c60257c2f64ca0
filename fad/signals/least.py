"""What signals are at least while a program runs, as signals that never change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fad.diagram.box import Int, Primitive
from fad.signals.algebra import Algebra
from fad.signals.graph import Applied, Graph, Signal
from fad.signals.ranges import Ranges
from fad.signals.rates import Rate, Rates

#: Primitives that never get smaller when an operand gets larger.
_GROWING = frozenset({"+", "min", "max", "int", "float"})


@dataclass(frozen=True)
class Least:
    """A signal is not below another one, which never changes, and not far above it.

    Attributes:
        signal: what it is at least.
        span: how much more it is at most.
        rest: how much more it is.
        is_whole: whether it is known to be an integer. Then `rest` is the same signal for `d` and
            for `d + 1`.
    """

    signal: Signal
    span: float
    rest: Signal
    is_whole: bool


class Leasts:
    """Finds what signals without marks are at least: what they are with sliders at their minima.

    Bounds that are numbers would do, but for the sample rate: a delay of `1116*SR/44100 + spread`
    samples has a wide range, and not more than that of `spread` at any sample rate.

    Args:
        graph: what makes signals.
        ranges, rates: of its signals.
    """

    def __init__(self, graph: Graph, ranges: Ranges, rates: Rates) -> None:
        self._algebra = Algebra(graph)
        self._graph = graph
        self._ranges = ranges
        self._rates = rates
        self._known: dict[Signal, Least | None] = {}

    def __getitem__(self, signal: Signal) -> Least | None:
        """`None` where nothing is known."""
        if signal not in self._known:
            self._known[signal] = self._least(signal)
        return self._known[signal]

    def _least(self, signal: Signal) -> Least | None:
        if self._rates[signal] is Rate.CONSTANT:
            return Least(signal, 0.0, self._graph.applied(Int(0)), _is_whole(signal))
        low, high = self._ranges[signal]
        known = None
        if math.isfinite(low) and math.isfinite(high):
            lowest = self._graph.applied(Int(math.floor(low)))
            known = self._above(signal, lowest, high - math.floor(low), _is_whole(signal))
        found = self._of_parts(signal)
        return found if found and (known is None or found.span <= known.span) else known

    def _above(self, signal: Signal, least: Signal, span: float, is_whole: bool) -> Least:
        return Least(least, span, self._algebra.apply("-", (signal, least)), is_whole)

    def _of_parts(self, signal: Signal) -> Least | None:
        if not (isinstance(signal, Applied) and isinstance(signal.box, Primitive)):
            return None
        name = signal.box.name
        operands = [operand.plain for operand in signal.arguments]
        if name in _GROWING:
            return self._of_all(signal, name, operands)
        if name in ("-", "*", "/") and self._rates[operands[1]] is Rate.CONSTANT:
            return self._by_constant(signal, name, *operands)
        return None

    def _of_all(self, signal: Signal, name: str, operands: Sequence[Signal]) -> Least | None:
        leasts = [least for operand in operands if (least := self[operand]) is not None]
        if len(leasts) < len(operands):
            return None
        is_whole = all(least.is_whole for least in leasts)
        if name == "int" and is_whole:
            return leasts[0]
        spans = [least.span for least in leasts]
        # The whole part of a sum may be one more than the sum of the whole parts.
        span = {"+": sum(spans), "int": sum(spans) + 1}.get(name, max(spans))
        lowest = self._algebra.apply(name, [least.signal for least in leasts])
        if name == "+" and is_whole:
            rest = self._algebra.apply(name, [least.rest for least in leasts])
            return Least(lowest, span, rest, is_whole)
        return self._above(signal, lowest, span, is_whole or name == "int")

    def _by_constant(
        self, signal: Signal, name: str, operand: Signal, constant: Signal
    ) -> Least | None:
        least = self[operand]
        low, high = self._ranges[constant]
        if least is None or (name != "-" and low <= 0):
            return None
        factor = {"-": 1.0, "*": high, "/": 1 / low if low else 0.0}[name]
        shifted = self._algebra.apply(name, (least.signal, constant))
        span = least.span * factor
        if name == "-" and least.is_whole and _is_whole(constant):
            return Least(shifted, span, least.rest, True)
        return self._above(signal, shifted, span, False)


def _is_whole(signal: Signal) -> bool:
    """Whether a signal is an integer by what it is, whatever it is computed from."""
    return isinstance(signal, Applied) and (
        isinstance(signal.box, Int) or signal.box is Primitive("int")
    )
