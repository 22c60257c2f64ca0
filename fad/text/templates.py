"""Functions that only the written text has: definitions with parameters, and their calls.

A diagram has no functions with diagrams as arguments: the evaluator has applied them all. A text
has them again, so that what occurs often, but each time around other numbers, widgets or diagrams,
is written once. A call is the diagram that it stands for, as the language replaces the parameters
of a definition by the arguments, whatever their inputs and outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from fad.diagram.box import Arity, Box, Int, Lambda, Real, Slider, Slot


class Hole(Slot):
    """The parameter of a template: it stands for diagrams of one arity.

    Attributes:
        stands_for: this arity.
        is_number: whether it stands for a number in some call, with which the language computes.
    """

    __slots__ = ("is_number", "stands_for")
    fields: ClassVar[tuple[str, ...]] = ("number", "name", "stands_for", "is_number")
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


def bound_by(box: Box) -> tuple[Slot, ...]:
    """The slots that a diagram binds."""
    if isinstance(box, Template):
        return box.holes
    if isinstance(box, Iteration):
        return (box.index,)
    return (box.slot,) if isinstance(box, Lambda) else ()


class Numbered(Box):
    """A widget or a group with numbers that are holes, as in `hslider("gain %n", c, 0, 1, 0.1)`.

    Attributes:
        frame: the widget or group, with an empty label.
        texts: what is between the numbers in the label, one more than these.
        numbers: the integers and holes in the label.
        values: the numbers and holes behind the label of a slider, where these are not in the
            frame.
    """

    __slots__ = ("frame", "numbers", "texts", "values")
    fields = ("frame", "texts", "numbers", "values")
    frame: Box
    texts: tuple[str, ...]
    numbers: tuple[Box, ...]
    values: tuple[Box, ...]

    @property
    def children(self) -> tuple[Box, ...]:
        return self.frame, *self.numbers, *self.values

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        frame, *rest = children
        numbers, values = rest[: len(self.numbers)], rest[len(self.numbers) :]
        known = [str(number.value) for number in numbers if isinstance(number, Int)]
        bounds = [value.value for value in values if isinstance(value, Real)]
        if len(known) == len(numbers) and len(bounds) == len(values):
            if isinstance(frame, Slider) and bounds:
                frame = Slider(frame.kind, "", *bounds)
            return labelled(frame, self.label(known))
        return Numbered(frame, self.texts, tuple(numbers), tuple(values))

    def label(self, numbers: Iterable[str]) -> str:
        """The label with these numbers."""
        ends = (*numbers, "")
        return "".join(text + number for text, number in zip(self.texts, ends, strict=True))

    def _infer(self) -> Arity | None:
        return self.frame.arity

    def _free(self) -> frozenset[Slot]:
        return self.frame.free.union(*(number.free for number in (*self.numbers, *self.values)))


class Index(Hole):
    """The variable of an iteration."""

    __slots__ = ()


class Progression(Box):
    """`step*i + start`, a number that the language computes."""

    __slots__ = ("index", "start", "step")
    fields = ("index", "start", "step")
    index: Index
    start: int
    step: int

    @property
    def children(self) -> tuple[Box, ...]:
        return (self.index,)

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        (index,) = children
        return Progression(index, self.start, self.step)

    def _infer(self) -> Arity:
        return 0, 1

    def _free(self) -> frozenset[Slot]:
        return self.index.free


class Element(Box):
    """`take(i + 1, (...))`, a number from a list."""

    __slots__ = ("index", "values")
    fields = ("index", "values")
    index: Index
    values: tuple[Int | Real, ...]

    @property
    def children(self) -> tuple[Box, ...]:
        return TAKE, self.index

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        _, index = children
        return Element(index, self.values)

    def _infer(self) -> Arity:
        return 0, 1

    def _free(self) -> frozenset[Slot]:
        return self.index.free


class Take(Box):
    """The function that takes an element from a list: `take(1, (a, b))` is `a`."""

    __slots__ = ()

    def _infer(self) -> None:
        return None


TAKE = Take()


class Iteration(Box):
    """`par(i, count, body)`, and the like with `seq`, `sum` and `prod`, by `kind`."""

    __slots__ = ("body", "count", "index", "kind", "whole")
    fields = ("kind", "count", "index", "body", "whole")
    kind: str
    count: int
    index: Index
    body: Box
    whole: Arity

    @property
    def children(self) -> tuple[Box, ...]:
        return (self.body,)

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        (body,) = children
        return Iteration(self.kind, self.count, self.index, body, self.whole)

    def _infer(self) -> Arity:
        return self.whole

    def _free(self) -> frozenset[Slot]:
        return self.body.free - {self.index}


def labelled(widget: Box, label: str) -> Box:
    """A widget or group with another label."""
    values = zip(widget.fields, widget.parts, strict=True)
    return type(widget)(*(label if name == "label" else value for name, value in values))


def filled(box: Box, values: Mapping[Slot, Box], became: dict[Box, Box] | None = None) -> Box:
    """A diagram with other diagrams in the places of some of its slots.

    Args:
        box: the diagram.
        values: what to put in the places of slots.
        became: gets what the parts have become that such slots are in.
    """
    memo: dict[Box, Box] = {} if became is None else became

    def visit(part: Box) -> Box:
        if part.free.isdisjoint(values):
            return part
        if part not in memo:
            memo[part] = (
                values[part]
                if isinstance(part, Slot)
                else part.rebuild(tuple([visit(child) for child in part.children]))
            )
        return memo[part]

    return visit(box)


def expanded(call: Call) -> Box:
    """What a call stands for: its template, with the arguments in the places of the holes."""
    return filled(call.template.body, dict(zip(call.template.holes, call.arguments, strict=True)))


def function_of(box: Box) -> Box:
    """The template that a call is of; any other diagram is that itself."""
    return box.template if isinstance(box, Call) else box


def is_number(box: Box) -> bool:
    """Whether the language may compute with a diagram: a number, or a hole that is one at times."""
    return isinstance(box, Int | Real) or (isinstance(box, Hole) and box.is_number)
