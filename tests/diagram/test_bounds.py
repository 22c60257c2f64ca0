"""The bounds of primitives: no value lies outside."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fad.diagram.bounds import UNKNOWN, bounds_of, hull, of_square
from fad.diagram.box import Real
from fad.diagram.primitives import PRIMITIVES
from fad.evaluation.folding import folded
from tests.support.properties import examples

ENDS = st.sampled_from([-50.0, -2.0, -1.0, -0.3, 0.0, 0.3, 1.0, 2.0, 50.0]) | st.floats(-9, 9)


@st.composite
def intervals(draw: st.DrawFn) -> tuple[float, float, float]:
    """Two ends, and a value between them."""
    low, high = sorted((draw(ENDS), draw(ENDS)))
    inside = min(high, low + draw(st.sampled_from([0.0, 1.0]) | st.floats(0, 1)) * (high - low))
    unbounded = draw(st.sampled_from(["", "", "low", "high", "both"]))
    return (
        -math.inf if unbounded in ("low", "both") else low,
        math.inf if unbounded in ("high", "both") else high,
        inside,
    )


@pytest.mark.parametrize("name", PRIMITIVES)
@examples(60)
@given(data=st.data())
def test_no_value_is_outside(name: str, data: st.DataObject) -> None:
    """The values are those that the evaluator folds to, as the standard compiler does."""
    found = data.draw(st.tuples(*[intervals()] * PRIMITIVES[name]))
    low, high = bounds_of(name, [(low, high) for low, high, _ in found])
    value = folded(name, [Real(inside) for *_, inside in found])
    assert not math.isnan(low) and not math.isnan(high)
    if value is not None and math.isfinite(value.value):
        # The ends are rounded, too.
        slack = 1e-12 * abs(value.value)
        assert low - slack <= value.value <= high + slack


@pytest.mark.parametrize(
    ("name", "arguments", "bounds"),
    [
        ("+", [(1.0, 2.0), (0.0, math.inf)], (1.0, math.inf)),
        ("*", [(0.0, 0.0), UNKNOWN], (0.0, 0.0)),
        ("/", [(1.0, 1.0), (2.0, 4.0)], (0.25, 0.5)),
        ("/", [(1.0, 1.0), (0.0, 4.0)], (0.25, math.inf)),
        ("/", [(1.0, 1.0), (-4.0, 4.0)], UNKNOWN),
        ("sqrt", [UNKNOWN], (0.0, math.inf)),
        ("log", [(0.0, 1.0)], (-math.inf, 0.0)),
        ("tan", [(0.0, 2.0)], UNKNOWN),
        ("mem", [(1.0, 2.0)], (0.0, 2.0)),
        ("select2", [UNKNOWN, (1.0, 2.0), (5.0, 6.0)], (1.0, 6.0)),
        ("min", [(1.0, 3.0), (2.0, 9.0)], (1.0, 3.0)),
    ],
)
def test_what_is_known(
    name: str, arguments: list[tuple[float, float]], bounds: tuple[float, float]
) -> None:
    assert bounds_of(name, arguments) == bounds


def test_squares_are_not_negative() -> None:
    assert of_square(UNKNOWN) == (0.0, math.inf)
    assert of_square((-3.0, 2.0)) == (0.0, 9.0)
    assert of_square((-3.0, -2.0)) == (4.0, 9.0)
    assert hull([(1.0, 2.0), (-1.0, 0.0)]) == (-1.0, 2.0)
