"""Which tangents anything uses: `activity` from the other end.

Tangents that reach no output of the program are found here, before anything is built, so that they
never exist: those of what only feeds a meter, the condition of a `select2`, the `int` in the index
of a table. Where no tangent of a part is used, the part stays as it is.

Activity runs a diagram forward, from what its inputs carry to what its outputs carry. This runs it
backward: from the tangents of the outputs that somebody uses to those of the inputs that are needed
for them. Which arguments a function needs is what its rule says, as it is for activity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import NamedTuple

from fad.diagram.box import (
    Bargraph,
    Box,
    ForeignFunction,
    Group,
    Lambda,
    Merge,
    Par,
    Primitive,
    Rec,
    Route,
    Seq,
    Slot,
    Split,
    Wire,
    arity_of,
    postorder,
)
from fad.diagram.ruled import Ruled
from fad.differentiation.active_sets import NONE, Active, Bundles, either, union
from fad.differentiation.operations import Function, Operations
from fad.differentiation.surrogates import SlopedRead, SlopedSample
from fad.differentiation.variants import Variant

#: A function with a rule of its own -> the arguments that tangents arrive at. Its rule for any
#: other argument need not exist.
Arrivals = Mapping[Ruled, Set[int]]


class _Needs(NamedTuple):
    """What is needed for some tangents of a diagram's outputs.

    Attributes:
        inputs: the tangents of its inputs.
        slots: those of the slots that are free in it; for others, there are none.
    """

    inputs: Bundles
    slots: Mapping[Slot, Active] = MappingProxyType({})


class Liveness:
    """Runs diagrams backward on sets of parameters; remembers results while it lives.

    Whoever asks about parts asks about the whole first: then it is known where else they are.

    Args:
        operations: how functions pass parameters on.
        arrivals: the arguments whose custom rules may be asked for.
        looping: the parts of the program with a loop inside.
        fed: the parts of the program whose inputs carry tangents.
    """

    def __init__(
        self, operations: Operations, arrivals: Arrivals, looping: Set[Box], fed: Set[Box]
    ) -> None:
        self._operations = operations
        self._arrivals = arrivals
        self._looping = looping
        self._fed = fed
        self._known: dict[tuple[Box, Bundles], _Needs] = {}
        self._anywhere: dict[Box, Bundles] = {}
        self._sharing: dict[Box, bool] = {}

    def inputs(self, box: Box, outputs: Bundles) -> Bundles:
        """The tangents of a box's inputs that are needed for tangents of its outputs.

        Args:
            box: the diagram.
            outputs: for each output, the parameters whose tangents are used.
        """
        return self._needs(box, outputs).inputs

    def before(self, box: Seq | Split | Merge, outputs: Bundles) -> Bundles:
        """The tangents that are used of the outputs of A in `A : B`, `A <: B` or `A :> B`."""
        return self._leaving(box, self._needs(box.right, outputs).inputs)

    def around(self, box: Rec, outputs: Bundles) -> tuple[Bundles, Bundles]:
        """The tangents that are used of the outputs of A, and of those of B, in `A ~ B`.

        The least fixed point: what comes around once more adds nothing.
        """
        taken, fed = arity_of(box.right)
        used = outputs
        while True:
            back = self._needs(box.left, used).inputs[:fed]
            needed = self._needs(box.right, back).inputs
            more = either(used, (*needed, *[NONE] * (len(used) - taken)))
            if more == used:
                return used, back
            used = more

    def anywhere(self, box: Box, outputs: Bundles) -> Bundles:
        """The tangents of a box's outputs that are used here, or in another of its places."""
        return either(outputs, self._anywhere.get(box, outputs))

    def has_loop(self, box: Box) -> bool:
        """Whether there is a loop in a box."""
        return box in self._looping

    def is_source(self, box: Box) -> bool:
        """Whether the tangents that leave a loop all begin in it."""
        return self.has_loop(box) and box not in self._fed

    def shares_loop(self, box: Box) -> bool:
        """Whether there is a source in a box that has tangents which are used somewhere.

        With tangents, a loop is another one for the standard compiler: it would be computed twice.
        """
        if not self.has_loop(box):
            return False
        found = self._sharing.get(box)
        if found is None:
            is_used = self.is_source(box) and box in self._anywhere
            found = is_used or any(self.shares_loop(child) for child in box.children)
            self._sharing[box] = found
        return found

    def _needs(self, box: Box, outputs: Bundles) -> _Needs:
        if not any(outputs):
            return _Needs((NONE,) * arity_of(box)[0])
        key = box, outputs
        found = self._known.get(key)
        if found is None:
            self._anywhere[box] = self.anywhere(box, outputs)
            found = self._known[key] = self._found(box, outputs)
        return found

    def _found(self, box: Box, outputs: Bundles) -> _Needs:
        match box:
            case Wire():
                return _Needs(outputs)
            case Slot():
                return _Needs((), {box: outputs[0]})
            case Seq() | Split() | Merge():
                right = self._needs(box.right, outputs)
                left = self._needs(box.left, self._leaving(box, right.inputs))
                return _Needs(left.inputs, _together([left.slots, right.slots]))
            case Par():
                return self._side_by_side(box, outputs)
            case Rec():
                used, back = self.around(box, outputs)
                left, right = self._needs(box.left, used), self._needs(box.right, back)
                return _Needs(left.inputs[len(back) :], _together([left.slots, right.slots]))
            case Lambda():
                body = self._needs(box.body, outputs)
                slots = {slot: used for slot, used in body.slots.items() if slot is not box.slot}
                return _Needs((body.slots.get(box.slot, NONE), *body.inputs), slots)
            case Group():
                return self._needs(box.body, outputs)
            case Route():
                wires = [NONE] * box.inputs
                for source, target in box.pairs:
                    wires[source - 1] |= outputs[target - 1]
                return _Needs(tuple(wires))
            case Ruled() if box.rule.obstacle is not None:
                return self._needs(box.function, outputs)
        return _Needs(self._leaf(box, outputs))

    def _leaf(self, box: Box, outputs: Bundles) -> Bundles:
        count = arity_of(box)[0]
        match box:
            case Bargraph():
                return outputs
            case Ruled():
                asked = self._arrivals.get(box, frozenset())
                return self._arguments(box, outputs[0], asked)
            case Primitive() | ForeignFunction() | SlopedRead() | SlopedSample() | Variant():
                return self._arguments(box, outputs[0], range(count))
        return (NONE,) * count

    def _arguments(self, box: Function, used: Active, asked: Iterable[int]) -> Bundles:
        """The same tangents of each argument that passes them on, of those that are asked for."""
        operation = self._operations.of(box)
        needed = [NONE] * arity_of(box)[0]
        for position in asked:
            if operation is None or operation.passes(position):
                needed[position] = used
        return tuple(needed)

    def _side_by_side(self, box: Box, outputs: Bundles) -> _Needs:
        """What the parts of a parallel composition need; see `Interpretation`."""
        inputs: list[Active] = []
        slots: list[Mapping[Slot, Active]] = []
        first = 0
        while True:
            part = box.left if isinstance(box, Par) else box
            last = first + arity_of(part)[1]
            needs = self._needs(part, outputs[first:last])
            inputs += needs.inputs
            slots.append(needs.slots)
            if not isinstance(box, Par):
                return _Needs(tuple(inputs), _together(slots))
            box, first = box.right, last

    @staticmethod
    def _leaving(box: Seq | Split | Merge, arriving: Bundles) -> Bundles:
        """What is used of A's outputs, given what is used of B's inputs."""
        if isinstance(box, Seq):
            return arriving
        count = arity_of(box.left)[1]
        if isinstance(box, Merge):
            return arriving * (count // len(arriving))
        return tuple([union(arriving[start::count]) for start in range(count)])


def looping(root: Box) -> Set[Box]:
    """The parts of a diagram that have a loop inside."""
    found: set[Box] = set()
    for part in postorder(root):
        if isinstance(part, Rec) or any(child in found for child in part.children):
            found.add(part)
    return found


def _together(needs: Sequence[Mapping[Slot, Active]]) -> Mapping[Slot, Active]:
    """What all parts of a diagram need of slots."""
    needs = [each for each in needs if each]
    if len(needs) < 2:
        return needs[0] if needs else MappingProxyType({})
    result: dict[Slot, Active] = {}
    for each in needs:
        for slot, used in each.items():
            result[slot] = result.get(slot, NONE) | used
    return result
