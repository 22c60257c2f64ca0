"""Which parameters' tangents reach which wire.

A set of parameters is an integer whose bit i says that parameter i is in it. Tangents that cannot
be anything but zero are found here, before anything is built, so that they never exist.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

from fad.diagram.box import (
    Bargraph,
    Box,
    Cut,
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
from fad.diagram.labels import plain_name
from fad.diagram.parameters import GroupPath, Widget
from fad.differentiation.seeds import Seed
from fad.differentiation.surrogates import Read

#: A set of parameters.
Active = int
#: The set on each of several neighbouring wires.
Bundles = tuple[Active, ...]
NONE: Active = 0

#: What the parameters on a function's inputs make active on its output.
LeafActivity = Callable[[Primitive | ForeignFunction, Bundles], Active]
#: The read at a whole position that a diagram is, where it is given a slope.
FindRead = Callable[[Seq], Read | None]
#: The seed of a diagram that is a variable inside some groups, or `None`.
FindSeed = Callable[[Box, GroupPath], Seed | None]


def bits(indices: Iterable[int]) -> Active:
    """The set of these parameters."""
    result = NONE
    for index in indices:
        result |= 1 << index
    return result


def members(active: Active) -> Iterator[int]:
    """The parameters in a set, in order."""
    while active:
        lowest = active & -active
        yield lowest.bit_length() - 1
        active ^= lowest


def union(sets: Iterable[Active]) -> Active:
    """The parameters that are in any of the sets."""
    result = NONE
    for active in sets:
        result |= active
    return result


def shape(bundles: Bundles) -> Bundles:
    """The same sets with the parameters that occur in any of them numbered from 0."""
    places = {index: place for place, index in enumerate(members(union(bundles)))}
    return tuple(bits(places[index] for index in members(active)) for active in bundles)


def placed(bundles: Bundles, lanes: Sequence[int]) -> Bundles:
    """Sets of numbers from 0 with the parameters that the numbers stand for."""
    return tuple(bits(lanes[place] for place in members(active)) for active in bundles)


class Activity:
    """Runs diagrams on sets of parameters.

    Args:
        root: the whole diagram.
        leaf: how a primitive or a foreign function passes parameters on.
        seed: which diagrams are variables.
        signals: the variables that are no widgets.
        read: which diagrams are reads that are given a slope.
    """

    def __init__(
        self,
        root: Box,
        leaf: LeafActivity,
        seed: FindSeed,
        signals: Container[Box],
        read: FindRead,
    ) -> None:
        self._leaf = leaf
        self._read = read
        self._seed = seed
        self._memo: dict[tuple[object, ...], Bundles] = {}
        self._free: dict[Box, tuple[Slot, ...]] = {}
        self._with_variables: set[Box] = set()
        for box in postorder(root):
            is_one = isinstance(box, Widget) or box in signals
            if is_one or any(child in self._with_variables for child in box.children):
                self._with_variables.add(box)

    def is_inert(self, box: Box, inputs: Bundles) -> bool:
        """Whether a box without free slots passes no tangent on and makes none."""
        return not any(inputs) and self.is_constant(box)

    def is_constant(self, box: Box) -> bool:
        """Whether there are no variables in a box."""
        return box not in self._with_variables

    def free(self, box: Box) -> tuple[Slot, ...]:
        """The slots that are free in a box, always in the same order."""
        if not box.free:
            return ()
        if box not in self._free:
            self._free[box] = tuple(box.free)
        return self._free[box]

    def key(self, box: Box, inputs: Bundles, groups: GroupPath) -> tuple[object, ...]:
        """What the result for a box without free slots depends on."""
        return box, inputs, groups if box in self._with_variables else ()

    def outputs(
        self, box: Box, inputs: Bundles, groups: GroupPath, slots: Mapping[Slot, Active]
    ) -> Bundles:
        """The sets on a box's outputs.

        Args:
            box: a closed, well-typed diagram.
            inputs: the sets on its inputs.
            groups: the names of the groups around it.
            slots: the sets on the slots that are free in it.
        """
        if not box.free and self.is_inert(box, inputs):
            return (NONE,) * arity_of(box)[1]
        bound = tuple(map(slots.__getitem__, self.free(box)))
        key = (*self.key(box, inputs, groups), bound)
        if key not in self._memo:
            self._memo[key] = self._outputs(box, inputs, groups, slots)
        return self._memo[key]

    def feedback(
        self, box: Rec, inputs: Bundles, groups: GroupPath, slots: Mapping[Slot, Active]
    ) -> tuple[Bundles, Bundles]:
        """The sets on what a loop feeds back, and on its outputs: the least fixed point."""
        taken = arity_of(box.right)[0]
        fed: Bundles = (NONE,) * arity_of(box.right)[1]
        while True:
            outputs = self.outputs(box.left, fed + inputs, groups, slots)
            back = self.outputs(box.right, outputs[:taken], groups, slots)
            if back == fed:
                return fed, outputs
            fed = tuple(old | new for old, new in zip(fed, back, strict=True))

    def _outputs(
        self, box: Box, inputs: Bundles, groups: GroupPath, slots: Mapping[Slot, Active]
    ) -> Bundles:
        seed = self._seed(box, groups)
        if seed is not None:
            return (1 << seed.lane,)
        match box:
            case Wire() | Bargraph():
                return inputs
            case Cut():
                return ()
            case Primitive() | ForeignFunction():
                return (self._leaf(box, inputs),)
            case Slot():
                return (slots[box],)
            case Seq():
                read = self._read(box)
                if read is not None:
                    return (union(self._beside(read.signal, read.position, inputs, groups, slots)),)
                middle = self.outputs(box.left, inputs, groups, slots)
                return self.outputs(box.right, middle, groups, slots)
            case Par():
                return self._beside(box.left, box.right, inputs, groups, slots)
            case Split():
                middle = self.outputs(box.left, inputs, groups, slots)
                copies = arity_of(box.right)[0] // len(middle)
                return self.outputs(box.right, middle * copies, groups, slots)
            case Merge():
                middle = merged(
                    self.outputs(box.left, inputs, groups, slots), arity_of(box.right)[0]
                )
                return self.outputs(box.right, middle, groups, slots)
            case Rec():
                return self.feedback(box, inputs, groups, slots)[1]
            case Route():
                return routed(box, inputs)
            case Lambda():
                inner = {**slots, box.slot: inputs[0]}
                return self.outputs(box.body, inputs[1:], groups, inner)
            case Group():
                return self.outputs(box.body, inputs, (*groups, plain_name(box.label)), slots)
        return (NONE,) * arity_of(box)[1]

    def _beside(
        self,
        left: Box,
        right: Box,
        inputs: Bundles,
        groups: GroupPath,
        slots: Mapping[Slot, Active],
    ) -> Bundles:
        count = arity_of(left)[0]
        return self.outputs(left, inputs[:count], groups, slots) + self.outputs(
            right, inputs[count:], groups, slots
        )


def merged(wires: Bundles, count: int) -> Bundles:
    """The sets after a merge of wires onto fewer ones."""
    return tuple(union(wires[start::count]) for start in range(count))


def routed(box: Route, inputs: Bundles) -> Bundles:
    """The sets on the outputs of a route."""
    outputs = [NONE] * box.outputs
    for source, target in box.pairs:
        outputs[target - 1] |= inputs[source - 1]
    return tuple(outputs)
