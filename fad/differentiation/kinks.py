"""Which side the derivative of `abs` at 0 is taken from, where the program itself decides.

A function can be smooth though it is built from `abs`, when a comparison takes another branch on
either side. The standard equalizer `fi.peak_eq` is: it computes with the absolute value of its
gain in decibels, and `gain > 0` selects which coefficients are the numerator's. At 0 dB, where
every flat equalizer stands, the branch for gains below 0 is taken. There, the absolute value is
that of numbers below 0, and so is its derivative: -1. With 0 instead, the derivative of the whole
by the gain would be 0, and nothing would ever learn that gain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from fad.diagram.box import Box, Int, Par, Primitive, Real, Seq, postorder
from fad.differentiation.marking import marked
from fad.differentiation.variants import Variant

Side = Literal["below", "above"]

#: The comparison of a signal with 0 -> the side whose branch is taken at 0.
_SIDES: Mapping[str, Side] = MappingProxyType(
    {">": "below", "<=": "below", "<": "above", ">=": "above"}
)
_MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_ABS = Primitive("abs")


def with_sides(root: Box, originals: Mapping[Box, Box]) -> tuple[Box, Mapping[Box, Box]]:
    """A diagram in which each `abs` of a signal that is also compared with 0 is marked.

    So are these comparisons, at which the program has no kink then.

    Where comparisons of one signal do not agree about 0, nothing is marked.

    Args:
        root: the whole diagram.
        originals: what parts of it were in the program, where they have been changed before.

    Returns:
        The new diagram, and what its parts were in the program, where they have been changed.
    """
    parts = list(postorder(root))
    kinks = {part.left for part in parts if isinstance(part, Seq) and part.right is _ABS}
    sides: dict[Box, set[Side]] = {}
    if kinks:
        for part in parts:
            if (found := _compared(part)) and found[0] in kinks:
                sides.setdefault(found[0], set()).add(found[1])
    chosen = {signal: side for signal, (side, *others) in sides.items() if not others}
    if not chosen:
        return root, originals

    def change(part: Box, became: Mapping[Box, Box], note: Callable[[Box, Box], Box]) -> Box | None:
        if isinstance(part, Seq) and part.right is _ABS and part.left in chosen:
            return Seq(became[part.left], note(Variant(_ABS, chosen[part.left]), _ABS))
        if (found := _compared(part)) and found[0] in chosen:
            assert isinstance(part, Seq) and isinstance(part.right, Primitive)
            return Seq(became[part.left], note(Variant(part.right, "deciding"), part.right))
        return None

    return marked(root, originals, change)


def _compared(box: Box) -> tuple[Box, Side] | None:
    """The signal that is compared with 0 in a box, and the side whose branch is taken at 0."""
    match box:
        case Seq(left=Par(left=left, right=right), right=Primitive(name=name)) if name in _SIDES:
            if _is_zero(right):
                return left, _SIDES[name]
            if _is_zero(left):
                return right, _SIDES[_MIRRORED[name]]
    return None


def _is_zero(box: Box) -> bool:
    return isinstance(box, Int | Real) and box.value == 0
