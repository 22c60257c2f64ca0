"""Programs as functions of JAX: what they compute, and what JAX's transformations make of them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fad
from tests.model.programs import FILTER, GROUPED, RATE, SYNTH, TABLE
from tests.support.native import needs_compiler
from tests.support.pages import example
from tests.support.places import ROOT

jax: Any = pytest.importorskip("jax", reason="needs JAX: the extra `fad[jax]`")
layers: Any = pytest.importorskip("fad.jax")
export: Any = pytest.importorskip("jax.export")
check_grads: Any = pytest.importorskip("jax.test_util").check_grads

pytestmark = needs_compiler
FRAMES, BLOCK = 48, 16
RANDOM = np.random.default_rng(1)
X = RANDOM.uniform(-0.5, 0.5, (2, 1, FRAMES))
CUTOFF = RANDOM.uniform(0.1, 0.6, (2, 3))
DRIVE = RANDOM.uniform(0.5, 1.5, 2)


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture(scope="module")
def layer() -> Any:
    return layers.layer(FILTER, rate=RATE, block=BLOCK)


def model(text: str = FILTER, **choices: Any) -> Any:
    return fad.load(text, rate=RATE, block=BLOCK, **{"precision": "double", **choices})


def energy(layer: Any) -> Callable[..., Any]:
    return lambda x, cutoff: (layer(x, cutoff=cutoff) ** 2).sum()


# -- What it computes ------------------------------------------------------------------------------


def test_it_computes_what_the_model_does(layer: Any) -> None:
    wanted = model()(X, cutoff=CUTOFF, gate=1)
    assert np.array_equal(layer(X, cutoff=CUTOFF, gate=1), wanted)
    compiled = jax.jit(lambda x, cutoff: layer(x, cutoff=cutoff, gate=1))
    assert np.array_equal(compiled(X, CUTOFF), wanted)
    assert np.array_equal(jax.jit(layer)(X[0], {"/cutoff": 0.3}), layer(X[0], cutoff=0.3))


def test_no_python_runs_with_it(layer: Any) -> None:
    gradient = jax.jit(jax.grad(energy(layer), (0, 1)))
    text = gradient.lower(X[0], CUTOFF[0]).as_text()
    assert "@fad_run(" in text and "@fad_run_back(" in text
    assert "callback" not in text


def test_single_precision(layer: Any) -> None:
    """With JAX as it is when nothing was said: there are no other arrays than those of float32."""
    wanted, pullback = model(wrt=("cutoff", "input")).vjp(X[0], cutoff=CUTOFF[0])
    gradient = pullback(wanted)
    jax.config.update("jax_enable_x64", False)
    x, cutoff = (np.asarray(each, np.float32) for each in (X[0], CUTOFF[0]))
    y, back = jax.vjp(lambda x, cutoff: layer(x, cutoff=cutoff), x, cutoff)
    assert y.dtype == np.float32
    assert np.array_equal(y, model(precision="single")(x, cutoff=cutoff))
    np.testing.assert_allclose(y, wanted, atol=1e-6)
    for found, name in zip(back(y), ("input", "cutoff"), strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, gradient[name], rtol=1e-4, atol=1e-5)


def test_results_do_not_depend_on_threads() -> None:
    x, results = np.tile(X, (4, 1, 1)), []
    for threads in (1, 2):
        found = layers.layer(FILTER, rate=RATE, threads=threads)
        results.append(jax.jit(jax.value_and_grad(energy(found)))(x, 0.3))
    assert np.array_equal(results[0][0], results[1][0])
    assert np.array_equal(results[0][1], results[1][1])


# -- Derivatives, against difference quotients -----------------------------------------------------


def test_derivatives_by_the_signal_and_by_values_in_blocks(layer: Any) -> None:
    """One for each item, and one for all; a gate moves meanwhile."""

    def called(x: Any, cutoff: Any, drive: Any) -> Any:
        return layer(x, cutoff=cutoff, drive=drive, gate=np.array([[0, 1, 0]]))

    check_grads(called, (X, CUTOFF, DRIVE), 1)
    check_grads(jax.jit(called), (X, CUTOFF[:1], 0.7), 1)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_derivatives_by_values_that_rest(mode: str) -> None:
    found = layers.layer(FILTER, rate=RATE, mode=mode)
    check_grads(lambda c, d: found(X, cutoff=c, drive=d), (0.3, DRIVE), 1)


@pytest.mark.parametrize("text", [TABLE, GROUPED], ids=["table", "grouped"])
def test_derivatives_where_reverse_mode_refuses(text: str) -> None:
    """By values that change, the program runs again; there are none back to the signal."""
    found = layers.layer(text, rate=RATE, block=BLOCK)
    check_grads(lambda gain, pole: found(X, gain=gain, pole=pole), (CUTOFF, 0.3), 1)
    check_grads(found, (X,), 1, modes=["fwd"])
    gradient = jax.grad(lambda gain, x: (found(x, gain=gain) ** 2).sum())
    each = [gradient(gain, x) for gain, x in zip(CUTOFF, X, strict=True)]
    np.testing.assert_allclose(jax.vmap(gradient)(CUTOFF, X), each, rtol=1e-10)
    with pytest.raises(fad.FadError, match="derivatives by audio inputs need reverse mode"):
        jax.grad(lambda x: found(x).sum())(X)


def test_derivatives_without_a_signal() -> None:
    """Two sliders have one label: the derivative is by both."""
    synth = layers.layer(SYNTH, rate=RATE, block=BLOCK)

    def called(freq: Any, gain: Any) -> Any:
        return synth(None, {"/a/gain": gain}, freq=10 * freq, frames=FRAMES, batch=2)

    check_grads(called, (44 + CUTOFF, 0.5), 1)
    assert synth(frames=FRAMES).shape == (1, FRAMES)


def test_a_signal_that_no_derivative_passes() -> None:
    """All its samples have the derivative 0."""
    found = layers.layer('process = int * hslider("g", 0.5, 0, 1, 0.1);', rate=RATE, block=BLOCK)
    x = 3 + X[0]
    with pytest.warns(fad.DerivativeWarning, match="it only acts through `int`"):
        y, back = jax.vjp(lambda x, g: found(x, g=g), x, CUTOFF[0])
    by_x, by_g = back(np.ones_like(y))
    assert np.array_equal(by_x, np.zeros_like(x))
    assert np.array_equal(by_g, np.trunc(x).reshape(3, BLOCK).sum(1))


def test_what_has_no_derivative_takes_no_time(layer: Any) -> None:
    """Numbers and arrays that no derivative is by are constants of the derivative's programs."""
    cutoff = jax.numpy.array(0.3)
    gradient = jax.grad(lambda drive: layer(X[0], cutoff=cutoff, drive=drive).sum())
    assert "Moved(by_inputs=False, rows=(1,))" in str(jax.make_jaxpr(gradient)(1.0))


# -- JAX's transformations -------------------------------------------------------------------------


def test_many_calls_are_a_batch(layer: Any) -> None:
    gradient = jax.grad(energy(layer), (0, 1))
    each = [gradient(x, cutoff) for x, cutoff in zip(X, CUTOFF, strict=True)]

    def compare(found: Any, wanted: Any) -> None:
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)

    mapped = jax.vmap(gradient)(X, CUTOFF)
    compare(mapped[0], [one[0] for one in each])
    compare(mapped[1], [one[1] for one in each])
    inside = jax.grad(lambda c: jax.vmap(energy(layer))(X, c).sum())(CUTOFF)
    compare(inside, mapped[1])
    # What they share gets the sum; here, each of them is a batch already.
    shared = jax.grad(lambda x: jax.vmap(lambda c: energy(layer)(x, c[:, None]))(CUTOFF.T).sum())
    items = [jax.grad(lambda x, c=c: energy(layer)(x, c[:, None]))(X) for c in CUTOFF.T]
    compare(shared(X), sum(items))
    one, other = (np.asarray(layer(X[0], cutoff=c)) for c in (0.2, 0.3))
    found = jax.vmap(lambda c: layer(X[0], cutoff=c), out_axes=1)(np.array([0.2, 0.3]))
    assert np.array_equal(found, np.stack([one, other], 1))


def test_jacobians_in_both_modes(layer: Any) -> None:
    values = {"cutoff": CUTOFF[0], "drive": 1.2}
    _, wanted = model().jacobian(X[0], **values)
    for jacobian in (jax.jacfwd, jax.jacrev):
        found = jacobian(lambda values: layer(X[0], values))(values)
        np.testing.assert_allclose(found["drive"], wanted["drive"], atol=1e-12)
        np.testing.assert_allclose(
            np.moveaxis(found["cutoff"], -1, 1), wanted["cutoff"], atol=1e-12
        )


def test_loops_branches_and_recomputation(layer: Any) -> None:
    def twice(cutoff: Any) -> Any:
        def body(x: Any, _: Any) -> tuple[Any, Any]:
            y = layer(x, cutoff=cutoff)
            return y[:1], y[1].sum()

        x, sums = jax.lax.scan(body, jax.numpy.array(X[0]), None, length=2)
        return jax.lax.cond(sums[0] > 1e9, lambda: 0.0, lambda: (x**2).sum() + sums.sum())

    def written_out(cutoff: Any) -> Any:
        first = layer(X[0], cutoff=cutoff)
        second = layer(first[:1], cutoff=cutoff)
        return (second[:1] ** 2).sum() + first[1].sum() + second[1].sum()

    wanted = jax.grad(written_out)(CUTOFF[0])
    assert np.abs(wanted).max() > 0.01
    for function in (jax.jit(twice), jax.jit(jax.checkpoint(twice))):
        np.testing.assert_allclose(jax.grad(function)(CUTOFF[0]), wanted, rtol=1e-9)
        _, tangent = jax.jvp(function, (CUTOFF[0],), (np.ones(3),))
        assert float(tangent) == pytest.approx(float(wanted.sum()), rel=1e-9)


def test_derivatives_are_linear_maps_that_jax_knows(layer: Any) -> None:
    """A product of the Jacobian with its transpose is differentiable by what it is applied to."""

    def product(direction: Any) -> Any:
        _, tangent = jax.jvp(lambda c: layer(X[0], cutoff=c), (CUTOFF[0],), (direction,))
        return jax.vjp(lambda c: layer(X[0], cutoff=c), CUTOFF[0])[1](tangent)[0]

    check_grads(product, (np.array([1.0, -1.0, 0.5]),), 2)
    _, along = jax.linearize(lambda c: layer(X[0], cutoff=c), CUTOFF[0])
    direction = np.array([0.3, 0.2, -1.0])
    _, wanted = jax.jvp(lambda c: layer(X[0], cutoff=c), (CUTOFF[0],), (direction,))
    np.testing.assert_allclose(along(direction), wanted, atol=1e-12)


@pytest.mark.parametrize("outer", [jax.jacfwd, jax.grad])
def test_second_derivatives_are_refused(layer: Any, outer: Any) -> None:
    first = jax.grad(lambda c: energy(layer)(X[0], c))
    with pytest.raises(fad.FadError, match="no second derivatives"):
        outer(lambda c: first(c).sum())(CUTOFF[0])


# -- Learning --------------------------------------------------------------------------------------


def test_coordinates(layer: Any) -> None:
    """Of a logarithmic scale and of a linear one."""
    values = {"cutoff": np.array([0.1, 0.2]), "drive": 2.0}
    places = layer.normalised(values)
    assert places["cutoff"] == pytest.approx(model().normalised(values)["cutoff"])
    back = layer.denormalised(places)
    assert back["cutoff"] == pytest.approx(values["cutoff"]) and float(back["drive"]) == 2
    check_grads(jax.jit(layer.denormalised), (places,), 1)
    check_grads(jax.jit(layer.normalised), (values,), 1)


def test_beyond_the_range_there_is_a_way_back(layer: Any) -> None:
    def value(place: Any) -> Any:
        return layer.denormalised({"drive": place})["drive"]

    assert float(value(1.1)) == pytest.approx(4)
    assert jax.grad(value)(1.1) == pytest.approx(3.9)


def test_it_learns_what_made_a_signal(layer: Any) -> None:
    x = RANDOM.uniform(-0.5, 0.5, (1, 1000))
    target = layer(x, cutoff=0.4, drive=2.0)

    def step(places: Any) -> Any:
        def loss(places: Any) -> Any:
            return ((layer(x, layer.denormalised(places)) - target) ** 2).mean()

        slopes = jax.grad(loss)(places)
        return {name: place - 3 * slopes[name] for name, place in places.items()}

    compiled = jax.jit(step)
    places = layer.normalised({"cutoff": 0.2, "drive": 1.0})
    for _ in range(500):
        places = compiled(places)
    values = {name: float(value) for name, value in layer.denormalised(places).items()}
    assert values == pytest.approx({"cutoff": 0.4, "drive": 2.0}, rel=0.01)


def test_the_example_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, Any] = {}
    exec(
        example(ROOT / "docs" / "python.md", "from pathlib import Path\n\nimport jax\n"), namespace
    )
    learnt = namespace["filter_"].denormalised(namespace["places"])
    assert float(learnt["pole"]) == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))]
)
def test_layers_travel(layer: Any, duplicate: Any) -> None:
    assert np.array_equal(duplicate(layer)(X, cutoff=CUTOFF), layer(X, cutoff=CUTOFF))


# -- What does not fit -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda layer: layer(np.zeros((3, FRAMES))), r"shape \(3, 48\)"),
        (lambda layer: layer(np.zeros((1, 0))), "nothing to run"),
        (lambda layer: layer(np.zeros((1, FRAMES), np.int16)), "type int16"),
        (lambda layer: layer(X, cutof=1), "no widget is called `cutof`"),
        (lambda layer: layer(X, {"cutoff": 0.3}, cutoff=0.3), "`cutoff` is given twice"),
        (lambda layer: layer(X, cutoff="0.3"), "`cutoff` is not a number"),
        (lambda layer: layer(X, cutoff=np.zeros(5)), r"shape \(5,\)"),
        (lambda layer: layer(X, cutoff=7.0), "7 is outside the range of `cutoff`"),
        (lambda layer: jax.jit(lambda x: layer(x, cutoff=np.nan))(X), "not a number"),
        (lambda layer: layer(), "has 1 audio input"),
        (lambda layer: layers.layer(FILTER, precision="double"), "a layer has no `precision`"),
        (lambda layer: layers.layer(FILTER, backend="native"), "a layer has no `backend`"),
    ],
)
def test_what_does_not_fit(layer: Any, call: Any, told: str) -> None:
    with pytest.raises(fad.FadError, match=told):
        call(layer)


def test_choices_that_there_are_not() -> None:
    with pytest.raises(TypeError, match=r"^layer\(\) got an unexpected keyword argument 'lern'"):
        layers.layer(FILTER, lern=["cutoff"])


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (7.0, r"7 is outside the range of `cutoff`: it goes from 0\.05 to 0\.8"),
        (np.nan, "a value of `cutoff` is not a number"),
    ],
)
def test_values_that_are_known_later(layer: Any, value: float, told: str) -> None:
    """Their range is looked at when the program runs, and then it is an error of JAX."""
    values = np.full(3, 0.3)
    values[1] = value
    for function in (energy(layer), jax.grad(energy(layer), 1)):
        with pytest.raises(Exception, match=told):
            jax.jit(function)(X[0], values).block_until_ready()


def test_values_can_be_put_to_the_ends() -> None:
    found = layers.layer(FILTER, rate=RATE, clip=True)
    wanted = found(X, cutoff=0.8)
    assert np.array_equal(found(X, cutoff=7.0), wanted)
    assert np.array_equal(jax.jit(lambda c: found(X, cutoff=c))(7.0), wanted)


def test_other_devices_are_refused(layer: Any) -> None:
    with pytest.raises(fad.FadError, match="programs run on the processor"):
        export.export(jax.jit(lambda x: layer(x)), platforms=["cuda"])(X)


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(fad.FadError, match=r"there is no C\+\+ compiler"):
        layers.layer("process = *(0.123);")
