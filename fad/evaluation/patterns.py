"""Pattern matching of diagrams against the rules of a `case`."""

from __future__ import annotations

from collections.abc import Callable

from fad.diagram.box import Box, Composition, Group, Int, Real
from fad.diagram.ruled import plain
from fad.evaluation.limits import Steps
from fad.evaluation.scope import PatternVariable

#: Gives the number that a diagram denotes, or `None`.
Numeric = Callable[[Box], Int | Real | None]


def match(pattern: Box, value: Box, bound: dict[str, Box], numeric: Numeric, steps: Steps) -> bool:
    """Whether a value has the shape of a pattern.

    Args:
        pattern: an evaluated pattern: a diagram with variables in it.
        value: an evaluated argument.
        bound: the variables bound so far; those of the pattern are added. A variable that
            occurs again must be bound to the same diagram.
        numeric: finds the number that the value denotes where the pattern is a number.
        steps: counts the parts that are compared.
    """
    stack = [(pattern, value)]
    while stack:
        pattern, value = stack.pop()
        steps.take()
        if isinstance(pattern, PatternVariable):
            if bound.setdefault(pattern.name, value) is not value:
                return False
        elif pattern is value:
            continue
        elif isinstance(pattern, Composition):
            value = plain(value)
            if type(pattern) is not type(value):
                return False
            stack += zip(reversed(pattern.children), reversed(value.children), strict=True)
        elif isinstance(pattern, Group):
            value = plain(value)
            if not (
                isinstance(value, Group)
                and (pattern.kind, pattern.label) == (value.kind, value.label)
            ):
                return False
            stack.append((pattern.body, value.body))
        elif not isinstance(pattern, Int | Real) or numeric(value) is not pattern:
            return False
    return True


def computed(pattern: Box, numeric: Numeric) -> Box:
    """A pattern with its numeric parts computed, as they are compared with numbers."""
    number = numeric(pattern)
    if number is not None:
        return number
    if isinstance(pattern, Composition):
        return pattern.rebuild(tuple(computed(child, numeric) for child in pattern.children))
    return pattern
