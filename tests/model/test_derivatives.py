"""Derivatives of models: by parameters that rest, that change, and by audio inputs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from fad.model.loading import load
from fad.model.model import Model
from fad.model.notices import DerivativeWarning
from tests.model.programs import FILTER, GROUPED, RATE, SYNTH, TABLE, model
from tests.model.test_values import BLOCKS, COURSE, FRAMES, GATE, backends
from tests.support.native import needs_compiler

STEP = 1e-5
WEIGHTS = np.random.default_rng(7).normal(size=(2, FRAMES))


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (1, FRAMES))


def quotient(found: Model, x: Any, values: dict[str, Any], name: str, place: Any = ()) -> Any:
    """The derivative of the outputs by a value, by central differences."""
    ends = []
    for sign in (1, -1):
        moved = np.array(values[name], np.float64)
        moved[place] += sign * STEP
        ends.append(found(x, {**values, name: moved}))
    return (ends[0] - ends[1]) / (2 * STEP)


@backends
def test_the_jacobian(native: bool, x: np.ndarray) -> None:
    found = model(FILTER, native=native)
    values = {"cutoff": 0.3, "drive": 1.5, "gate": GATE}
    y, jacobian = found.jacobian(x, values)
    assert np.array_equal(y, found(x, values))
    assert list(jacobian) == ["cutoff", "drive", "nothing"]
    for name in ("cutoff", "drive"):
        assert jacobian[name].shape == y.shape
        np.testing.assert_allclose(jacobian[name], quotient(found, x, values, name), atol=1e-8)
    assert not jacobian["nothing"].any()


@backends
def test_the_jacobian_by_the_value_in_each_block(native: bool, x: np.ndarray) -> None:
    found = model(FILTER, native=native)
    values = {"cutoff": COURSE, "drive": 1.5}
    y, jacobian = found.jacobian(x, values)
    assert jacobian["cutoff"].shape == (2, BLOCKS, FRAMES)
    assert jacobian["drive"].shape == y.shape
    wanted = quotient(found, x, values, "cutoff", 2)
    np.testing.assert_allclose(jacobian["cutoff"][:, 2], wanted, atol=1e-8)
    wanted = quotient(found, x, values, "drive")
    np.testing.assert_allclose(jacobian["drive"], wanted, atol=1e-8)


@backends
def test_along_a_direction(native: bool, x: np.ndarray) -> None:
    found = model(FILTER, native=native)
    random = np.random.default_rng(3)
    values = {"cutoff": COURSE, "drive": 1.5}
    along = {"cutoff": random.normal(size=BLOCKS), "input": random.normal(size=x.shape)}
    y, tangent = found.jvp(x, values, along)
    assert np.array_equal(y, found(x, values))
    ends = [
        found(
            x + sign * STEP * along["input"],
            {**values, "cutoff": COURSE + sign * STEP * along["cutoff"]},
        )
        for sign in (1, -1)
    ]
    np.testing.assert_allclose(tangent, (ends[0] - ends[1]) / (2 * STEP), atol=1e-8)


@backends
def test_parameters_in_groups(native: bool, x: np.ndarray) -> None:
    """Along a direction, and by values in blocks, which is the same program's work."""
    found = model(GROUPED, native=native)
    values = {"gain": np.linspace(0.2, 0.8, BLOCKS), "pole": 0.3}
    wanted = {
        "gain": quotient(found, x, values, "gain", 2),
        "pole": quotient(found, x, values, "pole"),
    }
    assert all(np.abs(each).max() > 0.01 for each in wanted.values())
    directions = {"gain": np.eye(BLOCKS)[2], "pole": 1.0}
    _, pullback = found.vjp(x, values)
    gradient = pullback(WEIGHTS[:1])
    for name, direction in directions.items():
        _, tangent = found.jvp(x, values, {name: direction})
        np.testing.assert_allclose(tangent, wanted[name], atol=1e-8)
    assert gradient["gain"][2] == pytest.approx(np.sum(WEIGHTS[:1] * wanted["gain"]), abs=1e-7)
    assert gradient["pole"] == pytest.approx(np.sum(WEIGHTS[:1] * wanted["pole"]), abs=1e-7)


@backends
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_back_to_parameters_that_rest(native: bool, mode: str, x: np.ndarray) -> None:
    """Gates may change meanwhile."""
    found = model(FILTER, native=native, mode=mode)
    values = {"cutoff": 0.3, "gate": GATE}
    y, pullback = found.vjp(x, values)
    assert np.array_equal(y, found(x, values))
    gradient = pullback(WEIGHTS)
    assert list(gradient) == ["cutoff", "drive", "nothing"]
    wanted = np.sum(WEIGHTS * quotient(found, x, values, "cutoff"))
    assert gradient["cutoff"] == pytest.approx(wanted, abs=1e-7)
    assert gradient["drive"].shape == ()
    wanted = np.sum(WEIGHTS * quotient(found, x, {**values, "drive": 1.0}, "drive"))
    assert gradient["drive"] == pytest.approx(wanted, abs=1e-7)


@backends
def test_back_to_values_in_blocks_and_to_inputs(native: bool, x: np.ndarray) -> None:
    found = model(FILTER, wrt=("cutoff", "input"), native=native)
    values = {"cutoff": COURSE}
    _, pullback = found.vjp(x, values)
    gradient = pullback(WEIGHTS)
    assert gradient["cutoff"].shape == (BLOCKS,)
    assert gradient["input"].shape == x.shape
    for block in (0, 3, BLOCKS - 1):
        wanted = np.sum(WEIGHTS * quotient(found, x, values, "cutoff", block))
        assert gradient["cutoff"][block] == pytest.approx(wanted, abs=1e-7)
    for sample in (0, 40, FRAMES - 1):
        moved = np.zeros(x.shape)
        moved[0, sample] = STEP
        change = (found(x + moved, values) - found(x - moved, values)) / (2 * STEP)
        assert gradient["input"][0, sample] == pytest.approx(np.sum(WEIGHTS * change), abs=1e-7)


@needs_compiler
def test_derivatives_have_the_shapes_of_values() -> None:
    found = model(FILTER, wrt=("cutoff", "drive", "input"))
    random = np.random.default_rng(5)
    x = random.uniform(-1, 1, (3, 1, FRAMES))
    weights = random.normal(size=(3, 2, FRAMES))
    cutoff = random.uniform(0.1, 0.7, (3, BLOCKS))
    drive = random.uniform(0.5, 2, 3)
    gradient = found.vjp(x, cutoff=cutoff, drive=drive)[1](weights)
    assert {name: each.shape for name, each in gradient.items()} == {
        "cutoff": (3, BLOCKS),
        "drive": (3,),
        "input": x.shape,
    }
    alone = [found.vjp(x[k], cutoff=cutoff[k], drive=drive[k])[1](weights[k]) for k in range(3)]
    for name, each in gradient.items():
        np.testing.assert_allclose(each, np.array([one[name] for one in alone]), rtol=1e-12)
    # What all items share gets the sum.
    gradient = found.vjp(x, cutoff=COURSE[None], drive=1.5)[1](weights)
    alone = [found.vjp(x[k], cutoff=COURSE, drive=1.5)[1](weights[k]) for k in range(3)]
    assert gradient["cutoff"].shape == (1, BLOCKS)
    np.testing.assert_allclose(gradient["cutoff"][0], sum(one["cutoff"] for one in alone))
    np.testing.assert_allclose(gradient["drive"], sum(one["drive"] for one in alone))
    gradient = found.vjp(x[0], drive=drive[:, None])[1](weights)
    assert gradient["input"].shape == x[0].shape
    assert gradient["drive"].shape == (3, 1)


@backends
def test_two_sliders_with_one_label(native: bool) -> None:
    """The derivative by both is the sum of those by each."""
    found = model(SYNTH, native=native)
    y, pullback = found.vjp(frames=FRAMES, freq=441.0)
    gradient = pullback(np.ones_like(y))
    assert list(gradient) == ["freq", "/a/gain", "/b/gain"]
    each = found.vjp(None, {"/a/freq": 441.0, "/b/freq": 441.0}, frames=FRAMES)[1](np.ones_like(y))
    assert gradient["freq"] == pytest.approx(each["/a/freq"] + each["/b/freq"], rel=1e-12)
    jacobian = found.jacobian(frames=FRAMES, freq=441.0)[1]
    assert jacobian["freq"].sum() == pytest.approx(gradient["freq"], rel=1e-9)


@backends
def test_where_reverse_mode_refuses_the_program(native: bool, x: np.ndarray) -> None:
    """It is run again from each block on: that is exact, too."""
    found = model(TABLE, native=native)
    values = {"gain": COURSE, "pole": 0.4}
    y, pullback = found.vjp(x, values)
    assert np.array_equal(y, found(x, values))
    gradient = pullback(WEIGHTS[:1])
    for block in (0, 3):
        wanted = np.sum(WEIGHTS[:1] * quotient(found, x, values, "gain", block))
        assert gradient["gain"][block] == pytest.approx(wanted, abs=1e-7)
    wanted = np.sum(WEIGHTS[:1] * quotient(found, x, values, "pole"))
    assert gradient["pole"] == pytest.approx(wanted, abs=1e-7)


def test_a_derivative_that_is_zero_for_technical_reasons_is_a_warning() -> None:
    """In each mode, once, on the line of who asks; not where there is nothing to differentiate."""
    text = 'process = _ <: @(int(hslider("d", 3, 0, 9, 1)))*hslider("g", 0.5, 0, 1, 0.1);'
    sound = np.ones((1, 8))
    for mode in ("forward", "reverse"):
        found = load(text, rate=RATE, backend="interpreter", mode=mode)
        found(sound, d=2)
        with pytest.warns(DerivativeWarning, match="by /d is zero: it only acts through") as told:
            _, pullback = found.vjp(sound)
        assert [each.filename for each in told] == [__file__]
        assert pullback(sound)["d"] == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found.vjp(sound)
        load(text, wrt=["g"], rate=RATE, backend="interpreter").jacobian(sound)
