"""Core diagrams as Faust expressions, with one precedence table and minimal parentheses.

What is printed reads back as the same diagram, also where the language would compute: a sum of
two numbers that was not folded is written `+(2, 3)`, because `2 + 3` is 5.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from fad.diagram.box import (
    Bargraph,
    Box,
    Composition,
    Cut,
    EmptyEnvironment,
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
    Wire,
    bus_size,
    factors,
    parallel,
)
from fad.diagram.primitives import INFIX, PRIMITIVES, RIGHT_ARGUMENT
from fad.diagram.ruled import Ruled
from fad.text.templates import (
    TAKE,
    Call,
    Element,
    Iteration,
    Numbered,
    Progression,
    Take,
    Template,
    is_number,
    labelled,
)

# Binding strengths, loosest first, as in the grammar.
SPLIT, SEQ, PAR, REC, COMPARE, ADD, MULTIPLY, POWER, DELAY, POSTFIX, ATOM = range(11)
#: What an argument of a call may be without parentheses: a `,` would separate.
ARGUMENT = REC

_INFIX_LEVELS = {
    **dict.fromkeys(("<", "<=", "==", ">", ">=", "!="), COMPARE),
    **dict.fromkeys(("+", "-", "|"), ADD),
    **dict.fromkeys(("*", "/", "%", "&", "xor", "<<", ">>"), MULTIPLY),
    "^": POWER,
    "@": DELAY,
}
_LEVELS: dict[type[Composition], int] = {
    Split: SPLIT,
    Merge: SPLIT,
    Seq: SEQ,
    Par: PAR,
    Rec: REC,
}
#: Names, numbers, wires: a list of these needs no blanks.
_SIMPLE = re.compile(r"[\w.!-]+")
#: A chain with more parts is written in parentheses, where it is an argument.
_LONGEST_CHAIN = 16
#: More wires, or connections of neighbouring wires, are written with `par`.
LONGEST_LIST = 6
_TIGHT = ("*", "/", "^", "@", "%")


class Layout(NamedTuple):
    """How a box is written: an operator between operands, a call with arguments, or plain text.

    Attributes:
        level: the binding strength of the whole.
        head: the operator of a chain (with its blanks), the text before the arguments of a call,
            or the whole text.
        operands: the parts with the binding strength each needs to go without parentheses.
        tail: for a call, the text after its arguments; `None` for an operator.
        function: for a call of a template, the template, whose name is written before the head.
    """

    level: int
    head: str
    operands: tuple[tuple[Box, int], ...] = ()
    tail: str | None = ""
    function: Box | None = None

    @property
    def parts(self) -> tuple[Box, ...]:
        """The boxes that are written inside."""
        operands = tuple(operand for operand, _ in self.operands)
        return operands if self.function is None else (self.function, *operands)


def layout(box: Box, named: Container[Box] = ()) -> Layout:
    """How a box is written, one level deep.

    Args:
        box: the box.
        named: boxes that will be written as a name, where an operator chain ends.
    """
    match box:
        case Seq():
            return _operation(box, named) or _chain(box, named)
        case Rec():
            return Layout(REC, " ~ ", ((box.left, REC), (box.right, COMPARE)), None)
        case Par() if (size := bus_size(box)) > LONGEST_LIST:
            return Layout(ATOM, f"par(i, {size}, {atom(box.left)})")
        case Composition():
            return _chain(box, named)
        case Ruled():
            return layout(box.function, named)
        case Group():
            body = (box.body, ARGUMENT if _begins_with_list(box.body, named) else SPLIT)
            return Layout(ATOM, f"{box.kind}({quote(box.label)}, ", (body,), ")")
        case Lambda():
            return Layout(ATOM, rf"\({box.slot.name}).(", ((box.body, SPLIT),), ")")
        case Numbered():
            return _numbered(box, ["%n"] * len(box.numbers), {}, named)
        case Iteration():
            body = (box.body, _argument_level(box.body))
            return Layout(ATOM, f"{box.kind}({box.index.name}, {box.count}, ", (body,), ")")
        case Progression():
            return _progression(box)
        case Element():
            return _element(box)
        case Take():
            return Layout(ATOM, "take")
        case Template():
            return Layout(ATOM, "", ((box.body, SPLIT),))
        case Call():
            arguments = tuple((a, _argument_level(a)) for a in box.arguments)
            return Layout(POSTFIX, "(", arguments, ")", box.template)
        case Primitive() if box.name in INFIX:
            return Layout(REC, box.name)  # as an operand of another operator: `(+)*2`
        case _:
            return Layout(ATOM, atom(box))


def with_names(box: Box, names: Mapping[Box, str]) -> Layout:
    """How a box is written when all names are known: those of functions and slots in its head."""
    match box:
        case Numbered():
            numbers = (
                str(each.value) if isinstance(each, Int) else f"%{{{names[each]}}}"
                for each in box.numbers
            )
            return _numbered(box, numbers, names, names)
        case Iteration():
            shape = layout(box, names)
            return shape._replace(head=f"{box.kind}({names[box.index]}, {box.count}, ")
        case Progression():
            return _progression(box, names[box.index])
        case Element():
            return _element(box, names[box.index], names[TAKE])
        case Call():
            shape = layout(box, names)
            return shape._replace(head=names[box.template] + shape.head)
    return layout(box, names)


def _numbered(
    box: Numbered, numbers: Iterable[str], slots: Mapping[Box, str], named: Container[Box]
) -> Layout:
    """A widget or a group with numbers in its label, and names of slots behind it."""
    widget = labelled(box.frame, box.label(numbers))
    if not (box.values and isinstance(widget, Slider)):
        return layout(widget, named)
    values = (bound(v.value) if isinstance(v, Real) else slots.get(v, "c") for v in box.values)
    return Layout(ATOM, f"{widget.kind}({quote(widget.label)}, {', '.join(values)})")


def _progression(box: Progression, index: str = "i") -> Layout:
    if abs(box.step) == 1:
        first = index if box.step == 1 else f"0 - {index}"
    else:
        first = f"{box.step}*{index}"
    if box.start == 0:
        return Layout(MULTIPLY if box.step > 1 else ADD, first)
    if box.step < 0 < box.start:
        less = index if box.step == -1 else f"{-box.step}*{index}"
        return Layout(ADD, f"{box.start} - {less}")
    return Layout(ADD, f"{first} {'+' if box.start > 0 else '-'} {abs(box.start)}")


def _element(box: Element, index: str = "i", take: str = "take") -> Layout:
    values = ", ".join(map(atom, box.values))
    return Layout(POSTFIX, f"{take}({index} + 1, ({values}))", function=TAKE)


def _chain(box: Composition, named: Container[Box]) -> Layout:
    """A right-associative composition with its right operands of the same operator unfolded."""
    kind, level = type(box), _LEVELS[type(box)]
    operands: list[tuple[Box, int]] = [(box.left, level + 1)]
    rest = box.right
    while (
        isinstance(rest, Composition)
        and type(rest) is kind
        and rest not in named
        and not (isinstance(rest, Seq) and _operation(rest))
        and (operands[-1][0] is rest.left or bus_size(rest) <= LONGEST_LIST)
    ):
        operands.append((rest.left, level + 1))
        rest = rest.right
    operands.append((rest, level))
    head = ", " if kind is Par else f" {kind.operator} "
    return Layout(level, head, tuple(operands), None)


def _operation(box: Seq, named: Container[Box] = ()) -> Layout | None:
    """`A : f` as an infix operation or a call, where programmers write it so."""
    function = box.right
    if not isinstance(function, Primitive | ForeignFunction | Wire):
        return None
    arguments = list(factors(box.left))
    plain = parallel(arguments) is box.left and all(a.arity == (0, 1) for a in arguments)
    inputs = function.arity[0] if function.arity else 0
    name = function.name if isinstance(function, Primitive) else "_"
    if name == "mem" and plain and len(arguments) == 1:
        return Layout(POSTFIX, "", ((arguments[0], POSTFIX),), "'")
    if _folds(function, arguments):
        return _call(name, arguments)
    pair = _infix_operands(box)
    if pair is not None:
        left, right = pair
        if name == "-" and left is Int(0) and (isinstance(right, Slot) or right in named):
            return Layout(ATOM, "-", ((right, ATOM),), "")
        if isinstance(left, Wire) and right.arity == (0, 1):
            return _call(name, [right])  # `*(2)`
        level = _INFIX_LEVELS[name]
        operands = [(right, level + 1)]
        while left not in named and (inner := _same_operator(left, function)):
            left, right = inner
            operands.append((right, level + 1))
        operands.append((left, level))
        operator = name if name in _TIGHT else f" {name} "
        return Layout(level, operator, tuple(reversed(operands)), None)
    if not isinstance(function, Primitive):
        return None
    if plain and len(arguments) == inputs:
        return _call(name, arguments)
    if inputs == 2 and name not in RIGHT_ARGUMENT and isinstance(box.left, Par):
        first, second = box.left.children
        if first.arity == (0, 1) and isinstance(second, Wire):
            return _call(name, [first])  # `max(0)`
    return None


def _infix_operands(box: Seq) -> tuple[Box, Box] | None:
    """The operands of `A , B : op`, where op can stand between them."""
    function, pair = box.right, box.left
    if not (isinstance(function, Primitive) and function.name in INFIX and isinstance(pair, Par)):
        return None
    if isinstance(pair.right, Par) or _outputs(pair.left) != 1 or _outputs(pair.right) != 1:
        return None  # such as `_,!,_ : +`
    return pair.left, pair.right


def _same_operator(box: Box, function: Box) -> tuple[Box, Box] | None:
    """The operands of a box that is written as `left op right` with this operator."""
    if not (isinstance(box, Seq) and box.right is function):
        return None
    pair = _infix_operands(box)
    if pair is None or _folds(function, list(pair)):
        return None
    return None if isinstance(pair[0], Wire) and pair[1].arity == (0, 1) else pair


def _call(name: str, arguments: list[Box]) -> Layout:
    operands = tuple((a, _argument_level(a)) for a in arguments)
    return Layout(POSTFIX, f"{name}(", operands, ")")


def _argument_level(box: Box) -> int:
    return SPLIT if _is_chain(box) else ARGUMENT


def _is_chain(box: Box) -> bool:
    """Whether a box is written as a chain without a `,` outside of parentheses."""
    if not isinstance(box, Seq | Split | Merge):
        return False
    stack: list[Box] = [box]
    for _ in range(_LONGEST_CHAIN):
        if not stack:
            return True
        part = stack.pop()
        if isinstance(part, Par):
            return False
        if isinstance(part, Split | Merge) or (isinstance(part, Seq) and not _infix_operands(part)):
            stack += part.children
    return False


def _begins_with_list(box: Box, named: Container[Box]) -> bool:
    """Whether the first `,` of what is written is not inside parentheses."""
    while isinstance(box, Seq | Split | Merge) and box not in named:
        if isinstance(box, Seq) and _operation(box, named):
            return False
        box = box.left
    return isinstance(box, Par) and box not in named


def _folds(function: Box, arguments: list[Box]) -> bool:
    """Whether `arguments : function` would be computed when it is read back."""
    small = isinstance(function, Wire) or (
        isinstance(function, Primitive) and PRIMITIVES[function.name] <= 2
    )
    return small and all(map(is_number, arguments))


def computes(box: Box) -> bool:
    """Whether a diagram would be computed when it is read back, if it were written as it is."""
    return isinstance(box, Seq) and _folds(box.right, list(factors(box.left)))


def _outputs(box: Box) -> int:
    return box.arity[1] if box.arity else -1


# -- Leaves -----------------------------------------------------------------------------------


def atom(box: Box) -> str:
    """The text of a box without boxes inside."""
    match box:
        case Wire():
            return "_"
        case Cut():
            return "!"
        case Int():
            return str(box.value)
        case Real():
            return real(box.value)
        case Primitive():
            return box.name
        case Slot():
            return box.name
        case Switch():
            return f"{box.kind}({quote(box.label)})"
        case Slider():
            bounds = ", ".join(map(bound, (box.init, box.min, box.max, box.step)))
            return f"{box.kind}({quote(box.label)}, {bounds})"
        case Bargraph():
            return f"{box.kind}({quote(box.label)}, {bound(box.min)}, {bound(box.max)})"
        case Soundfile():
            return f"soundfile({quote(box.label)}, {box.channels})"
        case Waveform():
            return f"waveform{{{', '.join(map(atom, box.values))}}}"
        case Route():
            return f"route({', '.join([str(box.inputs), str(box.outputs), *_connections(box)])})"
        case ForeignFunction():
            names, types = "|".join(box.names), ", ".join(box.arguments)
            return f"ffunction({box.type} {names}({types}), {box.include}, {box.library})"
        case ForeignValue():
            return f"{box.kind}({box.type} {box.name}, {box.include})"
        case EmptyEnvironment():
            return "environment {}"
    raise TypeError(f"{type(box).__name__} is not a leaf")


def _connections(route: Route) -> Iterator[str]:
    """The connections of a route; regular ones in one."""
    pairs = route.pairs
    start = 0
    while start < len(pairs):
        text, count = max(_regular(pairs, start), key=itemgetter(1))
        if count <= LONGEST_LIST:
            text, count = _connection(pairs[start], {}), 1
        yield text
        start += count


def _regular(pairs: Sequence[tuple[int, int]], start: int) -> Iterator[tuple[str, int]]:
    """The connections from one on as iterations, and how many these are.

    Those from one progression of wires to another, such as `par(i, 8, (i + 1, 3*i + 1))`, and those
    of groups of neighbouring wires, as in a matrix of signals that are several wires each.
    """
    first = pairs[start]
    size, along = _progressing(pairs, start)
    yield f"par(i, {size}, {_connection(first, {'i': along})})", size
    if along == (1, 1) and start + size < len(pairs):
        step = _step(first, pairs[start + size])
        groups = 1
        while _progressing(pairs, start + groups * size, size) == (size, along) and step == _step(
            pairs[start + (groups - 1) * size], pairs[start + groups * size]
        ):
            groups += 1
        each = f"par(j, {size}, {_connection(first, {'i': step, 'j': along})})"
        yield f"par(i, {groups}, {each})", groups * size


def _progressing(
    pairs: Sequence[tuple[int, int]], start: int, most: int | None = None
) -> tuple[int, tuple[int, int]]:
    """How many pairs, from one on, are in arithmetic progression, and its step.

    Args:
        pairs: all pairs.
        start: the place of the first one.
        most: how many to look at.
    """
    stop = len(pairs) if most is None else min(len(pairs), start + most)
    if stop - start < 2:
        return stop - start, (0, 0)
    step = _step(pairs[start], pairs[start + 1])
    place = start + 2
    while place < stop and _step(pairs[place - 1], pairs[place]) == step:
        place += 1
    return place - start, step


def _step(pair: tuple[int, int], after: tuple[int, int]) -> tuple[int, int]:
    return after[0] - pair[0], after[1] - pair[1]


def _connection(pair: tuple[int, int], steps: Mapping[str, tuple[int, int]]) -> str:
    """The connection at some place of iterations.

    Args:
        pair: the first connection.
        steps: how far the next one is away, by the indices of the iterations.
    """
    source, target = (
        _linear(start, {index: step[side] for index, step in steps.items()})
        for side, start in enumerate(pair)
    )
    return f"({source}, {target})" if steps else f"({source},{target})"


def _linear(start: int, steps: Mapping[str, int]) -> str:
    """A number that is not negative as a linear function of indices, such as `3*i + j + 1`."""
    terms = [
        (step > 0, index if abs(step) == 1 else f"{abs(step)}*{index}")
        for index, step in steps.items()
        if step
    ]
    if start or not terms:
        terms.append((True, str(start)))
    terms.sort(key=itemgetter(0), reverse=True)
    (_, text), *rest = terms
    return text + "".join(f" {'+' if is_added else '-'} {term}" for is_added, term in rest)


def quote(label: str) -> str:
    """A label as a string; the language has no escapes, and a label cannot hold a quote."""
    return f'"{label}"'


def real(value: float) -> str:
    """A number that reads back exactly; the infinities are literals that overflow."""
    if math.isfinite(value):
        return repr(value)
    if math.isnan(value):
        return "(1e999 - 1e999)"
    return "1e999" if value > 0 else "-1e999"


def bound(value: float) -> str:
    """A widget's number, which is real even when it is written as an integer."""
    is_whole = value.is_integer() and abs(value) < 1e9
    return str(int(value)) if is_whole and str(value) != "-0.0" else real(value)


# -- Whole expressions ------------------------------------------------------------------------


def flat(box: Box, level: int = SPLIT, name: Callable[[Box], str | None] = lambda box: None) -> str:
    """A box on one line.

    Args:
        box: the box.
        level: the binding strength that its place needs; looser text gets parentheses.
        name: the name to write instead of a box, or `None`.
    """
    known = name(box)
    if known is not None:
        return known
    shape = layout(box)
    parts = [flat(operand, needed, name) for operand, needed in shape.operands]
    text = join(shape, parts)
    return f"({text})" if shape.level < level else text


def join(shape: Layout, parts: list[str]) -> str:
    """The text of a layout on one line, from the texts of its operands."""
    if shape.tail is not None:
        return f"{shape.head}{', '.join(parts)}{shape.tail}"
    if shape.head == ", " and all(_SIMPLE.fullmatch(part) for part in parts):
        return ",".join(parts)
    # Not `a/*(b)`, which begins a comment.
    crowded = shape.head in _TIGHT and any(part.startswith(_TIGHT) for part in parts[1:])
    return (f" {shape.head} " if crowded else shape.head).join(parts)
