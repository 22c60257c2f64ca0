"""What each stage makes of a program, as texts to read: docs/architecture.md shows them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import accumulate, zip_longest

from fad.base.cache import Cache
from fad.base.source import Source
from fad.diagram.box import Box, Composition, Group, Lambda
from fad.differentiation.active_sets import Active, Bundles, members
from fad.differentiation.dual import Dual
from fad.differentiation.variables import Variable
from fad.syntax import parser
from fad.syntax.builder import Token
from fad.syntax.nodes import Node
from fad.text.emitter import definitions
from fad.text.printer import atom

_WIDTH = 96
_INDENT = "  "
#: A line of a tree, and notes about it, which stand in columns.
_Line = Sequence[str]


# -- Texts and trees ----------------------------------------------------------------------------


def tokens(source: Source, cache: Cache) -> str:
    """The words of a text with their kinds below them; a line ends where a statement does."""
    statements: list[list[Token]] = [[]]
    for token in parser._grammar(cache).tokens(source):
        statements[-1].append(token)
        if token.text == ";":
            statements.append([])
    return "\n\n".join(
        _in_columns([[token.text for token in line], [token.type for token in line]])
        for statement in statements
        for line in _broken(statement)
    )


def _broken(statement: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """A statement in lines of about the same width."""
    widths = [2 + max(len(token.text), len(token.type)) for token in statement]
    count = math.ceil(sum(widths) / _WIDTH)
    lines: list[list[Token]] = [[] for _ in range(count)]
    for token, end in zip(statement, accumulate(widths), strict=True):
        lines[math.ceil(end * count / sum(widths)) - 1].append(token)
    yield from lines


def syntax_tree(nodes: Sequence[Node]) -> str:
    """Syntax nodes with what is in them, an indented line each."""
    return "\n".join(line for node in nodes for line in _node_lines("", node, 0))


def _node_lines(head: str, node: Node, depth: int) -> Iterator[str]:
    inside: list[tuple[str, Node]] = []
    words = [head + type(node).__name__]
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            inside.append((f"{field.name}: ", value))
        elif isinstance(value, tuple) and value:
            inside += ((f"{field.name}: ", item) for item in value)
        elif field.repr and value not in (None, (), frozenset()):
            words.append(f"{field.name}={value}")
    yield _INDENT * depth + " ".join(words)
    for name, child in inside:
        yield from _node_lines(name, child, depth + 1)


def diagram_tree(box: Box, names: Mapping[Box, str]) -> str:
    """A diagram with the boxes in it, an indented line each, with its arity and its name.

    Args:
        box: the diagram.
        names: the names of its parts. What is inside a function with a name is left out.
    """
    return _in_columns(list(_box_lines(box, names, 0)))


def _box_lines(box: Box, names: Mapping[Box, str], depth: int) -> Iterator[_Line]:
    assert box.arity is not None
    inputs, outputs = box.arity
    head = f"{_INDENT * depth}{type(box).__name__} {_written(box)}"
    yield head, f"{inputs} -> {outputs}", names.get(box, "")
    if not (isinstance(box, Lambda) and box in names):
        for child in box.children:
            yield from _box_lines(child, names, depth + 1)


def _written(box: Box) -> str:
    """How a box is written, without what is inside."""
    match box:
        case Composition():
            return f"A {box.operator} B"
        case Variable():
            return f"{atom(box.signal)}, lane {box.lane}, tangent {box.value}"
        case Lambda():
            slots = [box.slot.name]
            while isinstance(box.body, Lambda):
                box = box.body
                slots.append(box.slot.name)
            return rf"\({', '.join(slots)})"
        case Group():
            return box.kind
    return atom(box)


# -- Duals --------------------------------------------------------------------------------------


def functions(dual: Dual) -> str:
    """What operations do to values and tangents: the functions among the parts with a name."""
    texts = definitions(dual.box, dual.names, {})
    return "\n".join(text for box, text in texts.items() if isinstance(box, Lambda))


def parts(dual: Dual) -> str:
    """The parts that tangents reach, and which parameters are active on their wires."""
    labels = dual.seeds.labels
    lines = [("part", "on its inputs", "on its outputs", "its dual")]
    lines += [
        (
            f"{type(part.source).__name__} {atom(part.source)}",
            _sets(part.inputs, labels),
            _sets(part.outputs, labels),
            dual.names[part.dual],
        )
        for part in dual.parts
    ]
    return _in_columns(lines)


def _sets(bundles: Bundles, names: Sequence[str]) -> str:
    return " ".join(_set(active, names) for active in bundles)


def _set(active: Active, names: Sequence[str]) -> str:
    return f"{{{', '.join(names[index] for index in members(active))}}}"


def _in_columns(lines: Sequence[_Line]) -> str:
    columns = zip_longest(*lines, fillvalue="")
    widths = [max(map(len, column)) for column in columns]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=False)).rstrip()
        for line in lines
    )
