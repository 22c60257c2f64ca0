"""The shapes of diagrams: what is left of them without numbers and widgets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fad.diagram.box import Box, Composition, Group, Int, Lambda, Real, Slider, Slot, Switch
from fad.text.templates import Call, Hole, Numbered

_DIGITS = re.compile(r"[0-9]+")


@dataclass
class Shape:
    """Diagrams of one shape."""

    members: list[Box] = field(default_factory=list)
    places: set[tuple[int, int]] = field(default_factory=set)


def widgets_of(parts: Iterable[Box]) -> Iterable[Sequence[Box]]:
    """Widgets that are alike but for numbers, also in their labels."""
    alike: dict[tuple[str, str], list[Box]] = {}
    for part in parts:
        if isinstance(part, Slider | Switch):
            alike.setdefault((part.kind, _DIGITS.sub("0", part.label)), []).append(part)
    return alike.values()


def shapes_of(parts: Sequence[Box]) -> tuple[dict[Box, int], dict[int, Shape]]:
    """The shapes of diagrams: what is left of them without numbers and widgets."""
    numbers: dict[tuple[object, ...], int] = {}
    shapes: dict[Box, int] = {}
    classes: dict[int, Shape] = {}
    for part in parts:
        inside = tuple(shapes[child] for child in part.children)
        match part:
            case Int() | Real():
                key: tuple[object, ...] = ("number",)
            case Slider() | Switch():
                key = ("widget",)
            case Numbered():
                key = (Numbered, part.texts, *inside)
            case Hole():
                key = ("hole", part.stands_for)
            case Slot():
                key = ("slot", part.name)
            case Group():
                key = (Group, part.kind, _DIGITS.sub("0", part.label), *inside)
            case Call():
                key = (Call, part.template, *inside[1:])
            case Lambda():
                key = (Lambda, part.slot.name, *inside)
            case Composition():
                key = (type(part), *inside)
            case _:
                key = (part,)
        shape = shapes[part] = numbers.setdefault(key, len(numbers))
        group = classes.setdefault(shape, Shape())
        group.members.append(part)
        for index, child in enumerate(part.children):
            classes[shapes[child]].places.add((shape, index))
    return shapes, classes
