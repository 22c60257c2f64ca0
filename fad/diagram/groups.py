"""The groups that the parts of a diagram are in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from fad.base.errors import FadError
from fad.diagram.box import Box, Group

Name = TypeVar("Name")

#: How many groups the parts of a diagram may be in, all together.
_MOST_PLACES = 20_000_000
#: What a part is in groups.
_PLACE_OF_A_PART = 8
_LONGEST_PATH = 60


def in_groups(box: Box, name_of: Callable[[Group], Name]) -> Iterator[tuple[Box, tuple[Name, ...]]]:
    """The parts of a diagram with the groups around them, each once, in order of appearance.

    Args:
        box: the diagram.
        name_of: what tells a group from others.

    Returns:
        Each part, with the names of the groups around it, from the outermost.

    Raises:
        FadError: they are too many: a part inside several groups counts for each.
    """
    seen: set[tuple[Box, tuple[Name, ...]]] = set()
    places = 0
    stack: list[tuple[Box, tuple[Name, ...]]] = [(box, ())]
    while stack:
        key = stack.pop()
        if key in seen:
            continue
        seen.add(key)
        yield key
        inner, groups = key
        places += _PLACE_OF_A_PART + len(groups)
        if places > _MOST_PLACES:
            path = "/".join(map(str, groups))
            raise FadError(
                "the user interface is too large: the parts of the program are in more than "
                f"{_MOST_PLACES} groups, among them `/{path[:_LONGEST_PATH]}`",
                hint="groups inside each other multiply what they are used for",
            )
        if isinstance(inner, Group):
            groups = (*groups, name_of(inner))
        stack.extend((child, groups) for child in reversed(inner.children))
