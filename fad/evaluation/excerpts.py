"""Diagrams on one line, cut to a length: for messages and explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fad.diagram.box import Box
from fad.evaluation.scope import Closure, EnvironmentValue, Function, PatternVariable
from fad.text.printer import flat


def excerpt(box: Box, limit: int = 60, names: Mapping[Box, str] | None = None) -> str:
    """A diagram on one line for a message, cut to a length; functions may be inside.

    Args:
        box: the diagram.
        limit: the number of characters.
        names: what to write instead of its parts.
    """

    def name(inner: Box) -> str | None:
        if names and inner is not box and inner in names:
            return names[inner]
        if isinstance(inner, Closure):
            return rf"\({', '.join(inner.node.params[inner.applied :])}).(...)"
        if isinstance(inner, PatternVariable):
            return inner.name
        if isinstance(inner, EnvironmentValue):
            return "environment {...}"
        return "case {...}" if isinstance(inner, Function) else None

    text = _shallow(box, name, 6)
    return text if len(text) <= limit else f"{text[: limit - 4]} ..."


def _shallow(box: Box, name: Callable[[Box], str | None], depth: int) -> str:
    """A box on one line with what is deeper than a few levels left out."""
    levels: dict[Box, int] = {box: 0}
    for inner in reversed(list(_bounded(box, depth))):
        for child in inner.children:
            levels.setdefault(child, levels.get(inner, 0) + 1)
    return flat(box, name=lambda inner: name(inner) or ("..." if inner not in levels else None))


def _bounded(box: Box, depth: int) -> Iterable[Box]:
    """The boxes within a few levels of a box, the outermost last."""
    rows = [[box]]
    for _ in range(depth):
        rows.append([child for inner in rows[-1] for child in inner.children][:64])
    return [inner for row in reversed(rows) for inner in row]
