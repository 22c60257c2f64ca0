"""Functions that only the written text has: definitions with parameters, and their calls.

A diagram has no functions with diagrams as arguments: the evaluator has applied them all. A text
has them again, so that what occurs often, but each time around other numbers, widgets or diagrams,
is written once. A call is the diagram that it stands for, as the language replaces the parameters
of a definition by the arguments, whatever their inputs and outputs.
"""

from __future__ import annotations

from collections.abc import Mapping

from fad.diagram.box import Arity, Box, Int, Lambda, Real, Slot


class Hole(Slot):
    """The parameter of a template: it stands for diagrams of one arity.

    Attributes:
        stands_for: this arity.
        is_number: whether it stands for a number in some call, with which the language computes.
    """

    __slots__ = ("is_number", "stands_for")
    fields = ("number", "name", "stands_for", "is_number")
    stands_for: Arity
    is_number: bool

    def _infer(self) -> Arity:
        return self.stands_for


class Template(Box):
    """A function of the text: its body, in which holes stand for what its calls differ in.

    Attributes:
        holes: its parameters, which no other template has.
        body: a diagram without other free slots.
    """

    __slots__ = ("body", "holes")
    fields = ("holes", "body")
    holes: tuple[Hole, ...]
    body: Box

    @property
    def children(self) -> tuple[Box, ...]:
        return (self.body,)

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        return Template(self.holes, *children)

    def _infer(self) -> Arity | None:
        return self.body.arity

    def _free(self) -> frozenset[Slot]:
        return self.body.free - set(self.holes)


class Call(Box):
    """A template with an argument for each of its holes."""

    __slots__ = ("arguments", "template")
    fields = ("template", "arguments")
    template: Template
    arguments: tuple[Box, ...]

    @property
    def children(self) -> tuple[Box, ...]:
        return self.template, *self.arguments

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        template, *arguments = children
        return Call(template, tuple(arguments))

    def _infer(self) -> Arity | None:
        return self.template.arity

    def _free(self) -> frozenset[Slot]:
        return frozenset().union(*(argument.free for argument in self.arguments))


#: What binds slots.
Binder = (Lambda, Template)


def bound_by(box: Box) -> tuple[Slot, ...]:
    """The slots that a diagram binds."""
    if isinstance(box, Template):
        return box.holes
    return (box.slot,) if isinstance(box, Lambda) else ()


def filled(box: Box, values: Mapping[Slot, Box]) -> Box:
    """A diagram with other diagrams in the places of some of its slots."""
    memo: dict[Box, Box] = {}

    def visit(part: Box) -> Box:
        if part.free.isdisjoint(values):
            return part
        if part not in memo:
            memo[part] = (
                values[part]
                if isinstance(part, Slot)
                else part.rebuild(tuple(map(visit, part.children)))
            )
        return memo[part]

    return visit(box)


def expanded(call: Call) -> Box:
    """What a call stands for: its template, with the arguments in the places of the holes."""
    return filled(call.template.body, dict(zip(call.template.holes, call.arguments, strict=True)))


def is_number(box: Box) -> bool:
    """Whether the language may compute with a diagram: a number, or a hole that is one at times."""
    return isinstance(box, Int | Real) or (isinstance(box, Hole) and box.is_number)
