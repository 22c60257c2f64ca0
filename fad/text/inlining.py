"""Functions that make no text shorter are written where they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

from fad.diagram.box import Box, Slot, rebuilt
from fad.text.calls import needs_names
from fad.text.lengths import LINE_COST, NAME_LENGTH, SHORTEST_NAMED
from fad.text.sketch import Sketch
from fad.text.templates import Call, Template


def inline(sketch: Sketch, unsafe: Callable[[Box], Set[Template]]) -> None:
    """Templates that are called once, or are as short as their calls, are written in place.

    Args:
        sketch: the diagram.
        unsafe: the templates in a diagram that must not be called; see `Arguments`.
    """
    while useless := _useless(sketch, unsafe(sketch.process)):
        _write_in_place(sketch, useless)


def _write_in_place(sketch: Sketch, templates: Set[Template]) -> None:
    replaced: dict[Box, Box] = {}
    for part in sketch.measures.parts:
        if part in templates:
            replaced[part] = part
        elif isinstance(part, Call) and part.template in templates:
            body = replaced[part.template.body]
            values = (replaced[argument] for argument in part.arguments)
            arguments: dict[Slot, Box] = dict(zip(part.template.holes, values, strict=True))
            replaced[part] = sketch.filled(body, arguments)
            name = sketch.names.get(part.template)
            if name is not None:
                sketch.names.setdefault(part, name)
        else:
            replaced[part] = rebuilt(part, replaced)
    sketch.replace(replaced)


def _useless(sketch: Sketch, unsafe: Set[Template]) -> set[Template]:
    """The templates to write in place now: first those that are called once, as others have fewer
    calls then."""
    calls: dict[Template, list[Call]] = {}
    for part in sketch.measures.parts:
        if isinstance(part, Call):
            calls.setdefault(part.template, []).append(part)
    # In a label there is room for a number and for a name, but for nothing else.
    calls = {
        template: found
        for template, found in calls.items()
        if template in unsafe or not needs_names(template, found)
    }
    sizes = sketch.measures.sizes
    first = {
        template
        for template, found in calls.items()
        if template in unsafe
        or (len(found) == 1 and not _is_kept(sketch, template, sizes[template.body]))
    }
    return first or {
        template for template, found in calls.items() if _is_useless(sketch, template, found, sizes)
    }


def _is_kept(sketch: Sketch, template: Template, length: int) -> bool:
    """Whether a template is a function of the source, and long enough for a definition."""
    return template in sketch.names and length >= SHORTEST_NAMED


def _is_useless(
    sketch: Sketch, template: Template, calls: Sequence[Call], sizes: Mapping[Box, int]
) -> bool:
    """Whether a template is longer than what it saves."""
    body = _open_size(template.body, sizes)
    # The arguments stand in the text either way.
    text = len(calls) * (NAME_LENGTH + 2 * len(template.holes)) + body + LINE_COST
    is_kept = _is_kept(sketch, template, 2 * sizes[template.body])
    return len(calls) * body <= text and not is_kept


def _open_size(body: Box, sizes: Mapping[Box, int]) -> int:
    """The length of what the calls of a template do not share when it is written in place.

    What has no variable inside is the same diagram in all of them: a definition of its own then.
    """
    memo: dict[Box, int] = {}

    def visit(part: Box) -> int:
        if not part.free:
            return min(sizes[part], NAME_LENGTH)
        if part not in memo:
            inner = [visit(child) for child in part.children]
            memo[part] = 3 + sum(inner) if inner else sizes[part]
        return memo[part]

    return visit(body)
