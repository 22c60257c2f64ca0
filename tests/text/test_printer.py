"""The printer: what is printed reads back as the same diagram, and looks as a person writes it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import assume, given

from fad.diagram.box import (
    Box,
    Group,
    Lambda,
    Par,
    Primitive,
    Real,
    Rec,
    Seq,
    Slot,
    Split,
    Switch,
    Waveform,
    Wire,
)
from fad.runtime.engine import Engine
from fad.text.emitter import emit
from fad.text.lines import WIDTH
from tests.support.properties import examples
from tests.support.random_diagrams import diagrams, named_diagrams
from tests.support.reading import canonical, difference, evaluation, read
from tests.support.standard_compiler import expansions


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
    assert emit(found.process, found.names) == text


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


# Each line is what is written for the diagram that it denotes: no bracket too many, none missing.
WRITTEN = r"""
_
!
+
2,3
-2
-1.5
1e+300
1e999
-0.0
_,_
_,!
(_,_), _
_,_,_
_ : sin
sin : cos : tan
(sin : cos) : tan
_ <: _,_
_ <: _ <: _,_
(_ <: _,_) <: _,_,_,_
_,_ :> _
(_ <: _,_) :> _
_ <: _,_ :> _
+ ~ _
+ ~ (+ ~ _)
(+, _) ~ (_,!)
sin + cos
(_ : sin), _
_, (_ : sin)
+(1)
-(1)
*(0.5) : +(1)
atan2(1)
1 - button("a")
button("a")*2 + 1
(button("a") + 1)*2
2*(button("a") + 1)
button("a") - (1 - button("b"))
button("a") - 1 - button("b")
button("a")^2^3
button("a")^(2^button("b"))
button("a")^2*3
(button("a")*3)^2
button("a")@3
button("a")@(button("b") + 1)
button("a")'
button("a")''
(button("a") + 1)'
button("a")*-1
-1*button("a")
button("a") < 1 < 2
button("a") < (1 < button("b"))
button("a") < 1 + 2*button("b")
button("a") & 1 | 2
button("a") & (button("b") | 2)
button("a") xor 1
button("a") << 2
+(2, 3)
/(2, 0)
*(2, 3) + 1
_(2)
2'
2,3 : !,_
sin(button("a"))
min(button("a"), 1)
select2(button("a"), 1, 2)
sin(_ ~ _)
route(2, 2, (1,2), (2,1))
route(0, 0)
waveform{1, 2.5, -3}
hgroup("a", (_,_))
hgroup("a", _ <: _,_)
\(x).(sin(x)) : cos
\(x).(x), \(x).(x)
hslider("a [unit:Hz]", 0.5, 0, 1, 0.01)
nentry("n", 440, 20, 20000, 1) : hbargraph("m", -60, 0)
soundfile("s", 2)
ffunction(float erf|erff(float), <math.h>, "")
fconstant(int fSamplingFreq, <math.h>)
environment {}
"""


REWRITTEN = r"""
(_) => _
(_,(_,_)) => _,_,_
_ : (sin : cos) => _ : sin : cos
((_,_) :> _) => _,_ :> _
_ <: (_,_ :> _) => _ <: _,_ :> _
(+ ~ _) ~ ! => + ~ _ ~ !
sin,cos : + => sin + cos
button("a"),1 : + => button("a") + 1
button("a") + (1 + 2) => button("a") + 3
(button("a") + 1) + 2 => button("a") + 1 + 2
button("a") : sin => sin(button("a"))
_,1 : / => /(1)
1,_ : / => 1/_
1 : mem => 1'
button("a") : mem => button("a")'
button("a"),3 : @ => button("a")@3
(button("a") < 1) < 2 => button("a") < 1 < 2
6,2 : / => 3
2^0.5^2 => 2.0000000000000004
_ , +(1) => _, +(1)
1 / (_ / _ : *(2)) => 1/(_/_ : *(2))
button("a") / (*(2,3)) => button("a") / *(2, 3)
\(x).(x) => process(x) = x
\(x).(\(y).(x*y)) => process(x, y) = x*y
\(x).(\(x).(x)) => process(x, x2) = x2
\(sin_).(sin(sin_)) => process(sin_) = sin(sin_)
"""


@pytest.mark.parametrize("text", WRITTEN.strip().splitlines())
def test_writes_no_brackets_that_are_not_needed(text: str) -> None:
    assert emit(read(f"process = {text};")) == f"process = {text};\n"


@pytest.mark.parametrize("line", REWRITTEN.strip().splitlines())
def test_writes_as_a_person_would(line: str) -> None:
    given_text, written = line.split(" => ")
    head = "" if written.startswith("process") else "process = "
    assert emit(read(f"process = {given_text};")) == f"{head}{written};\n"


def chain(kind: Callable[[Box, Box], Box], part: Box, left: bool) -> Box:
    """10,000 compositions inside each other."""
    box = part
    for _ in range(10_000):
        box = kind(box, part) if left else kind(part, box)
    return box


def nested(wrap: Callable[[int, Box], Box], box: Box) -> Box:
    """10,000 constructs around a diagram."""
    for index in range(10_000):
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
