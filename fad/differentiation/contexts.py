"""What the dual of a diagram depends on beside the diagram: what is around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fad.diagram.box import Box, Slot
from fad.differentiation.active_sets import Active, Bundles
from fad.differentiation.dual import Part
from fad.differentiation.liveness import Liveness


@dataclass(frozen=True)
class Bound:
    """What has become of the variable of a lambda: a slot for its value and one for each tangent.

    Attributes:
        lanes: the slots, the value's first.
        active: the parameters that the tangents are by.
    """

    lanes: tuple[Slot, ...]
    active: Active


#: The slots of the lambdas around a diagram.
Slots = Mapping[Slot, Bound]
#: A dual, and the parameters that are active on each of its outputs.
Result = tuple[Box, Bundles]


@dataclass
class Context:
    """The parameters as a diagram sees them: those of the program, or some numbered anew.

    A function in which there are no variables is differentiated once for all its calls with
    tangents of the same shape. Inside, its tangents are numbered: `dx1` may be by the cutoff
    frequency in one call and by the gain in another one.

    Attributes:
        lanes: for each parameter inside, its number in the program.
        tags: for each parameter inside, what its tangents are called.
        liveness: which tangents are used inside.
        memo: the duals of the diagrams inside.
        parts: see `Dual`, with the numbers inside.
    """

    lanes: Sequence[int]
    tags: Sequence[str]
    liveness: Liveness
    memo: dict[tuple[object, ...], Result] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)


def active_on(slots: Slots) -> Mapping[Slot, Active]:
    """The parameters that are active on the variables of lambdas."""
    return {slot: bound.active for slot, bound in slots.items()}
