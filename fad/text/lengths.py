"""About how long texts are, before they are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fad.diagram.box import Bargraph, Box, Composition, Group, Lambda, Slider, Switch, postorder
from fad.text.printer import atom
from fad.text.templates import Call, Element, Iteration, Numbered, Progression, Take, Template

#: A diagram that occurs again becomes a definition when its text is at least this long,
SHORTEST = 12
#: ... and a call, or what has a name in the source, when it is this long.
SHORTEST_NAMED = 24
#: A name in the place of a diagram.
NAME_LENGTH = 8
#: What a definition costs beside its text.
LINE_COST = 12


def lengths(parts: Iterable[Box]) -> dict[Box, int]:
    """About how long the texts of diagrams are, in which what is shared is a name."""
    parts = list(parts)
    uses = Counter(child for part in parts for child in part.children)
    sizes: dict[Box, int] = {}

    def inside(box: Box) -> int:
        return NAME_LENGTH if is_defined(box, sizes[box], uses[box]) else sizes[box]

    for part in parts:
        match part:
            case Template():
                sizes[part] = 3 + 3 * len(part.holes) + inside(part.body)
            case Call():
                sizes[part] = NAME_LENGTH + sum(2 + inside(each) for each in part.arguments)
            case Group():
                sizes[part] = 12 + len(part.label) + inside(part.body)
            case Composition() | Lambda():
                sizes[part] = 3 + sum(map(inside, part.children))
            case Bargraph() | Slider() | Switch():
                sizes[part] = 30
            case Iteration():
                sizes[part] = 12 + inside(part.body)
            case Progression():
                sizes[part] = 5
            case Element():
                sizes[part] = 32 + sum(2 + len(atom(value)) for value in part.values)
            case Take():
                sizes[part] = 4
            case Numbered():
                sizes[part] = sizes[part.frame] + sum(map(len, part.texts))
            case _:
                sizes[part] = len(atom(part))
    return sizes


def is_defined(box: Box, size: int, uses: int) -> bool:
    """Whether a diagram becomes a definition of the text."""
    shortest = SHORTEST_NAMED if isinstance(box, Call) else SHORTEST
    return isinstance(box, Template) or (uses > 1 and size >= shortest)


def cost(process: Box) -> int:
    """About how long the text of a program is."""
    parts = list(postorder(process))
    uses = Counter(child for part in parts for child in part.children)
    sizes = lengths(parts)
    return sizes[process] + sum(
        sizes[part] + LINE_COST for part in parts if is_defined(part, sizes[part], uses[part])
    )
