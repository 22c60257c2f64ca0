"""Leaves of their own for parts of a diagram that are differentiated in their own way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fad.diagram.box import Box, postorder

#: From a part of a diagram, and what the parts inside it have become, to what stands in its place;
#: `None` where it stays. What it makes of other parts on the way, it notes: new, then old.
Change = Callable[[Box, Mapping[Box, Box], Callable[[Box, Box], Box]], Box | None]


def marked(
    root: Box, originals: Mapping[Box, Box], change: Change
) -> tuple[Box, Mapping[Box, Box]]:
    """A diagram with something else in the place of some of its parts.

    Args:
        root: the whole diagram.
        originals: what parts of it were in the program, where they have been changed before.
        change: makes what stands in the place of a part.

    Returns:
        The new diagram, and what its parts were in the program, where they have been changed.
    """
    became: dict[Box, Box] = {}
    sources = dict(originals)

    def note(new: Box, old: Box) -> Box:
        if new is not old:
            sources.setdefault(new, originals.get(old, old))
        return new

    for part in postorder(root):
        new = change(part, became, note)
        if new is None:
            new = part.rebuild(tuple([became[child] for child in part.children]))
        became[part] = note(new, part)
    return became[root], sources
