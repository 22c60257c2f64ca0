"""Whether two diagrams are the same, whatever the variables of their lambdas are called."""

from __future__ import annotations

from fad.base.deep_stack import recursive
from fad.diagram.box import Box, Lambda, Slot


@recursive
def canonical(box: Box) -> Box:
    """A diagram with the variables of its lambdas named by their nesting.

    Two diagrams that differ in nothing but these variables have the same canonical form.
    """
    memo: dict[tuple[Box, tuple[tuple[Slot, int], ...]], Box] = {}

    def visit(box: Box, slots: dict[Slot, int]) -> Box:
        if isinstance(box, Slot):
            return Slot(slots[box], "x") if box in slots else box
        known = {slot: number for slot, number in slots.items() if slot in box.free}
        key = box, tuple(known.items())
        if key not in memo:
            if isinstance(box, Lambda):
                # One more than the variables inside: a closed lambda is the same everywhere.
                number = 1 + max(known.values(), default=0)
                body = visit(box.body, {**known, box.slot: number})
                memo[key] = Lambda(Slot(number, "x"), body)
            else:
                memo[key] = box.rebuild(tuple(visit(part, known) for part in box.children))
        return memo[key]

    return visit(box, {})
