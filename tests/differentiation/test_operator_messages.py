"""What the operators `fad` and `forwardAD` refuse, and what they warn of."""

from __future__ import annotations

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from tests.differentiation.models import SLIDERS, G

S, C = np.sin(G), np.cos(G)


#: name -> the program, and what fad says about it.
ERRORS: dict[str, tuple[str, list[str]]] = {
    "one argument": ("fad(g)", ["`fad` with 1 argument", "`fad(expr, seeds)` takes"]),
    "three arguments": ("fad(g, g, g)", ["`fad` with 3 arguments", "in parentheses"]),
    "no arguments": (
        "fad",
        ["<text>:5:11: ", "`fad` without arguments", "`fad(expr, seeds)` takes"],
    ),
    "no arguments of forwardAD": ("g : forwardAD", ["`forwardAD` without arguments"]),
    "nothing, and not by an operator": ("sin(g, ())", ["<text>:5:18: ", "`()` is no diagram"]),
    "nothing as a diagram": ("fad((), g)", ["unexpected `)`, expected an expression"]),
    "three arguments of forwardAD": ("forwardAD(g, 1, 2)", ["`forwardAD` with 3 arguments"]),
    "a number": ("fad(g, (g, 3))", ["<text>:5:19: ", "this is the number 3"]),
    "a number that a parameter stands for": (
        "f(3) with { f(x) = fad(x*x, x); }",
        ["a seed is a signal: this is the number 3", "in the call of `f` at <text>:5:11"],
    ),
    "a seed with two outputs": (
        "fad(g, s) with { s = g <: _,_; }",
        ["a seed is one signal: this has 2 outputs", "`fad(expr, (a, b))`"],
    ),
    "a seed with no outputs": ("fad(g, (g : !))", ["a seed is one signal: this has 0 outputs"]),
    "a seed with an input": ("fad(g, sin)", ["a seed has no inputs: this has 1 input: sin"]),
    "a value too few": ("forwardAD(g*h, 1)", ["1 value for 2 parameters", "/g, /h"]),
    "a value too many": ("forwardAD(g, (1, 2, 3))", ["3 values for 1 parameter", "/g"]),
    "values for nothing": ("forwardAD(sin, 1)", ["1 value for 0 parameters", "none"]),
    "a diagram that is wrong": ("fad((_ : +), g)", ["<text>:5:", "1 output", "2 inputs"]),
    "a function that has no derivative": (
        "fad(f(g), g) with {\n    f(x) = x : foo : sin;\n"
        '    foo = ffunction(float foo(float), "", "");\n}',
        [
            "<text>:7:11: ",
            "the derivative of the foreign function `foo` is not known",
            "in the call of `fad` at <text>:5:11",
            "depend on `g`",
        ],
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    text, said = ERRORS[name]
    with pytest.raises(fad.FadError) as caught:
        fad.expand(f"{SLIDERS}process = {text};")
    for words in said:
        assert words in str(caught.value)


#: name -> the program, what it warns about, and what it computes.
WARNINGS: dict[str, tuple[str, str, list[float]]] = {
    "a seed that does not occur": (
        "fad(g, (h, g))",
        "`h` does not occur in what is differentiated by it",
        [G, 0, 1],
    ),
    "a seed in another group": (
        'fad(hgroup("a", g), g)',
        "`/g` does not occur in what is differentiated by it: it is there as `/a/g`",
        [G, 0],
    ),
    "a seed of other groups": (
        'fad((hgroup("a", g) + hgroup("b", g)), hgroup("c", g))',
        "`/c/g` does not occur in what is differentiated by it: it is there as `/a/g` or `/b/g`",
        [2 * G, 0],
    ),
    "a diagram that does not occur": (
        "fad(sin(g), s) with { s = cos(g); }",
        "`s` does not occur",
        [S, 0],
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings(engine: Engine, name: str) -> None:
    text, warning, expected = WARNINGS[name]
    program = fad.expand(f"{SLIDERS}process = {text};")
    assert len(program.warnings) == 1 and warning in program.warnings[0]
    found = engine.render(program.source, "test", frames=2)
    np.testing.assert_allclose(found[:, 1], expected, atol=1e-9)


def test_a_quantised_seed_is_a_warning() -> None:
    program = fad.expand(f"{SLIDERS}process = fad(int(g), g);")
    assert len(program.warnings) == 1 and "g" in program.warnings[0]


def test_a_value_that_changes_nothing_is_warned_of() -> None:
    program = fad.expand(f"{SLIDERS}process = forwardAD((g, h : _, !), (1, 2));")
    assert program.warnings == ("`/h` does not reach the outputs: its derivative is zero",)
