"""Faust text from a core diagram: shared diagrams named, lines that a person would write.

A diagram that occurs more than once becomes a definition, under the name it has in the source
where there is one. A definition that uses the variable of a lambda is local to that lambda, in a
`with`. Definitions stand before their uses; `process` is the last one.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from fad.diagram.binders import separate
from fad.diagram.box import (
    Bargraph,
    Box,
    Composition,
    ForeignFunction,
    ForeignValue,
    Group,
    Int,
    Lambda,
    Merge,
    Par,
    Primitive,
    Real,
    Rec,
    Route,
    Seq,
    Slider,
    Slot,
    Soundfile,
    Split,
    Switch,
    Waveform,
    postorder,
)
from fad.diagram.labels import plain_name, split_path
from fad.diagram.primitives import PRIMITIVES
from fad.text.lines import SHORT_ITEM, WIDTH, comment, deeper, fill, filled_lines, packed, wrapped
from fad.text.printer import Layout, join, layout

#: A diagram that occurs again gets a name when its text is at least this long.
_SHARED_LENGTH = 10
#: ... and a list when it is this long: a name for two wires tells nothing.
_SHARED_LIST_LENGTH = 24
#: A diagram with a name in the source keeps it when its text is at least this long.
_NAMED_LENGTH = 24
#: Longer texts are broken over several lines.
_LINE_LENGTH = 72
#: What is broken inside more broken ones becomes a definition: lines begin to the left of the
#: middle, and the parser's stack is not exhausted.
_MAX_BROKEN = 6

_KEYWORDS = frozenset(
    [name for name in PRIMITIVES if name.isidentifier()]
    + """any pow with letrec where ffunction fconstant fvariable button checkbox vslider hslider
    nentry vgroup hgroup tgroup vbargraph hbargraph soundfile seq par sum prod inputs outputs
    import component library environment waveform route declare case singleprecision
    doubleprecision quadprecision fixedpointprecision minput process""".split()
)


class Note(NamedTuple):
    """What to say about a diagram where it becomes a definition at the top level.

    Attributes:
        paragraph: definitions with a lower number stand before the others, in a paragraph.
        comment: a line of text, or none.
        yields: whether its name is not from the source, and gives way to those that are.
    """

    paragraph: int = 0
    comment: str = ""
    yields: bool = False


def emit(
    process: Box,
    names: Mapping[Box, str] | None = None,
    header: Iterable[str] = (),
    notes: Mapping[Box, Note] | None = None,
) -> str:
    """A whole Faust program.

    Args:
        process: the closed diagram to write.
        names: the names that diagrams have in the source; a name that is taken or reserved gets
            a number.
        header: lines to put first, as they are.
        notes: what to say about diagrams.

    Returns:
        The text. Read back, it evaluates to `process`; equal arguments give equal text.
    """
    plan = _planned(process, names or {}, notes or {})
    notes = plan.notes
    paragraphs: dict[int, list[str]] = {}
    for box in plan.definitions[None]:
        note = notes.get(box, Note())
        lines = paragraphs.setdefault(note.paragraph, [])
        lines += _commented(plan.definition(box, 0), note.comment)
    last = plan.statement("process", plan.process, 0)
    paragraphs.setdefault(Note().paragraph, []).append(last)
    blocks = [list(header), *(paragraphs[number] for number in sorted(paragraphs))]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def definitions(
    process: Box, names: Mapping[Box, str], notes: Mapping[Box, Note]
) -> Mapping[Box, str]:
    """The text of each definition at the top level of what `emit` writes, by its diagram."""
    plan = _planned(process, names, notes)
    return {box: plan.definition(box, 0) for box in plan.definitions[None]}


def _planned(process: Box, names: Mapping[Box, str], notes: Mapping[Box, Note]) -> _Plan:
    process, replaced = separate(process)
    return _Plan(
        process,
        {replaced.get(box, box): name for box, name in names.items()},
        {replaced.get(box, box): note for box, note in notes.items()},
    )


def _commented(text: str, said: str) -> list[str]:
    """A definition with a comment behind it, or before it where that is too long."""
    if not said:
        return [text]
    line = f"{text} // {said}"
    return [line] if "\n" not in text and len(line) <= WIDTH else [*comment(said), text]


@dataclass
class _Plan:
    """Which diagrams become definitions, where, and under which names."""

    process: Box
    source_names: Mapping[Box, str]
    notes: Mapping[Box, Note]
    #: Lambda slot (or `None` for the top level) -> the diagrams defined there, in order.
    definitions: dict[Slot | None, list[Box]] = field(default_factory=dict)
    names: dict[Box, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.definitions[None] = []
        boxes = _written_order(self.process, self.source_names)
        chosen = self._choose(boxes)
        self._place(boxes, chosen)
        self._name_definitions(boxes)
        self._name_slots(boxes)

    def _choose(self, boxes: list[Box]) -> list[Box]:
        """The boxes that become definitions, each after those in it."""
        uses: dict[Box, int] = {}
        for box in boxes:
            for operand, _ in layout(box, self.source_names).operands:
                uses[operand] = uses.get(operand, 0) + 1
        # A lambda in a lambda is one function with it.
        inner = {box.body for box in boxes if isinstance(box, Lambda)}
        length: dict[Box, int] = {}
        depth: dict[Box, int] = {}
        chosen = []
        for box in boxes:
            shape = layout(box, self.source_names)
            parts = [operand for operand, _ in shape.operands]
            between = len(shape.head) * max(1, len(parts)) + len(shape.tail or "")
            length[box] = between + sum(length.get(part, 0) for part in parts)
            inside = max((depth.get(part, 0) for part in parts), default=0)
            depth[box] = inside + (
                length[box] > _LINE_LENGTH and not isinstance(box, Lambda | Group)
            )
            if box is self.process or isinstance(box, Slot | Primitive):
                continue
            if isinstance(box, Lambda) and box in inner and uses[box] == 1:
                continue
            shortest = _SHARED_LIST_LENGTH if isinstance(box, Par) else _SHARED_LENGTH
            shared = uses[box] > 1 and length[box] >= shortest
            named = box in self.source_names and length[box] >= _NAMED_LENGTH
            if shared or named or depth[box] >= _MAX_BROKEN:
                chosen.append(box)
                length[box] = len(self._hint(box))
                depth[box] = 0
        order = {box: index for index, box in enumerate(postorder(self.process))}
        return sorted(chosen, key=order.__getitem__)

    def _place(self, boxes: list[Box], chosen: list[Box]) -> None:
        """A definition goes to the innermost lambda whose variable it uses."""
        binders = {box.slot: box for box in boxes if isinstance(box, Lambda)}
        for box in chosen:
            place: Slot | None = None
            for slot in box.free:
                if place is None or place in binders[slot].free:
                    place = slot
            self.definitions.setdefault(place, []).append(box)

    def _name_definitions(self, boxes: list[Box]) -> None:
        """Names for the top level, then for each lambda: those of functions beside it can recur."""
        top = self._named(None, _KEYWORDS)
        local: dict[Slot, set[str]] = {}  # slot -> the names of the definitions placed there
        for box in reversed(boxes):
            if isinstance(box, Lambda) and box.slot in self.definitions:
                outer = (local.get(slot, set()) for slot in box.free)
                local[box.slot] = self._named(box.slot, top.union(_KEYWORDS, *outer))

    def _named(self, place: Slot | None, reserved: AbstractSet[str]) -> set[str]:
        """Gives names to the definitions at a place, other than the reserved ones."""
        new: set[str] = set()
        numbers: dict[str, int] = {}  # hint -> the last number given to it
        for box in sorted(self.definitions[place], key=self._yields):
            hint = name = self._hint(box)
            while name in new or name in reserved:
                numbers[hint] = numbers.get(hint, 1) + 1
                name = f"{hint}_{numbers[hint]}"
            new.add(name)
            self.names[box] = name
        return new

    def _yields(self, box: Box) -> bool:
        return self.notes.get(box, Note()).yields

    def _name_slots(self, boxes: list[Box]) -> None:
        taken = _KEYWORDS | set(self.names.values())
        beside: dict[Box, set[str]] = {}  # lambda -> parameters that may stand in one list with its
        free: dict[Box, set[str]] = {}  # lambda -> names that its parameters may hide
        for box in reversed(boxes):
            if isinstance(box, Lambda):
                others = beside.setdefault(box, set())
                if self._yields(box):
                    free[box] = self._hidden(box)
                hidden = free.get(box, set())
                used = (taken - hidden) | others | {self.names[slot] for slot in box.free}
                name, number = box.slot.name, 2
                while name in used:
                    name, number = f"{box.slot.name}{number}", number + 1
                self.names[box.slot] = name
                if isinstance(box.body, Lambda):
                    beside.setdefault(box.body, set()).update(others, {name})
                    free[box.body] = hidden

    def _hidden(self, function: Lambda) -> set[str]:
        """The names of definitions that a function does not use: its parameters can hide them."""
        used = {self.names[part] for part in postorder(function) if part in self.names}
        return set(self.names.values()) - used

    def _hint(self, box: Box) -> str:
        known = self.source_names.get(box)
        if known is not None:
            return identifier(known, "part")
        match box:
            case Slider() | Switch() | Bargraph() | Soundfile():
                return identifier(plain_name(split_path(box.label)[-1]), "widget")
            case Group():
                return identifier(plain_name(box.label), "group")
            case ForeignFunction():
                return identifier(box.names[0], "foreign")
            case ForeignValue():
                return identifier(box.name, "foreign")
            case Waveform():
                return "samples"
            case Int() | Real():
                return "constant"
            case Route():
                return "routing"
            case Lambda():
                return "function"
            case Composition():
                return _composition_hint(box)
        return "part"

    # -- Text ----------------------------------------------------------------------------------

    def definition(self, box: Box, indent: int) -> str:
        return self.statement(self.names[box], box, indent)

    def statement(self, name: str, box: Box, indent: int) -> str:
        """`name = box;`, with the parameters of a lambda on the left."""
        slots, body, inner = self._unnested(box)
        head = f"{name}({', '.join(slots)}) = " if slots else f"{name} = "
        head, column = wrapped(head, deeper(indent), indent)
        write = self._text if slots else self._unnamed
        text = write(body, 0, deeper(indent), column)
        first, line_end, _ = text.partition("\n")
        # The first of a list is not the head's; other operands stay behind it where they fit.
        if (isinstance(body, Par) and line_end) or (slots and column + len(first) > WIDTH):
            text = write(body, 0, deeper(indent), deeper(indent))
            head = f"{head.rstrip()}\n{' ' * (deeper(indent))}"
        text = head + text
        if inner:
            text += self._with(inner, indent)
        return " " * indent + text + ";"

    def _unnested(self, box: Box) -> tuple[list[str], Box, list[Box]]:
        """The parameters of nested lambdas, the body, and the definitions local to it."""
        slots: list[str] = []
        inner: list[Box] = []
        while isinstance(box, Lambda) and (not slots or box not in self.names):
            slots.append(self.names[box.slot])
            inner += self.definitions.get(box.slot, [])
            box = box.body
        return slots, box, inner

    def _with(self, boxes: list[Box], indent: int) -> str:
        pad = " " * indent
        lines = [self.definition(inner, deeper(indent)) for inner in boxes]
        return "\n".join([f"\n{pad}with {{", *lines, f"{pad}}}"])

    def _text(self, box: Box, level: int, indent: int, column: int) -> str:
        """A box where `column` characters of the line are used; broken lines are indented."""
        return self.names.get(box) or self._unnamed(box, level, indent, column)

    def _unnamed(self, box: Box, level: int, indent: int, column: int) -> str:
        if isinstance(box, Lambda):
            return self._lambda(box, indent, column)
        shape = layout(box, self.names)
        if self._fits(shape, WIDTH - column - 1):
            text = self._flat(box, level)
            if column + len(text) < WIDTH:
                return text
        if shape.level < level:
            return f"({self._broken(shape, indent, column + 1)})"
        return self._broken(shape, indent, column)

    def _lambda(self, box: Lambda, indent: int, column: int) -> str:
        slots, body, inner = self._unnested(box)
        head, column = wrapped(rf"\({', '.join(slots)}).(", indent, column)
        text = self._text(body, 0, deeper(indent), column)
        return f"{head}{text}{self._with(inner, indent) if inner else ''})"

    def _broken(self, shape: Layout, indent: int, column: int) -> str:
        """A layout over several lines: one operand each, the operator first."""
        if not shape.operands:
            return fill(shape.head, indent, column)
        pad = "\n" + " " * indent
        if shape.tail is not None:
            if len(shape.operands) == 1:
                only, level = shape.operands[0]
                head, column = shape.head, column + len(shape.head)
                if column > WIDTH // 2 and shape.tail:
                    head, column = head.rstrip() + pad, indent
                # Calls inside each other, such as groups, fill the lines between two indents.
                step = 0 if len(layout(only, self.names).operands) == 1 else 4
                return f"{head}{self._text(only, level, deeper(indent, step), column)}{shape.tail}"
            parts = [
                self._text(operand, level, deeper(indent), indent)
                for operand, level in shape.operands
            ]
            return f"{shape.head}{pad}{f',{pad}'.join(parts)}{shape.tail}"
        if shape.head == ", " and (lines := self._filled(shape, indent, column)):
            return lines
        mark = shape.head.strip()
        lead = "" if mark == "," else f"{mark} "
        parts = []
        for index, (operand, level) in enumerate(shape.operands):
            start = column if index == 0 else indent + len(lead)
            parts.append(self._text(operand, level, deeper(indent), start))
        if mark == ",":
            return f",{pad}".join(packed(parts, indent, column))
        return f"{pad}{lead}".join(parts)

    def _filled(self, shape: Layout, indent: int, column: int) -> str | None:
        """A list of short texts, several to a line."""
        if not self._fits(shape, SHORT_ITEM * len(shape.operands)):
            return None
        items = [self.names.get(o) or self._flat(o, level) for o, level in shape.operands]
        return filled_lines(items, indent, column) if max(map(len, items)) <= SHORT_ITEM else None

    def _fits(self, shape: Layout, room: int) -> bool:
        """Whether a layout may fit on a line: a cheap bound, to not print what is too long."""
        stack = [shape]
        while stack:
            shape = stack.pop()
            room -= len(shape.head) if shape.tail is not None else 1
            for operand, _ in shape.operands:
                if operand in self.names:
                    room -= len(self.names[operand])
                elif isinstance(operand, Lambda) and self._unnested(operand)[2]:
                    return False
                else:
                    stack.append(layout(operand, self.names))
            if room < 0:
                return False
        return True

    def _flat(self, box: Box, level: int) -> str:
        if isinstance(box, Lambda):
            slots, body, _ = self._unnested(box)
            return rf"\({', '.join(slots)}).({self.names.get(body) or self._flat(body, 0)})"
        shape = layout(box, self.names)
        parts = [
            self.names.get(operand) or self._flat(operand, needed)
            for operand, needed in shape.operands
        ]
        text = join(shape, parts)
        return f"({text})" if shape.level < level else text


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
            stack.extend((operand, False) for operand, _ in reversed(layout(box, named).operands))
    return order


_GLUE: dict[type[Composition], str] = {
    Seq: "chain",
    Par: "bundle",
    Split: "split",
    Merge: "mix",
    Rec: "loop",
}
_OPERATIONS = {
    "+": "sum",
    "-": "difference",
    "*": "product",
    "/": "quotient",
    "%": "modulo",
    "^": "power",
    "@": "delayed",
    "mem": "previous",
    "int": "integer",
    "float": "real",
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "&", "|", "xor"), "test"),
    **dict.fromkeys(("<<", ">>"), "shifted"),
    **dict.fromkeys(("select2", "select3"), "selected"),
    **dict.fromkeys(("rdtable", "rwtable"), "table"),
}


def _composition_hint(box: Composition) -> str:
    if isinstance(box, Seq):
        last = box.right
        while isinstance(last, Seq):
            last = last.right
        if isinstance(last, Primitive):
            return _OPERATIONS.get(last.name) or f"{last.name}_of"
    return _GLUE[type(box)]


def identifier(text: str, fallback: str) -> str:
    """A Faust identifier that resembles a text."""
    words = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_")
    if not words or words[0].isdigit():
        words = f"{fallback}_{words}".rstrip("_")
    return words
