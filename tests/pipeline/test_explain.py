"""What became of each part of a program, and why."""

from __future__ import annotations

from fad.pipeline.explain import explain
from tests.support.programs import SHAPE


def test_an_explanation_says_what_became_of_each_part_and_why() -> None:
    text = explain(SHAPE)
    blocks = {block.split(",")[0].split("\n")[0]: block for block in text.split("\n\n")}
    gain, shape = blocks["gain"], blocks["shape"]
    assert 'was       hslider("gain", 0.5, 0, 1, 0.01)' in gain
    assert 'became    gain = hslider("gain", 0.5, 0, 1, 0.01), 1.0;' in gain
    assert "parameter" in gain
    # The names of the source stand for its parts.
    assert r"was       \(x).(sin(x*gain) + x*x*x*0.001)" in shape
    assert "its outputs carry d/dgain" in shape
    assert "became    d_sin(x, dx) = sin(x), cos(x)*dx;" in blocks["sin"]
    assert "x carries d/dgain" in blocks["sin"]
    assert "no parameter reaches them:\n  smooth" in text
    assert "d/dsteps in `int` at <text>:7:30: it is constant between its steps" in text


def test_an_explanation_tells_what_has_derivatives_that_nothing_uses() -> None:
    text = explain(SHAPE, wrt=["steps"])
    assert "nothing uses their derivatives:\n  steps\n" in text
    meter = 'g = hslider("g", 1, 0, 2, 1); level = abs : max ~ *(0.9); m = hbargraph("m", 0, 1);'
    text = explain(f"{meter} process = _*g <: attach(_, level : m);")
    assert "nothing uses their derivatives:\n  level, m\n" in text


def test_an_explanation_names_the_rule_of_a_function() -> None:
    text = explain('cube(x) = x*x*x; d_cube(x) = 3*x*x; process = cube(hslider("g", 1, 0, 2, 1));')
    assert "became    d_cube(x, dx) = x*x*x, 3*x*x*dx;" in text
    assert "because   its rule is `d_cube`, its inputs carry d/dg" in text


def test_an_explanation_follows_the_variables() -> None:
    text = explain(SHAPE, wrt=["steps"])
    assert "d/dgain" not in text
    assert "no parameter reaches them:\n  smooth, gain, shape\n" in text
