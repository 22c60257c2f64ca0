"""The expressions of rules, applied to signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fad.base.source import Span
from fad.diagram.box import EMPTY, Box, Primitive, Slot
from fad.diagram.facts import Facts
from fad.diagram.ruled import Ruled
from fad.signals.algebra import Algebra
from fad.signals.graph import Graph, Signal
from fad.signals.propagate import Propagation


class RuleSignals:
    """Applies the expressions of rules to signals.

    Args:
        graph: what makes signals.
        algebra: computes with them.
        marks: whether functions with rules of their own are marked in what is made.

    Attributes:
        places: of signals, where what they were made for was written.
    """

    def __init__(self, graph: Graph, algebra: Algebra, marks: bool = False) -> None:
        self._run = _SimplePropagation(graph, algebra, marks)
        self.places = self._run.places

    def __call__(
        self, function: Box, arguments: Sequence[Signal], place: Span | None = None
    ) -> Signal:
        """What a function gives for some signals.

        Args:
            function: a function of signals to one.
            arguments: the signals.
            place: where that was written which this is made for.
        """
        self._run.begin(place)
        (result,) = self._run.outputs(function, tuple(arguments))
        return result


class _SimplePropagation(Propagation):
    """Runs diagrams on signals, in simple terms."""

    def __init__(self, graph: Graph, algebra: Algebra, marks: bool) -> None:
        super().__init__(EMPTY, graph, Facts(), {})
        self._algebra = algebra
        self._marks = marks

    def begin(self, place: Span | None) -> None:
        """Signals from here on are made for what was written at a place."""
        self._place = place

    def leaf(self, box: Box, inputs: tuple[Signal, ...]) -> tuple[Signal, ...]:
        if isinstance(box, Primitive):
            return (self.noted(self._algebra.apply(box.name, inputs)),)
        return super().leaf(box, inputs)

    def ruled(
        self, box: Ruled, inputs: tuple[Signal, ...], slots: Mapping[Slot, Signal]
    ) -> tuple[Signal, ...]:
        values = super().ruled(box, inputs, slots)
        if not self._marks:
            return values
        return tuple([self.graph.marked(box, inputs, value) for value in values])
