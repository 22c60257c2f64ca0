"""The dual diagram: right values, right tangents, and nothing that need not be there."""

from __future__ import annotations

import numpy as np
import pytest

import fad
from fad.base.errors import DifferentiationError
from fad.runtime.engine import Engine
from tests.support.places import ROOT
from tests.support.quotients import compare

EXAMPLES = ROOT / "examples"

HEADER = """
import("stdfaust.lib");
a = hslider("a", 0.4, 0, 1, 0.01);
b = hslider("b", 1.3, 0, 2, 0.01);
c = vslider("c", -0.6, -1, 1, 0.01);
n = nentry("n", 2.5, 0, 5, 0.1);
"""

PROGRAMS = {
    "constant": "process = 3, _;",
    "parallel": "process = a*_, b, _*c;",
    "sequential": "process = _*a : +(b) : sin;",
    "split": "process = _*a <: *(b), +(c);",
    "split many": "process = a,b <: +,*,-;",
    "merge equal": "process = a*_,_*a :> _;",
    "merge unequal": "process = a,b,_,c :> _;",
    "merge onto two": "process = a,b,c,_,_,n :> *,_;",
    "merge inactive": "process = _,_,a :> _*b;",
    "one pole": "process = _*(1 - a) : + ~ *(a);",
    "recursion through sine": "process = (_*b + a*sin(_)) ~ _;",
    "recursion gains a parameter": "process = + ~ (*(a) : *(0.5*b));",
    "two loops": "process = (_,_,_ : +, *(a)) ~ (*(b*0.3), !);",
    "crossed loops": "process = ((\\(x, y).(0.3*y + a, 0.2*x*b)) ~ (_,_));",
    "nested loops": "process = (+ ~ *(a)) : ((+ : + ~ *(0.5*c)) ~ *(0.3*b));",
    "loop with inert part": "process = ((\\(x, y).(x + 1, 0.5*y + a)) ~ (_,_));",
    "letrec": "process = x letrec { 'x = 0.9*x - a*y; 'y = a*x + 0.9*y + b*0.01; };",
    "lambda": "process = a : \\(x).(x*x + b*x);",
    "lambda of an input": "process = \\(x, y).(x*y*a + x);",
    "nested lambda": "process = a, b : \\(x).(\\(y).(x*y + sin(x)));",
    "lambda inactive": "process = \\(x).(x*x) : *(a);",
    "route": "process = a, b, _ : route(3, 3, (1,3), (2,1), (3,2), (1,2));",
    "route sums": "process = a, b, c : route(3, 1, (1,1), (2,1), (3,1));",
    "route drops": "process = a, b : route(2, 1, (2,1));",
    "groups": 'process = hgroup("g", a*b), vgroup("h", a*c), a;',
    "same label twice": 'process = hslider("p", 2, 0, 3, 0.1)*hslider("p", 2, 0, 3, 0.1);',
    "bargraph": 'process = a*b : hbargraph("m", 0, 1) : *(c);',
    "attach nothing": "process = _*a, !;",
    "delays": "process = _*a <: _, mem, @(3) :> *(b);",
    "delay of a parameter": "process = (_*a)@5, a';",
    "powers": "process = b^n, a^2, n^-1;",
    "one variable in all places": "process = (a + a*a)/(1 + a) - a;",
    "low-pass": "process = fi.lowpass(3, 500 + 2000*a);",
    "resonant low-pass": "process = fi.resonlp(500 + 1000*a, b, 1);",
    "peak": "process = fi.peak_eq(20*c, 1000*b, 300);",
    "tail": "process = _ <: (_*a : + ~ (@(7) : *(0.5*b))), fi.dcblocker;",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_agrees_with_difference_quotients(engine: Engine, name: str) -> None:
    comparison = compare(engine, HEADER + PROGRAMS[name])
    np.testing.assert_array_equal(
        comparison.primal.view(np.uint64), comparison.original.view(np.uint64)
    )
    assert comparison.error < 1e-6


@pytest.mark.parametrize("name", ["estimate.dsp", "lowpass.dsp"])
def test_examples_agree_with_difference_quotients(engine: Engine, name: str) -> None:
    comparison = compare(engine, EXAMPLES / name, frames=2000)
    np.testing.assert_array_equal(
        comparison.primal.view(np.uint64), comparison.original.view(np.uint64)
    )
    assert comparison.error < 1e-6
    assert (np.abs(comparison.tangents).max(axis=2) > 0).all()


def test_listing_3_keeps_its_composition() -> None:
    text = fad.transform(EXAMPLES / "estimate.dsp").source
    assert text.splitlines()[-1] == "process = _,gain : mul,dc : add;"


def test_outputs_are_named_in_order() -> None:
    program = fad.transform(HEADER + "process = a*b, c;")
    assert [output.name for output in program.outputs] == [
        *("y0", "dy0/da", "dy0/db", "dy0/dc"),
        *("y1", "dy1/da", "dy1/db", "dy1/dc"),
    ]


def test_a_widget_in_two_groups_is_two_parameters() -> None:
    program = fad.transform('s = hslider("s", 1, 0, 2, 0.1); process = hgroup("g", s)*s;')
    assert [parameter.path for parameter in program.parameters] == ["/g/s", "/s"]
    assert [output.name for output in program.outputs] == ["y", "dy/d(/g/s)", "dy/d(/s)"]


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("process = _*2 : fi.lowpass(2, 1000), a;", "dx"),
        ("process = sin(_), a;", "cos"),
        ("process = _*(1 - 0.5) : + ~ *(0.5) : *(a);", "dx"),
        ("process = (a, b : *), _*2;", "dx2"),
    ],
)
def test_no_tangent_where_none_can_be(program: str, absent: str) -> None:
    assert absent not in fad.transform(HEADER + program).source


def test_what_no_parameter_reaches_stays_as_it_is() -> None:
    whole = "process = fi.pole(0.5) : os.osc(440)*_ : floor : ef.cubicnl(0.5, 0);"
    expanded, dual = fad.expand(HEADER + whole), fad.transform(HEADER + whole)

    def body(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith("//")]

    assert body(expanded.source) == body(dual.source)


def test_a_function_without_parameters_inside_serves_all() -> None:
    text = fad.transform(HEADER + "f(x) = x*x - 1; process = (b : f), (c : f);")
    assert text.source.count("\nf(x, dx) = ") == 1
    assert "\nprocess = (b : f), (c : f) : " in text.source


def test_what_a_function_loses_is_told_of_each_parameter() -> None:
    program = fad.transform(HEADER + "f(x) = floor(x)*2; process = (b : f), (c : f), a;")
    assert [warning.split()[3] for warning in program.warnings] == ["/b", "/c"]
    with pytest.raises(DifferentiationError) as refusal:
        fad.transform(
            HEADER
            + 'f(x) = x : ffunction(float unknown(float), <math.h>, ""); process = a, (c : f);'
        )
    assert "/c" in (refusal.value.hint or "")


def test_an_unsupported_primitive_is_named_with_its_place() -> None:
    with pytest.raises(DifferentiationError) as refusal:
        fad.transform(
            'x = hslider("x", 1, 0, 2, 0.1);\n'
            'process = x : sin : ffunction(float unknown(float), <math.h>, "");'
        )
    assert "`unknown`" in refusal.value.message
    assert "/x" in (refusal.value.hint or "")
    assert refusal.value.span is not None and refusal.value.span.location == (2, 21)


def test_an_unsupported_primitive_off_the_path_is_no_error() -> None:
    fad.transform(HEADER + 'process = (_ : ffunction(float unknown(float), <math.h>, "")), a;')
