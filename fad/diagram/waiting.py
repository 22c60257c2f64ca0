"""Functions that did not get all their arguments: what such a function adds to a diagram's inputs.

A function that still waits for arguments stands for a diagram: what it waits for are its first
inputs. That is meant as often as not. Where the inputs are too many for what is around them, an
argument may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fad.base.prose import counted
from fad.diagram.box import (
    Arity,
    Box,
    Composition,
    Group,
    Lambda,
    Merge,
    Par,
    Rec,
    Seq,
    Split,
    factors,
)

_MOST_NAMES = 4


@dataclass(frozen=True)
class Waiting:
    """A function that stands for a diagram.

    Attributes:
        name: what it is defined as, if it has a name.
        parameters: the names of all its parameters; empty for each that has none.
        given: how many arguments it got.
    """

    name: str | None
    parameters: tuple[str, ...]
    given: int

    @property
    def missing(self) -> tuple[str, ...]:
        """The parameters that it waits for."""
        return self.parameters[self.given :]

    def __str__(self) -> str:
        function = f"`{self.name}`" if self.name else "the function"
        takes = counted(len(self.parameters), "argument")
        missing = self.missing
        if all(missing) and len(missing) <= _MOST_NAMES:
            *others, last = [f"`{name}`" for name in missing]
            became = f"{', '.join(others)} and {last}" if others else last
        elif self.given:
            became = "the other" if len(missing) == 1 else f"the other {len(missing)}"
        else:
            became = "it" if len(missing) == 1 else "they"
        an_input = "an input" if len(missing) == 1 else "inputs"
        return (
            f"{function} takes {takes} and got {self.given or 'none'}: {became} became {an_input}"
        )


def missing_arguments(box: Composition, rule: str, waiting: Mapping[Box, Waiting]) -> str | None:
    """A hint where B has too many inputs, and some of them are parameters.

    Args:
        box: a composition that does not fit, of parts that do.
        rule: what has to hold for it to fit.
        waiting: the functions that lambdas stand for.
    """
    inputs = _inputs(box.right, waiting)
    function = waiting.get(_head(box.right))
    # A function that got nothing is a diagram as any other, and most often meant to be one.
    found = [each for each in inputs if each and (each.given or each is function)]
    a, b = _arity(box.left), _arity(box.right)
    fewer = range(b[0] - len(found), b[0])
    if all(box.fit(a, (count, b[1])) is None for count in fewer):
        return None
    told = "; ".join(dict.fromkeys(map(str, found)))
    # Where B is more than the function, something else may be wrong.
    return told if function else f"{rule}; {told}"


def _head(box: Box) -> Box:
    """What gets the inputs of a diagram, if that is one part of it."""
    while isinstance(box, Seq | Split | Merge | Group):
        box = box.body if isinstance(box, Group) else box.left
    return box


def _inputs(box: Box, waiting: Mapping[Box, Waiting]) -> list[Waiting | None]:
    """For each input of a diagram, the function that it is a parameter of, if it is one."""
    box = _head(box)
    if isinstance(box, Par):
        return [each for factor in factors(box) for each in _inputs(factor, waiting)]
    if isinstance(box, Rec):
        # The first inputs of the left side get the outputs of the right one.
        return _inputs(box.left, waiting)[_arity(box.right)[1] :]
    if not isinstance(box, Lambda):
        return [None] * _arity(box)[0]
    function = waiting.get(box)
    own: list[Waiting | None] = []
    while isinstance(box, Lambda) and len(own) < (len(function.missing) if function else 1):
        own.append(function)
        box = box.body
    return own + _inputs(box, waiting)


def _arity(box: Box) -> Arity:
    """The arity of a diagram whose parts fit."""
    assert box.arity is not None
    return box.arity
