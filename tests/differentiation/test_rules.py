"""The table of rules: total, and right wherever it says something."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import fad
from fad.diagram.primitives import PRIMITIVES
from fad.differentiation.rules import ARGUMENTS, DERIVATIVES, Linear, Partials, Unsupported
from fad.runtime.engine import Engine
from fad.signals.rates import WITH_MEMORY
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
    "enable": "enable(_*a*a, (count > 3)*b*b)",
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


#: Programs in which the arguments whose derivatives are zero by the rules move with sliders, where
#: three numbers in a row are not a call of the primitive. The table reads run over the whole table.
MOVED = {
    "@": "_ @ (13.4 + y)",
    "mem": "_*x : mem",
    "prefix": "prefix(0.5, _*y)",
    "rdtable": "rdtable(16, sin(+(1) ~ _), int(count*0.7 + z) % 16)",
    "rwtable": "rwtable(16, 0.0, count % 16, _*u, int(count*0.3 + v) % 16)",
    "select2": "select2(1.3 + x, 0.2*_ + y, 0.7*_ + z)",
    "select3": "select3(1.3 + x, 0.2*_ + y, 0.7*_ + z, 0.4*_ + u)",
    "attach": "attach(_ + x, _ + y)",
    "lowest": "x*_",
    "highest": "x*_",
}


# libfaust cannot compile `assertbounds`, here and alone.
@pytest.mark.parametrize("name", [name for name in PRIMITIVES if name != "assertbounds"])
def test_no_argument_has_a_derivative_that_its_rule_denies(engine: Engine, name: str) -> None:
    letters = ARGUMENTS[: PRIMITIVES[name]]
    points = (0.31, 1.37, 0.73, 0.53, 0.47)
    near = [f"0.1*_ + {at} + {by}" for at, by in zip(points, letters, strict=False)]
    process = MOVED.get(name) or f"({', '.join(near)} : {name})"
    sliders = "\n".join(f"{letter} = {slider(letter, 0)};" for letter in letters)
    program = f"{sliders}\ncount = +(1) ~ _; process = {process};"
    report = fad.check(program, engine=engine, seconds=0.005, native=False, points=1)
    assert {pair.verdict for pair in report.pairs} <= {
        "agrees",
        "zero",
        "jump",
        "kink",
        "quantised",
    }
    assert report.primal_identical


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


@pytest.mark.parametrize(
    "expression", ["(prefix(0.2, b) + 1)'", "(sin(prefix(0.2, b)))'", "(prefix(0.2, b*_) + _) @ 3"]
)
def test_the_tangent_of_prefix_can_be_delayed(engine: Engine, expression: str) -> None:
    """libfaust fails an assertion on `prefix(0.0, 1.0)'`, where the original runs."""
    program = f"b = {slider('b', 0.37)}; process = {expression};"
    assert compare(engine, program, frames=8).error < 1e-7


@pytest.mark.parametrize(
    "expression",
    [
        "(control(b*b*_, count > 3) + 1)'",
        "(control(b, count > 3) + 1) @ 2",
        "(enable(sin(b*_), count % 3) + _)'",
        "(enable(b, count > 3) : sin) @ 3",
        "(prefix(0.1, enable(b, count > 3) + 1) + 1)'",
    ],
)
def test_the_tangents_of_control_and_enable_can_be_delayed(engine: Engine, expression: str) -> None:
    """libfaust fails an assertion on `control(...)'`, where the original runs."""
    program = f"b = {slider('b', 0.37)}; count = +(1) ~ _; process = {expression};"
    assert compare(engine, program, frames=12).error < 1e-7


@pytest.mark.parametrize(
    "expression",
    [
        "exp(2*log(level))",
        "10^(0.05*20*log10(level))",
        "max(0 - 60, 20*log10(level))",
        "(log(level)*0.5 : exp) : + ~ *(0.9)",
    ],
)
def test_the_logarithm_of_silence_does_not_spoil_what_follows(
    engine: Engine, expression: str
) -> None:
    """The level is 0 for the first samples; the result is finite, and so is its tangent."""
    program = f"""
        p = {slider("p", 0.7)}; count = +(1) ~ _; level = p*abs(_)*(count > 3) : + ~ *(0.5);
        process = {expression};
    """
    comparison = compare(engine, program, frames=32)
    assert np.isfinite(comparison.original).all()
    assert np.abs(comparison.quotients).max() > 0.1
    assert comparison.error < 1e-6


#: Primitives whose result at a sample depends on other samples, or on whether it runs.
MEMORY = ("mem", "@", "prefix", "rwtable", "enable", "control")


@pytest.mark.parametrize("name", [n for n, rule in DERIVATIVES.items() if isinstance(rule, Linear)])
def test_transposes_are_stated_wherever_tangents_are_remembered(name: str) -> None:
    """The transpose of all other linear rules is a product with what they give for a tangent 1."""
    rule = DERIVATIVES[name]
    assert isinstance(rule, Linear)
    remembered = {
        argument
        for argument in ARGUMENTS[: PRIMITIVES[name]]
        for text in rule.texts
        if f"d{argument}" in text and any(is_used(each, text) for each in MEMORY)
    }
    assert remembered <= set(rule.transposed)
    for argument, transposed in rule.transposed.items():
        assert f"d{argument}" in " ".join(rule.texts)
        assert isinstance(transposed, Unsupported) or "w" in transposed


def test_signals_know_what_has_memory() -> None:
    remembering = {
        name for name, rule in DERIVATIVES.items() if isinstance(rule, Linear) and rule.transposed
    }
    assert remembering == WITH_MEMORY == set(MEMORY)


def is_used(primitive: str, text: str) -> bool:
    """Whether a primitive is used in an expression, in any of its notations."""
    notations = {"mem": "'", "@": "@"}
    return notations.get(primitive, f"{primitive}(") in text
