"""Faust text from a core diagram: shared diagrams named, lines that a person would write.

A diagram that occurs more than once becomes a definition, under the name it has in the source
where there is one. A definition that uses the variable of a lambda is local to that lambda, in a
`with`. Definitions stand before their uses; `process` is the last one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field

from fad.box import (
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
)
from fad.labels import plain_name, split_path
from fad.primitives import PRIMITIVES
from fad.printer import Layout, flat, join, layout
from fad.scope import Closure, EnvironmentValue, Function, PatternVariable
from fad.slots import separate

#: Lines are broken at operators to stay within this many columns.
WIDTH = 100
#: A diagram that occurs again gets a name when its text is at least this long.
_SHARED_LENGTH = 10
#: A diagram with a name in the source keeps it when its text is at least this long.
_NAMED_LENGTH = 24
#: Deeper expressions are cut into definitions: parsers have a stack, and readers one too.
_MAX_NESTING = 24

_KEYWORDS = frozenset(
    [name for name in PRIMITIVES if name.isidentifier()]
    + """any pow with letrec where ffunction fconstant fvariable button checkbox vslider hslider
    nentry vgroup hgroup tgroup vbargraph hbargraph soundfile seq par sum prod inputs outputs
    import component library environment waveform route declare case singleprecision
    doubleprecision quadprecision fixedpointprecision minput process""".split()
)


def emit(process: Box, names: Mapping[Box, str] | None = None, header: Iterable[str] = ()) -> str:
    """A whole Faust program.

    Args:
        process: the closed diagram to write.
        names: the names that diagrams have in the source; a name that is taken or reserved gets
            a number.
        header: lines to put first, as they are.

    Returns:
        The text. Read back, it evaluates to `process`; equal arguments give equal text.
    """
    process, names = separate(process, names or {})
    plan = _Plan(process, names)
    lines = list(header)
    if lines:
        lines.append("")
    lines += [plan.definition(box, 0) for box in plan.definitions[None]]
    lines.append(plan.statement("process", process, 0))
    return "\n".join(lines) + "\n"


def excerpt(box: Box, limit: int = 60) -> str:
    """A diagram on one line for a message, cut to a length; functions may be inside."""

    def name(inner: Box) -> str | None:
        if isinstance(inner, Closure):
            return rf"\({', '.join(inner.node.params[inner.applied :])}).(...)"
        if isinstance(inner, PatternVariable):
            return inner.name
        if isinstance(inner, EnvironmentValue):
            return "environment {...}"
        return "case {...}" if isinstance(inner, Function) else None

    text = _shallow(box, name, 6)
    return text if len(text) <= limit else f"{text[: limit - 4]} ..."


def _shallow(box: Box, name: Callable[[Box], str | None], depth: int) -> str:
    """A box on one line with what is deeper than a few levels left out."""
    levels: dict[Box, int] = {box: 0}
    for inner in reversed(list(_bounded(box, depth))):
        for child in inner.children:
            levels.setdefault(child, levels.get(inner, 0) + 1)
    return flat(box, name=lambda inner: name(inner) or ("..." if inner not in levels else None))


def _bounded(box: Box, depth: int) -> Iterable[Box]:
    """The boxes within a few levels of a box, the outermost last."""
    rows = [[box]]
    for _ in range(depth):
        rows.append([child for inner in rows[-1] for child in inner.children][:64])
    return [inner for row in reversed(rows) for inner in row]


@dataclass
class _Plan:
    """Which diagrams become definitions, where, and under which names."""

    process: Box
    source_names: Mapping[Box, str]
    #: Lambda slot (or `None` for the top level) -> the diagrams defined there, in order.
    definitions: dict[Slot | None, list[Box]] = field(default_factory=dict)
    names: dict[Box, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.definitions[None] = []
        boxes = _written_order(self.process, self.source_names)
        chosen = self._choose(boxes)
        self._place(boxes, chosen)
        self._name_definitions(chosen)
        self._name_slots(boxes)

    def _choose(self, boxes: list[Box]) -> list[Box]:
        """The boxes that become definitions, children before parents."""
        uses: dict[Box, int] = {}
        for box in boxes:
            for operand, _ in layout(box, self.source_names).operands:
                uses[operand] = uses.get(operand, 0) + 1
        length: dict[Box, int] = {}
        depth: dict[Box, int] = {}
        chosen = []
        for box in boxes:
            shape = layout(box, self.source_names)
            parts = [operand for operand, _ in shape.operands]
            between = len(shape.head) * max(1, len(parts)) + len(shape.tail or "")
            length[box] = between + sum(length.get(part, 0) for part in parts)
            depth[box] = 1 + max((depth.get(part, 0) for part in parts), default=0)
            if box is self.process or isinstance(box, Slot | Primitive):
                continue
            shared = uses[box] > 1 and length[box] >= _SHARED_LENGTH
            named = box in self.source_names and length[box] >= _NAMED_LENGTH
            if shared or named or depth[box] >= _MAX_NESTING:
                chosen.append(box)
                length[box] = len(self._hint(box))
                depth[box] = 1
        return chosen

    def _place(self, boxes: list[Box], chosen: list[Box]) -> None:
        """A definition goes to the innermost lambda whose variable it uses."""
        binders = {box.slot: box for box in boxes if isinstance(box, Lambda)}
        for box in chosen:
            place: Slot | None = None
            for slot in box.free:
                if place is None or place in binders[slot].free:
                    place = slot
            self.definitions.setdefault(place, []).append(box)

    def _name_definitions(self, chosen: list[Box]) -> None:
        taken = set(_KEYWORDS)
        numbers: dict[str, int] = {}  # hint -> the last number given to it
        for box in chosen:
            hint = name = self._hint(box)
            while name in taken:
                numbers[hint] = numbers.get(hint, 1) + 1
                name = f"{hint}_{numbers[hint]}"
            taken.add(name)
            self.names[box] = name

    def _name_slots(self, boxes: list[Box]) -> None:
        taken = _KEYWORDS | set(self.names.values())
        beside: dict[Box, set[str]] = {}  # lambda -> parameters that may stand in one list with its
        for box in reversed(boxes):
            if isinstance(box, Lambda):
                others = beside.setdefault(box, set())
                used = taken | others | {self.names[slot] for slot in box.free}
                name, number = box.slot.name, 2
                while name in used:
                    name, number = f"{box.slot.name}{number}", number + 1
                self.names[box.slot] = name
                if isinstance(box.body, Lambda):
                    beside.setdefault(box.body, set()).update(others, {name})

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
        head, column = _wrapped(head, indent + 4, indent)
        write = self._text if slots else self._unnamed
        text = head + write(body, 0, indent + 4, column)
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
        lines = [self.definition(inner, indent + 4) for inner in boxes]
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
        head, column = _wrapped(rf"\({', '.join(slots)}).(", indent, column)
        text = self._text(body, 0, indent + 4, column)
        return f"{head}{text}{self._with(inner, indent) if inner else ''})"

    def _broken(self, shape: Layout, indent: int, column: int) -> str:
        """A layout over several lines: one operand each, the operator first."""
        if not shape.operands:
            return _fill(shape.head, indent, column)
        pad = "\n" + " " * indent
        if shape.tail is not None:
            if len(shape.operands) == 1:
                only, level = shape.operands[0]
                head, column = shape.head, column + len(shape.head)
                if column > WIDTH // 2 and shape.tail:
                    head, column = head.rstrip() + pad, indent
                # Calls inside each other, such as groups, fill the lines between two indents.
                step = 0 if len(layout(only, self.names).operands) == 1 else 4
                return f"{head}{self._text(only, level, indent + step, column)}{shape.tail}"
            parts = [
                self._text(operand, level, indent + 4, indent) for operand, level in shape.operands
            ]
            return f"{shape.head}{pad}{f',{pad}'.join(parts)}{shape.tail}"
        mark = shape.head.strip()
        lead = "" if mark == "," else f"{mark} "
        parts = []
        for index, (operand, level) in enumerate(shape.operands):
            start = column if index == 0 else indent + len(lead)
            parts.append(self._text(operand, level, indent + 4, start))
        return f"{',' if mark == ',' else ''}{pad}{lead}".join(parts)

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


def _wrapped(head: str, indent: int, column: int) -> tuple[str, int]:
    """A text before an expression, and the column where the expression begins."""
    if column + len(head) < WIDTH:
        return head, column + len(head)
    return f"{_fill(head.rstrip(), indent, column)}\n{' ' * indent}", indent


def _fill(text: str, indent: int, column: int) -> str:
    """A long text (a waveform, parameters) broken after commas, but never inside a label."""
    if '"' in text:
        return text
    lines, line = [], ""
    for piece in re.split(r"(?<=, )", text):
        if line and column + len(line) + len(piece.rstrip()) >= WIDTH:
            lines.append(line.rstrip())
            line, column = "", indent
        line += piece
    lines.append(line)
    return ("\n" + " " * indent).join(lines)
