"""Programs read into diagrams, and whether two diagrams are the same."""

from __future__ import annotations

from fad.base.deep_stack import recursive
from fad.base.source import Source
from fad.diagram.box import Box, Par, Seq
from fad.diagram.canonical import canonical
from fad.evaluation.core import Evaluation
from fad.evaluation.evaluator import evaluate
from fad.syntax.libraries import Libraries


def read(text: str) -> Box:
    """The core diagram of a program."""
    return evaluation(text).process


def evaluation(text: str) -> Evaluation:
    """What the evaluator makes of a program."""
    libraries = Libraries()
    return evaluate(libraries.parse(Source("test.dsp", text)), libraries)


def normal(box: Box) -> Box:
    """A diagram in its canonical form, in which `,` and `:` are grouped to the right.

    However they are grouped makes no difference to what is computed.
    """
    memo: dict[Box, Box] = {}

    def visit(box: Box) -> Box:
        if box not in memo:
            if isinstance(box, Par | Seq):
                *first, last = map(visit, _spread(box, type(box)))
                for part in reversed(first):
                    last = type(box)(part, last)
                memo[box] = last
            else:
                memo[box] = box.rebuild(tuple(map(visit, box.children)))
        return memo[box]

    return recursive(visit)(canonical(box))


def _spread(box: Box, kind: type[Par | Seq]) -> list[Box]:
    """The parts that a composition has, however they are grouped."""
    parts: list[Box] = []
    stack = [box]
    while stack:
        top = stack.pop()
        if isinstance(top, kind):
            stack += (top.right, top.left)
        else:
            parts.append(top)
    return parts


def difference(one: Box, other: Box) -> tuple[Box, Box] | None:
    """The first parts, from the outside, in which two diagrams differ."""
    if one is other:
        return None
    parts = list(zip(one.children, other.children, strict=False))
    differing = [pair for pair in parts if pair[0] is not pair[1]]
    if type(one) is not type(other) or not differing:
        return one, other
    return difference(*differing[0])
