"""The functions of `fad.lib` about derivatives: `stop`, `clip_gradient`, `solve`.

Where they are only wires, `test_documentation` compares them with what the standard compiler makes
of the library.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

import fad
from fad.base.errors import FadError
from fad.runtime.engine import Engine
from tests.lib.running import dual, noise
from tests.support.places import ROOT

LADDER = ROOT / "examples" / "operators" / "ladder.dsp"
P = 0.7
SLIDER = f'p = hslider("p", {P}, 0.1, 2, 0.01);\n'


def test_a_stopped_signal_is_a_constant(engine: Engine) -> None:
    x = noise(1)
    text = "process(x) = fad((df.stop(p*x)*p + (p : df.stop)), p), fad(df.stop(x)*x, x);"
    y, dy, square, slope = dual(engine, SLIDER + text, x)
    np.testing.assert_allclose(y, P * P * x[0] + P)
    np.testing.assert_allclose(dy, P * x[0])
    np.testing.assert_allclose(square, x[0] ** 2)
    np.testing.assert_allclose(slope, x[0])


def test_stops_count_in_second_derivatives(engine: Engine) -> None:
    text = f'df = library("fad.lib"); {SLIDER} process = df.stop(p)*p*p;'
    source = fad.transform(text, order=2).source
    found = engine.render(source, "test", frames=1)[:, 0]
    np.testing.assert_allclose(found, [P**3, 2 * P * P, 2 * P])


def test_second_derivatives_of_a_solution_are_warned_of() -> None:
    text = f"{SLIDER}process = df.solve(3, \\(y).(y*y - p), 1);"
    source = f'df = library("fad.lib"); {text}'
    first, second = (fad.transform(source, order=order) for order in (1, 2))
    assert not first.warnings
    (warning,) = second.warnings
    assert re.match(
        r"second derivatives are without what `d_stop` at fad\.lib:\d+:\d+ stops", warning
    )
    assert "warning: second derivatives are without" in second.source


def test_a_clipped_derivative(engine: Engine) -> None:
    x = noise(1)
    text = "process(x) = fad(df.clip_gradient(0.5, p*x), p), fad(2*df.clip_gradient(p, 3*x), x);"
    y, dy, z, dz = dual(engine, SLIDER + text, x)
    np.testing.assert_allclose(y, P * x[0])
    np.testing.assert_allclose(dy, np.clip(x[0], -0.5, 0.5))
    np.testing.assert_allclose(z, 6 * x[0])
    np.testing.assert_allclose(dz, 2 * P)


def test_a_clipped_derivative_in_a_loop_does_not_explode(engine: Engine) -> None:
    # The slope around the loop is 2: without a bound, the tangent after 200 samples is 1e60.
    text = "process = fad(((+(p) : clip) ~ (*(2) : ma.frac)), p) : !, _ with { clip = %s; };"
    text = 'ma = library("maths.lib");' + SLIDER + text
    x = np.zeros((0, 200))
    (free,) = dual(engine, text % "_", x)
    (bounded,) = dual(engine, text % "df.clip_gradient(10)", x)
    assert free[-1] > 1e50
    assert np.abs(bounded).max() == 10


# -- Implicit functions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("residual", "start", "value", "slope"),
    [
        (r"\(v).(v*v - p)", "1", np.sqrt(P), 0.5 / np.sqrt(P)),
        (r"\(v).(exp(v) - p)", "p", np.log(P), 1 / P),
        (r"\(v).(p*v*v*v - 1)", "1.0", P ** (-1 / 3), -(P ** (-4 / 3)) / 3),
        (r"\(v).(v - p)", "0", P, 1),
        (r"\(v).(v*v - 2)", "1", np.sqrt(2), 0),
    ],
)
def test_the_derivative_of_a_solution(
    engine: Engine, residual: str, start: str, value: float, slope: float
) -> None:
    text = f"process = fad(df.solve(6, {residual}, {start}), p);"
    found = dual(engine, SLIDER + text, np.zeros((0, 1)))[:, 0]
    np.testing.assert_allclose(found, [value, slope], rtol=1e-12, atol=1e-12)


def test_a_solution_in_a_loop_agrees_with_differences(engine: Engine) -> None:
    # A backward Euler step of v' = -p*v^3 + x, and a start that depends on the parameter.
    text = r"""
    df = library("fad.lib");
    step(v1, x) = df.solve(6, \(v).(v - v1 + 0.1*(p*v*v*v - x)), v1 + 0.1*p);
    process = step ~ _;
    """
    report = fad.check(SLIDER + text, engine=engine, native=False)
    assert [pair.verdict for pair in report.pairs] == ["agrees"]


def test_the_ladder_agrees_with_differences(engine: Engine) -> None:
    report = fad.check(LADDER, engine=engine, native=False, seconds=0.02)
    assert [pair.verdict for pair in report.pairs] == ["agrees", "agrees"]
    assert not report.warnings


def operations(engine: Engine, text: str) -> int:
    """The number of additions and the like in what the standard compiler makes of a dual."""
    code = engine.cpp(fad.transform(text).source, "ladder", precision="double")
    body = code.partition("void compute(")[2].partition("\n\t}\n")[0]
    return len(re.findall(r" [-+*/] ", body))


def test_the_derivative_of_a_solution_costs_one_step(engine: Engine) -> None:
    text = LADDER.read_text()
    unrolled = text.replace("df.solve(4, ", "newton(5, ").replace(
        "process =",
        r"newton(n, r, start) = start : seq(i, n, \(v).(fad(r(v), v) : \(e, d).(v - e/d)));"
        "\nprocess =",
    )
    assert unrolled.count("newton(") == 2
    solved, longer = operations(engine, text), operations(engine, text.replace("(4, ", "(9, "))
    short, long = (
        operations(engine, unrolled.replace("newton(5, ", f"newton({steps}, ")) for steps in (5, 10)
    )
    assert 2 * solved < short
    # What five more iterations cost is what they cost without derivatives.
    assert longer - solved < 0.4 * (long - short)


def test_a_start_with_an_input_of_its_own_is_refused() -> None:
    text = f'df = library("fad.lib"); {SLIDER} process = df.solve(3, \\(v).(v*v - p), _);'
    with pytest.raises(FadError) as refused:
        fad.transform(text)
    assert "it has 1 input beside its arguments" in refused.value.message
