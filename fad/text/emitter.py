"""Faust text from a core diagram: shared diagrams named, lines that a person would write.

A diagram that occurs more than once becomes a definition, under the name it has in the source
where there is one. A definition that uses the variable of a lambda is local to that lambda, in a
`with`. Definitions stand before their uses; `process` is the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fad.base.deep_stack import recursive
from fad.base.prose import visible
from fad.diagram.box import Box, Lambda, Par
from fad.text.lines import (
    SHORT_ITEM,
    WIDTH,
    Cut,
    comment,
    deeper,
    fill,
    filled_lines,
    packed,
    wrapped,
)
from fad.text.plan import Note, Plan, planned
from fad.text.printer import Layout, join, with_names
from fad.text.templates import Take, Template, bound_by


class Written(NamedTuple):
    """A program as a text.

    Attributes:
        text: the whole text.
        places: the diagrams that are definitions at its top level, and the one that is `process` ->
            the numbers of the first character, and of the one behind the last.
    """

    text: str
    places: Mapping[Box, tuple[int, int]]


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
    return written(process, names or {}, header, notes or {}).text


@recursive
def written(
    process: Box, names: Mapping[Box, str], header: Iterable[str], notes: Mapping[Box, Note]
) -> Written:
    """The same, and where its definitions are. For the arguments, see `emit`."""
    plan = planned(process, names, notes)
    writer = _Writer(plan)
    paragraphs: dict[int, list[_Piece]] = {}
    for box in plan.definitions[None]:
        note = plan.notes.get(box, Note())
        pieces = paragraphs.setdefault(note.paragraph, [])
        pieces += [_Piece(line) for line in note.above]
        pieces += _commented(_Piece(writer.definition(box, 0), box), note.comment)
    last = paragraphs.setdefault(Note().paragraph, [])
    last += [_Piece(line) for line in plan.notes.get(plan.process, Note()).above]
    last.append(_Piece(writer.statement("process", plan.process, 0), plan.process))
    blocks = [[_Piece(line) for line in header], *(paragraphs[key] for key in sorted(paragraphs))]
    text, places = _put_together(blocks)
    # Callers know them by what they were before each lambda had a slot of its own.
    given = {old: places[new] for old, new in plan.became.items() if new in places}
    return Written(text, {**places, **given})


class _Piece(NamedTuple):
    """Whole lines of a program.

    Attributes:
        text: the lines.
        defined: the diagram that they define, if they do.
        behind: a comment behind them.
    """

    text: str
    defined: Box | None = None
    behind: str = ""


def _put_together(blocks: Iterable[Sequence[_Piece]]) -> Written:
    """The program whose paragraphs are made of these pieces."""
    lines: list[str] = []
    places: dict[Box, tuple[int, int]] = {}
    start = 0
    for block in filter(None, blocks):
        if lines:
            lines.append("")
            start += 1
        for text, defined, behind in block:
            if defined is not None:
                places[defined] = start, start + len(text)
            lines.append(text + behind)
            start += len(text) + len(behind) + 1
    return Written("\n".join(lines) + "\n", places)


@recursive
def definitions(
    process: Box, names: Mapping[Box, str], notes: Mapping[Box, Note]
) -> Mapping[Box, str]:
    """The text of each definition at the top level of what `emit` writes, by its diagram."""
    plan = planned(process, names, notes)
    writer = _Writer(plan)
    return {
        box: "\n".join([*plan.notes.get(box, Note()).above, writer.definition(box, 0)])
        for box in plan.definitions[None]
    }


def _commented(piece: _Piece, said: str) -> list[_Piece]:
    """A definition with a comment behind it, or before it where that is too long."""
    if not said:
        return [piece]
    behind = f" // {visible(said)}"
    if "\n" not in piece.text and len(piece.text) + len(behind) <= WIDTH:
        return [piece._replace(behind=behind)]
    return [*map(_Piece, comment(said)), piece]


#: The n-th of a list, counted from 1.
_TAKE = """\
{name}(1, (x, xs)) = x;
{name}(1, x) = x;
{name}(n, (x, xs)) = {name}(n - 1, xs);"""


class _Writer:
    """Writes what is planned."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def definition(self, box: Box, indent: int) -> str:
        return self.statement(self._plan.names[box], box, indent)

    def statement(self, name: str, box: Box, indent: int) -> str:
        """`name = box;`, with the parameters of a lambda on the left."""
        if isinstance(box, Take):
            return _TAKE.format(name=name)
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
        elif line_end and (cut := Cut.of(first)):
            # ... but are not cut for that.
            below = write(body, 0, deeper(indent), deeper(indent))
            first, _, _ = below.partition("\n")
            if Cut.of(first) < cut and deeper(indent) + len(first) < WIDTH:
                text, head = below, f"{head.rstrip()}\n{' ' * (deeper(indent))}"
        text = head + text
        if inner:
            text += self._with(inner, indent)
        return " " * indent + text + ";"

    def _unnested(self, box: Box) -> tuple[list[str], Box, list[Box]]:
        """The parameters of nested lambdas, the body, and the definitions local to it."""
        slots: list[str] = []
        inner: list[Box] = []
        while isinstance(box, Lambda | Template) and (not slots or box not in self._plan.names):
            slots += (self._plan.names[slot] for slot in bound_by(box))
            inner += self._plan.definitions.get(box, [])
            box = box.body
        return slots, box, inner

    def _with(self, boxes: Sequence[Box], indent: int) -> str:
        pad = " " * indent
        lines = []
        for inner in boxes:
            above = self._plan.notes.get(inner, Note()).above
            lines += [" " * deeper(indent) + line for line in above]
            lines.append(self.definition(inner, deeper(indent)))
        return "\n".join([f"\n{pad}with {{", *lines, f"{pad}}}"])

    def _text(self, box: Box, level: int, indent: int, column: int) -> str:
        """A box where `column` characters of the line are used; broken lines are indented."""
        return self._plan.names.get(box) or self._unnamed(box, level, indent, column)

    def _unnamed(self, box: Box, level: int, indent: int, column: int) -> str:
        if isinstance(box, Lambda):
            return self._lambda(box, indent, column)
        shape = self._shape(box)
        if self._fits(shape, WIDTH - column - 1):
            text = self._flat(box, level)
            if column + len(text) < WIDTH:
                return text
        if shape.level < level:
            return f"({self._broken(shape, indent, column + 1)})"
        return self._broken(shape, indent, column)

    def _shape(self, box: Box) -> Layout:
        return with_names(box, self._plan.names)

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
                step = 0 if len(self._shape(only).operands) == 1 else 4
                return f"{head}{self._text(only, level, deeper(indent, step), column)}{shape.tail}"
            parts = [
                self._text(operand, level, deeper(indent), indent)
                for operand, level in shape.operands
            ]
            joined = f",{pad}".join(packed(parts, indent, indent))
            return f"{shape.head}{pad}{joined}{shape.tail}"
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
        items = [self._plan.names.get(o) or self._flat(o, level) for o, level in shape.operands]
        return filled_lines(items, indent, column) if max(map(len, items)) <= SHORT_ITEM else None

    def _fits(self, shape: Layout, room: int) -> bool:
        """Whether a layout may fit on a line: a cheap bound, to not print what is too long."""
        stack = [shape]
        while stack:
            shape = stack.pop()
            room -= len(shape.head) if shape.tail is not None else 1
            for operand, _ in shape.operands:
                if operand in self._plan.names:
                    room -= len(self._plan.names[operand])
                elif isinstance(operand, Lambda) and self._unnested(operand)[2]:
                    return False
                else:
                    stack.append(self._shape(operand))
            if room < 0:
                return False
        return True

    def _flat(self, box: Box, level: int) -> str:
        if isinstance(box, Lambda):
            slots, body, _ = self._unnested(box)
            return rf"\({', '.join(slots)}).({self._plan.names.get(body) or self._flat(body, 0)})"
        shape = self._shape(box)
        parts = [
            self._plan.names.get(operand) or self._flat(operand, needed)
            for operand, needed in shape.operands
        ]
        text = join(shape, parts)
        return f"({text})" if shape.level < level else text
