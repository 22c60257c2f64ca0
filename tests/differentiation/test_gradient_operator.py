"""The operator `rad`: the outputs, and the derivatives of their sum.

What it computes is compared with central differences of the programs inside of it, which libfaust
runs, with the sums of what `fad` computes, and with the mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from tests.differentiation.models import (
    FRAMES,
    SLIDERS,
    Expected,
    G,
    H,
    constant,
    dual,
    late,
    noise,
    recursion,
    run,
    verify,
)
from tests.support.reading import normal, read

#: The values of the sliders -> the outputs of a program, of shape (outputs, frames).
Outputs = Callable[[float, float], Samples]
#: How far sliders are moved: nests of two have second differences.
STEP = 1e-3

#: name -> a diagram that depends on both sliders.
DIAGRAMS = {
    "one output": "sin(g*h)",
    "several outputs": "(g*g*h, h*sin(g), _*g)",
    "outputs that share code": "(_*g : sin <: *(h), exp, _)",
    "an output that nothing reaches": "(_*g*h, _, g)",
    "recursive": "(_ <: (+ ~ *(0.2*g)), (+ ~ (*(0.2*h) : sin)))",
    "mutually recursive": r"(\(a,b,x).(x + 0.3*g*sin(b), h*a*0.5) ~ (_,_))",
    "late": "(_*g <: @(3), (h*_)', *(h))",
}
#: A loop with several outputs.
SHARED = "(+ ~ (*(g) : sin)) <: *(h), exp, _"
#: For each seed, which slider it is.
SEEDS = {"(g, h)": (0, 1), "h": (1,), "(h, g, h)": (1, 0, 1), "()": ()}


def outputs(engine: Engine, diagram: str) -> Outputs:
    """Runs a diagram with moved sliders."""

    def at(g: float, h: float) -> Samples:
        moved = f"g = {g!r}; h = {h!r}; process = {diagram};"
        source = fad.expand(f'import("stdfaust.lib"); {moved}').source
        inputs = noise(engine.compile(source, "test").inputs)
        return engine.render(source, "test", inputs=inputs, frames=FRAMES)

    return at


def differences(function: Outputs, slider: int) -> Outputs:
    """The central differences of outputs."""

    def at(g: float, h: float) -> Samples:
        dg, dh = (STEP, 0) if slider == 0 else (0, STEP)
        return (function(g + dg, h + dh) - function(g - dg, h - dh)) / (2 * STEP)

    return at


def by_differences(operator: str, function: Outputs, sliders: Sequence[int]) -> Outputs:
    """What an operator makes of outputs, from its definition."""

    def at(g: float, h: float) -> Samples:
        values = function(g, h)
        tangents = [differences(function, slider)(g, h) for slider in sliders]
        if operator == "rad":
            return np.array([*values, *(lanes.sum(axis=0) for lanes in tangents)])
        rows = range(len(values))
        return np.array([each for i in rows for each in (values[i], *(t[i] for t in tangents))])

    return at


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("name", DIAGRAMS)
def test_it_is_the_difference_quotient_of_the_sum(engine: Engine, name: str, seeds: str) -> None:
    _, found = run(engine, f"{SLIDERS}process = rad({DIAGRAMS[name]}, {seeds});")
    wanted = by_differences("rad", outputs(engine, DIAGRAMS[name]), SEEDS[seeds])(G, H)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", DIAGRAMS)
def test_it_is_the_sum_of_what_fad_computes(engine: Engine, name: str) -> None:
    _, found = run(engine, f"{SLIDERS}process = rad({DIAGRAMS[name]}, (g, h));")
    _, lanes = run(engine, f"{SLIDERS}process = fad({DIAGRAMS[name]}, (g, h));")
    lanes = lanes.reshape(-1, 3, FRAMES)
    np.testing.assert_array_equal(found[:-2], lanes[:, 0])
    np.testing.assert_allclose(found[-2:], lanes[:, 1:].sum(axis=0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("outer", "inner"), [("fad", "rad"), ("rad", "fad"), ("rad", "rad")])
@pytest.mark.parametrize("name", ["several outputs", "recursive", "late"])
def test_nests_have_second_differences(engine: Engine, name: str, outer: str, inner: str) -> None:
    text = f"{outer}({inner}({DIAGRAMS[name]}, (h, g)), (g, h))"
    _, found = run(engine, f"{SLIDERS}process = {text};")
    first = by_differences(inner, outputs(engine, DIAGRAMS[name]), (1, 0))
    wanted = by_differences(outer, first, (0, 1))(G, H)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


#: name -> (the program, what it computes).
PROGRAMS: dict[str, tuple[str, Expected]] = {
    # -- Seeds
    "an input": (
        "rad((sin, cos), (_, _))",
        lambda x: [np.sin(x[0]), np.cos(x[1]), np.cos(x[0]), -np.sin(x[1])],
    ),
    "a skipped input": ("rad(*, (!, _))", lambda x: [x[0] * x[1], x[0]]),
    "an input and a slider": (
        r"rad(\(a).(a*g, a*a), (g, _))",
        lambda x: [x[0] * G, x[0] ** 2, x[0], G + 2 * x[0]],
    ),
    "an input of a recursion": (
        "rad((+ ~ *(g)), _)",
        dual(lambda x, g, h: recursion(lambda x, y: [x + g * y(0, 1)], x), "0"),
    ),
    "a parameter of a function": (
        "f with { f(x, y) = rad((x*x*y, y), (y, x)); }",
        lambda x: [x[0] ** 2 * x[1], x[1], x[0] ** 2 + 1, 2 * x[0] * x[1]],
    ),
    "a name for a diagram, and what it is made of": (
        "rad((s*s + g, s), (s, g)) with { s = sin(g); }",
        constant(np.sin(G) ** 2 + G, np.sin(G), 2 * np.sin(G) + 1, 1),
    ),
    "a name for a recursion": (
        "rad((n*n', n), n) with { n = 1 : + ~ *(0.5); }",
        lambda x: [
            (n := 2 - 0.5 ** np.arange(FRAMES)) * late(n),
            n,
            late(n) + n * (np.arange(FRAMES) > 0) + 1,
        ],
    ),
    "a checkbox": ('rad((1 - b)*g, b) with { b = checkbox("b"); }', constant(G, -G)),
    "groups": (
        'rad((hgroup("a", g), 3*hgroup("b", g)), hgroup("b", g))',
        constant(G, 3 * G, 3),
    ),
    # -- Outputs
    "no outputs": ("rad((g : !), (g, h)), 7", constant(0, 0, 7)),
    "whole numbers": ("rad((g > 0, int(3*h), g), g)", constant(1, 3, G, 1)),
    "slopes that are lost in the sum": ("rad((g, 0 - g), g)", constant(G, -G, 0)),
    # -- Places
    "a descent of two outputs": (
        r"\(p).(p - 0.1*(rad(((p - g)^2, (p - h)^2), p) : !,!,_)) ~ _",
        dual(
            lambda x, g, h: recursion(lambda y: [0.6 * y(0, 1) + 0.2 * (g + h)], x),
            "",
        ),
    ),
    "inside letrec": (
        "y letrec { 'y = (rad((y*y*g, h*y), y) : !,!,_*0.5) + 0.1; }",
        dual(lambda x, g, h: recursion(lambda y: [g * y(0, 1) + 0.5 * h + 0.1], x), ""),
    ),
    "another name for it": (
        "grad((g*g, h*g), g) with { grad = rad; }",
        constant(G * G, H * G, 2 * G + H),
    ),
    "a gradient and the gradients of it": (
        # The outputs of the inner one are g*g*h and its derivatives, 2*g*h and g*g.
        "rad(rad(g*g*h, (g, h)), (g, h)) : !,!,!,_,_",
        constant(2 * G * H + 2 * H + 2 * G, G * G + 2 * G),
    ),
    "forwardAD of it": ("forwardAD(rad((g*h, g), g)) : !,!,!,!,!,!,_,_,_", constant(H + 1, 0, 1)),
    "the third derivative": (
        "rad((fad((rad(g^4, g) : !,_), g) : !,_), g) : !,_",
        constant(24 * G),
    ),
    # -- Names of the program
    "its own rad": ("rad(1, 2) with { rad(x, y) = x - y; }", constant(-1)),
    "a number called rad": ("90*rad with { rad = ma.PI/180; }", constant(np.pi / 2)),
    "a parameter called rad": ("f(3) with { f(rad) = rad + 1; }", constant(4)),
    "a function of the program's own, elsewhere": (
        "e.rad(1, 2), rad(g*g, g) with { e = environment { rad(x, y) = x - y; }; }",
        constant(-1, G * G, 2 * G),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(engine: Engine, name: str) -> None:
    verify(engine, *PROGRAMS[name])


@pytest.mark.parametrize("name", DIAGRAMS)
def test_what_is_written_needs_no_operator(name: str) -> None:
    source = fad.expand(f"{SLIDERS}process = rad({DIAGRAMS[name]}, (g, h));").source
    again = fad.expand(source).source
    assert normal(read(again)) is normal(read(source))
    assert "rad(" not in source


def test_what_outputs_share_is_computed_once(engine: Engine) -> None:
    """Three outputs of one loop, by two seeds: beside what `fad` takes for the loop, their sum."""

    def counts(text: str) -> tuple[int, int]:
        code = engine.cpp(fad.expand(f"{SLIDERS}process = {text};").source, "test")
        body = code.partition("void compute(")[2].partition("\n\t}\n")[0]
        return len(re.findall(r"std::(?:sin|cos|exp)", body)), len(re.findall(r" [-+*/] ", body))

    functions, operations = counts(f"rad(({SHARED}), (g, h))")
    assert functions == 3  # one of each
    assert operations <= counts(f"fad(({SHARED}), (g, h))")[1] + 4


def test_by_nothing_a_diagram_is_itself() -> None:
    assert (
        fad.expand("process = rad((sin, cos), ());").source
        == fad.expand("process = sin, cos;").source
    )


def test_the_derivatives_of_a_program_with_it_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "program.dsp"
    path.write_text(f"{SLIDERS}process = rad({DIAGRAMS['recursive']}, (h, g));")
    report = fad.check(path)
    assert report.passed and len(report.pairs) == 8
