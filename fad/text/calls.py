"""Calls of templates: made for diagrams, put into diagrams, and brought together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fad.diagram.box import Box, Slot, postorder, rebuilt
from fad.text.generalize import Generalization
from fad.text.templates import (
    Call,
    Element,
    Hole,
    Numbered,
    Progression,
    Template,
    expanded,
    filled,
)


def united(process: Box) -> dict[Box, Box]:
    """What the parts of a diagram become when templates that differ in nothing but their holes
    are one."""
    templates: dict[tuple[object, ...], Template] = {}
    replaced: dict[Box, Box] = {}
    for part in postorder(process):
        new = rebuilt(part, replaced)
        if isinstance(new, Template):
            holes: dict[Slot, Box] = {
                hole: Hole(-1 - place, "", hole.stands_for, hole.is_number)
                for place, hole in enumerate(new.holes)
            }
            new = templates.setdefault((*holes.values(), filled(new.body, holes)), new)
        replaced[part] = new
    return replaced


def needs_names(template: Template, calls: Iterable[Call]) -> bool:
    """Whether a template has holes in labels, and is called with what is no number there."""
    computed = any(
        isinstance(box, Progression | Element) for call in calls for box in call.arguments
    )
    return computed and any(
        isinstance(part, Numbered) and not set(template.holes).isdisjoint(part.numbers)
        for part in postorder(template.body)
    )


def calls_for(found: Generalization, column: Iterable[Box]) -> dict[Box, Box]:
    return {
        box: Call(found.template, row) for box, row in zip(column, found.arguments, strict=True)
    }


def merged_calls(found: Generalization, cluster: Sequence[Box]) -> dict[Box, Box]:
    """What diagrams and templates become: calls, and templates that are calls of a wider one."""
    return {
        box: Template(box.holes, Call(found.template, row))
        if isinstance(box, Template)
        else Call(found.template, row)
        for box, row in zip(cluster, found.arguments, strict=True)
    }


def rewritten(parts: Iterable[Box], chosen: Mapping[Box, Box]) -> dict[Box, Box]:
    """Diagrams with others in the places of some; a template that only calls another one is left
    out."""
    replaced: dict[Box, Box] = {}
    for part in parts:
        if part in chosen:
            replaced[part] = chosen[part]
            continue
        new = rebuilt(part, replaced)
        if isinstance(new, Call) and part.children[0] in chosen:
            new = expanded(new)
        replaced[part] = new
    return replaced
