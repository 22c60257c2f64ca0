"""Diagrams that differ only in parts become calls of one function with parameters.

Two searches take turns until neither finds anything. The first one looks for diagrams of one shape:
equal but for numbers and widgets. The second one looks for diagrams that have one name in the
source, which may differ in larger parts. Both go from the inside out, so that calls of one function
with other arguments are alike for what is around them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import count

from fad.base.deep_stack import recursive
from fad.diagram.binders import numbered
from fad.diagram.box import (
    Box,
    Composition,
    Cut,
    Group,
    Int,
    Lambda,
    Par,
    Primitive,
    Wire,
    postorder,
    rebuilt,
)
from fad.diagram.facts import Facts
from fad.diagram.ruled import without_rules
from fad.text.arguments import Arguments
from fad.text.calls import calls_for, merged_calls, rewritten, united
from fad.text.families import with_families
from fad.text.generalize import Column, Generalization, generalization
from fad.text.inlining import inline
from fad.text.lengths import NAME_LENGTH, SHORTEST, SHORTEST_NAMED, Measures, lengths, measured
from fad.text.shapes import Shape, shapes_of, widgets_of
from fad.text.sketch import Sketch
from fad.text.templates import (
    Call,
    Hole,
    Template,
    is_number,
)

#: A function of the source is one again when it has no more parameters than these.
_MOST_HOLES = 16
#: So many widgets that are alike become calls.
_FEWEST_WIDGETS = 3
#: Diagrams of one name are calls of so many functions, at most, beside those that are none,
_MOST_CLUSTERS = 8
#: ... and are compared in vain so many times.
_MOST_FAILURES = 6
#: A search that has found something is followed by another one.
_MOST_ROUNDS = 4
#: Parts of the diagram that all searches look at, together: then they stop, with what they have.
_MOST_WORK = 1_000_000


@recursive
def abstracted(
    process: Box, facts: Facts, is_constant: Callable[[Box], bool]
) -> tuple[Box, dict[Box, str], Mapping[Box, Box]]:
    """A diagram with templates and calls.

    Args:
        process: the closed diagram.
        facts: what is known about its parts: their names, what made them, and of what.
        is_constant: whether a part without inputs denotes a number. The language would compute it
            where it is an argument.

    Returns:
        The diagram, the names of its parts, and what the parts of the given one have become.
    """
    sketch = Sketch(process, facts)
    arguments = Arguments(is_constant)
    search = _Search(sketch, arguments)
    search.shapes(only_named=True)
    search.widgets()
    for _ in range(_MOST_ROUNDS):
        before = sketch.process
        search.named()
        search.shapes()
        if sketch.process is before:
            break
    inline(sketch, arguments.unsafe)
    sketch.replace(with_families(sketch.process)[1])
    inline(sketch, arguments.unsafe)
    sketch.replace(united(sketch.process))
    return sketch.process, sketch.names, sketch.became


class _Search:
    """Looks for functions, and puts their calls into a diagram.

    Args:
        sketch: the diagram.
        arguments: which of its parts can be arguments.
    """

    def __init__(self, sketch: Sketch, arguments: Arguments) -> None:
        self._sketch = sketch
        self._arguments = arguments
        self._tried: set[Column] = set()
        self._numbers = count(1)
        self._work = 0
        _, plain = without_rules(sketch.process)
        sketch.replace({part: plain.get(part, part) for part in sketch.became})
        self._alike()

    def _alike(self) -> None:
        """Functions that differ in the numbers of their variables become one."""
        functions: dict[Box, Box] = {}
        replaced: dict[Box, Box] = {}
        for part in postorder(self._sketch.process):
            new = rebuilt(part, replaced)
            if isinstance(new, Lambda) and not new.free:
                new = functions.setdefault(numbered(new), new)
            replaced[part] = new
        self._sketch.replace(replaced)

    def widgets(self) -> None:
        """Widgets of one name, or of none, that differ in numbers become calls."""
        parts = self._measures().parts
        replaced: dict[Box, Box] = {}
        templates: dict[Template, str | None] = {}
        for members in widgets_of(parts):
            found = len(members) >= _FEWEST_WIDGETS and self._general(
                tuple(members), [{}] * len(members)
            )
            if found:
                replaced.update(calls_for(found, members))
                templates[found.template] = self._sketch.title(members)
        self._sketch.replace(rewritten(parts, replaced))
        self._sketch.entitle(templates)

    # -- One shape ---------------------------------------------------------------------------------

    def shapes(self, only_named: bool = False) -> None:
        """Diagrams that differ in numbers and widgets become calls.

        Args:
            only_named: only those that have a name in the source: what these have inside may be
                arguments there.
        """
        if self._work >= _MOST_WORK:
            return
        parts = self._measures().parts
        shapes, classes = shapes_of(parts)
        sizes = self._sketch.measures.sizes
        heights: dict[int, int] = {}
        for part in parts:
            inner = (heights[shapes[child]] for child in part.children)
            heights[shapes[part]] = 1 + max(inner, default=0)
        replaced: dict[Box, Box] = {}
        templates: dict[Template, str | None] = {}
        for shape in sorted(classes, key=heights.__getitem__):
            members = classes[shape].members
            for part in members:
                replaced[part] = rebuilt(part, replaced)
                if part in self._sketch.names:
                    self._sketch.names.setdefault(replaced[part], self._sketch.names[part])
            if len(members) < 2 or not self._is_worth_it(classes[shape], sizes, only_named):
                continue
            column = {replaced[part]: part for part in members}
            formals = [
                {replaced.get(value, value): name for value, name in self._sketch.formals(part)}
                for part in column.values()
            ]
            found = len(column) > 1 and self._general(tuple(column), formals)
            if not found:
                continue
            self._sketch.name_parts(found)
            calls = calls_for(found, column)
            templates[found.template] = self._sketch.title(members)
            for part in members:
                replaced[part] = calls[replaced[part]]
        self._sketch.replace(replaced)
        self._sketch.entitle(templates)

    def _is_worth_it(self, group: Shape, sizes: Mapping[Box, int], only_named: bool) -> bool:
        first = group.members[0]
        if not isinstance(first, Composition | Lambda | Group):
            return False
        size = sizes[first]
        if all(part in self._sketch.names for part in group.members) and size >= SHORTEST_NAMED:
            return True
        # A list is no function.
        is_function = not isinstance(first, Par)
        return is_function and not only_named and len(group.places) > 1 and size >= SHORTEST

    def _general(
        self, column: Column, formals: Sequence[Mapping[Box, str]]
    ) -> Generalization | None:
        def parameter(places: Column) -> str | None:
            known = {names.get(box) for names, box in zip(formals, places, strict=True)}
            return known.pop() if len(known) == 1 else None

        def new_hole(places: Column) -> Hole | None:
            arity = places[0].arity
            if arity is None or any(
                isinstance(box, Primitive | Wire | Cut) or not self._arguments.suits(box)
                for box in places
            ):
                return None
            name = parameter(places) or self._hole_name(places)
            return Hole(next(self._numbers), name, arity, any(map(is_number, places)))

        def is_argument(places: Column) -> bool:
            # What has different names in the source stays what it is there.
            known = {self._sketch.names.get(box) for box in places}
            return parameter(places) is not None or (len(known) > 1 and None not in known)

        return generalization(column, new_hole, is_argument, _MOST_HOLES)

    def _hole_name(self, column: Column) -> str:
        """What a parameter is called that has no name in the source."""
        known = {self._sketch.names.get(box) for box in column} - {None}
        if len(known) == 1:
            return known.pop() or ""
        if all(map(is_number, column)):
            return "n" if all(isinstance(box, Int | Hole) for box in column) else "c"
        return "x" if column[0].arity == (0, 1) else "f"

    # -- One name ----------------------------------------------------------------------------------

    def named(self) -> None:
        """Diagrams of one name in the source become calls, where they have enough in common."""
        done: set[Hashable] = set()
        groups = _Groups.of(self._sketch)
        while self._work < _MOST_WORK:
            now = groups.innermost(done)
            if not now:
                return
            done.update(now)
            sizes = self._measures().sizes
            found = [merged for group in now.values() for merged in self._merged(group, sizes)]
            before = self._sketch.process
            if found and not self._takes(found) and len(found) > 1:
                for merged in found:
                    if self._work < _MOST_WORK:
                        self._takes([merged])
            if self._sketch.process is not before:
                groups = _Groups.of(self._sketch)

    def _takes(self, found: Sequence[tuple[Generalization, dict[Box, Box]]]) -> bool:
        """Puts calls of templates into the diagram, if that makes the text shorter."""
        chosen = {box: call for _, calls in found for box, call in calls.items()}
        old = self._measures()
        if chosen.keys().isdisjoint(old.parts):
            return False
        replaced = rewritten(old.parts, chosen)
        new = measured(replaced[self._sketch.process])
        if new.cost >= old.cost:
            return False
        for general, _ in found:
            self._sketch.name_parts(general)
        titles = {general.template: self._sketch.title(list(calls)) for general, calls in found}
        self._sketch.replace(replaced, new)
        self._sketch.entitle(titles)
        return True

    def _measures(self) -> Measures:
        """The parts of the diagram, which are counted as work."""
        measures = self._sketch.measures
        self._work += len(measures.parts)
        return measures

    def _merged(
        self, members: Sequence[Box], sizes: Mapping[Box, int]
    ) -> Iterable[tuple[Generalization, dict[Box, Box]]]:
        """Templates for diagrams of one name, and what these become."""
        outlines: dict[Hashable, list[Box]] = {}
        for box in members:
            outlines.setdefault(_outline(_body(box)), []).append(box)
        for rest in outlines.values():
            if tuple(rest) in self._tried:
                continue
            self._tried.add(tuple(rest))
            for _ in range(_MOST_CLUSTERS):
                cluster, common = rest[:1], _body(rest[0])
                formals = self._body_formals(rest[0])
                failures = 0
                for other in rest[1:]:
                    if failures == _MOST_FAILURES:
                        break
                    both = formals, self._body_formals(other)
                    wider = self._worthy((common, _body(other)), both, sizes)
                    if wider is not None:
                        cluster.append(other)
                        common = wider.body
                        formals = {**formals, **{hole: hole.name for hole in wider.holes}}
                    else:
                        failures += 1
                found = len(cluster) > 1 and self._general(
                    tuple(map(_body, cluster)), [self._body_formals(box) for box in cluster]
                )
                if found:
                    yield found, merged_calls(found, cluster)
                rest = [box for box in rest if box not in cluster]
                if len(rest) < 2:
                    break

    def _body_formals(self, box: Box) -> dict[Box, str]:
        """The parameters that the arguments of a diagram, or the holes of a template, stand for."""
        if isinstance(box, Template):
            return {hole: hole.name for hole in box.holes} | dict(self._sketch.formals(box))
        return dict(self._sketch.formals(box))

    def _worthy(
        self,
        pair: Column,
        formals: Sequence[Mapping[Box, str]],
        sizes: Mapping[Box, int],
    ) -> Template | None:
        """What some diagrams and another one have in common, if that is worth a function.

        Args:
            pair: what the diagrams have in common, and the other one.
            formals: the parameters that parts of both were arguments of.
            sizes: the lengths of texts.
        """
        if pair[0].arity != pair[1].arity:
            return None
        found = self._general(pair, formals)
        if found is None:
            return None
        body = found.template.body
        size = lengths(postorder(body))[body]
        arguments = max(sum(_argument_size(box, sizes) for box in row) for row in found.arguments)
        return found.template if size >= max(SHORTEST_NAMED, arguments) else None


@dataclass(frozen=True)
class _Groups:
    """What has one name in a diagram: parts, and templates in the place of their calls.

    Templates without a name are a group when they have one shape.

    Attributes:
        members: name, or the members themselves -> what has it.
        bits: the same -> a bit that stands for it.
        inside: for each part, the groups of what is inside, as bits.
    """

    members: Mapping[Hashable, Sequence[Box]]
    bits: Mapping[Hashable, int]
    inside: Mapping[Box, int]

    @classmethod
    def of(cls, sketch: Sketch) -> _Groups:
        """The groups of a diagram."""
        named: dict[Hashable, list[Box]] = {}
        shaped: dict[int, list[Box]] = {}
        parts = sketch.measures.parts
        shapes, _ = shapes_of(parts)
        for part in parts:
            name = sketch.names.get(part)
            is_group = isinstance(part, Template | Composition | Lambda | Group)
            if name is not None and is_group and not part.free:
                named.setdefault(name, []).append(part)
            elif isinstance(part, Template):
                shaped.setdefault(shapes[part.body], []).append(part)
        named.update((tuple(alike), alike) for alike in shaped.values())
        members = {name: group for name, group in named.items() if len(group) > 1}
        bits = {name: 1 << index for index, name in enumerate(members)}
        own = {part: bits[name] for name, group in members.items() for part in group}
        inside: dict[Box, int] = {}
        for part in parts:
            found = 0
            for child in part.children:
                found |= inside[child] | own.get(child, 0)
            inside[part] = found
        return cls(members, bits, inside)

    def innermost(self, done: Set[Hashable]) -> dict[Hashable, Sequence[Box]]:
        """The groups that have no other ones inside; where all have, one that has not itself.

        Args:
            done: names that do not count.
        """
        names = [name for name in self.members if name not in done]
        wanted = sum(self.bits[name] for name in names)
        inner = {name: self.members[name] for name in names if not self._has(name, wanted)}
        if inner or not names:
            return inner
        (first, *_) = names
        members = [box for box in self.members[first] if not self.inside[box] & self.bits[first]]
        return {first: members}

    def _has(self, name: Hashable, wanted: int) -> bool:
        return any(self.inside[box] & wanted for box in self.members[name])


def _outline(box: Box) -> Hashable:
    """What diagrams with something in common have in common, at a glance."""
    while isinstance(box, Call):
        box = box.template.body
    inside = tuple(part if isinstance(part, Primitive) else type(part) for part in box.children)
    return type(box), box.arity, inside


def _argument_size(box: Box, sizes: Mapping[Box, int]) -> int:
    """The length of an argument; what is longer gets a name."""
    return 0 if isinstance(box, Hole) else min(sizes.get(box, NAME_LENGTH), 3 * NAME_LENGTH)


def _body(box: Box) -> Box:
    return box.body if isinstance(box, Template) else box
