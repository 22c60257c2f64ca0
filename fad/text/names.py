"""What definitions are called: the words of the language, and names for what has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fad.diagram.box import (
    Bargraph,
    Box,
    Composition,
    Cut,
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
    arity_of,
    factors,
)
from fad.diagram.labels import identifier, plain_name, split_path
from fad.diagram.primitives import PRIMITIVES, WORDS
from fad.text.templates import Call, Iteration, Numbered, Take, Template, labelled

#: What no definition can be called.
KEYWORDS = frozenset(
    [name for name in PRIMITIVES if name.isidentifier()]
    + """any pow with letrec where ffunction fconstant fvariable button checkbox vslider hslider
    nentry vgroup hgroup tgroup vbargraph hbargraph soundfile seq par sum prod inputs outputs
    import component library environment waveform route declare case singleprecision
    doubleprecision quadprecision fixedpointprecision minput process""".split()
)

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


#: The words in the names of duals -> the operators.
OPERATOR_OF = {word: name for name, word in WORDS.items()}
#: A list of more things is not named by them.
_LONGEST_LIST = 3
#: Longer names are harder to read than what they stand for.
LONGEST = 24


@dataclass(frozen=True)
class Known:
    """What is known about diagrams that get names.

    Attributes:
        names: those in the source, and those given so far.
        is_made_up: whether fad has made up the name that a diagram has here: it is a dual.
    """

    names: Mapping[Box, str]
    is_made_up: Callable[[Box], bool]


def hint(box: Box, known: Known) -> str:
    """A name for a definition, before it is made unlike all others.

    Args:
        box: the diagram that it defines.
        known: what is known about diagrams.
    """
    if box in known.names:
        return identifier(known.names[box], "part")
    match box:
        case Template() | Iteration():
            return hint(box.body, known)
        case Take():
            return "take"
        case Numbered():
            return hint(labelled(box.frame, "".join(box.texts)), known)
        case Call():
            return _call_hint(box, known)
        case Slider() | Switch() | Bargraph() | Soundfile():
            return identifier(plain_name(split_path(box.label)[-1]), "widget")
        case Group():
            return hint(box.body, known)
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
            return _composition_hint(box, known)
    return "part"


def _call_hint(box: Call, known: Known) -> str:
    """The name of the function; the first argument goes with it where it is a number."""
    function = hint(box.template, known)
    first = box.arguments[0]
    is_number = isinstance(first, Int) and first.value >= 0 and not function[-1].isdigit()
    return f"{function}{first.value}" if isinstance(first, Int) and is_number else function


def other_hints(box: Box, known: Known) -> Iterator[str]:
    """More names for a definition, where its first one is taken."""
    if isinstance(box, Call):
        function = hint(box.template, known)
        for argument in box.arguments:
            word = None if isinstance(argument, Int | Real) else _word(argument, known)
            if said := _joined(function, "of", word):
                yield said
    elif isinstance(box, Composition):
        # Such as `gain_product`, by what stands first in it.
        first: Box = box
        while isinstance(first, Composition) and first not in known.names:
            first = first.left
        if said := _joined(_word(first, known), hint(box, known)):
            yield said


def _composition_hint(box: Composition, known: Known) -> str:
    if isinstance(box, Seq):
        return _result_hint(box, known)
    if isinstance(box, Rec):
        return _joined(_word(box.left, known), "loop") or _GLUE[Rec]
    if isinstance(box, Par):
        words = [_word(each, known) for each in _without_tangents(factors(box))]
        if 1 < len(words) <= _LONGEST_LIST and None not in words:
            return _joined(*_between("and", words)) or _GLUE[Par]
    return _GLUE[type(box)]


def _result_hint(box: Seq, known: Known) -> str:
    """What a chain is called by what it ends with."""
    before, last = box.left, box.right
    while isinstance(last, Seq) and last not in known.names:
        before, last = last.left, last.right
    ends = list(factors(last))
    if all(isinstance(each, Wire | Cut) for each in ends):
        if isinstance(before, Slot):
            return _GLUE[Seq]
        inner = hint(before, known)
        if not any(isinstance(each, Cut) for each in ends):
            return inner
        # Such as the value of a dual.
        is_value = isinstance(ends[0], Wire) and arity_of(last)[1] == 1
        return _joined(inner, "value" if is_value else "part") or inner
    operation = _operation(last, known)
    if operation is not None:
        said = _said(operation, box.left, known) if last is box.right else None
        return said or _OPERATIONS.get(operation) or _joined(operation, "of") or _GLUE[Seq]
    # What a function with a name makes of something.
    name = _word(last, known)
    arguments = [_word(each, known) for each in _without_tangents(factors(before))]
    if last is box.right and len(arguments) == 1 and (said := _joined(name, "of", arguments[0])):
        return said
    return _joined(name, "out") or _GLUE[Seq]


def _operation(box: Box, known: Known) -> str | None:
    """The primitive that a diagram is, or is the dual of."""
    if isinstance(box, Primitive):
        return box.name
    found = _DUAL.fullmatch(known.names.get(box, "")) if known.is_made_up(box) else None
    if found is None:
        return None
    word = found["word"]
    operation = OPERATOR_OF.get(word, word.removeprefix("d_"))
    return operation if operation in PRIMITIVES else None


#: What the dual of an operation is called: see `Operation.word`.
_DUAL = re.compile(rf"(guarded_)?(?P<word>{'|'.join(WORDS.values())}|d_[a-z0-9]+)(_[a-z0-9_]+)?")


def _without_tangents(boxes: Iterable[Box]) -> Iterator[Box]:
    """The variables of duals without their tangents, which follow them: `dx` follows `x`."""
    value: str | None = None
    for box in boxes:
        if isinstance(box, Slot):
            if value is not None and box.name.startswith(f"d{value}"):
                continue
            value = box.name
        else:
            value = None
        yield box


def _joined(*words: str | None) -> str | None:
    """A name of several words, if it is not too long."""
    known = [word for word in words if word]
    name = "_".join(known)
    return name if len(known) == len(words) and len(name) <= LONGEST else None


def _between(link: str, words: Sequence[str | None]) -> Iterator[str | None]:
    for index, word in enumerate(words):
        if index:
            yield link
        yield word


def _said(operation: str, arguments: Box, known: Known) -> str | None:
    """What an operation on things with names is called, such as `one_minus_pole`."""
    operands = list(_without_tangents(factors(arguments)))
    words = [_word(operand, known) for operand in operands]
    if operation in ("select2", "select3") and words[0]:
        return _joined("by", words[0])
    pattern = _SAID.get(operation)
    if pattern is not None and isinstance(operands[0], Wire) and len(operands) == 2:
        pattern, words = pattern.removeprefix("{}_"), words[1:]
    if pattern is None or None in words or len(words) != pattern.count("{}"):
        return None
    if operation == "*" and words[0] == words[-1] and len(words) == 2:
        return _joined(words[0], "squared")
    if operation == "*" and words[0] == "two" and len(words) == 2:
        return _joined("twice", words[1])
    if operation == "/" and words[-1] == "two" and len(words) == 2:
        return _joined("half", words[0])
    return _joined(pattern.format(*words))


def _word(box: Box, known: Known) -> str | None:
    """What a diagram is called inside of a name."""
    if isinstance(box, Int | Real):
        return _COUNT.get(box.value)
    if isinstance(box, Slot):
        return box.name.strip("_") or None
    name = known.names.get(box)
    if name is None and isinstance(box, Call):
        name = known.names.get(box.template)
    return None if name is None else identifier(name, "part").strip("_") or None


#: Small numbers inside of names.
_COUNT: Mapping[float, str] = {
    0: "zero",
    1: "one",
    2: "two",
    3: "three",
    4: "four",
    -1: "minus_one",
}
#: Operation -> what its result is called.
_SAID = {
    "+": "{}_plus_{}",
    "-": "{}_minus_{}",
    "*": "{}_times_{}",
    "/": "{}_over_{}",
    "%": "{}_modulo_{}",
    "^": "{}_to_{}",
    "@": "{}_delayed",
    "mem": "{}_before",
    "sin": "sin_{}",
    "cos": "cos_{}",
    "tan": "tan_{}",
    "exp": "exp_{}",
    "log": "log_{}",
    "log10": "log10_{}",
    "sqrt": "root_of_{}",
    "abs": "abs_{}",
    "floor": "floor_{}",
    "int": "int_{}",
    "float": "float_{}",
    "<": "{}_below_{}",
    "<=": "{}_up_to_{}",
    ">": "{}_above_{}",
    ">=": "{}_from_{}",
    "==": "{}_is_{}",
    "!=": "{}_is_not_{}",
    "min": "least_of_{}_and_{}",
    "max": "most_of_{}_and_{}",
}
