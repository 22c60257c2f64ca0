"""The variables of lambdas, made unlike each other, or alike.

A slot is the variable that a lambda binds. To write a program, each slot has to belong to one
lambda, because its name and the definitions that use it stand in that lambda's text. The evaluator
sees to that, but passes that change what is inside a lambda (widget modulation, moved sliders)
keep its slot: then the changed lambda and the unchanged one share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from fad.diagram.box import Box, Lambda, Slot, postorder


def separate(process: Box) -> tuple[Box, Mapping[Box, Box]]:
    """A closed diagram in which no two lambdas share a slot, and what its parts have become.

    A part that lies inside several lambdas of one slot has become several parts; of these, the
    first one is told.
    """
    binders: dict[Slot, Lambda] = {}
    shared = False
    for box in postorder(process):
        if isinstance(box, Lambda):
            shared |= binders.setdefault(box.slot, box) is not box
    if not shared:
        return process, {}
    fresh = count(1 + max(slot.number for slot in binders))
    replaced: dict[Box, Box] = {}
    memo: dict[tuple[object, ...], Box] = {}

    def visit(box: Box, slots: Mapping[Slot, Slot]) -> Box:
        if isinstance(box, Slot):
            return slots.get(box, box)
        here = {slot: slots[slot] for slot in slots if slot in box.free}
        key = box, *here.items()
        if key not in memo:
            if isinstance(box, Lambda):
                slot = Slot(next(fresh), box.slot.name)
                memo[key] = Lambda(slot, visit(box.body, {**here, box.slot: slot}))
            else:
                memo[key] = box.rebuild(tuple(visit(child, here) for child in box.children))
            replaced.setdefault(box, memo[key])
        return memo[key]

    return visit(process, {}), replaced


def numbered(function: Box) -> Box:
    """A closed function whose slots are numbered as they occur: equal for equal functions."""
    slots: dict[Slot, Slot] = {}

    def visit(box: Box) -> Box:
        if not box.free:
            return box
        if isinstance(box, Slot):
            return slots[box]
        if isinstance(box, Lambda):
            return bound(box)
        return box.rebuild(tuple([visit(child) for child in box.children]))

    def bound(box: Lambda) -> Lambda:
        slots[box.slot] = Slot(-1 - len(slots), box.slot.name)
        return Lambda(slots[box.slot], visit(box.body))

    return bound(function) if isinstance(function, Lambda) else function


def substituted(box: Box, slots: Mapping[Slot, Box]) -> Box:
    """A diagram with other diagrams in the places of slots that are free in it."""
    new: dict[Box, Box] = {}

    def visit(part: Box) -> Box:
        if not part.free:
            return part
        if isinstance(part, Slot):
            return slots.get(part, part)
        if part not in new:
            new[part] = part.rebuild(tuple([visit(child) for child in part.children]))
        return new[part]

    return visit(box)


def is_alike(some: Box, other: Box, slots: Mapping[Slot, Box]) -> bool:
    """Whether one diagram is another one, but for the names of variables.

    Args:
        some, other: the diagrams.
        slots: what stands in the other one for slots that are free in the first one.
    """
    known: set[tuple[Box, Box]] = set()
    stack = [(some, other, slots)]
    while stack:
        one, two, bound = stack.pop()
        if isinstance(one, Slot):
            if bound.get(one, one) is not two:
                return False
        elif one is two and bound.keys().isdisjoint(one.free):
            continue
        elif isinstance(one, Lambda):
            if not isinstance(two, Lambda):
                return False
            stack.append((one.body, two.body, {**bound, one.slot: two.slot}))
        else:
            if (one, two) in known:
                continue
            known.add((one, two))
            if type(one) is not type(two) or len(one.children) != len(two.children):
                return False
            if not one.children or one.rebuild(two.children) is not two:
                return False
            stack += zip(one.children, two.children, [bound] * len(one.children), strict=True)
    return True
