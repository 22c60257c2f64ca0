"""Second derivatives by reverse mode over a direction, against order 2 and difference quotients.

The direction is v, the Hessian is that of the sum of all outputs times their cotangents. Everything
is computed by the standard compiler.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import assume, given, note

import fad
from fad.base.errors import DifferentiationError, FadError
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from fad.runtime.repeated import Courses
from tests.support.properties import examples
from tests.support.quotients import ASIDE
from tests.support.random_programs import HELPERS, Case, cases
from tests.support.reverse import gradient, run

FRAMES, BLOCK = 120, 30
MOST = 1e-9
LIBRARIES = 'fi = library("filters.lib"); os = library("oscillators.lib"); '
SLIDERS = 'a = hslider("a", 0.5, 0, 1, 0.01); b = hslider("b", 0.3, 0, 1, 0.01); '
DIRECTION: Mapping[str, float] = MappingProxyType({"a": 1.0, "b": -0.7})

#: What is differentiated twice -> the program.
PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "functions": "process(x, y) = exp(a*x)*sin(b*y) + (1 + y*y)^(a*b), x/(1 + a*b);",
        "a recursion that bends": "process = *(b) : + ~ (*(1 + a) : sin) <: _, *(a);",
        "a filter": "process = fi.resonlp(500 + 3000*a, 1 + 4*b, a*b);",
        "a delay and a memory": "process(x) = y*y' with { y = (x*a*b @ 3) : + ~ (_ <: *(_, a)); };",
        "a function with a rule": (
            "f(x) = x*x*x; d_f(x) = 3*g(x); g(x) = x*x; d_g(x) = 2*x; process = *(a*b) : f : *(b);"
        ),
        "choices": "process(x) = select2(x > 0, a*a*b, x^(1 + a)*b) + max(a*x, b*b*x);",
    }
)


def noise(text: str, engine: Engine) -> Samples:
    count = engine.compile(text, "test").inputs
    return np.random.default_rng(1).uniform(-0.5, 0.5, (count, FRAMES))


def weights(outputs: int) -> Samples:
    """Cotangents: of the derivatives along the direction only."""
    found = np.random.default_rng(2).uniform(-1, 1, (outputs, FRAMES))
    found[::2] = 0
    return found


def moving(offset: float = 0.0) -> dict[str, Samples]:
    """Sliders that change from block to block, moved along the direction."""
    random = np.random.default_rng(3)
    blocks = {"/a": random.uniform(0.2, 0.8, 4), "/b": random.uniform(0.2, 0.8, 4)}
    return {
        path: np.repeat(values + offset * DIRECTION[path[1:]], BLOCK)
        for path, values in blocks.items()
    }


def hessian(engine: Engine, text: str, cotangents: Samples, courses: Courses) -> Samples:
    """The Hessian by forward mode."""
    program = fad.transform(text, order=2)
    inputs = noise(text, engine)[:, : cotangents.shape[1]]
    lanes = run(engine, program.source, inputs, courses)
    paths = [each.path for each in program.parameters]
    found = np.zeros((len(paths), len(paths)))
    for channel, lane in zip(program.outputs, lanes, strict=True):
        if channel.parameter and channel.second:
            row, column = paths.index(channel.parameter.path), paths.index(channel.second.path)
            found[row, column] += np.sum(lane * cotangents[channel.output])
    return found + np.triu(found, 1).T


@pytest.mark.parametrize(
    ("name", "is_moving"),
    [
        *((name, True) for name in PROGRAMS),
        ("functions", False),
        ("a recursion that bends", False),
        ("a delay and a memory", False),
    ],
)
def test_the_product_is_that_of_order_2(engine: Engine, name: str, is_moving: bool) -> None:
    courses = moving() if is_moving else {}
    text = LIBRARIES + SLIDERS + PROGRAMS[name]
    programs = fad.transform(text, mode="reverse", direction=DIRECTION)
    cotangents = weights(len(programs.outputs))
    found = gradient(engine, programs, noise(text, engine), cotangents, courses, BLOCK)
    matrix = hessian(engine, text, cotangents[1::2], courses)
    vector = [DIRECTION[each.path[1:]] for each in programs.parameters]
    expected = matrix @ vector
    assert np.abs(expected).max() > 0
    # With sliders that move, order 2 is about an offset to all blocks at once.
    np.testing.assert_allclose(
        found.parameters.sum(axis=1), expected, rtol=0, atol=MOST * np.abs(expected).max()
    )


@pytest.mark.parametrize("name", ["a recursion that bends", "a filter", "a delay and a memory"])
def test_each_block_is_the_quotient_of_gradients(engine: Engine, name: str) -> None:
    text, step = LIBRARIES + SLIDERS + PROGRAMS[name], 1e-5
    programs = fad.transform(text, mode="reverse", direction=DIRECTION)
    plain = fad.transform(text, mode="reverse")
    inputs, cotangents = noise(text, engine), weights(len(programs.outputs))
    found = gradient(engine, programs, inputs, cotangents, moving(), BLOCK).parameters
    ahead, behind = (
        gradient(engine, plain, inputs, cotangents[1::2], moving(offset), BLOCK).parameters
        for offset in (step, -step)
    )
    quotients = (ahead - behind) / (2 * step)
    assert found.shape == (2, 4)
    np.testing.assert_allclose(found, quotients, rtol=0, atol=1e-6 * np.abs(quotients).max())


def test_the_hessian_of_a_loss_that_bends(engine: Engine) -> None:
    """The derivative of the gradient of sum(y^2) by the recipe of docs/reverse.md."""
    text, step = LIBRARIES + SLIDERS + PROGRAMS["a filter"], 1e-5
    programs = fad.transform(text, mode="reverse", direction=DIRECTION)
    plain = fad.transform(text, mode="reverse")
    inputs = noise(text, engine)
    y, dy = run(engine, programs.forward, inputs, moving())[:2]
    cotangents = np.stack([2 * dy, 2 * y])
    found = gradient(engine, programs, inputs, cotangents, moving(), BLOCK).parameters
    sides = []
    for offset in (step, -step):
        outputs = run(engine, text, inputs, moving(offset))
        sides.append(gradient(engine, plain, inputs, 2 * outputs, moving(offset), BLOCK).parameters)
    quotients = (sides[0] - sides[1]) / (2 * step)
    np.testing.assert_allclose(found, quotients, rtol=0, atol=1e-6 * np.abs(quotients).max())


@pytest.mark.parametrize(
    "process",
    [
        "process = *(b) : + ~ (*(1 + a) : sin);",
        # At 0 dB, the slope of what is built from `abs` is one-sided.
        'process = fi.peak_eq(hslider("a", 0, -10, 10, 0.1), 2000, 300*(1 + b));',
        # A read of a table has a slope, as an oscillator.
        "process = os.osc(300 + 100*a)*b;",
    ],
)
def test_the_gradient_of_the_outputs_is_the_same(engine: Engine, process: str) -> None:
    text = LIBRARIES + SLIDERS + process
    programs = fad.transform(text, mode="reverse", direction={"b": 1.0})
    plain = fad.transform(text, mode="reverse")
    inputs = noise(text, engine)
    cotangents = np.zeros((2, FRAMES))
    cotangents[0] = np.random.default_rng(4).uniform(-1, 1, FRAMES)
    found = gradient(engine, programs, inputs, cotangents, {})
    expected = gradient(engine, plain, inputs, cotangents[:1], {})
    np.testing.assert_array_equal(found.outputs[0], expected.outputs[0])
    largest = np.abs(expected.parameters).max()
    assert largest > 1e-3
    np.testing.assert_allclose(found.parameters, expected.parameters, rtol=0, atol=MOST * largest)


def test_the_derivative_of_a_product_with_a_read_has_the_slope(engine: Engine) -> None:
    """What is linear in one variable: its derivative by that is what the other one moves."""
    text = LIBRARIES + SLIDERS + "process = os.osc(300 + 100*a)*b;"
    programs = fad.transform(text, mode="reverse", direction={"b": 1.0}, wrt=["a"])
    assert [each.path for each in programs.parameters] == ["/a"]
    plain = fad.transform(text.replace(")*b", ")"), mode="reverse", wrt=["a"])
    ones = np.ones((1, FRAMES))
    found = gradient(engine, programs, ones[:0], np.concatenate([0 * ones, ones]), {})
    expected = gradient(engine, plain, ones[:0], ones, {})
    np.testing.assert_allclose(found.parameters, expected.parameters, rtol=1e-9)


def test_inputs_may_be_the_direction_and_the_variables(engine: Engine) -> None:
    """y = a*x^3 along x: 3*a*x^2, whose derivative by x is 6*a*x, at each sample."""
    text = SLIDERS + "process(x) = a*x*x*x;"
    programs = fad.transform(text, mode="reverse", direction={"input:0": 1.0}, wrt=["a", "input:0"])
    inputs = noise(text, engine)
    cotangents = np.stack([np.zeros(FRAMES), np.ones(FRAMES)])
    found = gradient(engine, programs, inputs, cotangents, {})
    np.testing.assert_allclose(found.outputs[1], 1.5 * inputs[0] ** 2, rtol=1e-12)
    np.testing.assert_allclose(found.inputs, 3 * inputs, rtol=1e-12)
    np.testing.assert_allclose(found.parameters, [[np.sum(3 * inputs**2)]], rtol=1e-12)


@examples(10)
@given(case=cases())
def test_random_programs(engine: Engine, case: Case) -> None:
    assume(len(case.text) < 600 and case.sliders)
    # Not at a kink, where the second derivative depends on the side.
    case = case.moved({name: (1 + 2 * index) * ASIDE for index, name in enumerate(case.sliders)})
    text = HELPERS + case.text
    note(text)
    known = [each.path for each in fad.transform(text).parameters]
    assume(known)
    direction = {path: 0.7 - 0.4 * index for index, path in enumerate(known)}
    try:
        programs = fad.transform(text, mode="reverse", direction=direction)
        inputs = noise(text, engine)[:, :16]
        cotangents = weights(len(programs.outputs))[:, :16]
        matrix = hessian(engine, text, cotangents[1::2], {})
    except FadError:
        assume(False)  # it is refused, by libfaust or in reverse mode
    found = gradient(engine, programs, inputs, cotangents, {}).parameters[:, 0]
    paths = [each.path for each in programs.parameters]
    expected = matrix @ [direction[path] for path in paths]
    assume(np.isfinite(expected).all() and np.abs(expected).max() < 1e6)
    np.testing.assert_allclose(found, expected, rtol=0, atol=MOST * max(1, np.abs(expected).max()))


def test_outputs_are_those_of_forward_mode_along_the_direction(engine: Engine) -> None:
    text = LIBRARIES + SLIDERS + PROGRAMS["functions"]
    programs = fad.transform(text, mode="reverse", direction=DIRECTION)
    along = fad.transform(text, direction=DIRECTION)
    assert list(programs.outputs) == [each.name for each in along.outputs]
    assert programs.outputs == ("y0", "dy0/ddirection", "y1", "dy1/ddirection")
    assert programs.manifest()["direction"] == DIRECTION
    inputs = noise(text, engine)
    lanes = run(engine, programs.forward, inputs, moving())[:4]
    expected = run(engine, along.source, inputs, moving())
    np.testing.assert_array_equal(lanes[::2], expected[::2])
    np.testing.assert_allclose(lanes[1::2], expected[1::2], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        # The rule has no derivative itself.
        (
            'process(x) = ffunction(float foo(float), <foo.h>, "")(x*a*b);',
            'd_foo(x) = ffunction(float bar(float), <foo.h>, "")(x);',
        ),
        # A function that the rule uses has a rule for one of its arguments only.
        (
            "f(x) = x*x; d_f(x) = p(x, 2*x); p(x, y) = x + y/2; d_p_1(x, y) = 1;"
            "process = _*a*b : f;",
            None,
        ),
    ],
)
def test_what_has_no_second_derivative(text: str, rules: str | None) -> None:
    complaints = []
    for options in ({"order": 2}, {"mode": "reverse", "direction": DIRECTION}):
        with pytest.raises(DifferentiationError) as caught:
            fad.transform(SLIDERS + text, rules=rules, **options)
        complaints.append(caught.value.message)
    assert complaints[0] == complaints[1]
    assert caught.value.span is not None


def test_what_is_left_out_of_second_derivatives_is_told() -> None:
    text = LIBRARIES + SLIDERS + "process = os.osc(300 + 100*a)*b;"
    told = "the second derivative through `rdtable` at oscillators.lib"
    assert any(told in each for each in fad.transform(text, order=2).warnings)
    programs = fad.transform(text, mode="reverse", direction={"a": 1.0})
    assert any(told in each for each in programs.warnings)
    assert told in programs.adjoint


@pytest.mark.parametrize(
    ("direction", "complaint"),
    [({"c": 1.0}, "no variable is called `c`"), ({"a": float("nan")}, "cannot have the component")],
)
def test_the_direction_has_to_be_one(direction: Mapping[str, float], complaint: str) -> None:
    with pytest.raises(FadError, match=complaint):
        fad.transform(SLIDERS + "process = _*a;", mode="reverse", direction=direction)
