"""Primitives of whose arguments more is known: guards where they are needed, and only there."""

from __future__ import annotations

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from tests.support.quotients import compare


def slider(name: str, value: float, low: float, high: float) -> str:
    return f'{name} = hslider("{name}", {value}, {low}, {high}, 0.01);'


SLIDERS = f"{slider('a', 0, -1, 1)} {slider('r', 0, 0, 1000)} {slider('b', 0.5, 0.1, 2)}"


@pytest.mark.parametrize(
    "expression",
    [
        "exp(0 - 1/(a*a))",
        "1/(1 + 1/(a*a))",
        "atan(1/(a*a))",
        "1/(1 + exp(1/(a*a)))",
        "1/(1 + 1/(a*a))^2",
        "1/(2 + b/(a*a))",
        "1/(2 + b*(1/(a*a)))",
        "1/(2 + (1/(a*a))*(1/b))",
        "1/(1 + (1/(a*a))^2)",
        "exp(0 - 1/r)*(r > 0.5)",
        "select2(a == 0, 1/a, 0)",
        "_*min(2, 1/(a*a))",
        "atan2(1, 1/(a*a))",
    ],
)
def test_a_pole_does_not_spoil_what_is_flat_there(engine: Engine, expression: str) -> None:
    """Here all derivatives by `a` and `r` are 0 at 0, and so they are written."""
    program = f"{SLIDERS} process = {expression};"
    comparison = compare(engine, program, frames=8)
    assert np.isfinite(comparison.original).all()
    for name, tangents in zip(comparison.steps, comparison.tangents[0], strict=True):
        if name in ("/a", "/r"):
            np.testing.assert_array_equal(tangents, 0.0)
    assert np.isfinite(comparison.tangents).all()


@pytest.mark.parametrize(
    ("expression", "parameter"),
    [
        ("1/(1/r + 1/470.0)", "r"),
        ("1/(1/r + 1/b)", "r"),
        ("b/(b + 1/r)", "r"),
        ("exp(0 - b/r)", "r"),
    ],
)
def test_at_a_pole_the_tangent_is_finite_and_beside_it_right(
    engine: Engine, expression: str, parameter: str
) -> None:
    text = f"{SLIDERS} process = {expression};"
    assert np.isfinite(compare(engine, text, frames=4).tangents).all()
    beside = text.replace('"r", 0,', '"r", 0.01,')
    assert compare(engine, beside, frames=4).error < 1e-5


def test_a_recursion_recovers_from_a_pole(engine: Engine) -> None:
    """The divisor is 0 in some samples; the tangent is right again some time later."""
    text = (
        f"{slider('b', 0.5, 0.1, 2)} count = +(1) ~ _; level = b*(count % 50 != 0);"
        "process = 1/(1 + 1/level) : + ~ *(0.5);"
    )
    comparison = compare(engine, text, frames=240)
    assert np.isfinite(comparison.original).all()
    assert comparison.error < 1e-7


@pytest.mark.parametrize("decay", [0.7, 0.999])
def test_a_level_that_decays_to_nothing(engine: Engine, decay: float) -> None:
    """Its square underflows long before it does."""
    text = (
        f"{slider('b', 0.5, 0.1, 2)} level = b*(1 - 1') : + ~ *({decay});"
        "process = 1/(1 + 0.1/level) : + ~ *(0.9);"
    )
    comparison = compare(engine, text, frames=3000)
    assert np.isfinite(comparison.original).all()
    assert np.isfinite(comparison.tangents).all()
    assert comparison.error < 1e-6


@pytest.mark.parametrize(
    "expression",
    [
        "1/b",
        "_/(1 + abs(_))*b",
        "_*b <: _/(1 + (_ <: *)) : + ~ *(0.5)",
        "_*b <: _/(1 + (_ <: *))",
        "_*b : \\(x).(x/(1 + x*x))",
        "1/tan(3.14159*b/ma.SR)",
        "b/(2 + sin(_*b))",
        "_/exp(_*b)",
        "_/sqrt(1 + b^2)",
        "fi.resonlp(1000*b, 2, 1)",
        "fi.peak_eq_cq(b, 1000, 3)",
        "fi.svf.lp(1000*b, 2)",
        "ve.moog_vcf(0.5, 1000*b)",
    ],
)
def test_ordinary_divisions_have_no_guards(expression: str) -> None:
    text = f'import("stdfaust.lib"); {slider("b", 0.5, 0.1, 2)} process = {expression};'
    source = fad.transform(text).source
    assert "guarded" not in source
    assert "bounded" not in source


@pytest.mark.parametrize(
    "expression", ["1/r", "1/a", "_*b <: _/abs(_)", "b/(1 - b)", "b/((_ + b)' ~ _)"]
)
def test_divisors_that_can_be_nothing_are_guarded(expression: str) -> None:
    assert "guarded_div" in fad.transform(f"{SLIDERS} process = {expression};").source


@pytest.mark.parametrize(
    ("expression", "tangent"),
    [
        # Always the number, so the tie does not matter.
        ("max(min(c, 1), 1)", 0.0),
        ("max(1, min(c, 1))", 0.0),
        ("min(max(c, 1), 1)", 0.0),
        ("min(1, max(1, c))", 0.0),
        ("max(c - 2, 0 - 1 + 1)", 0.0),
        # Always the slider, or what is made of it: the tie is at the end of its range.
        ("min(c, 2)", 1.0),
        ("max(c/2, 0)", 0.5),
        ("min(2, 1 + 0.5*c)", 0.5),
    ],
)
@pytest.mark.parametrize("value", [0.0, 1.0, 2.0])
def test_ties_at_which_only_one_operand_can_win(
    engine: Engine, expression: str, tangent: float, value: float
) -> None:
    dual = fad.transform(f"{slider('c', value, 0, 2)} process = {expression};")
    rendered = engine.render(dual.source, "tie", inputs=None, frames=1)
    assert rendered[1, 0] == tangent
    assert not dual.warnings or tangent == 0.0


def test_a_function_is_guarded_if_any_call_needs_it(engine: Engine) -> None:
    text = f"{SLIDERS} inverse(x) = 1/x; process = inverse(b) + atan(inverse(a*a)), inverse(b + 1);"
    comparison = compare(engine, text, frames=4)
    assert np.isfinite(comparison.tangents).all()
    index = list(comparison.steps).index("/b")
    np.testing.assert_allclose(
        comparison.tangents[:, index], comparison.quotients[:, index], rtol=1e-6
    )
