"""Literals with other values, in the style of the old ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fad.base.cache import Cache
from fad.base.source import Source
from fad.syntax import nodes, parser
from fad.syntax.literals import respelled
from tests.support.properties import examples

SIGNS = st.sampled_from(["", "-", "+", "-  ", "+ ", "- /* 3 */ ", "+// 4.5\n"])
NUMBERS = st.sampled_from(["0", "20", "0.5", ".5", "20.", "1e3", "1.5e-3", "2f", ".5f", "1e2f"])


@pytest.mark.parametrize(
    ("literal", "value", "expected"),
    [
        ("1000", 734.2511, "734.2511"),
        ("1000", 734.0, "734"),
        ("0.5", 1.0, "1.0"),
        (".5", 0.25, ".25"),
        (".5", 2.5, "2.5"),
        (".5", 0.0, "0.0"),
        ("20.", 25.0, "25."),
        ("20.", 25.5, "25.5"),
        ("1e3", 734.25, "734.25"),
        ("0.5f", 0.25, "0.25f"),
        ("-20", -33.5, "-33.5"),
        ("-20", 33.5, "33.5"),
        ("20", -33.5, "-33.5"),
        ("-  20", -30.0, "-  30"),
        ("-  20.", 30.0, "30."),
        ("+ 20", 30.0, "+ 30"),
        ("+ 20", -30.0, "- 30"),
        ("- /* 3 */ 20", 30.0, "+ /* 3 */ 30"),
        ("1", 0.00001, "0.00001"),
        ("1", 1.5e-9, "1.5e-9"),
        ("1", 1234567000.0, "1234567000"),
        ("1", 3e9, "3000000000.0"),  # an integer would be taken modulo 2**32
        ("1", 1.5e12, "1.5e12"),
        ("1", 0.0, "0"),
    ],
)
def test_the_style_stays(literal: str, value: float, expected: str) -> None:
    assert respelled(literal, value) == expected


@examples(150)
@given(SIGNS, NUMBERS, st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_written_is_the_value(sign: str, number: str, value: float) -> None:
    literal = f"{sign}{number}"
    assert _read(respelled(literal, value)) == value
    old = _read(literal)
    assert _read(respelled(literal, old)) == old


def _read(literal: str) -> float:
    """The number that the parser takes a literal for."""
    text = f'process = hslider("a", {literal}, 0, 1, 1);'
    (definition,) = parser.parse(Source("test.dsp", text), Cache())
    assert isinstance(definition, nodes.Definition)
    assert isinstance(definition.body, nodes.Slider)
    init = definition.body.init
    assert isinstance(init, nodes.Integer | nodes.Float)
    return float(init.value)
