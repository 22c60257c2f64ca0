"""Custom derivatives: rules `d_f` for the functions `f` of a program.

Most rules here are wrong on purpose: that their numbers come out shows that they are used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fad
from fad.base.errors import DifferentiationError, FadError
from fad.base.source import Source
from fad.diagram.binders import is_alike
from fad.diagram.box import Box
from fad.diagram.ruled import without_rules
from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples

G, H = 0.6, 1.3
SLIDERS = f"""
g = hslider("g", {G}, -4, 4, 0.01);
h = hslider("h", {H}, -4, 4, 0.01);
"""
#: A function whose rule says that its slope is 7.
CUBE = "cube(x) = x*x*x; d_cube(x) = 7;"
PRODUCT = "product(x, y) = x*y; d_product_1(x, y) = 10 + y; d_product_2(x, y) = 20 + x;"


def computed(engine: Engine, text: str, **options: Any) -> Samples:
    """What the dual of a program computes on an input that counts from 1 to 4."""
    source = fad.transform(SLIDERS + text, **options).source
    count = engine.compile(source, "test").inputs
    inputs = np.arange(1.0, 5)[np.newaxis].repeat(count, axis=0)
    return engine.render(source, "test", inputs=inputs, frames=4)


def values(engine: Engine, text: str, **options: Any) -> list[float]:
    """The first sample of each output of the dual."""
    return [float(channel[0]) for channel in computed(engine, text, **options)]


# -- Where a function has its rule ------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"{CUBE} process = cube(g);",
        f"{CUBE} process = g : cube;",
        f"{CUBE} other = cube; process = other(g);",
        f"{CUBE} process = g : (_ : cube);",
        f"{CUBE} apply(f, x) = f(x); process = apply(cube, g);",
        f"process = cube(g) with {{ {CUBE} }};",
        f"e = environment {{ {CUBE} }}; process = e.cube(g);",
        f"e = environment {{ {CUBE} }}; process = e[unused = 1;].cube(g);",
        f"{CUBE} process = \\(x).(cube(x))(g);",
        f"{CUBE} process = case {{ (x) => cube(x); }}(g);",
        f"{CUBE} process = par(i, 1, cube(g));",
        f'{CUBE} process = hgroup("group", cube(g));',
        f"{CUBE} process = cube(g), 1 : _, !;",
        "cube(x) = case { (y) => y*y*y; }(x); d_cube(x) = 7; process = cube(g);",
        "cube(0) = 0; cube(x) = x*x*x; d_cube(x) = 7; process = cube(g);",
        "cube(x) = x*x*x; d_cube(0) = 0; d_cube(x) = 7; process = cube(g);",
    ],
)
def test_a_rule_is_used(engine: Engine, text: str) -> None:
    assert values(engine, text, wrt=["g"]) == pytest.approx([G**3, 7], abs=1e-12)


def test_rules_for_several_arguments(engine: Engine) -> None:
    found = values(engine, f"{PRODUCT} process = product(g, h), product(3, g), product(g);")
    expected = [G * H, 10 + H, 20 + G, 3 * G, 23, 0, G * 1, 11, 0]
    assert found == pytest.approx(expected, abs=1e-12)


def test_the_chain_rule_goes_through_a_rule(engine: Engine) -> None:
    found = values(engine, f"{CUBE} process = sin(cube(g*h));")
    slope = np.cos((G * H) ** 3) * 7
    assert found == pytest.approx([np.sin((G * H) ** 3), slope * H, slope * G], abs=1e-12)


def test_an_audio_input_is_an_argument(engine: Engine) -> None:
    found = computed(engine, f"{CUBE} process = cube;", wrt=["input:0"])
    assert found[0].tolist() == [1, 8, 27, 64]
    assert found[1].tolist() == [7, 7, 7, 7]


def test_a_rule_inside_and_around_a_recursion(engine: Engine) -> None:
    text = "half(x) = 0.5*x; d_half(x) = 2; process = (_ + g) ~ half, half(g : + ~ *(0.5));"
    found = computed(engine, text, wrt=["g"])
    t, tangent, inner = 0.0, 0.0, 0.0
    for sample in range(4):
        t, tangent = 0.5 * t + G, 2 * tangent + 1
        inner = 0.5 * inner + 1
        assert found[:, sample] == pytest.approx([t, tangent, 0.5 * inner * G, 2 * inner])


def test_numbers_are_known_to_rules(engine: Engine) -> None:
    text = """
    power(0, x) = 1;
    power(n, x) = x*power(n - 1, x);
    d_power_2(n, x) = n*(x : seq(i, n - 1, *(1)) : power(n - 1));
    process = power(3, g), power(1, g), power(0, g);
    """
    found = values(engine, text, wrt=["g"])
    assert found == pytest.approx([G**3, 3 * G * G, G, 1, 1, 0], abs=1e-12)


def test_a_rule_for_many_arguments(engine: Engine) -> None:
    names = [f"x{index}" for index in range(7)]
    head = ", ".join(names)
    rules = "".join(f"d_f_{i + 1}({head}) = {name}*{i + 1};" for i, name in enumerate(names))
    text = f"f({head}) = {'+'.join(names)}; {rules} process = f(1, g, 2, h, 3, g, h);"
    assert values(engine, text) == pytest.approx(
        [6 + 2 * (G + H), (2 + 6) * G, (4 + 7) * H], abs=1e-12
    )


def test_many_tangents_of_a_function_with_a_rule(engine: Engine) -> None:
    total = 'sum(i, 30, hslider("p%i", 1, 0, 2, 0.1)*(i + 1))'
    found = values(engine, f"{CUBE} process = cube({total}/465);")
    assert found[0] == pytest.approx(1)
    assert found[1:] == pytest.approx([7 * (i + 1) / 465 for i in range(30)])


def test_rules_beside_the_program(engine: Engine) -> None:
    text = f"cube(x) = x*x*x; {PRODUCT} process = cube(g), product(g, h);"
    rules = Source("rules.dsp", "d_cube(x) = 2*seven(x); seven(x) = 3.5; d_product_2(x, y) = 1;")
    # A rule of the file goes before that in the program.
    expected = [G**3, 7, 0, G * H, 10 + H, 1]
    assert values(engine, text, rules=rules) == pytest.approx(expected, abs=1e-12)
    local = "process = cube(g) with { cube(x) = x*x*x; };"
    assert values(engine, local, rules=rules, wrt=["g"]) == pytest.approx([G**3, 3 * G * G])


# -- Rules, operators and second derivatives --------------------------------------------------


def test_operators_use_rules(engine: Engine) -> None:
    text = f"{CUBE} process = fad(cube(g), g), forwardAD(cube(h), (2, 3)), (fad(cube, _));"
    assert values(engine, text, only="primal") == pytest.approx([G**3, 7, 8, 21, 1, 7])


def test_the_second_derivative_is_that_of_the_rule(engine: Engine) -> None:
    text = "f(x) = x; d_f(x) = sin(x); process = f(2*g);"
    found = values(engine, text, order=2, wrt=["g"])
    assert found == pytest.approx([2 * G, 2 * np.sin(2 * G), 4 * np.cos(2 * G)])
    nested = "f(x) = x; d_f(x) = sin(x); process = fad((fad(f(g), g) : !, _), g);"
    assert values(engine, nested, only="primal") == pytest.approx([np.sin(G), np.cos(G)])


def test_a_rule_may_use_its_own_function(engine: Engine) -> None:
    # Through the table, all slopes would be 0.
    text = "f(x) = rdtable(3, 5.0, int(x)); d_f(x) = 2*f(x); process = f(g);"
    found = values(engine, text, order=2, wrt=["g"])
    assert found == pytest.approx([5, 10, 20])


def test_widgets_in_arguments_may_be_changed(engine: Engine) -> None:
    text = f'{PRODUCT} process = ["g": *(2) -> product(g, h)];'
    assert values(engine, text, wrt=["g"]) == pytest.approx([2 * G * H, 2 * (10 + H)])


# -- The value ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("functions", "process"),
    [
        ("f(x) = x*x*x;", "f(g) + f(_) + (_ : f) + f(3)"),
        ("f(x) = x;", "f(g)*f(_)"),
        ("f(x) = x <: _*(_ ~ +(x));", "f(g*h), (f(g) : sin)"),
        ("f(x) = 3;", "f(g) + 1"),
        ("f(x) = x + 1;", "case { (a + b) => b - a; (a) => 0; }(f(g))"),
        ("f(x) = x, 1;", "case { ((a, b)) => b - a; (a) => 0; }(f(g))"),
        ("f(x) = +;", "f(g)(3)"),
        ("f(x) = \\(y).(x - y);", "f(g)(3), f(g, h)"),
        ("f((a, b)) = a - b; f(x) = x;", "f((g, h)), f(g)"),
        ('f(x) = hgroup("%x", hslider("a", 0, 0, 1, 0.1));', "f(3)"),
        ("f(0) = 1; f(x) = x*x;", "f(g - g), f(1 - 1), f(g)"),
    ],
)
def test_expanded_programs_do_not_see_rules(functions: str, process: str) -> None:
    def evaluated(rules: str) -> Box:
        text = f"{SLIDERS} {functions} {rules} process = {process};"
        return read(Request(text)).evaluated().process

    ruled, _ = without_rules(evaluated("d_f(x) = x;"))
    assert is_alike(ruled, evaluated(""), {})


def test_an_expanded_program_does_not_need_its_rules() -> None:
    for rule in ("nothing", "x, x", "d_f(x)"):
        assert fad.expand(f'f(x) = x; d_f(x) = {rule}; process = f(hslider("g", 0, 0, 1, 1));')


def test_a_definition_without_parameters_is_no_rule(engine: Engine) -> None:
    text = "cube(x) = x*x*x; d_cube = 7; process = cube(g);"
    assert values(engine, text, wrt=["g"]) == pytest.approx([G**3, 3 * G * G])
    assert "custom" not in fad.transform(SLIDERS + text).source


def test_a_written_program_names_its_rules() -> None:
    text = fad.transform(f"{SLIDERS} {CUBE} {PRODUCT} process = cube(g)*product(h, 3);").source
    assert "// custom derivatives: d_cube, d_product_1 of " in text
    expanded = fad.expand(f"{SLIDERS} {CUBE} process = fad(cube(g), g);").source
    assert "// custom derivatives: d_cube of " in expanded
    assert "custom" not in fad.expand(f"{SLIDERS} {CUBE} process = cube(g);").source


# -- Rules that stop, and rules that are not linear -------------------------------------------


def test_a_rule_that_is_0_lets_no_tangent_pass(engine: Engine) -> None:
    text = "stop(x) = x; d_stop(x) = 0; process = stop(g*h)*h;"
    assert fad.transform(SLIDERS + text).warnings == (
        "the derivative by /g is zero: it only acts through `stop` at <text>:4:39 "
        "(its rule says so)",
    )
    assert values(engine, text) == pytest.approx([G * H * H, 0, G * H])


def test_a_stop_in_a_library_is_told_where_it_is_called() -> None:
    text = 'df = library("fad.lib"); process = df.stop(g*h)*h;'
    (warning,) = fad.transform(SLIDERS + text).warnings
    assert "it only acts through `stop` at <text>:4:36 " in warning


def test_what_is_stopped_is_not_differentiated() -> None:
    text = "stop(x) = x; d_stop(x) = 0; process = stop(sin(g)) * g;"
    assert "cos" not in fad.transform(SLIDERS + text).source


def test_what_passes_of_a_derivative(engine: Engine) -> None:
    text = """
    clip(limit, x) = x;
    d_clip_1(limit, x) = 0;
    d_clip_2(limit, x) = 1;
    pass_clip(limit, x, d) = max(0 - limit, min(limit, d));
    process = clip(0.5, 0.25*g), clip(0.5, 3*g), clip(h, 0 - 3*g);
    """
    expected = [0.25 * G, 0.25, 3 * G, 0.5, -3 * G, -H]
    assert values(engine, text, wrt=["g"]) == pytest.approx(expected)


# -- What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("f(x) = x*x; d_f(x, y) = x; process = f(g);", "must take 1 argument and give 1 signal"),
        ("f(x) = x*x; d_f(x) = x, x; process = f(g);", "it takes 1 and gives 2"),
        ("f(x) = x*x; d_f(x) = *(x); process = f(g);", "it takes 2 and gives 1"),
        ("f(x) = x*x; d_f(x) = x : (_, _); process = f(g);", "does not fit"),
        ("f(x) = x*x; d_f(x) = nothing; process = f(g);", "undefined"),
        ("f(x) = x*x; d_f(x) = d_f(x); process = f(g);", "endless"),
        ("f(x) = x*x; d_f(x) = h*x; process = f(g);", '`d_f` depends on "h"'),
        ("f(x) = x*h; d_f(x) = 1; process = f(g);", 'depends on "h", which is none'),
        ("a(y) = f(g) with { f(x) = x*y; d_f(x) = 1; }; process = h : a;", "depends on `y`"),
        ("f(x) = x, x; d_f(x) = 1; process = f(g);", "it has 2 outputs"),
        ("f(x) = x*_; d_f(x) = 1; process = f(g);", "it has 1 input beside"),
        ("f(x) = x*x; d_f(x) = 1; process = g*h <: f(_);", "it has 2 inputs beside"),
        ("f((x, y)) = x*y; d_f(x) = 1; process = f((g, h));", "cannot be used for `f`"),
        ("f((x*y)) = x; d_f(x) = 1; process = f(g*h);", "something else than signals"),
        (
            "f((x*y)) = x; f(x) = x; d_f(x) = 1; process = f(g*h);",
            "looks at how its arguments are written",
        ),
        ("f(x, y) = x*y; d_f(x, y) = x; process = f(g, h);", "`d_f` is no rule for `f`"),
        ("f(x, y) = x*y; d_f_1(x, y) = y; process = f(g, h);", "no rule for its argument `y`"),
    ],
)
def test_rules_that_do_not_fit_are_refused(text: str, message: str) -> None:
    with pytest.raises(FadError) as refused:
        fad.transform(SLIDERS + text)
    assert message in str(refused.value)
    assert refused.value.span is not None
    # Nobody asks for the derivative: the program is one like any other.
    assert fad.transform(SLIDERS + text, only="primal").source


def test_a_rule_that_does_not_fit_is_shown_with_its_function() -> None:
    text = 'f(x) = x*x;\nd_f(x, y) = x;\nprocess = f(hslider("g", 0, 0, 1, 1));'
    with pytest.raises(DifferentiationError) as refused:
        fad.transform(Source("main.dsp", text))
    assert refused.value.span is not None
    assert refused.value.span.location == (2, 1)
    assert "`f` is at main.dsp:1:1" in str(refused.value.hint)


# -- The checker -------------------------------------------------------------------------------


def test_right_rules_agree(engine: Engine) -> None:
    text = """
    shape(k, x) = x/(1 + k*abs(x));
    d_shape_1(k, x) = 0 - x*abs(x)/(1 + k*abs(x))^2;
    d_shape_2(k, x) = 1/(1 + k*abs(x))^2;
    process = + ~ (shape(h) : *(g));
    """
    report = fad.check(SLIDERS + text, engine=engine, native=False)
    assert [pair.verdict for pair in report.pairs] == ["agrees", "agrees"]
    assert report.primal_identical and not report.warnings


def test_a_wrong_rule_is_a_mismatch_and_named(engine: Engine) -> None:
    text = f"{CUBE} right(x) = x*x; d_right(x) = 2*x; process = cube(g) + right(g);"
    source = Source("main.dsp", SLIDERS + text)
    report = fad.check(source, engine=engine, native=False, wrt=["g"], points=1)
    assert [pair.verdict for pair in report.pairs] == ["mismatch"]
    (warning,) = report.warnings
    assert warning.startswith("the rule `d_cube` at main.dsp:4:")
    assert "d_right" not in warning


def test_what_the_program_stops_is_no_mismatch(engine: Engine) -> None:
    text = """
    df = library("fad.lib");
    process = df.stop(g)*g, df.clip_gradient(0.1, g*h), df.clip_gradient(99, g);
    """
    report = fad.check(SLIDERS + text, engine=engine, native=False, wrt=["g"])
    assert [pair.verdict for pair in report.pairs] == ["stopped", "stopped", "agrees"]
    assert report.passed


def test_a_stop_does_not_excuse_a_wrong_rule(engine: Engine) -> None:
    text = f"stop(x) = x; d_stop(x) = 0; {CUBE} process = stop(g)*cube(g);"
    report = fad.check(SLIDERS + text, engine=engine, native=False, wrt=["g"], points=1)
    assert [pair.verdict for pair in report.pairs] == ["mismatch"]
    assert "`d_cube`" in report.warnings[0]
