"""Directions and second derivatives, also of random programs: they agree with operators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, note
from hypothesis import strategies as st

import fad
from fad.base.errors import EngineError
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from tests.differentiation.models import FRAMES, SLIDERS, noise
from tests.support.properties import examples
from tests.support.quotients import ASIDE, beside_quotients, moving, render, steps_of
from tests.support.random_programs import HELPERS, Case, cases
from tests.support.reading import evaluation

#: How much rounding may change a sample, in units of the loudest one.
ROUNDING = 1e-9


def assert_alike(one: Samples, other: Samples) -> None:
    scale = max(1.0, np.abs(other[np.isfinite(other)]).max(initial=0.0))
    np.testing.assert_allclose(one, other, rtol=0, atol=ROUNDING * scale)


def rendered(engine: Engine, case: Case, source: str) -> Samples:
    inputs = noise(case.inputs)
    return engine.render(source, "test", inputs=inputs, frames=FRAMES)


def at_top(case: Case) -> list[str]:
    """The sliders that a random program has outside of groups."""
    paths = {parameter.path for parameter in fad.transform(HELPERS + case.text).parameters}
    return [name for name in case.sliders if f"/{name}" in paths]


def operated(engine: Engine, case: Case, expression: str) -> Samples:
    """A random program as `original` inside an expression with operators."""
    text = HELPERS + case.text.replace("process =", "original =")
    return rendered(engine, case, fad.expand(f"{text}\nprocess = {expression};").source)


def is_accepted(engine: Engine, case: Case) -> bool:
    """Whether the standard compiler takes a random program, and computes numbers."""
    try:
        return bool(np.isfinite(rendered(engine, case, HELPERS + case.text)).all())
    except EngineError:
        return False


@examples(60)
@given(cases())
def test_fad_has_the_lanes_of_a_transformed_program(engine: Engine, case: Case) -> None:
    note(HELPERS + case.text)
    assume(is_accepted(engine, case))
    names = at_top(case)
    assume(names)
    program = fad.transform(HELPERS + case.text, wrt=[f"/{name}" for name in names])
    # What `transform` orders by appearance, an operator takes in the order given.
    labels = [parameter.label for parameter in program.parameters]
    found = operated(engine, case, f"fad(original, ({', '.join(labels)}))")
    assert_alike(found, rendered(engine, case, program.source))
    if len(case.text) > 600:
        return
    everything = fad.transform(HELPERS + case.text)
    found = operated(engine, case, "forwardAD(original)")
    assert_alike(found, rendered(engine, case, everything.source))


@examples(30)
@given(cases(), st.lists(st.sampled_from([1.0, -2.0, 0.5, 0.0]), min_size=3, max_size=3))
def test_a_direction_is_the_jacobian_times_a_vector(
    engine: Engine, case: Case, components: list[float]
) -> None:
    note(HELPERS + case.text)
    assume(is_accepted(engine, case))
    jacobian = fad.transform(HELPERS + case.text)
    assume(jacobian.parameters)
    count = len(jacobian.parameters)
    vector = [components[index % 3] for index in range(count)]
    paths = [parameter.path for parameter in jacobian.parameters]
    along = fad.transform(HELPERS + case.text, direction=dict(zip(paths, vector, strict=True)))
    lanes = rendered(engine, case, jacobian.source).reshape(-1, 1 + count, FRAMES)
    assume(np.isfinite(lanes).all())
    found = rendered(engine, case, along.source).reshape(-1, 2, FRAMES)
    assert_alike(found[:, 0], lanes[:, 0])
    assert_alike(found[:, 1], np.einsum("opf,p->of", lanes[:, 1:], vector))


@examples(12)
@given(cases())
def test_second_derivatives_are_symmetric(engine: Engine, case: Case) -> None:
    """`order=2` has what nested operators have, in whichever order."""
    note(HELPERS + case.text)
    assume(len(case.text) < 600 and is_accepted(engine, case))
    names = at_top(case)
    assume(len(names) > 1)
    # Not at a kink, where the derivative of a choice depends on which one comes first.
    case = case.moved({names[0]: ASIDE, names[1]: 3 * ASIDE})
    program = fad.transform(HELPERS + case.text, wrt=[f"/{name}" for name in names[:2]], order=2)
    a, b = (parameter.label for parameter in program.parameters)
    lanes = rendered(engine, case, program.source).reshape(-1, 6, FRAMES)
    assume(np.isfinite(lanes).all() and np.abs(lanes).max(initial=0.0) < 1e6)
    for first, second in ((a, b), (b, a)):
        nested = operated(engine, case, f"fad(fad(original, {first}), {second})")
        assert_alike(nested.reshape(-1, 4, FRAMES)[:, 3], lanes[:, 4])
    for variable, lane in ((a, 3), (b, 5)):
        nested = operated(engine, case, f"fad(fad(original, {variable}), {variable})")
        assert_alike(nested.reshape(-1, 4, FRAMES)[:, 3], lanes[:, lane])


SMOOTH = {
    "products": "_*g*g*h + h*h*g",
    "functions": "sin(g*h)*exp(g - h) + atan2(g, h) + g^h",
    "recursion": "(_ : + ~ *(0.5*sin(g*h))), (+ ~ (*(g) : sin) : *(h))",
    "filter": "fi.lowpass(2, 3000*h*(1 + g))",
    "quotients": r"\(x).(x/(1 + (g*x)^2 + h*h), log(2 + g*x*h), sqrt(1 + (g + h*x)^2))",
    "letrec": "y letrec { 'y = sin(g*y + h) + 0.1*y; }",
    "groups": 'hgroup("a", g*h*h), vgroup("b", g*g)*h',
}


def place(channel: fad.Output) -> tuple[int, tuple[str, ...]]:
    """Of which output a channel is the derivative, and by which parameters."""
    by = (channel.parameter, channel.second)
    return channel.output, tuple(sorted(parameter.path for parameter in by if parameter))


@pytest.mark.parametrize("name", SMOOTH)
def test_second_derivatives_are_differences_of_first_ones(engine: Engine, name: str) -> None:
    text = f"{SLIDERS}process = {SMOOTH[name]};"
    first, second = (fad.transform(text, order=order) for order in (1, 2))
    known = evaluation(first.source)
    box = known.process
    assert box.arity is not None
    inputs = noise(box.arity[0])
    found = render(engine, second.source, inputs)
    lanes = dict(zip(map(place, second.outputs), found, strict=True))
    steps = steps_of(known)
    assert sorted(steps) == sorted(parameter.path for parameter in second.parameters)
    places = [place(channel) for channel in first.outputs]
    primal = np.array([lanes[each] for each in places])
    tangents = np.array(
        [[lanes[output, tuple(sorted([*by, path]))] for path in steps] for output, by in places]
    )
    comparison = beside_quotients(primal, tangents, steps, moving(engine, box, inputs))
    np.testing.assert_allclose(comparison.primal, comparison.original, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(comparison.tangents, comparison.quotients, rtol=1e-6, atol=1e-6)


def test_channels_of_second_derivatives() -> None:
    program = fad.transform(SLIDERS + "process = g*h;", order=2)
    names = "y dy/dg dy/dh d2y/dg2 d2y/dgdh d2y/dh2".split()
    assert [output.name for output in program.outputs] == names


@pytest.mark.parametrize("name", ["v", "/a/g", "input:1"])
def test_a_direction_that_is_not_there(name: str) -> None:
    with pytest.raises(fad.FadError, match=f"no variable is called `{name}`"):
        fad.transform(f"{SLIDERS}process = _*g;", direction={name: 1.0})


@pytest.mark.parametrize("component", [float("nan"), float("inf")])
def test_a_direction_has_finite_components(component: float) -> None:
    with pytest.raises(fad.FadError, match="cannot have the component"):
        fad.transform(f"{SLIDERS}process = _*g;", direction={"g": component})


def test_components_are_real_numbers(engine: Engine) -> None:
    """y[t] = g + 2*y[t - 1]: whole numbers would be over after 31 samples."""
    text = SLIDERS + "process = g : + ~ *(2);"
    along = fad.transform(text, direction={"g": 3})
    reverse = fad.transform(text, mode="reverse", direction={"g": 3})
    for source in (along.source, reverse.forward):
        tangent = engine.render(source, "test", frames=40)[1]
        assert tangent[-1] == 3 * (2.0**40 - 1)
