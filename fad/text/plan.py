"""What a written program consists of: which diagrams become definitions, where, called what."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from fad.diagram.binders import separate
from fad.diagram.box import Box, Group, Int, Lambda, Par, Primitive, Real, Slot, postorder
from fad.diagram.facts import renamed
from fad.diagram.labels import identifier
from fad.diagram.ruled import without_rules
from fad.text.names import KEYWORDS, LONGEST, Known, hint, other_hints
from fad.text.printer import layout
from fad.text.templates import Call, Index, Take, Template, bound_by

#: A diagram that occurs again gets a name when its text is at least this long.
_SHARED_LENGTH = 10
#: ... or longer: a name for two wires tells nothing, and one for a call less than the call.
_SHARED: dict[type[Box], int] = {Par: 24, Call: 24}
#: A diagram with a name in the source keeps it when its text is at least this long.
_NAMED_LENGTH = 24
#: Longer texts are broken over several lines.
_LINE_LENGTH = 72
#: What is broken inside more broken ones becomes a definition: lines begin to the left of the
#: middle, and the parser's stack is not exhausted.
_MAX_BROKEN = 6


class Note(NamedTuple):
    """What to say about a diagram where it becomes a definition at the top level.

    Attributes:
        paragraph: the definitions of each paragraph stand together, the lowest number first.
        comment: a line of text, or none.
        above: lines of comments to put before it, whole and as they are; also where it is local to
            a function, and above the last definition, `process`.
        yields: whether fad has made up its name: where the program uses the same one, the
            program keeps it, and this definition gets a number.
    """

    paragraph: int = 0
    comment: str = ""
    yields: bool = False
    above: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A program, ready to be written.

    Attributes:
        process: its diagram, in which each lambda has a slot of its own.
        definitions: lambda or template (or `None` for the top level) -> the diagrams that are
            defined there, in order.
        names: the names of these diagrams, and of all slots.
        notes: what to say about diagrams.
        became: parts of the diagram that was given -> those of `process` in their places, where
            these are others.
    """

    process: Box
    definitions: Mapping[Box | None, Sequence[Box]]
    names: Mapping[Box, str]
    notes: Mapping[Box, Note]
    became: Mapping[Box, Box] = field(default_factory=dict)


def planned(process: Box, names: Mapping[Box, str], notes: Mapping[Box, Note]) -> Plan:
    """The plan for a closed diagram.

    Args:
        process: the diagram.
        names: the names that diagrams have in the source; a name that is taken or reserved gets
            a number.
        notes: what to say about diagrams.
    """
    became: dict[Box, Box] = {}
    for passed in (without_rules, separate):
        process, now = passed(process)
        names, notes = renamed(names, now), renamed(notes, now)
        became = {**now, **{old: now.get(new, new) for old, new in became.items()}}
    return replace(_Planner(process, names, notes).plan(), became=became)


class _Planner:
    """Makes a plan in three steps: what becomes a definition, where it stands, what it is called.

    Args:
        process: a diagram in which each lambda has a slot of its own.
        source_names, notes: see `planned`.
    """

    def __init__(
        self, process: Box, source_names: Mapping[Box, str], notes: Mapping[Box, Note]
    ) -> None:
        self._process = process
        self._source_names = source_names
        self._notes = notes
        self._definitions: dict[Box | None, list[Box]] = {None: []}
        self._names: dict[Box, str] = {}
        #: The names of what diagrams are part of, inner ones first.
        self._around: dict[Box, tuple[str, ...]] = {}
        self._known = Known(ChainMap(dict(source_names), self._names), self._yields)

    def plan(self) -> Plan:
        boxes = _written_order(self._process, self._source_names)
        self._place(boxes, self._choose(boxes))
        self._name_definitions(boxes)
        self._name_slots(boxes)
        return Plan(self._process, self._definitions, self._names, self._notes)

    def _choose(self, boxes: list[Box]) -> list[Box]:
        """The boxes that become definitions, each after those in it."""
        uses: dict[Box, int] = {}
        user: dict[Box, Box] = {}
        for box in boxes:
            for operand in layout(box, self._source_names).parts:
                uses[operand] = uses.get(operand, 0) + 1
                user[operand] = box
        repeated = self._repeated(boxes, uses, user)
        # A lambda in a lambda is one function with it.
        inner = {box.body for box in boxes if isinstance(box, Lambda)}
        bodies = {box.body for box in boxes if isinstance(box, Template)}
        length: dict[Box, int] = {}
        depth: dict[Box, int] = {}
        chosen = []
        for box in boxes:
            shape = layout(box, self._source_names)
            parts = shape.parts
            between = len(shape.head) * max(1, len(parts)) + len(shape.tail or "")
            length[box] = between + sum(length.get(part, 0) for part in parts)
            inside = max((depth.get(part, 0) for part in parts), default=0)
            depth[box] = inside + (
                length[box] > _LINE_LENGTH and not isinstance(box, Lambda | Group | Template)
            )
            if box is self._process or box in bodies or isinstance(box, Slot | Primitive):
                continue
            if isinstance(box, Lambda) and box in inner and uses[box] == 1:
                continue
            if isinstance(box, Int | Real) and box not in self._source_names:
                continue  # a name for a number that has none tells nothing
            if any(isinstance(slot, Index) for slot in box.free):
                continue  # no definitions stand inside an iteration
            shared = uses[box] > 1 and length[box] >= _SHARED.get(type(box), _SHARED_LENGTH)
            named = box in self._source_names and length[box] >= _NAMED_LENGTH
            named &= box not in repeated and not self._is_plain_call(box)
            if shared or named or depth[box] >= _MAX_BROKEN or isinstance(box, Template | Take):
                chosen.append(box)
                length[box] = len(self._hint(box))
                depth[box] = 0
        order = {box: index for index, box in enumerate(postorder(self._process))}
        return sorted(chosen, key=order.__getitem__)

    def _is_plain_call(self, box: Box) -> bool:
        """Whether a diagram is a call that has no name but that of its function."""
        names = self._source_names
        return isinstance(box, Call) and names.get(box) == names.get(box.template)

    def _repeated(
        self, boxes: list[Box], uses: Mapping[Box, int], user: Mapping[Box, Box]
    ) -> set[Box]:
        """Diagrams that are part of another one with their name, and of nothing else: the results
        of a function that has called itself."""
        inside: dict[Box, tuple[str, ...]] = {}
        repeated: set[Box] = set()
        for box in reversed(boxes):
            outer = inside.get(user[box], ()) if box in user else ()
            self._around[box] = outer
            name = self._source_names.get(box)
            if uses.get(box) == 1 and name is not None and outer[:1] == (name,):
                repeated.add(box)
            inside[box] = outer if name is None or outer[:1] == (name,) else (name, *outer)
        return repeated

    def _place(self, boxes: list[Box], chosen: list[Box]) -> None:
        """A definition goes to the innermost function whose variable it uses."""
        binders = {slot: box for box in boxes for slot in bound_by(box)}
        for box in chosen:
            innermost: Slot | None = None
            for slot in box.free:
                if innermost is None or innermost in binders[slot].free:
                    innermost = slot
            place = None if innermost is None else binders[innermost]
            self._definitions.setdefault(place, []).append(box)

    def _name_definitions(self, boxes: list[Box]) -> None:
        """Names for the top level, then for each function; others beside it can have the same."""
        top = self._named(None, KEYWORDS)
        binders = {slot: box for box in boxes for slot in bound_by(box)}
        local: dict[Box, set[str]] = {}  # function -> the names of the definitions placed there
        inside: dict[Box, set[str]] = {}  # body -> the names of the top level that it uses
        for box in reversed(boxes):
            if box in self._definitions:
                outer = (local.get(binders[slot], set()) for slot in box.free)
                lambdas, body = _parameters_and_body(box)
                if body not in inside:
                    inside[body] = top & self._names_of(postorder(body))
                used = inside[body] | (top & self._names_of(lambdas))
                local[box] = self._named(box, used.union(KEYWORDS, *outer))

    def _named(self, place: Box | None, reserved: AbstractSet[str]) -> set[str]:
        """Gives names to the definitions at a place, other than the reserved ones."""
        new: set[str] = set()
        numbers: dict[str, int] = {}  # hint -> the last number given to it
        for box in sorted(self._definitions[place], key=self._yields):
            taken = new | reserved
            name = hint = self._hint(box)
            if name in taken:
                others = [other for other in self._others(box, hint) if other not in taken]
                name = hint = others[0] if others else hint
            while name in taken:
                numbers[hint] = numbers.get(hint, 1) + 1
                name = f"{hint}_{numbers[hint]}"
            new.add(name)
            self._names[box] = name
        return new

    def _others(self, box: Box, hint: str) -> Iterator[str]:
        """Names for a diagram whose name is taken, such as `lowpass_fir`."""
        if self._yields(box):
            yield f"dual_{hint}"  # not `d_delay`, which would be a rule for `delay`
        for user in self._around.get(box, ()):
            name = identifier(user, "part")
            if name not in (hint, "process") and len(longer := f"{name}_{hint}") <= LONGEST:
                yield longer
        yield from other_hints(box, self._known)

    def _yields(self, box: Box) -> bool:
        return self._notes.get(box, Note()).yields

    def _name_slots(self, boxes: list[Box]) -> None:
        taken = KEYWORDS | set(self._names.values())
        beside: dict[Box, set[str]] = {}  # lambda -> parameters that may stand in one list with its
        kept: dict[Box, AbstractSet[str]] = {}  # lambda -> names that its parameters do not hide
        for box in reversed(boxes):
            slots = bound_by(box)
            if not slots:
                continue
            others = beside.setdefault(box, set())
            if self._yields(box) or isinstance(box, Template):
                lambdas, body = _parameters_and_body(box)
                kept[box] = taken & (KEYWORDS | self._names_of((*lambdas, *postorder(body))))
            not_free = kept.get(box, taken)
            outer = {self._names[slot] for slot in box.free}
            for slot in slots:
                used = not_free | others | outer
                name, number = slot.name, 2
                while name in used:
                    name, number = f"{slot.name}{number}", number + 1
                self._names[slot] = name
                others.add(name)
            (body,) = box.children
            if isinstance(body, Lambda):
                beside.setdefault(body, set()).update(others)
                kept[body] = not_free

    def _names_of(self, boxes: Iterable[Box]) -> set[str]:
        return {self._names[box] for box in boxes if box in self._names}

    def _hint(self, box: Box) -> str:
        return hint(box, self._known)


def _parameters_and_body(function: Box) -> tuple[list[Box], Box]:
    """The lambdas in each other that a function is, and what is inside all of them."""
    lambdas: list[Box] = []
    while isinstance(function, Lambda):
        lambdas.append(function)
        function = function.body
    return lambdas, function


def _written_order(root: Box, named: Container[Box]) -> list[Box]:
    """The boxes that are written as such, each once, operands before what they are in.

    A chain `a : b : c` is written as one operator between three operands, so the box of `b : c`
    is not among them.
    """
    seen: set[Box] = set()
    order: list[Box] = []
    stack: list[tuple[Box, bool]] = [(root, False)]
    while stack:
        box, entered = stack.pop()
        if entered:
            order.append(box)
        elif box not in seen:
            seen.add(box)
            stack.append((box, True))
            stack.extend((operand, False) for operand in reversed(layout(box, named).parts))
    return order
