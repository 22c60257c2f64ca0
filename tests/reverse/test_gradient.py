"""ReverseProgram mode against mathematics, and against forward mode by the dot-product test.

For a direction v and cotangents w, <J v, w> by forward mode is <v, transposed J w> by reverse mode.
Everything is computed by the standard compiler, while the parameters change after every block.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import assume, given, note

from fad.base.errors import DifferentiationError, FadError
from fad.diagram.box import arity_of
from fad.differentiation.surrogates import KINDS, Kind
from fad.pipeline.front import Request, read
from fad.pipeline.reverse import ReverseProgram, reversed_program
from fad.runtime.engine import Engine
from tests.support.places import ROOT, STANDARD_EXAMPLES
from tests.support.properties import examples
from tests.support.random_programs import HELPERS, Case, cases
from tests.support.reverse import compare, gradient

MOST = 1e-10
#: How much rounding may change a sample, in units of the loudest one.
ROUNDING = 1e-10
S = 'ba = library("basics.lib"); de = library("delays.lib"); fi = library("filters.lib"); '
A = 'a = hslider("a", 0.5, 0, 1, 0.01); b = hslider("b", 0.3, 0, 1, 0.01); '

#: What is differentiated -> the program.
PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "a product": "process = _*a;",
        "a sum of products": "process(x, y) = x*a + y*b, x*y*a;",
        "a quotient": "process = /(a + 1) : 1/(3 + _);",
        "functions": "process(x) = sin(a*x) + exp(b*x)*cos(x) + (1 + x*x)^a;",
        "a signal that is used often": "process(x) = y*y + y*a + sin(y) with { y = x*a; };",
        "a delay": "process = *(a) @ 7 : *(b);",
        "previous values": "process = *(a)' : *(b) : mem : mem;",
        "first values": "process = prefix(1, *(a)*b) : *(b);",
        "a recursion": "process = *(1 - a) : + ~ *(a);",
        "one with two signals": "process = (+, + : _, *(a)) ~ (*(b), sin);",
        "recursions inside each other": "process = (+ : (+ ~ *(a*0.5))) ~ (*(b) : mem);",
        "a recursion of parameters": "process = (a : + ~ *(0.9)), _ : *;",
        "a delay in a recursion": "process = + ~ (@(5) : *(a));",
        "a delay by a parameter": "process = *(a) @ int(b*20) : *(b);",
        "a delay that varies": "process(x) = x*a @ int(10*(1 + sin(0.1*(+(1) ~ _))));",
        "one that is none at times": "process(x) = x*a @ max(0, int(3*sin(0.3*(+(1) ~ _))));",
        "one that is never short": "process(x) = x*a @ (3 + int(10*b)) : *(b);",
        "one that depends on the sample rate": (
            "process(x) = (x*a @ max(0, int(0.001*fi.ma.SR) + int(40*b) - 1)) * b;"
        ),
        "two that differ by one": (
            "process(x) = x*a @ d + x*b @ (d + 1) with { d = int(3 + 20*b); };"
        ),
        "one that a number keeps from being negative": "process(x) = x*a @ max(0, int(20*b - 5));",
        "one in a comb filter": (
            "process = + ~ (@(max(0, int(0.0002*fi.ma.SR) + int(20*b) - 1)) : *(a));"
        ),
        "one in a recursion": ("process = + ~ (@(int(4*(1 + sin(0.2*(+(1) ~ _))))) : *(a) : sin);"),
        "one that depends on what is taped": (
            "process(x) = x*a @ min(40, max(0, int(30*abs(y)))) with { y = x : + ~ *(b); };"
        ),
        "an interpolated delay": "process = de.fdelay(64, 5 + 40*a) : *(b);",
        "one that moves": "process(x) = de.fdelay(64, 20*(1 + a*sin(0.05*(+(1) ~ _))), x*b);",
        "choices by a number": (
            "process(x) = select2(1, x^b, x*a)*b + select3(2, a, b, x*a) + select2(0, b*x, a);"
        ),
        "choices": "process(x) = select2(x > 0, a*x, b) + select3(int(2*abs(x)), a, b*x, x);",
        "extremes": "process(x) = min(a*x, b) + max(x, a - b) + abs(x*a - 0.1);",
        "a remainder": "process(x) = fmod(x*a*5, 0.7) + (x*b % 0.3);",
        "a table of numbers": (
            "process(x) = a*rdtable(16, (+(1) ~ _ : *(0.1)), int(abs(x)*15)) : *(b);"
        ),
        "a meter": 'process = *(a) <: attach(_, abs : hbargraph("level", 0, 1)) : *(b);',
        "a meter in between": 'process = *(a) : hbargraph("level", 0, 1) : *(_, b);',
        "outputs that are one": "process = *(a) <: _, _, _';",
        "an output that is a parameter": "process(x) = a, b*a, a', x;",
        "an output without parameters": "process(x) = x, 3, a*x;",
        "a parameter that does nothing": "process = *(a), (b : !);",
        "a parameter that others come out of": "process(x) = x*c + x'*(1 - c) with { c = a*b/2; };",
        "one slider at two places": 'process = *(vgroup("g", a)) : *(vgroup("g", a)) : *(a);',
        "integers on the tape": (
            "process(x) = a*x*((+(1) ~ _) % 5) * (((+(1103) ~ *(1103515245)) & 255)/255) : *(b);"
        ),
        "a table made of what is taped": (
            "process(x) = x*sin(a*c)*rdtable(16, c*0.1, c % 16)*sin(b*c) with { c = +(1) ~ _; };"
        ),
        "tests on the tape": "process(x) = select2((x : + ~ *(b)) > 2.5, x*a, a*a*3*x);",
        "what has no value while it is not chosen": (
            "process(x) = select2(x > 0, x*b, x^(1 + a)*b) + ((y, 1 : max) ~ _ : *(b))"
            " with { y(z) = select2(x > 0.2, x, sin(z)*log(x*a)*b); };"
        ),
        "a filter": "process = fi.lowpass(3, 500 + 5000*a) : *(b);",
    }
)


@pytest.mark.parametrize("name", PROGRAMS)
def test_constructs(engine: Engine, name: str) -> None:
    found = compare(engine, S + A + PROGRAMS[name], frames=200, block=32, moving=0.2)
    assert found.error < MOST
    assert found.size > 0
    np.testing.assert_array_equal(found.repeated, found.original)


@pytest.mark.parametrize("name", PROGRAMS)
def test_constructs_by_their_inputs(engine: Engine, name: str) -> None:
    text = S + A + PROGRAMS[name]
    inputs, _ = arity_of(read(Request(text)).evaluated().process)
    if inputs:
        wrt = ["a", *(f"input:{index}" for index in range(inputs))]
        found = compare(engine, text, wrt=wrt, frames=200, block=32, moving=0.2)
        assert found.programs.inputs or found.programs.warnings
        assert found.error < MOST


@pytest.mark.parametrize(
    "path",
    [
        "phasing/phaser.dsp",
        "phasing/flanger.dsp",
        "filtering/moogVCF.dsp",
        "filtering/parametricEqualizer.dsp",
        "filtering/wahPedal.dsp",
        "dynamic/compressor.dsp",
        "dynamic/distortion.dsp",
        "reverb/freeverb.dsp",
        "reverb/zitaRev.dsp",
        "generator/virtualAnalog.dsp",
        "physicalModeling/brass.dsp",
        "physicalModeling/clarinet.dsp",
        "delayEcho/smoothDelay.dsp",
        "filtering/moogLadder.dsp",
        "filtering/lowBoost.dsp",
        "delayEcho/tapiir.dsp",
    ],
)
def test_examples(engine: Engine, path: str) -> None:
    found = compare(engine, STANDARD_EXAMPLES / path)
    assert found.size > 0
    assert found.error < MOST
    loudest = max(1.0, np.abs(found.original).max())
    np.testing.assert_allclose(found.repeated, found.original, rtol=0, atol=ROUNDING * loudest)


def test_the_examples_of_fad(engine: Engine) -> None:
    for file in sorted((ROOT / "examples").glob("*.dsp")):
        assert compare(engine, file).error < MOST, file


def programs_of(text: str) -> ReverseProgram:
    front = read(Request(text))
    return reversed_program(front.evaluated(), front)


def test_a_one_pole_by_hand(engine: Engine) -> None:
    """y[t] = x[t] + p*y[t - 1]; the derivative of y by p is s[t] = y[t - 1] + p*s[t - 1]."""
    pole, frames = 0.75, 100
    programs = programs_of(f'process = + ~ *(hslider("p", {pole}, 0, 1, 0.01));')
    random = np.random.default_rng(3)
    x, w = random.uniform(-1, 1, (2, frames))
    y, s = np.zeros(frames), np.zeros(frames)
    for t in range(frames):
        y[t] = x[t] + pole * y[t - 1] if t else x[t]
        s[t] = y[t - 1] + pole * s[t - 1] if t else 0.0
    found = gradient(engine, programs, x[None], w[None])
    np.testing.assert_allclose(found.outputs[0], y, rtol=1e-14)
    np.testing.assert_allclose(found.parameters, [[(w * s).sum()]], rtol=1e-13)


def test_blocks_add_up(engine: Engine) -> None:
    programs = programs_of(A + "process = *(a) : + ~ *(b);")
    x, w = np.random.default_rng(3).uniform(-1, 1, (2, 1, 100))
    whole = gradient(engine, programs, x, w).parameters
    blocks = gradient(engine, programs, x, w, block=16).parameters
    assert blocks.shape == (2, 7)
    np.testing.assert_allclose(blocks.sum(axis=1, keepdims=True), whole, rtol=1e-13)


def test_the_gradient_by_an_input_is_that_at_each_sample(engine: Engine) -> None:
    front = read(Request("process = + ~ *(0.5);"))
    programs = reversed_program(front.evaluated(), front, ["input:0"])
    frames = 20
    w = np.random.default_rng(3).uniform(-1, 1, (1, frames))
    found = gradient(engine, programs, np.zeros((1, frames)), w)
    expected = [sum(w[0, t] * 0.5 ** (t - s) for t in range(s, frames)) for s in range(frames)]
    np.testing.assert_allclose(found.inputs[0], expected, rtol=1e-13)


@pytest.mark.parametrize("surrogate", KINDS)
def test_slopes(engine: Engine, surrogate: Kind) -> None:
    text = A + (
        "process(x) = rdtable(16, (+(1) ~ _ : *(0.1)), int(a*10 + abs(x)))*x, x*b @ int(a*20);"
    )
    found = compare(engine, text, surrogate=[surrogate], block=32)
    assert found.error < MOST
    assert found.programs.coefficients


def test_rules_of_the_program(engine: Engine) -> None:
    text = A + "f(x, y) = x*x*y; d_f_1(x, y) = 3*y; d_f_2(x, y) = x; process(x) = f(x*a, b)*a;"
    assert compare(engine, text).error < MOST


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("process = rwtable(8, 0.0, 1, *(a), 1);", "`rwtable` is written to"),
        ("process = control(*(a), _);", "`control` stands still"),
        ("process = enable(*(a), _);", "`enable` stands still"),
        ("process(x) = enable(x, a*x);", "`enable` stands still"),
        ("process(x) = x*a @ int((x : + ~ _)*a);", "no bound"),
        (
            'process = *(a) : ffunction(float odd(float), <math.h>, "");',
            "the foreign function `odd` is not known",
        ),
        ("f(x) = x*x; d_f(x) = 2*x; pass_f(x, d) = min(1, d); process(x) = f(x*a);", "no multiple"),
    ],
)
def test_refusals(text: str, complaint: str) -> None:
    with pytest.raises(DifferentiationError, match=complaint) as caught:
        programs_of(A + text)
    assert caught.value.span is not None
    assert "/a" in caught.value.render()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("process = _;", "the program has no variables"),
        (f"{A} process = int(a), _;", "no output changes with `/a`: the gradient is 0"),
        (f"{A} process = a : !;", "no output"),
    ],
)
def test_there_has_to_be_a_gradient(text: str, complaint: str) -> None:
    with pytest.raises(FadError) as caught:
        programs_of(text)
    assert complaint in caught.value.message


def test_what_no_gradient_needs_is_not_refused(engine: Engine) -> None:
    text = A + "process(x) = rwtable(8, 0.0, 1, x, 1)*a, control(x, x > 0) + enable(x, x > 0);"
    assert compare(engine, text).error < MOST


def test_warnings_are_those_of_forward_mode() -> None:
    programs = programs_of(A + "process = *(int(a)) : *(b);")
    assert "it only acts through `int`" in programs.warnings[0]


@examples(200)
@given(case=cases())
def test_random_programs(engine: Engine, case: Case) -> None:
    note(case.text)
    text = HELPERS + case.text
    try:
        found = compare(engine, text, frames=32, block=8, moving=0.01)
    except DifferentiationError as error:
        assert any(f"`{name}`" in error.message for name in ("rwtable", "enable", "control"))
        return
    except FadError:
        assume(False)  # libfaust does not take it
    assume(np.isfinite(found.forward) and found.size < 1e100)
    assert found.error_of_size < MOST
    finite = np.isfinite(found.original)
    loudest = max(1.0, np.abs(found.original[finite]).max(initial=0.0))
    np.testing.assert_allclose(
        found.repeated[finite], found.original[finite], rtol=0, atol=ROUNDING * loudest
    )


def test_loops_behind_loops_do_not_multiply(engine: Engine) -> None:
    """The standard compiler must not look at each once more for every loop behind it."""
    text = A + "process = seq(i, 16, (+ ~ *(0.5*a)) <: _, (mem : + ~ *(0.1*a)) :> *(0.4));"
    programs = programs_of(text)
    with Engine(time_limit=20) as hurried:
        for program in (programs.forward, programs.adjoint):
            hurried.cpp(program, "test")
    assert compare(engine, text, frames=100, block=20).error < MOST
