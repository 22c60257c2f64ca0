"""About how long texts are, before they are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Measures:
    """About how long the text of a program is, and those of its parts.

    Attributes:
        parts: all parts, inner ones first.
        sizes: the length of each, in which what is shared is a name.
        cost: that of the whole, with all definitions.
    """

    parts: Sequence[Box]
    sizes: Mapping[Box, int]
    cost: int


def measured(process: Box) -> Measures:
    """Measures the text of a program."""
    parts = list(postorder(process))
    sizes, uses = _sizes(parts)
    cost = sizes[process] + sum(
        [sizes[part] + LINE_COST for part in parts if is_defined(part, sizes[part], uses[part])]
    )
    return Measures(parts, sizes, cost)


def lengths(parts: Iterable[Box]) -> dict[Box, int]:
    """About how long the texts of diagrams are, in which what is shared is a name."""
    return _sizes(list(parts))[0]


def _sizes(parts: Sequence[Box]) -> tuple[dict[Box, int], Mapping[Box, int]]:
    """The lengths of texts, and how often the diagrams are used."""
    uses = Counter([child for part in parts for child in part.children])
    sizes: dict[Box, int] = {}
    #: The lengths of what stands for diagrams where they are used: of names, for definitions.
    inside: dict[Box, int] = {}
    for part in parts:
        match part:
            case Composition():
                size = 3 + inside[part.left] + inside[part.right]
            case Lambda():
                size = 3 + inside[part.body]
            case Group():
                size = 12 + len(part.label) + inside[part.body]
            case Call():
                size = NAME_LENGTH + sum([2 + inside[each] for each in part.arguments])
            case Template():
                size = 3 + 3 * len(part.holes) + inside[part.body]
            case Bargraph() | Slider() | Switch():
                size = 30
            case Iteration():
                size = 12 + inside[part.body]
            case Progression():
                size = 5
            case Element():
                size = 32 + sum([2 + len(atom(value)) for value in part.values])
            case Take():
                size = 4
            case Numbered():
                size = sizes[part.frame] + sum(map(len, part.texts))
            case _:
                size = len(atom(part))
        sizes[part] = size
        inside[part] = NAME_LENGTH if is_defined(part, size, uses[part]) else size
    return sizes, uses


def is_defined(box: Box, size: int, uses: int) -> bool:
    """Whether a diagram becomes a definition of the text."""
    shortest = SHORTEST_NAMED if isinstance(box, Call) else SHORTEST
    return isinstance(box, Template) or (uses > 1 and size >= shortest)
