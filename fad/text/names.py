"""What definitions are called: the words of the language, and names for what has none."""

from __future__ import annotations

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
    Soundfile,
    Split,
    Switch,
    Waveform,
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


def hint(box: Box, known: str | None = None) -> str:
    """A name for a definition, before it is made unlike all others.

    Args:
        box: the diagram that it defines.
        known: its name in the source, if it has one.
    """
    if known is not None:
        return identifier(known, "part")
    match box:
        case Template():
            return hint(box.body)
        case Take():
            return "take"
        case Iteration():
            return hint(box.body)
        case Numbered():
            return hint(box.frame)
        case Call():
            return hint(box.template)
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


def _composition_hint(box: Composition) -> str:
    if isinstance(box, Seq):
        last = box.right
        while isinstance(last, Seq):
            last = last.right
        if isinstance(last, Primitive):
            return _OPERATIONS.get(last.name) or f"{last.name}_of"
    return _GLUE[type(box)]
