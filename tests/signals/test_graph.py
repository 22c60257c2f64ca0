"""Programs as graphs of signals: what is equal is one, and what is written back is the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from fad.diagram.box import Int, Real
from fad.runtime.engine import Engine
from fad.runtime.input_signals import noise
from fad.signals.algebra import Algebra
from fad.signals.graph import Applied, Graph, Knot, Signal, operands_first
from fad.signals.numbers import integers
from fad.signals.ranges import Ranges
from fad.signals.rates import Rate, Rates
from tests.support.places import ROOT, STANDARD_EXAMPLES
from tests.support.signals import outputs_of, written_again

FRAMES = 500

#: What is special about a program -> the program.
PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "a recursion": "process = + ~ *(0.5);",
        "one with two signals": "process = (+, + : _, *(0.3)) ~ (_, _);",
        "one that feeds back a part": "process = (+(1) <: _, *(2), *(3)) ~ (_ : *(.1));",
        "recursions inside each other": "process = (+ : (+ ~ *(0.5))) ~ (*(0.3) : mem);",
        "one that goes nowhere": "process = (_, *(2)) ~ !;",
        "what is inside is used outside": "process = + ~ *(0.5) <: _', _ : *(0.5), _ : -, 0 :> _;",
        "delays in a recursion": "process = + ~ (@(3) : *(0.5)) <: @(2), @(0), _'' :> _;",
        "several inputs": "process(x, y, z) = x*y, z - x, !, _;",
        "an input that is not used": "process = _, ! : *(2);",
        "a table": "process = rdtable(8, (+(1) ~ _ : *(0.1)), int(abs(_)*7));",
        "a table that is written": (
            "process(x) = rwtable(8, 0.0, (+(1) ~ _) % 8, x, (+(1) ~ _ : *(3)) % 8);"
        ),
        "a waveform in a table": "process = waveform {1, 2, 4.5}, (+(1) ~ _) % 3 : rdtable;",
        "a waveform": "process = waveform {1, 2, 4.5} : !, _;",
        "a meter": 'process = _ <: attach(_, abs : hbargraph("level", 0, 1));',
        "groups": (
            'a = hslider("h:g/a", .1, 0, 1, .1); process = vgroup("v", a*a + hgroup("w", a));'
        ),
        "one slider in two groups": (
            'a = hslider("a", .1, 0, 1, .1); process = vgroup("x", a), vgroup("y", a) : +;'
        ),
        "first values": "process = prefix(0.5, _) : *(2);",
        "switches": 'process = _ <: select2(_ > 0.5, button("b"), checkbox("c")), _;',
        "letrec": "process = y, z letrec { 'y = z + 1; 'z = y*0.5 + z*0.1; };",
        "a function of functions": "f(g, x) = g(g(x)); process = f(\\(x).(x*x : + ~ *(0.1)));",
    }
)


def bits(engine: Engine, text: str, inputs: int) -> bytes:
    return engine.render(text, "test", inputs=noise(1, inputs, FRAMES), frames=FRAMES).tobytes()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_written_back_is_the_same(engine: Engine, name: str) -> None:
    program = PROGRAMS[name]
    again = written_again(program)
    compiled, original = engine.compile(again, "test"), engine.compile(program, "test")
    assert (compiled.inputs, compiled.outputs) == (original.inputs, original.outputs)
    assert addresses(compiled.description) == addresses(original.description)
    assert bits(engine, again, original.inputs) == bits(engine, program, original.inputs)


@pytest.mark.parametrize(
    "path",
    [
        "reverb/freeverb.dsp",
        "phasing/flanger.dsp",
        "delayEcho/tapiir.dsp",
        "generator/noise.dsp",
        "filtering/lowBoost.dsp",
    ],
)
def test_an_example_written_back_is_the_same(engine: Engine, path: str) -> None:
    file = STANDARD_EXAMPLES / path
    again = written_again(file)
    inputs = engine.compile(again, "test").inputs
    assert bits(engine, again, inputs) == bits(engine, file.read_text("utf-8"), inputs)


def addresses(description: object) -> list[str]:
    """Where the widgets are, without the name of the program."""
    return sorted(re.findall(r"'address': '([^']*)'", str(description)))


def test_the_examples_of_fad_are_the_same(engine: Engine) -> None:
    for file in sorted((ROOT / "examples").glob("*.dsp")):
        again = written_again(file)
        inputs = engine.compile(again, "test").inputs
        assert bits(engine, again, inputs) == bits(engine, file.read_text("utf-8"), inputs), file


@pytest.mark.parametrize(
    "program",
    [
        "f(x) = x : + ~ *(0.5); g(x) = \\(y).(x + 0.5*y : _) ~ _; process(x) = f(x), f(x);",
        # Two functions, each with variables of its own.
        "process(x) = (\\(y).(x + y*0.5) ~ _), (\\(z).(x + z*0.5) ~ _);",
        "process(x) = (\\(y).(x + (y : + ~ *(0.1))) ~ _), (\\(z).(x + (z : + ~ *(0.1))) ~ _);",
    ],
)
def test_equal_signals_are_one(program: str) -> None:
    one, other = outputs_of(program)
    assert one is other


def test_recursions_that_differ_are_two() -> None:
    one, other = outputs_of("process(x) = (\\(y).(x + y*0.5) ~ _), (\\(z).(x + z*0.4) ~ _);")
    assert one is not other


def test_a_deep_program_is_no_problem() -> None:
    (output,) = outputs_of("process = seq(i, 1000, +(i) : sin);")
    assert sum(1 for _ in operands_first([output], lambda each: each.arguments)) == 3_001
    assert written_again("process = seq(i, 800, + ~ *(0.1));")


@pytest.mark.parametrize(
    ("program", "rate"),
    [
        ("process = 1 + 2*ma.SR;", Rate.CONSTANT),
        ('process = hslider("a", 0, 0, 1, .1)*3 + button("b");', Rate.CONTROL),
        ('process = hslider("a", 0, 0, 1, .1)\';', Rate.AUDIO),
        ("process = 1';", Rate.AUDIO),
        ("process = rdtable(8, _ ~ +(1), 3);", Rate.CONSTANT),
        ("process = _;", Rate.AUDIO),
        ("process = waveform {1, 2};", Rate.CONSTANT),
        ("process = waveform {1, 2} : !, _;", Rate.AUDIO),
    ],
)
def test_rates(program: str, rate: Rate) -> None:
    output = outputs_of('ma = library("maths.lib"); ' + program)[0]
    assert Rates()[output.plain] is rate


@pytest.mark.parametrize(
    ("program", "is_integer"),
    [
        ("process = +(1) ~ _;", True),
        ("process = +(0.5) ~ _;", False),
        ("process = (+(1) ~ _) % 8 & 3;", True),
        ("process = int(_)*2 > 1;", True),
        ('process = (1 : mem), 2.5 : select2(button("b"));', False),
        ("process = sin(1);", False),
        ("process = rdtable(4, 7, 0);", True),
    ],
)
def test_integers(program: str, is_integer: bool) -> None:
    output = outputs_of(program)[0].plain
    assert (output in integers([output])) is is_integer


@pytest.mark.parametrize(
    ("program", "bounds"),
    [
        ("process = min(100, max(0, int(_*1000)));", (0, 100)),
        ('process = hslider("a", 3, 0, 9, .1) + 1;', (1, 10)),
        ("process = (+(1) ~ _) & 7;", (0, 7)),
        ("process = _;", (-1, 1)),
        ("process = waveform {1, 2, 4.5}, (+(1) ~ _) % 3 : rdtable;", (1, 4.5)),
    ],
)
def test_bounds(program: str, bounds: tuple[float, float]) -> None:
    assert Ranges()[outputs_of(program)[0].plain] == bounds


def test_arithmetic_leaves_out_what_changes_nothing() -> None:
    graph = Graph()
    algebra, x, y = Algebra(graph), graph.input(0), graph.input(1)
    two, minus_one = graph.applied(Int(2)), graph.applied(Int(-1))
    assert algebra.apply("*", (algebra.one, x)) is x
    assert algebra.apply("+", (x, algebra.zero)) is x
    assert algebra.apply("*", (two, two)) is graph.applied(Int(4))
    assert algebra.product(algebra.zero, x) is algebra.zero
    difference = algebra.sum([algebra.product(x, minus_one), y])
    assert shown(difference) == "(1 - 0)"
    assert shown(algebra.product(x, algebra.apply("/", (algebra.one, y)))) == "(0 / 1)"
    assert algebra.sum([]) is graph.applied(Real(0.0))


def shown(signal: Signal) -> str:
    """A small expression; inputs go by their numbers."""
    if isinstance(signal, Applied):
        left, right = map(shown, signal.arguments)
        return f"({left} {signal.box.parts[0]} {right})"
    assert not isinstance(signal, Knot)
    return str(getattr(signal, "index", ""))
