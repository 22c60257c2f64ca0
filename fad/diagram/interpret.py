"""One way to run a diagram, whatever its wires carry: numbers, sets, symbols.

How values go through compositions, splits, merges, routes, lambdas and groups is the same for all
that a diagram can mean, and is said here, once. An interpretation says what it is about: what
leaves make of values, what values are together where wires meet, and what comes of a loop.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Generic, TypeVar

from fad.diagram.box import (
    Box,
    Cut,
    Group,
    Lambda,
    Merge,
    Par,
    Rec,
    Route,
    Seq,
    Slot,
    Split,
    Wire,
    arity_of,
)
from fad.diagram.ruled import Ruled

Value = TypeVar("Value", bound=Hashable)
#: What wires carry together that meet: from all values, of which there may be none, to one.
Total = Callable[[Sequence[Value]], Value]
_NO_SLOTS: Mapping[Slot, object] = MappingProxyType({})


class Interpretation(ABC, Generic[Value]):
    """Runs closed or open, well-typed diagrams on values; remembers results while it lives."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[Value, ...]] = {}

    @abstractmethod
    def leaf(self, box: Box, inputs: tuple[Value, ...]) -> tuple[Value, ...]:
        """What a box without boxes inside gives: a source, a primitive, a slot that is not bound.

        Wires, cuts and routes are no leaves: they are plumbing.
        """

    @abstractmethod
    def total(self, values: Sequence[Value]) -> Value:
        """What a wire carries where others meet, as in a merge; none at all give silence."""

    @abstractmethod
    def loop(
        self,
        box: Rec,
        key: tuple[object, ...],
        turn: Callable[[tuple[Value, ...]], tuple[Value, ...]],
    ) -> tuple[Value, ...]:
        """What comes out of `A ~ B`.

        Args:
            box: the loop.
            key: all that its result depends on.
            turn: one turn of the loop: from what the inputs of B carry to the outputs of A.
        """

    def outputs(
        self,
        box: Box,
        inputs: tuple[Value, ...],
        slots: Mapping[Slot, Value] = _NO_SLOTS,  # type: ignore[assignment]
    ) -> tuple[Value, ...]:
        """What the outputs of a box carry.

        Args:
            box: the diagram.
            inputs: what its inputs carry.
            slots: what the slots carry that are free in it.
        """
        if isinstance(box, Wire):
            return inputs
        if isinstance(box, Slot) and box in slots:
            return (slots[box],)
        if isinstance(box, Lambda) and box.free:
            # A function inside others: its body is remembered. Of n in each other, the slots that
            # are free in all of them would be n * n / 2 values.
            return self._outputs(box, inputs, slots, ())
        key = (box, inputs, *map(slots.get, box.free))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._outputs(box, inputs, slots, key)
        return found

    def _outputs(
        self,
        box: Box,
        inputs: tuple[Value, ...],
        slots: Mapping[Slot, Value],
        key: tuple[object, ...],
    ) -> tuple[Value, ...]:
        match box:
            case Seq() | Split() | Merge():
                middle = self.outputs(box.left, inputs, slots)
                return self.outputs(box.right, arriving(box, middle, self.total), slots)
            case Par():
                return self._side_by_side(box, inputs, slots)
            case Rec():

                def turn(taken: tuple[Value, ...]) -> tuple[Value, ...]:
                    fed = self.outputs(box.right, taken, slots)
                    return self.outputs(box.left, fed + inputs, slots)

                return self.loop(box, key, turn)
            case Lambda():
                return self.outputs(box.body, inputs[1:], {**slots, box.slot: inputs[0]})
            case Group():
                return self.outputs(box.body, inputs, slots)
            case Route():
                return routed(box, inputs, self.total)
            case Cut():
                return ()
            case Ruled():
                return self.ruled(box, inputs, slots)
        return self.leaf(box, inputs)

    def ruled(
        self, box: Ruled, inputs: tuple[Value, ...], slots: Mapping[Slot, Value]
    ) -> tuple[Value, ...]:
        """What a function with a derivative of its own gives: what is computed inside."""
        return self.outputs(box.function, inputs, slots)

    def _side_by_side(
        self, box: Box, inputs: tuple[Value, ...], slots: Mapping[Slot, Value]
    ) -> tuple[Value, ...]:
        """What the parts of a parallel composition give, from the left.

        What is on the right of each comma is no part with a result of its own: in a list of n
        diagrams, the inputs of all its ends would be n * n / 2 values.
        """
        outputs: list[Value] = []
        first = 0
        while isinstance(box, Par):
            last = first + arity_of(box.left)[0]
            outputs += self.outputs(box.left, inputs[first:last], slots)
            box, first = box.right, last
        outputs += self.outputs(box, inputs[first:], slots)
        return tuple(outputs)


def arriving(
    box: Seq | Split | Merge, middle: tuple[Value, ...], total: Total[Value]
) -> tuple[Value, ...]:
    """What arrives at B in `A : B`, `A <: B` or `A :> B`.

    Args:
        box: the composition.
        middle: what the outputs of A carry.
        total: what wires carry together that meet.
    """
    if isinstance(box, Seq):
        return middle
    count = arity_of(box.right)[0]
    if isinstance(box, Split):
        return middle * (count // len(middle))
    return tuple([total(middle[start::count]) for start in range(count)])


def routed(box: Route, inputs: tuple[Value, ...], total: Total[Value]) -> tuple[Value, ...]:
    """What the outputs of a route carry; its pairs say in which order values meet."""
    meeting: list[list[Value]] = [[] for _ in range(box.outputs)]
    for source, target in box.pairs:
        meeting[target - 1].append(inputs[source - 1])
    return tuple([total(values) for values in meeting])
