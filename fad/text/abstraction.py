"""Diagrams that differ only in parts become calls of one function with parameters.

Two searches take turns until neither finds anything. The first one looks for diagrams of one shape:
equal but for numbers and widgets. The second one looks for diagrams that have one name in the
source, which may differ in larger parts. Both go from the inside out, so that calls of one function
with other arguments are alike for what is around them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
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
    Slot,
    Wire,
    postorder,
)
from fad.diagram.facts import Facts, renamed, renamed_arguments
from fad.diagram.ruled import without_rules
from fad.text.calls import calls_for, holders, merged_calls, needs_names, rewritten, united
from fad.text.families import with_families
from fad.text.generalize import Column, Generalization, generalization
from fad.text.lengths import LINE_COST, NAME_LENGTH, SHORTEST, SHORTEST_NAMED, cost, lengths
from fad.text.printer import computes
from fad.text.shapes import Shape, shapes_of, widgets_of
from fad.text.templates import (
    Call,
    Hole,
    Numbered,
    Template,
    expanded,
    filled,
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
    search = _Abstraction(process, facts, is_constant)
    search.shapes(only_named=True)
    search.widgets()
    for _ in range(_MOST_ROUNDS):
        before = search.process
        search.named()
        search.shapes()
        if search.process is before:
            break
    search.inline()
    search.families()
    search.inline()
    search.unite()
    return search.process, search.names, search.became


class _Abstraction:
    """A diagram on its way.

    Attributes:
        process: the diagram as it is now.
        names: the names of its parts.
        became: for the parts of the given diagram, what they are now.
    """

    def __init__(self, process: Box, facts: Facts, is_constant: Callable[[Box], bool]) -> None:
        self.process = process
        self.names = dict(facts.names)
        self._arguments: Mapping[Box, Mapping[Box, str]] = facts.arguments
        self._makers = {box: name for box, (_, name) in facts.made_by.items()}
        self.became: dict[Box, Box] = {part: part for part in postorder(process)}
        self._is_constant = is_constant
        self._changing: dict[Box, bool] = {}
        self._tried: set[Column] = set()
        self._numbers = count(1)
        self._work = 0
        _, plain = without_rules(process)
        self._replace({part: plain.get(part, part) for part in self.became})
        self._alike()

    def _alike(self) -> None:
        """Functions that differ in the numbers of their variables become one."""
        functions: dict[Box, Box] = {}
        replaced: dict[Box, Box] = {}
        for part in postorder(self.process):
            new = part.rebuild(tuple(replaced[child] for child in part.children))
            if isinstance(new, Lambda) and not new.free:
                new = functions.setdefault(numbered(new), new)
            replaced[part] = new
        self._replace(replaced)

    def _parts(self) -> list[Box]:
        """All parts, which are counted as work."""
        parts = list(postorder(self.process))
        self._work += len(parts)
        return parts

    def _replace(self, replaced: Mapping[Box, Box]) -> None:
        self.process = replaced[self.process]
        self.became = {old: replaced.get(new, new) for old, new in self.became.items()}
        names: dict[Box, str] = {}
        for box, name in self.names.items():
            names.setdefault(replaced.get(box, box), name)
        self.names = names
        self._arguments = renamed_arguments(self._arguments, replaced)
        self._makers = renamed(self._makers, replaced)

    def widgets(self) -> None:
        """Widgets of one name, or of none, that differ in numbers become calls."""
        parts = self._parts()
        replaced: dict[Box, Box] = {}
        templates: dict[Template, str | None] = {}
        for members in widgets_of(parts):
            found = len(members) >= _FEWEST_WIDGETS and self._general(
                tuple(members), [{}] * len(members)
            )
            if found:
                replaced.update(calls_for(found, members))
                templates[found.template] = self._title(members)
        self._replace(rewritten(parts, replaced))
        self._entitle(templates)

    # -- One shape ---------------------------------------------------------------------------------

    def shapes(self, only_named: bool = False) -> None:
        """Diagrams that differ in numbers and widgets become calls.

        Args:
            only_named: only those that have a name in the source: what these have inside may be
                arguments there.
        """
        if self._work >= _MOST_WORK:
            return
        parts = self._parts()
        shapes, classes = shapes_of(parts)
        sizes = lengths(parts)
        heights: dict[int, int] = {}
        for part in parts:
            inner = (heights[shapes[child]] for child in part.children)
            heights[shapes[part]] = 1 + max(inner, default=0)
        replaced: dict[Box, Box] = {}
        templates: dict[Template, str | None] = {}
        for shape in sorted(classes, key=heights.__getitem__):
            members = classes[shape].members
            for part in members:
                inside = tuple(replaced[child] for child in part.children)
                replaced[part] = part.rebuild(inside)
                if part in self.names:
                    self.names.setdefault(replaced[part], self.names[part])
            if len(members) < 2 or not self._is_worth_it(classes[shape], sizes, only_named):
                continue
            column = {replaced[part]: part for part in members}
            formals = [
                {replaced.get(value, value): name for value, name in self._formals(part)}
                for part in column.values()
            ]
            found = len(column) > 1 and self._general(tuple(column), formals)
            if not found:
                continue
            self._name_parts(found)
            calls = calls_for(found, column)
            templates[found.template] = self._title(members)
            for part in members:
                replaced[part] = calls[replaced[part]]
        self._replace(replaced)
        self._entitle(templates)

    def _is_worth_it(self, group: Shape, sizes: Mapping[Box, int], only_named: bool) -> bool:
        first = group.members[0]
        if not isinstance(first, Composition | Lambda | Group):
            return False
        size = sizes[first]
        if all(part in self.names for part in group.members) and size >= SHORTEST_NAMED:
            return True
        # A list is no function.
        is_function = not isinstance(first, Par)
        return is_function and not only_named and len(group.places) > 1 and size >= SHORTEST

    def _formals(self, box: Box) -> Iterable[tuple[Box, str]]:
        """The arguments that a diagram was made with, and the parameters that they went to."""
        return self._arguments.get(box, {}).items()

    def _general(
        self, column: Column, formals: Sequence[Mapping[Box, str]]
    ) -> Generalization | None:
        def parameter(places: Column) -> str | None:
            known = {names.get(box) for names, box in zip(formals, places, strict=True)}
            return known.pop() if len(known) == 1 else None

        def new_hole(places: Column) -> Hole | None:
            arity = places[0].arity
            if arity is None or any(
                isinstance(box, Primitive | Wire | Cut) or self._changes(box) for box in places
            ):
                return None
            name = parameter(places) or self._hole_name(places)
            return Hole(next(self._numbers), name, arity, any(map(is_number, places)))

        def is_argument(places: Column) -> bool:
            # What has different names in the source stays what it is there.
            known = {self.names.get(box) for box in places}
            return parameter(places) is not None or (len(known) > 1 and None not in known)

        return generalization(column, new_hole, is_argument, _MOST_HOLES)

    def _hole_name(self, column: Column) -> str:
        """What a parameter is called that has no name in the source."""
        known = {self.names.get(box) for box in column} - {None}
        if len(known) == 1:
            return known.pop() or ""
        if all(map(is_number, column)):
            return "n" if all(isinstance(box, Int | Hole) for box in column) else "c"
        return "x" if column[0].arity == (0, 1) else "f"

    def _title(self, members: Sequence[Box]) -> str | None:
        """What the function that these are calls of is called; those of that name need none."""
        makers = {self._makers.get(part) for part in members}
        names = [self.names.get(part) for part in members]
        title = makers.pop() if len(makers) == 1 else None
        if title is None and len(set(names)) == 1:
            title = names[0]
        for part, name in zip(members, names, strict=True):
            if name == title or names.count(name) > 1:
                self.names.pop(part, None)
        return title

    def _entitle(self, templates: Mapping[Template, str | None]) -> None:
        for template, title in templates.items():
            if title is not None:
                self.names.setdefault(template, title)
                self._makers.setdefault(template, title)

    def _name_parts(self, found: Generalization) -> None:
        """What has one name wherever a template is called has this name in the template."""
        for part, column in found.parts.items():
            names = {self.names.get(box) for box in column}
            name = names.pop()
            if not names and name is not None:
                self.names.setdefault(part, name)

    def _changes(self, box: Box) -> bool:
        """Whether a diagram would be another one as an argument: the language computes with the
        numbers in it, also where it did not when the diagram was made."""
        if box not in self._changing:
            inside = isinstance(box, Composition | Group | Numbered)
            self._changing[box] = computes(box) or (
                inside
                and (
                    any(map(self._changes, box.children))
                    or (box.arity == (0, 1) and self._is_constant(box))
                )
            )
        return self._changing[box]

    def _unsafe(self) -> set[Template]:
        """The templates that are called with an argument that would be another one then."""
        unsafe: set[Template] = set()
        plain: dict[Box, Box] = {}

        def visit(box: Box) -> Box:
            """The diagram without calls, where there are no holes in it."""
            if box not in plain:
                if isinstance(box, Call):
                    plain_arguments = list(map(visit, box.arguments))
                    if any(map(self._changes, plain_arguments)):
                        unsafe.add(box.template)
                    plain[box] = visit(expanded(box))
                else:
                    plain[box] = box.rebuild(tuple(map(visit, box.children)))
            return plain[box]

        visit(self.process)
        return unsafe

    # -- One name ----------------------------------------------------------------------------------

    def named(self) -> None:
        """Diagrams of one name in the source become calls, where they have enough in common."""
        done: set[Hashable] = set()
        while self._work < _MOST_WORK:
            parts = self._parts()
            groups = self._groups(parts, done)
            if not groups:
                return
            sizes = lengths(parts)
            nested = holders(parts, {box for group in groups.values() for box in group})
            # Those first that have no other ones inside; where all have, one that has not itself.
            now = {name: group for name, group in groups.items() if nested.isdisjoint(group)}
            if not now:
                name, group = next(iter(groups.items()))
                nested = holders(parts, set(group))
                now = {name: [box for box in group if box not in nested]}
            done.update(now)
            found = [merged for group in now.values() for merged in self._merged(group, sizes)]
            if found and not self._takes(parts, found) and len(found) > 1:
                for merged in found:
                    if self._work < _MOST_WORK:
                        self._takes(self._parts(), [merged])

    def _takes(
        self, parts: Sequence[Box], found: Sequence[tuple[Generalization, dict[Box, Box]]]
    ) -> bool:
        """Puts calls of templates into the diagram, if that makes the text shorter."""
        chosen = {box: call for _, calls in found for box, call in calls.items()}
        if chosen.keys().isdisjoint(parts):
            return False
        replaced = rewritten(parts, chosen)
        if cost(replaced[self.process]) >= cost(self.process):
            return False
        for general, _ in found:
            self._name_parts(general)
        titles = {general.template: self._title(list(calls)) for general, calls in found}
        self._replace(replaced)
        self._entitle(titles)
        return True

    def _groups(self, parts: Sequence[Box], done: set[Hashable]) -> dict[Hashable, list[Box]]:
        """What has one name: diagrams, and templates in the place of their calls; also templates
        without a name that have one shape."""
        groups: dict[Hashable, list[Box]] = {}
        shaped: dict[int, list[Box]] = {}
        shapes, _ = shapes_of(parts)
        for part in parts:
            name = self.names.get(part)
            is_group = isinstance(part, Template | Composition | Lambda | Group)
            if name is not None and is_group and not part.free:
                groups.setdefault(name, []).append(part)
            elif isinstance(part, Template):
                shaped.setdefault(shapes[part.body], []).append(part)
        groups.update((tuple(alike), alike) for alike in shaped.values())
        return {key: group for key, group in groups.items() if len(group) > 1 and key not in done}

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
            return {hole: hole.name for hole in box.holes} | dict(self._formals(box))
        return dict(self._formals(box))

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

    # -- What did not help -------------------------------------------------------------------------

    def inline(self) -> None:
        """Templates that are called once, or are as short as their calls, are written in place."""
        while True:
            parts = list(postorder(self.process))
            calls: dict[Template, list[Call]] = {}
            for part in parts:
                if isinstance(part, Call):
                    calls.setdefault(part.template, []).append(part)
            sizes = lengths(parts)
            unsafe = self._unsafe()
            # In a label there is room for a number and for a name, but for nothing else.
            calls = {
                template: found
                for template, found in calls.items()
                if template in unsafe or not needs_names(template, found)
            }
            # First those that are called once: then others have fewer calls.
            once = {
                template
                for template, found in calls.items()
                if len(found) == 1 and not self._is_kept(template, sizes[template.body])
            }
            useless = unsafe | once or {
                template
                for template, found in calls.items()
                if self._is_useless(template, found, sizes)
            }
            if not useless:
                return
            replaced: dict[Box, Box] = {}
            for part in parts:
                if part in useless:
                    replaced[part] = part
                elif isinstance(part, Call) and part.template in useless:
                    body = replaced[part.template.body]
                    values = (replaced[argument] for argument in part.arguments)
                    arguments: dict[Slot, Box] = dict(zip(part.template.holes, values, strict=True))
                    replaced[part] = self._filled(body, arguments)
                    name = self.names.get(part.template)
                    if name is not None:
                        self.names.setdefault(part, name)
                else:
                    replaced[part] = part.rebuild(tuple(replaced[child] for child in part.children))
            self._replace(replaced)

    def unite(self) -> None:
        """Templates that differ in nothing but their holes become one."""
        self._replace(united(self.process))

    def _filled(self, body: Box, arguments: Mapping[Slot, Box]) -> Box:
        """The body of a template with arguments, whose parts keep their names."""
        became: dict[Box, Box] = {}
        result = filled(body, arguments, became)
        for old, new in became.items():
            if old in self.names and not isinstance(old, Hole):
                self.names.setdefault(new, self.names[old])
        return result

    def families(self) -> None:
        """Lists and chains of alike diagrams become `par`, `seq`, `sum` and `prod`."""
        self._replace(with_families(self.process)[1])

    def _is_kept(self, template: Template, length: int) -> bool:
        """Whether a template is a function of the source, and long enough for a definition."""
        return template in self.names and length >= SHORTEST_NAMED

    def _is_useless(
        self, template: Template, calls: Sequence[Call], sizes: Mapping[Box, int]
    ) -> bool:
        """Whether a template is longer than what it saves."""
        body = sizes[template.body]
        # The arguments stand in the text either way.
        text = len(calls) * (NAME_LENGTH + 2 * len(template.holes)) + body + LINE_COST
        return len(calls) * body <= text and not self._is_kept(template, 2 * body)


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
