"""Where tangents end before they reach an output, and what they arrive at on the way.

This goes through the whole program, before it is known whose tangents are used: what acts through
an `int` only is worth a warning, also where nothing but a meter comes after it.
"""

from __future__ import annotations

from collections.abc import Mapping

from fad.base.source import Span
from fad.diagram.box import Box, ForeignFunction, Primitive, Slot, Soundfile
from fad.diagram.ruled import Ruled
from fad.differentiation.active_sets import Active, Bundles, members, union
from fad.differentiation.activity import Activity
from fad.differentiation.dual import Dropped
from fad.differentiation.operations import Function, Operations
from fad.differentiation.surrogates import SlopedRead, SlopedSample
from fad.differentiation.variants import Variant


class Endings(Activity):
    """Runs a diagram whose variables are marked on sets of parameters, and finds what stops them.

    Args:
        root: the whole diagram.
        operations: how functions pass parameters on.
        originals: what parts of the diagram were before they were marked.
        origins: where they were written.

    Attributes:
        dropped: parameter -> the first place where a tangent of it ends.
        arrivals: the functions with rules of their own, and the arguments that tangents arrive at.
        fed: the diagrams whose inputs carry tangents.
        active: those that tangents reach or leave, as they were before they were marked.
    """

    def __init__(
        self,
        root: Box,
        operations: Operations,
        originals: Mapping[Box, Box],
        origins: Mapping[Box, Span],
    ) -> None:
        super().__init__(root, operations)
        self.dropped: dict[int, Dropped] = {}
        self.arrivals: dict[Ruled, set[int]] = {}
        self.fed: set[Box] = set()
        self.active: set[Box] = set()
        self._originals = originals
        self._origins = origins
        self._place: Span | None = None

    def outputs(
        self, box: Box, inputs: Bundles, slots: Mapping[Slot, Active] | None = None
    ) -> Bundles:
        """The sets on the outputs of a box; see `Interpretation`."""
        if any(inputs):
            self.fed.add(box)
        source, outer = self._originals.get(box, box), self._place
        self._place = self._origins.get(source, outer)
        result = super().outputs(box, inputs, slots)
        self._place = outer
        if any(inputs + result):
            self.active.add(source)
        return result

    def leaf(self, box: Box, inputs: Bundles) -> Bundles:
        """Some functions and reads stop what arrives."""
        match box:
            case Primitive() | ForeignFunction() | SlopedRead() | SlopedSample() | Variant():
                self._stop(box, inputs)
            case Soundfile():
                for index in members(union(inputs)):
                    self._end(index, "it is read at whole positions", "soundfile")
        return super().leaf(box, inputs)

    def ruled(self, box: Ruled, inputs: Bundles, slots: Mapping[Slot, Active]) -> Bundles:
        """A function with a rule of its own stops what its rule says."""
        if box.rule.obstacle is None:
            self._stop(box, inputs)
            arrived = {position for position, active in enumerate(inputs) if active}
            self.arrivals.setdefault(box, set()).update(arrived)
        return super().ruled(box, inputs, slots)

    def _stop(self, box: Function, inputs: Bundles) -> None:
        operation = self._operations.of(box)
        if operation is not None:
            for index, why in operation.dropped(inputs):
                self._end(index, why, operation.name)

    def _end(self, index: int, reason: str, construct: str) -> None:
        self.dropped.setdefault(index, Dropped(reason, construct, self._place))
