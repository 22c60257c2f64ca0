"""What definitions are called: the words of the language, and names for what has none."""

from __future__ import annotations

from collections.abc import Mapping

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
    Wire,
    factors,
)
from fad.diagram.labels import identifier, plain_name, split_path
from fad.diagram.primitives import PRIMITIVES
from fad.text.templates import Call, Iteration, Numbered, Take, Template

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


#: Longer names are harder to read than what they stand for.
LONGEST = 24


def hint(box: Box, known: Mapping[Box, str]) -> str:
    """A name for a definition, before it is made unlike all others.

    Args:
        box: the diagram that it defines.
        known: the names of diagrams: those in the source, and those given so far.
    """
    if box in known:
        return identifier(known[box], "part")
    match box:
        case Template() | Iteration():
            return hint(box.body, known)
        case Take():
            return "take"
        case Numbered():
            return hint(box.frame, known)
        case Call():
            return hint(box.template, known)
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


def _composition_hint(box: Composition, known: Mapping[Box, str]) -> str:
    if isinstance(box, Seq):
        last = box.right
        while isinstance(last, Seq):
            last = last.right
        if isinstance(last, Primitive):
            said = last is box.right and _said(last.name, box.left, known)
            return said or _OPERATIONS.get(last.name) or f"{last.name}_of"
    return _GLUE[type(box)]


def _said(operation: str, arguments: Box, known: Mapping[Box, str]) -> str | None:
    """What an operation on things with names is called, such as `one_minus_pole`."""
    operands = list(factors(arguments))
    words = [_word(operand, known) for operand in operands]
    if operation in ("select2", "select3") and words[0]:
        return f"by_{words[0]}"
    pattern = _SAID.get(operation)
    if pattern is not None and isinstance(operands[0], Wire) and len(operands) == 2:
        pattern, words = pattern.removeprefix("{}_"), words[1:]
    if pattern is None or None in words or len(words) != pattern.count("{}"):
        return None
    if len(words) == 1:
        return pattern.format(*words)
    if operation == "*" and words[0] == words[1]:
        return f"{words[0]}_squared"
    if operation == "*" and words[0] == "two":
        return f"twice_{words[1]}"
    if operation == "/" and words[1] == "two":
        return f"half_{words[0]}"
    name = pattern.format(*words)
    return name if len(name) <= LONGEST else None


def _word(box: Box, known: Mapping[Box, str]) -> str | None:
    """What a diagram is called inside of a name."""
    if isinstance(box, Int | Real):
        return _COUNT.get(box.value)
    if isinstance(box, Slot):
        return box.name.strip("_") or None
    name = known.get(box)
    if name is None and isinstance(box, Call):
        name = known.get(box.template)
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
