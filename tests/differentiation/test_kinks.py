"""`abs` at 0, where a comparison decides which side a program is on."""

from __future__ import annotations

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from tests.support.quotients import compare

GAIN = 'g = hslider("gain", 0, -24, 24, 0.1); import("stdfaust.lib");'


@pytest.mark.parametrize(
    "program",
    [
        "_ : fi.peak_eq(g, 1000, 500)",
        "_ : fi.peak_eq_cq(g, 1000, 3)",
        "_ : fi.peak_eq_rm(g, 1000, 0.2)",
        "_ : fi.peak_eq(g, 1000, 500) : fi.peak_eq(g, 3000, 500)",
        "_ : fi.low_shelf(g, 300)",
        "_ : fi.high_shelf(g, 3000)",
        "_ : fi.lowshelf(3, g, 300)",
        # |g| is -g where the branch for g <= 0 is taken at 0, and so on.
        "select2(g > 0, 0 - abs(g), abs(g))*_",
        "select2(g >= 0, 0 - abs(g), abs(g))*_",
        "select2(0 > g, abs(g), 0 - abs(g))*_",
        "select2(0 >= g, abs(g), 0 - abs(g))*_",
        "_*f(g) with { f(x) = select2(x < 0, exp(0 - abs(x)), exp(abs(x))); }",
    ],
)
def test_what_is_smooth_as_a_whole_has_its_derivative_at_the_kink(
    engine: Engine, program: str
) -> None:
    comparison = compare(engine, f"{GAIN} process = {program};", frames=200)
    assert np.abs(comparison.quotients).max() > 1e-3
    assert comparison.error < 1e-6


@pytest.mark.parametrize(
    "program",
    [
        "abs(g)",  # nothing decides
        "select2(g > 0, abs(g), abs(g)) + (g < 0)",  # the comparisons do not agree
        "abs(g) + (h > 0)",  # about another signal
    ],
)
def test_elsewhere_it_is_zero(engine: Engine, program: str) -> None:
    text = f'{GAIN} h = hslider("h", 0, -1, 1, 0.1); process = {program};'
    dual = fad.transform(text, wrt=["gain"], only="tangents")
    assert engine.render(dual.source, "test", frames=1)[0, 0] == 0.0


@pytest.mark.parametrize(
    ("program", "warned"),
    [
        ("abs(g)*_", {"/gain": "abs"}),
        ("max(g, 0)*_ + h", {"/gain": "max"}),
        ("min(_, 0.5) + h*abs(g - 1)", {}),
        ("min(h, 0.5)*abs(g)", {"/h": "min", "/gain": "abs"}),
        ("(2*h - 1 : abs)*_", {"/h": "abs"}),
        ("h <: _, (_, 0.5 : max) : *", {"/h": "max"}),
        # Thresholds, of which a comparison chooses one side.
        ("select2(g > 0, _, 2*_)*(1 + h*g)", {"/gain": ">"}),
        ("(g >= 0)*_*g", {"/gain": ">="}),
        ("select3((h < 0.5) + (h < 0.7), h, 1, 2)*_", {"/h": "<"}),
        ("(g <= h - 0.5)*_*g*h", {"/gain": "<=", "/h": "<="}),
        ("(g > 0.1)*_*g", {}),
        ("(g > ma.SR)*_*g", {}),
        # Modes are numbers that a program asks for.
        ("(g == 0)*_*(g + 1)", {}),
        # Poles.
        ("1/(1 + 1/g)", {"/gain": "/"}),
        ("h*1/(1 + 1/(g*g))", {"/gain": "/"}),
        # One operand can never win.
        ("max(min(h, 0.5), 0.5) + h", {"/h": "min"}),
        ("min(g, 24) + max(g, -24) + g*h", {}),
        # What does not move with a parameter stands on no kink of its.
        ("g*max(2, 2)", {}),
        ("g*abs(0)", {}),
        # Values that change over time, and those that a comparison decides about.
        ("abs(_*h)", {}),
        ("abs(g : + ~ *(0.5))", {}),
        ("fi.peak_eq(g, 1000, 500)", {}),
        # The derivative by what does not reach the outputs is no matter.
        ("h + int(abs(g))", {}),
    ],
)
def test_parameters_that_start_on_a_kink(program: str, warned: dict[str, str]) -> None:
    text = f'{GAIN} h = hslider("h", 0.5, 0, 1, 0.1); process = {program};'
    told = [text for text in fad.transform(text).warnings if "kink" in text]
    assert len(told) == len(warned)
    for path, construct in warned.items():
        assert any(text.startswith(f"{path} starts on a kink of `{construct}`") for text in told)


@pytest.mark.parametrize(
    ("program", "warned"),
    [
        ("_ : \\(x).(control(x*h, x > 0))", True),
        ("control(_*h, g > 0)", True),
        # The value is held nowhere, or does not depend on a parameter.
        ("control(h, _ > 0)", False),
        ("control(_, h > 0)*h", False),
        ("enable(_*h, _ > 0)", False),
        ("int(control(_*h, g > 0)) + g", False),
    ],
)
def test_tangents_that_may_not_be_held_are_told_of(program: str, warned: bool) -> None:
    """libfaust passes the tangent `x` of `control(x*h, x > 0)` on while the value is held."""
    text = f'{GAIN} h = hslider("h", 0.5, 0, 1, 0.1); process = {program};'
    told = [text for text in fad.transform(text).warnings if "`control`" in text]
    assert len(told) == warned
    assert all(text.startswith("the derivative by /h passes `control` at ") for text in told)
