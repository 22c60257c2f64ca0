"""Warnings about what the standard compiler refuses, but only when it comes to signals."""

from __future__ import annotations

import pytest

import fad
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineRefusal
from tests.support.standard_compiler import program

REFUSED = {
    "_ : @(-1)": "a delay of -1 samples at <text>:1:15 is negative",
    "f(2) with { f(x) = _@(1 - x); }": "is negative",
    "_@(-1.5)": "is negative",
    'hslider("a", 5, 0, 1, 0.1)': (
        'the initial value 5 of `hslider("a")` at <text>:1:11 is outside its range, from 0 to 1'
    ),
    'nentry("a", -1, 0, 1, 0.1)': "is outside its range",
    'vslider("a", 0, 1, 0, 0.1)': "the range of `vslider",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_compiler_refuses_later_is_warned_about(text: str, engine: Engine) -> None:
    with pytest.raises(EngineRefusal):
        engine.compile(program(text), "test.dsp")
    (warning,) = fad.expand(program(text)).warnings
    assert REFUSED[text] in warning


@pytest.mark.parametrize(
    "text", ["_ : @(0)", "_@(-0.5)", 'hslider("a", 1, 0, 1, 0.1)', 'hslider("a", 0, 0, 1, 0)']
)
def test_what_the_compiler_takes_is_not(text: str, engine: Engine) -> None:
    engine.compile(program(text), "test.dsp")
    assert not fad.expand(program(text)).warnings
