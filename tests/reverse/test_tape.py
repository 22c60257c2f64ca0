"""What is taped, and where cotangents are summed: the cheapest choice."""

from __future__ import annotations

import pytest

import fad
from tests.support.places import STANDARD_EXAMPLES

SLIDERS = 'a = hslider("a", 0.5, 0, 1, 0.01); b = hslider("b", 0.5, 0, 1, 0.01); '


def programs(text: str) -> fad.ReverseProgram:
    return fad.transform(SLIDERS + text, mode="reverse")


@pytest.mark.parametrize(
    ("text", "tape"),
    [
        # Nothing that is computed from x alone is taped beside it.
        ("process(x) = x*a + 2*x*b;", ("x",)),
        ("process(x) = (x + 1)*a + (x - 1)*b;", ("x",)),
        # One lane where many signals come together.
        ("process(x, y, z) = (x + y + z)*a;", ("(x0 + x1) + x2",)),
        ("process(x, y) = sin(x*y)*a*b;", ("sin(x0*x1)",)),
        # What rests is computed again, also what takes long.
        ("process(x) = x*exp(sin(a)*b);", ("x",)),
        # What was before is taped as it was: it is not another lane, later.
        ("process(x) = x'*a + x*b;", ("x'", "x")),
        # A delay by two is one lane, however it is written.
        ("process(x) = x''*a + (x @ 2)*b;", ("x''",)),
        # A choice by a number is none, and what it does not take is not needed.
        ("process(x, y) = select2(1, sin(x*a), y*a);", ("x1",)),
        # A derivative that needs no value.
        ("process = a + b;", ()),
        ("process = (a : + ~ *(0.5)) @ 3;", ()),
        # A recursion is computed again from what it was a sample before.
        ("process(x) = y*y with { y = x*a : + ~ *(b); };", ("y'", "x")),
        # Meters show nothing in the adjoint, and are not taped.
        ('process(x) = attach(x, abs(x) : hbargraph("level", 0, 1))*a;', ("x",)),
    ],
)
def test_lanes(text: str, tape: tuple[str, ...]) -> None:
    assert sorted(programs(text).tape) == sorted(tape)


def test_a_choice_by_a_number_costs_nothing() -> None:
    assert "select2" not in programs("process(x) = select2(1, x^b, (x*b)^a)*b;").adjoint


def test_meters_are_part_of_the_forward_program_only() -> None:
    found = programs('process(x) = (x*a : hbargraph("level", 0, 1))*b;')
    assert "hbargraph" in found.forward
    assert "hbargraph" not in found.adjoint + found.control


@pytest.mark.parametrize(
    ("text", "coefficients"),
    [
        ("process(x) = x*sin(a*b);", ("sin(a*b)",)),
        ("process(x) = x*(1 - a) + x'*a;", ("a",)),
        ("process(x) = x*a, x'*b;", ("a", "b")),
        # One sum, and not four.
        (
            "process(x) = x*c + x'*(1 - c) + x''*(2 + c) + (x @ 3)*c*3 with { c = exp(a*b); };",
            ("exp(a*b)",),
        ),
        # Neither of two sliders is worth a sum of its own.
        ("process(x) = x*(a + b);", ("a + b",)),
    ],
)
def test_sums(text: str, coefficients: tuple[str, ...]) -> None:
    assert sorted(programs(text).coefficients) == sorted(coefficients)


#: Example program -> how many lanes a prototype needed, whose speed was good.
MOST = {
    "phasing/phaser.dsp": 46,
    "phasing/flanger.dsp": 15,
    "filtering/moogVCF.dsp": 38,
    "filtering/parametricEqualizer.dsp": 31,
    "filtering/wahPedal.dsp": 8,
    "dynamic/compressor.dsp": 6,
    "generator/virtualAnalog.dsp": 84,
    "physicalModeling/brass.dsp": 30,
    "physicalModeling/clarinet.dsp": 23,
    "reverb/freeverb.dsp": 34,
    "reverb/zitaRev.dsp": 46,
    "delayEcho/smoothDelay.dsp": 11,
}


@pytest.mark.parametrize("name", MOST)
def test_examples_need_few_lanes(name: str) -> None:
    assert len(fad.transform(STANDARD_EXAMPLES / name, mode="reverse").tape) <= MOST[name]


def test_a_deep_program_is_no_problem() -> None:
    assert len(programs("process = seq(i, 400, *(a) : sin);").coefficients) == 1
