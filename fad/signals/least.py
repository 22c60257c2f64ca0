"""What signals are at least while a program runs, as signals that never change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fad.diagram.box import Int, Primitive
from fad.signals.algebra import Algebra
from fad.signals.graph import Applied, Graph, Knot, Signal
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
    """

    signal: Signal
    span: float


class Leasts:
    """Finds what signals without marks are at least: what they are with sliders at their minima.

    Bounds that are numbers would do, but for the sample rate: a delay of `1116*SR/44100 + spread`
    samples has a wide range, and not more than that of `spread` at any sample rate.

    Args:
        graph: what makes signals.
        ranges, rates: of its signals.
    """

    def __init__(self, graph: Graph, ranges: Ranges, rates: Rates) -> None:
        self._graph = graph
        self._algebra = Algebra(graph)
        self._ranges = ranges
        self._rates = rates

    def __getitem__(self, signal: Signal) -> Least | None:
        """`None` where nothing is known."""
        if self._rates[signal] is Rate.CONSTANT:
            return Least(signal, 0.0)
        low, high = self._ranges[signal]
        known = None
        if math.isfinite(low) and math.isfinite(high):
            known = Least(self._graph.applied(Int(math.floor(low))), high - math.floor(low))
        found = self._of_parts(signal)
        return found if found and (known is None or found.span < known.span) else known

    def _of_parts(self, signal: Signal) -> Least | None:
        if isinstance(signal, Knot) or not isinstance(signal, Applied):
            return None
        if not isinstance(signal.box, Primitive):
            return None
        name = signal.box.name
        operands = [operand.plain for operand in signal.arguments]
        if name in _GROWING:
            return self._of_all(name, operands)
        if name in ("-", "*", "/") and self._rates[operands[1]] is Rate.CONSTANT:
            return self._by_constant(name, *operands)
        return None

    def _of_all(self, name: str, operands: Sequence[Signal]) -> Least | None:
        leasts = [least for operand in operands if (least := self[operand]) is not None]
        if len(leasts) < len(operands):
            return None
        spans = [least.span for least in leasts]
        # The whole part of a sum may be one more than the sum of the whole parts.
        span = {"+": sum(spans), "int": sum(spans) + 1}.get(name, max(spans))
        return Least(self._algebra.apply(name, [least.signal for least in leasts]), span)

    def _by_constant(self, name: str, operand: Signal, constant: Signal) -> Least | None:
        least = self[operand]
        low, high = self._ranges[constant]
        if least is None or (name != "-" and low <= 0):
            return None
        factor = {"-": 1.0, "*": high, "/": 1 / low if low else 0.0}[name]
        return Least(self._algebra.apply(name, (least.signal, constant)), least.span * factor)
