"""The order of a program's parameters: that of its text, or that of its user interface.

The order of the diagram is neither: it is that of the evaluation, and changes with a program that
means the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from fad.base.errors import FadError
from fad.base.prose import either
from fad.base.source import Source, Span
from fad.diagram.box import Box, postorder
from fad.diagram.facts import Facts
from fad.diagram.host_paths import ui_elements
from fad.diagram.labels import plain_name
from fad.diagram.parameters import Parameter, find_parameters, with_parameters

#: What decides about the order of parameters.
OrderBy = Literal["text", "ui"]


def widgets_of(
    box: Box, facts: Facts, title: str | None = None, order_by: OrderBy = "text"
) -> tuple[Parameter, ...]:
    """The widgets of a program, each path once, in an order for its user.

    In the order of the `text`, a widget stands where the program's own text writes it. One that
    another text writes, as a library, stands where the program asks for what it is in; several
    from one such place are in the order of that other text. What one expression makes several
    times is in the order of the diagram: copies of `par(i, ...)` by `i`. Of several expressions for
    one path the first one counts.

    In the order of the `ui`, groups and widgets are in the order of their labels with all that is
    in them, as the standard compiler shows them: `[0]` comes before `[1]` and `[10]` before `[2]`.

    Args:
        box: its diagram.
        facts: what is known about it.
        title: its name, which tells what hosts call the widgets.
        order_by: `text` or `ui`.

    Raises:
        FadError: there is no such order, or the user interface is too large.
    """
    if order_by not in get_args(OrderBy):
        raise FadError(
            f"there is no order by `{order_by}`", hint=f"there is {either(get_args(OrderBy))}"
        )
    found = tuple(find_parameters(box, title))
    if order_by == "ui":
        names = _ui_keys(box)
        return tuple(sorted(found, key=lambda parameter: names[parameter.path]))
    places = _text_keys(box, facts)
    return tuple(sorted(found, key=lambda parameter: places[parameter.path]))


#: Group and widget names of a user interface, each label with the kind of its group.
_Names = tuple[tuple[str, str], ...]


def _ui_keys(box: Box) -> Mapping[str, _Names]:
    """Path -> what the standard compiler sorts by.

    It compares labels byte by byte, which in UTF-8 is the order of their characters.
    """
    keys: dict[str, _Names] = {}
    for groups, label in ui_elements(box):
        path = "/" + "/".join(map(plain_name, (*(name for _, name in groups), label)))
        key = (*((name, kind) for kind, name in groups), (label, ""))
        keys[path] = min(key, keys.get(path, key))
    return keys


#: File, place in it, and the same again for what stands in another file; files have numbers.
_Place = tuple[int, int, int, int]


def _text_keys(box: Box, facts: Facts) -> Mapping[str, _Place]:
    """Path -> the place in the text."""
    numbers: dict[Source | None, int] = {}

    def number_and_start(span: Span | None) -> tuple[int, int]:
        source, start = (None, 0) if span is None else (span.source, span.start)
        return numbers.setdefault(source, len(numbers)), start

    asked = places_around(box, facts.places)
    keys: dict[str, _Place] = {}
    for widget, parameter in with_parameters(box):
        own = facts.places.get(widget)
        place = number_and_start(own or asked.get(widget))
        inner = place if own else number_and_start(facts.origins.get(widget))
        key = (*place, *inner)
        keys[parameter.path] = min(key, keys.get(parameter.path, key))
    return keys


def places_around(box: Box, places: Mapping[Box, Span]) -> Mapping[Box, Span]:
    """For the parts of a diagram, the place of the smallest part around it that has one.

    Where a part is in several, the first of their places counts.

    Args:
        box: the diagram.
        places: the places in one text that are known; see `Facts`.
    """
    found: dict[Box, Span] = {}
    for part in reversed(list(postorder(box))):
        span = places.get(part) or found.get(part)
        if span is not None:
            for child in part.children:
                known = found.get(child, span)
                found[child] = known if known.start <= span.start else span
    return found
