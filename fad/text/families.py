"""Lists, chains, sums and products of alike diagrams become `par`, `seq`, `sum` and `prod`.

The members of a family are alike but for numbers, which grow by the same step or are taken from a
list. A run of members inside a longer list becomes a family of its own: then the commas are grouped
in another way, which makes no difference to what is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count

from fad.base.deep_stack import recursive
from fad.diagram.box import (
    Arity,
    Box,
    Cut,
    Int,
    Par,
    Primitive,
    Real,
    Seq,
    Slot,
    Wire,
    arity_of,
    postorder,
)
from fad.text.generalize import Column, Generalization, generalization
from fad.text.lengths import lengths
from fad.text.printer import LONGEST_LIST
from fad.text.templates import (
    Call,
    Element,
    Hole,
    Index,
    Iteration,
    Numbered,
    Progression,
    Template,
    filled,
    is_number,
)

#: A family has at least so many members
_FEWEST = 3
#: ... and so many when its numbers are taken from a list: in a long one, that takes long.
_LISTED = range(4, 33)
#: More parameters are harder to read than the members.
_MOST_HOLES = 3
_SUMS = {"+": "sum", "*": "prod"}


@recursive
def with_families(process: Box) -> tuple[Box, Mapping[Box, Box]]:
    """A diagram with families, and what its parts have become.

    Args:
        process: the closed diagram, which may have templates and calls.
    """
    return _Families(process).found()


class _Families:
    def __init__(self, process: Box) -> None:
        self._process = process
        self._numbers = count(-1, -1)

    def found(self) -> tuple[Box, Mapping[Box, Box]]:
        parts = list(postorder(self._process))
        inner = {part.right for part in parts if isinstance(part, Par)}
        inner |= {part.right for part in parts if isinstance(part, Seq) and _is_link(part.right)}
        inner |= {before for part in parts if (before := _before(part)) is not None}
        replaced: dict[Box, Box] = {}
        for part in parts:
            new = part.rebuild(tuple(replaced[child] for child in part.children))
            if part not in inner:
                new = self._shortened(new)
            replaced[part] = new
        return replaced[self._process], replaced

    def _shortened(self, box: Box) -> Box:
        if isinstance(box, Par):
            return self._joined(list(_spine(box, Par)), "par", Par)
        if isinstance(box, Seq):
            operator = _operator(box)
            if operator is not None:
                return self._sum(box, operator)
            if _is_link(box):
                return self._joined(list(_spine(box, Seq)), "seq", Seq)
        return box

    def _joined(self, items: Sequence[Box], kind: str, join: Callable[[Box, Box], Box]) -> Box:
        """Items with families in the places of runs, joined from the right."""
        result: list[Box] = []
        start = 0
        while start < len(items):
            run = self._alike(items, start)
            family = self._family(run, kind) if len(run) >= _FEWEST else None
            result += run if family is None else [family]
            start += len(run)
        box = result.pop()
        while result:
            box = join(result.pop(), box)
        return box

    def _sum(self, box: Seq, operator: Primitive) -> Box:
        """A sum whose first terms, which are added first, are a family."""
        terms: list[Box] = []
        rest: Box = box
        while isinstance(rest, Seq) and _operator(rest) is operator:
            assert isinstance(rest.left, Par)
            terms.append(rest.left.right)
            rest = rest.left.left
        terms.append(rest)
        terms.reverse()
        run = self._alike(terms, 0)
        family = self._family(run, _SUMS[operator.name]) if len(run) >= _FEWEST else None
        if family is None:
            return box
        for term in terms[len(run) :]:
            family = Seq(Par(family, term), operator)
        return family

    def _alike(self, items: Sequence[Box], start: int) -> Column:
        """The items from a place on that differ from the one there in numbers only."""
        end = start + 1
        while end < len(items) and self._are_alike(items[start], items[end]):
            end += 1
        return tuple(items[start:end])

    def _are_alike(self, one: Box, other: Box) -> bool:
        """Whether two diagrams differ in numbers only."""
        if type(one) is not type(other) or one.arity != other.arity:
            return False
        if isinstance(one, Call) and isinstance(other, Call) and one.template is not other.template:
            return False
        return one is other or self._general((one, other)) is not None

    def _family(self, members: Column, kind: str) -> Box | None:
        first = members[0]
        if isinstance(first, Wire | Cut) or first.arity is None:
            return None  # these are written with `par` anyway
        index = Index(next(self._numbers), "i", (0, 1), True)
        if len(set(members)) == 1:
            # Of numbers, a long list; a sum of them would be computed.
            is_short = kind != "par" or len(members) <= LONGEST_LIST
            body: Box | None = None if is_number(first) and is_short else first
        else:
            body = self._body(members, index)
        if body is None:
            return None
        family = Iteration(kind, len(members), index, body, _arity(kind, first.arity, len(members)))
        sizes = lengths(postorder(family, *members))
        return family if sizes[family] < sum(sizes[box] + 2 for box in members) else None

    def _general(self, members: Column) -> Generalization | None:
        def new_hole(column: Column) -> Hole | None:
            are_numbers = all(isinstance(box, Int | Real) for box in column)
            return Hole(next(self._numbers), "n", (0, 1), True) if are_numbers else None

        return generalization(members, new_hole, lambda column: False, _MOST_HOLES, True)

    def _body(self, members: Column, index: Index) -> Box | None:
        """A member as a function of the index."""

        found = self._general(members)
        if found is None:
            return None
        values: dict[Slot, Box] = {}
        for hole, column in zip(
            found.template.holes, zip(*found.arguments, strict=True), strict=True
        ):
            value = _function_of(index, [box for box in column if isinstance(box, Int | Real)])
            if value is None:
                return None
            values[hole] = value
        if _has_labels(found.template.body):
            return (
                None
                if any(value is not index for value in values.values())
                else (filled(found.template.body, values))
            )
        return filled(found.template.body, values)


def _function_of(index: Index, values: Sequence[Int | Real]) -> Box | None:
    """Numbers as a function of 0, 1, 2 ..."""
    whole = [value.value for value in values if isinstance(value, Int)]
    if len(whole) == len(values):
        start, step = whole[0], whole[1] - whole[0]
        if all(value == start + place * step for place, value in enumerate(whole)):
            return index if (start, step) == (0, 1) else Progression(index, start, step)
    return Element(index, tuple(values)) if len(values) in _LISTED else None


def _arity(kind: str, arity: Arity, size: int) -> Arity:
    inputs, outputs = arity
    if kind == "seq":
        return arity
    return inputs * size, outputs * size if kind == "par" else outputs


def _spine(box: Box, kind: type[Par] | type[Seq]) -> Iterator[Box]:
    while isinstance(box, kind) and (kind is Par or _is_link(box)):
        yield box.left
        box = box.right
    yield box


def _is_link(box: Box) -> bool:
    """Whether a diagram is written as `A : B`, and A and B may be alike."""
    return (
        isinstance(box, Seq)
        and not isinstance(box.right, Primitive)
        and arity_of(box.left)[0] == arity_of(box.left)[1]
    )


def _operator(box: Box) -> Primitive | None:
    """The operator of a sum or product of two diagrams."""
    if not (
        isinstance(box, Seq) and isinstance(box.right, Primitive) and isinstance(box.left, Par)
    ):
        return None
    pair = box.left
    is_pair = not isinstance(pair.right, Par) and arity_of(pair.left)[1] == 1
    return box.right if box.right.name in _SUMS and is_pair else None


def _before(box: Box) -> Box | None:
    """In a sum, the sum that its last term is added to."""
    operator = _operator(box)
    if operator is None or not (isinstance(box, Seq) and isinstance(box.left, Par)):
        return None
    return box.left.left if _operator(box.left.left) is operator else None


def _has_labels(box: Box) -> bool:
    """Whether a hole is inside a label, where only a name can stand."""
    stack = [box]
    while stack:
        part = stack.pop()
        if isinstance(part, Numbered):
            return True
        if part.free and not isinstance(part, Template):
            stack += part.children
    return False
