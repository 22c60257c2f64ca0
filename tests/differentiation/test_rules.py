"""The table of rules: total, and right wherever it says something."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import fad
from fad.diagram.primitives import PRIMITIVES
from fad.differentiation.rules import ARGUMENTS, DERIVATIVES, Linear, Partials, Unsupported
from fad.runtime.engine import Engine
from tests.support.quotients import compare

DIFFERENTIATED = [name for name, rule in DERIVATIVES.items() if isinstance(rule, Partials | Linear)]

#: Where each argument is tried; the default is inside the domain of most functions.
POINTS = {
    name: points
    for names, points in [
        ("sin cos tan atan", [-1.1, 0.0, 0.7]),
        ("asin acos", [-0.6, 0.0, 0.8]),
        ("+ - * exp abs / atan2 float", [-1.5, 0.6]),
        ("% fmod remainder", [0.7, 1.9, 3.1]),
    ]
    for name in names.split()
}
DEFAULT_POINTS = [0.3, 0.9, 1.7]
#: Primitives that have a kink or a jump where two arguments are equal.
ROUGH = ("min", "max", "%", "fmod", "remainder")
#: Programs for primitives that need more than sliders to be tried.
PROGRAMS = {
    "@": "_*a*a @ 3",
    "prefix": "prefix(0.5, _*b*b)",
    "enable": "enable(_*a*a, count > 3)",
    "control": "control(_*a*a, count > 3)",
    "attach": "attach(_*a*a, b)",
    "select2": "select2(count % 2, a*a, sin(b))",
    "select3": "select3(count % 3, a*a, sin(b), _*a)",
    "rwtable": "rwtable(16, 0.0, count % 16, _*a*a, (count + 5) % 16)",
}


def slider(name: str, value: float) -> str:
    return f'hslider("{name}", {value}, -10, 10, 0.001)'


def test_the_table_covers_exactly_the_primitives() -> None:
    assert set(DERIVATIVES) == set(PRIMITIVES)


def test_partials_are_stated_for_every_argument() -> None:
    for name, rule in DERIVATIVES.items():
        if isinstance(rule, Partials):
            assert len(rule.texts) == PRIMITIVES[name], name


def program_of(name: str) -> str:
    """A program with the primitive at several points.

    The sliders are 0. Their squares give arguments a second derivative, so that each primitive has
    one.
    """
    letters = ARGUMENTS[: PRIMITIVES[name]]
    points = [
        point
        for point in product(POINTS.get(name, DEFAULT_POINTS), repeat=len(letters))
        if name not in ROUGH or len(set(point)) == len(point)
    ]
    calls = []
    for point in points:
        near = [f"{at} + {by} + {by}*{by}" for at, by in zip(point, letters, strict=True)]
        calls.append(f"({', '.join(near)} : {name})")
    process = PROGRAMS.get(name) or ", ".join(calls)
    return "\n".join(
        [
            *(f"{letter} = {slider(letter, 0)};" for letter in letters),
            f"a = {slider('a', 0.7)}; b = {slider('b', 1.3)}; count = +(1) ~ _;",
            f"process = {process};",
        ]
    )


@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_rule_agrees_with_difference_quotients(engine: Engine, name: str) -> None:
    comparison = compare(engine, program_of(name), frames=32)
    assert comparison.error < 1e-7
    assert np.abs(comparison.tangents).max() > 0.1


@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_second_derivative_agrees_with_difference_quotients(engine: Engine, name: str) -> None:
    """What fad writes is a program, whose tangents it can differentiate again."""
    dual = fad.transform(program_of(name))
    comparison = compare(engine, dual.source, frames=32)
    tangents = [i for i, output in enumerate(dual.outputs) if output.parameter is not None]
    assert comparison.error < 1e-7
    assert np.abs(comparison.tangents[tangents]).max() > 0.1


@pytest.mark.parametrize(
    ("program", "tangents"),
    [
        ("abs(x)", [0.0]),
        ("sqrt(x)", [0.0]),
        ("x^0.5", [0.0]),
        ("x^1", [1.0]),
        ("x^2", [0.0]),
        ("2^x", [np.log(2)]),
        ("x^y", [0.0, 0.0]),
        ("min(x, y)", [1.0, 0.0]),
        ("max(x, y)", [1.0, 0.0]),
    ],
)
def test_tangents_at_the_edges(engine: Engine, program: str, tangents: list[float]) -> None:
    widgets = [f'{name} = hslider("{name}", 0, -1, 1, 0.1);' for name in "xy"]
    dual = fad.transform("\n".join([*widgets, f"process = {program};"]))
    rendered = engine.render(dual.source, "edge", inputs=None, frames=1)
    np.testing.assert_allclose(rendered[1:, 0], tangents, rtol=1e-12)


def test_a_bad_sample_does_not_poison_a_recursion(engine: Engine) -> None:
    """sqrt meets 0 in every other sample of a loop; its tangent stays finite."""
    dual = fad.transform(
        'x = hslider("x", 0.5, 0, 1, 0.1); process = loop ~ _ with {'
        "  loop(y) = 0.5*y + sqrt(max(0, gate*x)); gate = (1 - _) ~ _; };"
    )
    rendered = engine.render(dual.source, "loop", inputs=None, frames=100)
    assert np.isfinite(rendered).all()
    assert rendered[1].max() > 0.5


def test_unsupported_rules_say_why() -> None:
    for name, rule in DERIVATIVES.items():
        if isinstance(rule, Unsupported):
            assert rule.reason, name
