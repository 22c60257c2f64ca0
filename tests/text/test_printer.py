"""The printer: what is printed reads back as the same diagram, and looks as a person writes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from operator import attrgetter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fad.diagram.box import (
    Box,
    Group,
    Lambda,
    Par,
    Primitive,
    Real,
    Rec,
    Route,
    Seq,
    Slot,
    Split,
    Switch,
    Waveform,
    Wire,
)
from fad.diagram.canonical import canonical
from fad.runtime.engine import Engine
from fad.text.emitter import emit
from fad.text.lines import WIDTH
from tests.support.cases import Pair, pairs, programs
from tests.support.properties import examples
from tests.support.random_diagrams import diagrams, named_diagrams
from tests.support.reading import difference, evaluation, read
from tests.support.standard_compiler import expansions, program


@examples(100)
@given(named_diagrams())
def test_reads_back_as_the_same_diagram(named: tuple[Box, dict[Box, str]]) -> None:
    box, names = named
    text = emit(box, names)
    assert difference(canonical(read(text)), canonical(box)) is None, text
    assert emit(box, names) == text


@examples(50)
@given(diagrams())
def test_what_is_read_is_written_alike(box: Box) -> None:
    text = emit(box)
    found = evaluation(text)
    # In several definitions, what has a name and what stands between operators can change.
    assume(text.count("=") == 1)
    assert emit(found.process, found.facts.names) == text


@st.composite
def connections(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Connections of a route: groups of wires at regular distances, and others."""
    small, steps = st.integers(0, 9), st.tuples(*2 * [st.integers(-3, 9)])
    pairs: list[tuple[int, int]] = []
    for _ in range(draw(st.integers(1, 3))):
        first, outer, inner = draw(st.tuples(small, small)), draw(steps), draw(steps)
        sizes = draw(st.tuples(*2 * [st.integers(1, 5)]))
        for i, j in product(*map(range, sizes)):
            ends = (a + i * b + j * c for a, b, c in zip(first, outer, inner, strict=True))
            source, target = (abs(end) + 1 for end in ends)
            pairs.append((source, target))
    return pairs


@examples(200)
@given(connections())
def test_routes_read_back(pairs: list[tuple[int, int]]) -> None:
    box = Route(99, 99, tuple(pairs))
    text = emit(box)
    assert read(text) is box, text
    listed = ", ".join(f"({source}, {target})" for source, target in pairs)
    assert len(" ".join(text.split())) <= len(f"process = route(99, 99, {listed});")


#: What may be too long for a line: a leaf, with what comes before it on its line.
UNBREAKABLE = re.compile(
    r"""(\s* \w+ (\([\w, ]*\))? \s=\s | \s* (:|<:|:>|~|[-+*/^@%&|]|xor|<<|>>|[<>=!]=?)\s
        | [hvt]group\("[^"]*",\s | \\\([\w, ]*\)\.\( | \w+\( | \( | \s )*
        (\w+\("[^"]*"([^()"] | \(1e999\s-\s1e999\))*\)
            | ffunction.* | -?[\w.+-]+ | waveform{[^,]*}) [),;' ]* (:.*)?""",
    re.VERBOSE,
)


@examples(50)
@given(diagrams(max_steps=40))
def test_lines_are_not_too_long(box: Box) -> None:
    for line in emit(box).splitlines():
        # Brackets that close what is around the last part may stick out.
        assert len(line.rstrip(");,")) < WIDTH or UNBREAKABLE.fullmatch(line), line


def test_long_things_are_broken() -> None:
    slots = [Slot(index, f"parameter_{index}") for index in range(9)]
    body: Box = slots[0]
    for slot in slots[1:]:
        body = Seq(Par(body, slot), Primitive("+"))
    for slot in reversed(slots):
        body = Lambda(slot, body)
    for index in range(6):
        body = Group("hgroup", f"group number {index}", body)
    samples = Waveform(tuple(Real(index / 8) for index in range(40)))
    assert emit(Par(samples, body)) == LONG.lstrip()


LONG = r"""
process =
    waveform{0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 1.125, 1.25, 1.375, 1.5, 1.625,
        1.75, 1.875, 2.0, 2.125, 2.25, 2.375, 2.5, 2.625, 2.75, 2.875, 3.0, 3.125, 3.25, 3.375, 3.5,
        3.625, 3.75, 3.875, 4.0, 4.125, 4.25, 4.375, 4.5, 4.625, 4.75, 4.875},
    hgroup("group number 5", hgroup("group number 4",
        hgroup("group number 3", hgroup("group number 2",
        hgroup("group number 1", hgroup("group number 0",
        \(parameter_0, parameter_1, parameter_2, parameter_3, parameter_4, parameter_5, parameter_6,
        parameter_7, parameter_8).(
        parameter_0
            + parameter_1
            + parameter_2
            + parameter_3
            + parameter_4
            + parameter_5
            + parameter_6
            + parameter_7
            + parameter_8)))))));
"""


@pytest.mark.parametrize("text", programs("text/cases/written.txt"))
def test_writes_no_brackets_that_are_not_needed(text: str) -> None:
    assert emit(read(f"process = {text};")) == f"process = {text};\n"


@pytest.mark.parametrize("pair", pairs("text/cases/rewritten.txt"), ids=attrgetter("name"))
def test_writes_as_a_person_would(pair: Pair) -> None:
    assert emit(read(f"process = {pair.text};")) == f"{program(pair.expected)}\n"


#: More than functions of Python can call each other.
DEPTH = 5_000


def chain(kind: Callable[[Box, Box], Box], part: Box, left: bool) -> Box:
    """Many compositions inside each other."""
    box = part
    for _ in range(DEPTH):
        box = kind(box, part) if left else kind(part, box)
    return box


def nested(wrap: Callable[[int, Box], Box], box: Box) -> Box:
    """Many constructs around a diagram."""
    for index in range(DEPTH):
        box = wrap(index, box)
    return box


SUM = Primitive("+")
DEEP = {
    "seq-left": lambda: chain(Seq, Primitive("sin"), True),
    "seq-right": lambda: chain(Seq, Primitive("sin"), False),
    "par-left": lambda: chain(Par, Wire(), True),
    "par-right": lambda: chain(Par, Wire(), False),
    "split": lambda: chain(Split, Wire(), False),
    "rec": lambda: nested(lambda _, box: Rec(Seq(Par(box, Wire()), SUM), Wire()), Wire()),
    "sum": lambda: nested(lambda _, box: Seq(Par(box, Switch("button", "b")), SUM), Wire()),
    "sum-right": lambda: nested(lambda _, box: Seq(Par(Switch("button", "b"), box), SUM), Wire()),
    "group": lambda: nested(lambda i, box: Group("hgroup", f"g{i}", box), Wire()),
    "shared": lambda: nested(
        lambda i, box: Seq(Par(box, box), SUM) if i % 100 == 0 else Seq(box, Primitive("cos")),
        Switch("button", "b"),
    ),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_diagrams(name: str, engine: Engine) -> None:
    box = DEEP[name]()
    text = emit(box)
    assert read(text) is box
    assert not [line for line in text.splitlines() if len(line.strip(" );")) > WIDTH]
    assert engine.expand(text, "deep.dsp")


# Found by the properties above, or by looking.
REGRESSIONS = {
    "a comment by accident": 'b = button("b"); process = b / *(2,3), b / /(1,2), b * *(2,3);',
    "parameters with one name": r"process = \(x).(\(x).(\(x).(x)));",
    "a parameter that is not used": r"f(0,0) = 1; f(x,y) = 4; process = f;",
    "a changed lambda beside the original": r"""
        g(y) = s+s with { s = sin(y*3+cos(y)) + y*hslider("c",0,0,1,.1); };
        f(x) = ["c": +(x) -> g];
        process = f, g, \(x).(["c": +(x) -> f]);""",
}


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressions(name: str, engine: Engine) -> None:
    box = read(REGRESSIONS[name])
    text = emit(box)
    assert canonical(read(text)) is canonical(box)
    expected, ours = expansions(engine, REGRESSIONS[name])
    assert ours == expected


def test_what_is_long_and_deep_is_written_fast() -> None:
    box: Box = Switch("button", "b")
    for index in range(40):
        box = Group("hgroup", f"group number {index}", Seq(box, Primitive("cos")))
    assert read(emit(box)) is box
