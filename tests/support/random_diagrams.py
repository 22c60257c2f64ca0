"""Random core diagrams, well typed, for property tests."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from fad.diagram.box import (
    COMPOSITIONS,
    EMPTY,
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
    parallel,
    postorder,
)
from fad.diagram.primitives import PRIMITIVES

#: No diagram gets more inputs or outputs.
MAX_WIRES = 8

#: Different slots with one name, names that are taken, one that contains another.
SLOTS = [Slot(1, "x"), Slot(2, "x"), Slot(3, "y"), Slot(4, "sin_of"), Slot(5, "x2")]

integers = st.sampled_from([0, 1, 2, -1, 7, 2**31 - 1, -(2**31)]) | st.integers(-(2**31), 2**31 - 1)
reals = st.sampled_from([0.0, -0.0, 1.0, 0.5, -1.5, 5e-324, 1e22, 1e300, 0.1]) | st.floats()
numbers = integers.map(Int) | reals.map(Real)
finite = st.floats(allow_nan=False).map(Real)
labels = st.sampled_from(
    ["", "gain", "a b", "freq [unit:Hz][style:knob]", "h:group/v:other/../name", "100% x", "[0]"]
) | st.text(
    st.characters(codec="utf-8", exclude_characters='"%\r', exclude_categories=["Cc", "Cs"]),
    max_size=12,
)
bounds = st.sampled_from([0.0, 1.0, -60.0, 0.01, 20000.0, 1e9]) | reals
identifiers = st.sampled_from(["erf", "copysign", "count", "my_value", "f2"])
includes = st.sampled_from(["<math.h>", '"own.h"', '""'])


@st.composite
def routes(draw: st.DrawFn) -> Box:
    inputs, outputs = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    ends = st.tuples(st.integers(1, inputs or 1), st.integers(1, outputs or 1))
    pairs = draw(st.lists(ends, max_size=5)) if inputs and outputs else []
    return Route(inputs, outputs, tuple(pairs))


leaves: st.SearchStrategy[Box] = st.one_of(
    st.sampled_from(SLOTS),
    st.just(Wire()),
    numbers,
    st.sampled_from(sorted(PRIMITIVES)).map(Primitive),
    st.sampled_from([Wire(), Cut(), EMPTY, EmptyEnvironment()]),
    routes(),
    st.lists(integers.map(Int) | finite, min_size=1, max_size=5).map(lambda v: Waveform(tuple(v))),
    st.builds(Switch, st.sampled_from(["button", "checkbox"]), labels),
    st.builds(
        Slider,
        st.sampled_from(["hslider", "vslider", "nentry"]),
        labels,
        *(bounds, bounds, bounds, bounds),
    ),
    st.builds(Bargraph, st.sampled_from(["hbargraph", "vbargraph"]), labels, bounds, bounds),
    st.builds(Soundfile, labels, st.integers(0, 3)),
    st.builds(
        ForeignFunction,
        st.sampled_from(["int", "float"]),
        st.lists(identifiers, min_size=1, max_size=4).map(tuple),
        st.lists(st.sampled_from(["int", "float", "any"]), max_size=3).map(tuple),
        includes,
        st.sampled_from(['""', '"-lm"']),
    ),
    st.builds(
        ForeignValue,
        st.sampled_from(["fconstant", "fvariable"]),
        st.sampled_from(["int", "float"]),
        identifiers,
        includes,
    ),
)


def size(box: Box) -> tuple[int, int]:
    """The arity of a diagram that has one."""
    assert box.arity is not None
    return box.arity


def beside(box: Box, other: Box, count: int) -> Box:
    """A diagram with copies of another one next to it."""
    return parallel([box, *[other] * count])


def fitted(kind: type[Composition], left: Box, right: Box) -> Box:
    """A composition of diagrams, with wires, cuts and zeros added where they misfit."""
    (ins, outs), (wanted, given) = size(left), size(right)
    if kind is Seq:
        left = beside(left, Int(0), wanted - outs)
        right = beside(right, Cut(), outs - wanted)
    elif kind is Split:
        left = beside(left, Wire(), 1 - outs)
        right = beside(right, Cut(), -wanted % max(1, outs) if wanted else max(1, outs))
    elif kind is Merge:
        right = beside(right, Wire(), 1 - wanted)
        left = beside(left, Int(0), -outs % max(1, wanted) if outs else max(1, wanted))
    elif kind is Rec:
        left = beside(left, Wire(), max(0, wanted - outs, given - ins))
    return kind(left, right)


@st.composite
def diagrams(draw: st.DrawFn, max_steps: int = 14) -> Box:
    """A closed diagram, built from a pool of parts that are used again and again."""
    pool = draw(st.lists(leaves, min_size=1, max_size=6))

    def pick() -> Box:
        return pool[-1 - draw(st.integers(0, len(pool) - 1))]

    steps: list[Callable[[], Box]] = [
        lambda: fitted(Seq, pick(), pick()),
        lambda: Par(pick(), pick()),
        lambda: fitted(draw(st.sampled_from(list(COMPOSITIONS.values()))), pick(), pick()),
        lambda: fitted(Seq, Par(pick(), pick()), Primitive(draw(st.sampled_from("+-*/^@%|")))),
        lambda: Lambda(draw(st.sampled_from(SLOTS)), pick()),
        lambda: Group(draw(st.sampled_from(["hgroup", "vgroup", "tgroup"])), draw(labels), pick()),
        lambda: draw(leaves),
    ]
    for _ in range(draw(st.integers(0, max_steps))):
        box = draw(st.sampled_from(steps))()
        if max(size(box)) <= MAX_WIRES:
            pool.append(box)
    box = pool[-1]
    while box.free:
        box = Lambda(min(box.free, key=lambda slot: slot.number), box)
    return box


@st.composite
def named_diagrams(draw: st.DrawFn) -> tuple[Box, dict[Box, str]]:
    """A diagram with names for some of its parts, as a source gives them."""
    box = draw(diagrams())
    parts = [part for part in postorder(box) if part.children]
    if not parts:
        return box, {}
    names = st.sampled_from(["voice", "x", "sin", "process", "letrec body", "a::b", "2x", "é"])
    return box, draw(st.dictionaries(st.sampled_from(parts), names, max_size=4))
