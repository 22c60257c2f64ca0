"""Which parameters' tangents reach which wire.

Tangents that cannot be anything but zero are found here, before anything is built, so that they
never exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fad.diagram.box import (
    Bargraph,
    Box,
    ForeignFunction,
    Primitive,
    Rec,
    Slot,
    arity_of,
    postorder,
)
from fad.diagram.interpret import Interpretation
from fad.diagram.parameters import Widget
from fad.diagram.ruled import Ruled
from fad.differentiation.active_sets import NONE, Active, Bundles, either, union
from fad.differentiation.operations import Operations
from fad.differentiation.surrogates import SlopedRead, SlopedSample
from fad.differentiation.variables import Variable
from fad.differentiation.variants import Variant


class Activity(Interpretation[Active]):
    """Runs diagrams whose variables are marked on sets of parameters.

    Args:
        root: the whole diagram.
        operations: how functions pass parameters on.
    """

    def __init__(self, root: Box, operations: Operations) -> None:
        super().__init__()
        self._operations = operations
        self._varying: set[Box] = set()
        for box in postorder(root):
            is_one = isinstance(box, Variable | Widget)
            if is_one or any(child in self._varying for child in box.children):
                self._varying.add(box)

    def is_inert(self, box: Box, inputs: Bundles) -> bool:
        """Whether a box without free slots passes no tangent on and makes none."""
        return not any(inputs) and self.is_constant(box)

    def is_constant(self, box: Box) -> bool:
        """Whether there are no variables in a box.

        Widgets count as variables also where they are none, so that what is written for a part
        does not depend on which of its widgets are asked for.
        """
        return box not in self._varying

    def outputs(
        self, box: Box, inputs: Bundles, slots: Mapping[Slot, Active] | None = None
    ) -> Bundles:
        """The sets on the outputs of a box; see `Interpretation`."""
        if not box.free and self.is_inert(box, inputs):
            return (NONE,) * arity_of(box)[1]
        return super().outputs(box, inputs, slots or {})

    def leaf(self, box: Box, inputs: Bundles) -> Bundles:
        """Variables make parameters active, functions pass them on as their rules say."""
        match box:
            case Variable():
                return (1 << box.lane,)
            case Bargraph():
                return inputs
            case Primitive() | ForeignFunction() | SlopedRead() | SlopedSample() | Variant():
                operation = self._operations.of(box)
                return (union(inputs) if operation is None else operation.active(inputs),)
        return (NONE,) * arity_of(box)[1]

    def ruled(self, box: Ruled, inputs: Bundles, slots: Mapping[Slot, Active]) -> Bundles:
        """A function with a rule of its own passes parameters on as that says."""
        if box.rule.obstacle is not None:
            return super().ruled(box, inputs, slots)
        operation = self._operations.of(box)
        assert operation is not None
        return (operation.active(inputs),)

    def total(self, values: Sequence[Active]) -> Active:
        """What wires carry that meet: a sum has all their tangents."""
        return union(values)

    def loop(
        self, box: Rec, key: tuple[object, ...], turn: Callable[[Bundles], Bundles]
    ) -> Bundles:
        """The least fixed point: what comes around once more adds nothing."""
        taken: Bundles = (NONE,) * arity_of(box.right)[0]
        while True:
            outputs = turn(taken)
            back = outputs[: len(taken)]
            if back == taken:
                return outputs
            taken = either(taken, back)
