"""What several diagrams have in common: the most specific template that they are all calls of.

This is Plotkin's least general generalisation ("A note on inductive generalization", 1970): where
the diagrams agree, the template agrees; where they differ, it has a hole, the same one wherever
they differ in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fad.diagram.box import (
    Bargraph,
    Box,
    Composition,
    Group,
    Int,
    Lambda,
    Primitive,
    Real,
    Seq,
    Slider,
    Slot,
    Switch,
    arity_of,
    factors,
)
from fad.text.templates import Call, Hole, Numbered, Template, expanded, labelled

#: The diagrams that stand at one place, one of each instance.
Column = tuple[Box, ...]


class Generalization(NamedTuple):
    """A template, and for each instance the arguments that make it.

    Attributes:
        template: the template.
        arguments: the arguments of each instance.
        parts: for parts of the template, what stands there in the instances.
    """

    template: Template
    arguments: Sequence[tuple[Box, ...]]
    parts: Mapping[Box, Column]


def generalization(
    instances: Column,
    new_hole: Callable[[Column], Hole | None],
    is_argument: Callable[[Column], bool],
    most: int,
    keeps_slots: bool = False,
) -> Generalization | None:
    """The most specific template for some diagrams.

    Args:
        instances: different diagrams of one arity.
        new_hole: makes a hole for the diagrams of a place, unless one of them cannot be an
            argument.
        is_argument: whether the diagrams of a place were one argument of a function of the source:
            then they are one here, too, however much they have in common.
        most: with more holes, the instances have too little in common.
        keeps_slots: whether slots that are free in all instances stay free in the template;
            otherwise they go into arguments.

    Returns:
        The template and its arguments.
        `None` where the instances have nothing in common, or differ in the variable of a function
        inside, which an argument could not name.
    """
    generalizer = _Generalizer(new_hole, is_argument, most, keeps_slots)
    body = generalizer.visit(instances, {})
    if body is None or isinstance(body, Hole) or not 0 < len(generalizer.holes) <= most:
        return None
    columns = list(generalizer.holes)
    rows = [tuple(column[row] for column in columns) for row in range(len(instances))]
    template = Template(tuple(generalizer.holes.values()), body)
    return Generalization(template, rows, generalizer.parts)


class _Generalizer:
    """Goes through all instances at once.

    Attributes:
        holes: what stands in each hole, in order of appearance.
        parts: what the instances have in common, and what stands there in each.
    """

    def __init__(
        self,
        new_hole: Callable[[Column], Hole | None],
        is_argument: Callable[[Column], bool],
        most: int,
        keeps_slots: bool,
    ) -> None:
        self._keeps_slots = keeps_slots
        self.holes: dict[Column, Hole] = {}
        self.parts: dict[Box, Column] = {}
        self._new_hole = new_hole
        self._is_argument = is_argument
        #: Some holes are taken back, when what is around them becomes one.
        self._enough = 3 * most
        self._memo: dict[tuple[object, ...], Box | None] = {}

    def visit(self, column: Column, bound: Mapping[Column, Slot]) -> Box | None:
        """What the diagrams of a place have in common.

        Args:
            column: the diagrams.
            bound: the variables of functions around the place, in each instance, and in the
                template.
        """
        first = column[0]
        if len(self.holes) > self._enough:
            return None
        if column.count(first) == len(column) and (self._keeps_slots or not first.free):
            return first
        key = column, *bound.items()
        if key not in self._memo:
            ways = (self._common, self._hole)
            if self._is_argument(column):
                ways = (self._hole, self._common)
            self._memo[key] = ways[0](column, bound) or ways[1](column, bound)
        return self._memo[key]

    def _common(self, column: Column, bound: Mapping[Column, Slot]) -> Box | None:
        first = column[0]
        if isinstance(first, Slot):
            return bound.get(column)
        if any(isinstance(box, Call) for box in column) and len(set(map(_template, column))) > 1:
            # Calls of different functions: what these have in common is seen when written out.
            return self.visit(tuple(map(_written_out, column)), bound)
        kind = type(first)
        if any(type(box) is not kind or box.arity != first.arity for box in column):
            return None
        if isinstance(first, Lambda):
            slots = tuple(box.slot for box in column if isinstance(box, Lambda))
            body = self._child(column, 0, {**bound, slots: first.slot})
            return body and Lambda(first.slot, body)
        if isinstance(first, _LABELLED):
            same = all(_label(box) == _label(first) for box in column)
            if not same or not isinstance(first, Group):
                numbered = _numbered(column)
                return None if numbered is None else self.visit(numbered, bound)
        if isinstance(first, Numbered) and any(_texts(box) != first.texts for box in column):
            return None
        if not isinstance(first, Composition | Group | Call | Numbered):
            return None
        if isinstance(first, Group) and any(_kind(box) != first.kind for box in column):
            return None
        known = len(self.holes)
        parts: list[Box] = []
        for index in range(len(first.children)):
            part = self._child(column, index, bound)
            if part is None:
                self._forget(known)
                return None
            parts.append(part)
        if isinstance(first, Seq) and _is_empty(*parts):
            self._forget(known)
            return None
        common = first.rebuild(tuple(parts))
        self.parts.setdefault(common, column)
        return common

    def _child(self, column: Column, index: int, bound: Mapping[Column, Slot]) -> Box | None:
        return self.visit(tuple([box.children[index] for box in column]), bound)

    def _forget(self, known: int) -> None:
        """Takes back the holes of a place that becomes a hole as a whole."""
        for column in list(self.holes)[known:]:
            del self.holes[column]
        self._memo.clear()

    def _hole(self, column: Column, bound: Mapping[Column, Slot]) -> Box | None:
        arity = column[0].arity
        variables = {slot for slots in bound for slot in slots}
        if arity is None or any(
            box.arity != arity or not box.free.isdisjoint(variables) for box in column
        ):
            return None
        if column not in self.holes:
            hole = self._new_hole(column)
            if hole is None:
                return None
            self.holes[column] = hole
        return self.holes[column]


def _is_empty(operands: Box, operator: Box) -> bool:
    """Whether nothing is common but that something is applied to something, or an operation to a
    list: as a whole, these are a better argument than `(a, b)` in `(f : +)`."""
    if isinstance(operator, Primitive):
        lists = (each for each in factors(operands) if isinstance(each, Hole))
        return any(arity_of(each)[1] > 1 for each in lists)
    return isinstance(operands, Hole) and isinstance(operator, Hole)


#: What has a label.
_LABELLED = (Group, Slider, Switch, Bargraph)
#: A number in a label, as the language writes it there.
_NUMBER = re.compile(r"(?<![0-9])(0|[1-9][0-9]{0,8})(?![0-9])")


def _numbered(column: Column) -> Column | None:
    """Widgets, or groups, whose labels differ in numbers: with holes to be in their places."""
    split = [_NUMBER.split(_label(box)) for box in column]
    texts = tuple(split[0][::2])
    if len(texts) < 2 or any("%" in _label(box) for box in column):
        return None
    if any(tuple(pieces[::2]) != texts for pieces in split):
        return None
    frames = [labelled(box, "") for box in column]
    values: list[tuple[Box, ...]] = [()] * len(column)
    if not isinstance(column[0], Group) and len(set(frames)) > 1:
        sliders = [box for box in column if isinstance(box, Slider)]
        if len({box.kind for box in sliders}) != 1 or len(sliders) < len(column):
            return None
        frames = [Slider(box.kind, "", 0.0, 0.0, 0.0, 0.0) for box in sliders]
        values = [tuple(map(Real, (box.init, box.min, box.max, box.step))) for box in sliders]
    # Numbers that are the same everywhere are text.
    rows = [pieces[1::2] for pieces in split]
    same = [len(set(numbers)) == 1 for numbers in zip(*rows, strict=True)]
    if all(same):
        return None
    merged = [texts[0]]
    for index, is_same in enumerate(same):
        if is_same:
            merged[-1] += rows[0][index] + texts[index + 1]
        else:
            merged.append(texts[index + 1])
    return tuple(
        Numbered(
            frame,
            tuple(merged),
            tuple(
                Int(int(number)) for number, is_same in zip(row, same, strict=True) if not is_same
            ),
            bounds,
        )
        for frame, row, bounds in zip(frames, rows, values, strict=True)
    )


def _label(box: Box) -> str:
    return box.label if isinstance(box, _LABELLED) else ""


def _kind(box: Box) -> str:
    return box.kind if isinstance(box, Group) else ""


def _texts(box: Box) -> tuple[str, ...]:
    return box.texts if isinstance(box, Numbered) else ()


def _template(box: Box) -> Template | None:
    return box.template if isinstance(box, Call) else None


def _written_out(box: Box) -> Box:
    return expanded(box) if isinstance(box, Call) else box
