"""The transpose of a delay that varies.

`y = x @ d` reads at each sample what was there `d` samples before. Its transpose, on reversed time,
puts each `w` where it was read from, `d` samples later, where others may be already. What is under
way is kept in a ring: two tables, one of sums and one of the times that they are due at. A sum that
is due at another time is over, and counts as none. What a table gives is what was written before,
so that all is written one sample late; what is due at once does not go through the tables.
"""

from __future__ import annotations

from fad.diagram.box import Box, Int, Primitive, Real
from fad.signals.graph import Graph, Knot, Signal


class Scatter:
    """Makes the transposes of delays that vary.

    Args:
        graph: what makes signals.

    Attributes:
        knots: those of the signals that are made here.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.knots: list[Knot] = []
        self._clock: Knot | None = None

    def delayed(self, signal: Signal, later: Signal, shortest: int, longest: int) -> Signal:
        """A signal, of which each value comes later by a delay of its own.

        Args:
            signal: what is put.
            later: by how many samples, an integer at each sample.
            shortest, longest: between which bounds that is.
        """
        size = 1 << longest.bit_length()
        mask, zero = self._number(Int(size - 1)), self._number(Real(0.0))
        now, previous = self._now(), self._graph.previous
        if shortest < 0:
            later = self._apply("max", self._number(Int(0)), later)
        due = self._apply("+", now, later)
        place, here = self._apply("&", due, mask), self._apply("&", now, mask)
        written = self._apply("&", previous(due), mask)
        sum_ = self._knot()

        def table(start: Box, content: Signal, read: Signal) -> Signal:
            ends = self._number(Int(size)), self._number(start)
            return self._apply("rwtable", *ends, written, content, read)

        def found(time: Signal, read: Signal) -> Signal:
            is_due = self._apply("==", table(Int(-1), previous(due), read), time)
            return self._apply("select2", is_due, zero, table(Real(0.0), previous(sum_), read))

        # What is due at once is written too, but too late to be found.
        self._graph.tie(sum_, self._apply("+", found(due, place), signal))
        arrived = found(now, here)
        if shortest > 0:
            return arrived
        is_late = self._apply(">", later, self._number(Int(0)))
        return self._apply("+", arrived, self._apply("select2", is_late, signal, zero))

    def _now(self) -> Signal:
        """The number of the sample, from 0."""
        if self._clock is None:
            self._clock = self._knot()
            one = self._number(Int(1))
            next_ = self._apply("+", self._graph.previous(self._clock), one)
            self._graph.tie(self._clock, next_)
        return self._graph.previous(self._clock)

    def _knot(self) -> Knot:
        knot = self._graph.knot()
        self.knots.append(knot)
        return knot

    def _number(self, number: Box) -> Signal:
        return self._graph.applied(number)

    def _apply(self, name: str, *operands: Signal) -> Signal:
        return self._graph.applied(Primitive(name), operands)
