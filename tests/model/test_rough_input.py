"""Arrays, numbers and names as people really give them: each works, or is one clear error."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fad
from fad.model.loading import load
from fad.model.model import Model
from tests.model.programs import FILTER, SYNTH, model

X = np.random.default_rng(1).uniform(-1, 1, (1, 100))
BLOCKS = 7


def plain(text: str = FILTER, **choices: Any) -> Model:
    return model(text, native=False, **choices)


def refused(call: Callable[[], object], told: str) -> None:
    with pytest.raises(fad.FadError) as caught:
        call()
    assert re.search(told, f"{caught.value.message} {caught.value.hint}", re.DOTALL), caught.value


@pytest.mark.parametrize(
    "x",
    [
        X.astype(">f8"),
        np.repeat(X, 2, axis=1)[:, ::2],
        X[:, ::-1].copy()[:, ::-1],
        np.asfortranarray(X),
        X.tolist(),
        X.astype(np.longdouble),
    ],
)
def test_signals_of_any_layout(x: Any) -> None:
    assert np.array_equal(plain()(x), plain()(X))


def test_a_signal_that_cannot_be_written() -> None:
    x = X.copy()
    x.setflags(write=False)
    assert np.array_equal(plain()(x), plain()(X))


@pytest.mark.parametrize(
    "value", [0.5, np.float32(0.5), np.float16(0.5), np.array(0.5), [0.5] * BLOCKS, [[0.5]]]
)
def test_numbers_of_any_type(value: Any) -> None:
    assert np.array_equal(plain()(X, cutoff=value), plain()(X, cutoff=0.5))
    swapped = np.full(BLOCKS, 0.5).astype(">f8")
    assert np.array_equal(plain()(X, cutoff=swapped), plain()(X, cutoff=0.5))


@pytest.mark.parametrize(
    ("x", "told"),
    [
        (np.ma.masked_array(X, mask=X > 0), "a mask.*filled"),
        ([[1.0], [1.0, 2.0]], "not of one length"),
        (X.astype(object), "type object"),
        (X > 0, "type bool"),
        ("noise", "type <U5"),
        (np.zeros((0, 1, 9)), "nothing to run"),
        (np.zeros((1, 1, 1, 9)), r"\(1, frames\), or \(batch, 1, frames\)"),
    ],
)
def test_what_is_no_signal(x: Any, told: str) -> None:
    for call in (plain(), plain().jacobian, plain().vjp):
        refused(lambda call=call: call(x), told)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "not a number"),
        (1j, "not a number"),
        (10**400, "not a number"),
        (Decimal("0.5"), "not a number"),
        (np.ma.masked_array([0.5] * BLOCKS, mask=True), "a mask"),
        ([], r"shape \(0,\)"),
        (np.full((1, 1, BLOCKS), 0.5), r"shape \(1, 1, 7\)"),
    ],
)
def test_what_is_no_value(value: Any, told: str) -> None:
    refused(lambda: plain()(X, cutoff=value), told)


def test_infinite_values_are_clipped_where_that_is_asked() -> None:
    clipped = plain(clip=True)
    assert np.array_equal(clipped(X, cutoff=np.inf), clipped(X, cutoff=0.8))


@pytest.mark.parametrize("value", [-1, 0, 100.5, np.nan, np.inf, "100", True, 2**70])
@pytest.mark.parametrize("name", ["frames", "batch"])
def test_what_is_no_count(name: str, value: Any) -> None:
    synth = plain(SYNTH)
    refused(lambda: synth(**{"frames": 10, name: value}), f"`{name}` is .*whole number")
    refused(lambda: plain().initial_state(value), "`batch` is .*whole number")


def test_counts_of_any_type() -> None:
    synth = plain(SYNTH)
    for ten in (10, 10.0, np.int64(10), np.float32(10)):
        assert synth(frames=ten, batch=np.int8(2)).shape == (2, 1, 10)  # type: ignore[arg-type]


def test_more_than_fits_into_memory() -> None:
    refused(lambda: plain(SYNTH)(frames=2**40), "GiB, and there is not as much memory")


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({"rate": 0}, "sample rate is 0"),
        ({"rate": 44100.5}, "sample rate is 44100.5"),
        ({"rate": None}, "sample rate is None"),
        ({"rate": 10**12}, "sample rate of 1000000000000 Hz is not possible"),
        ({"block": 16.5}, "`block` is 16.5"),
        ({"block": "16"}, "`block` is '16'"),
        ({"threads": 0}, "`threads` is 0"),
        ({"precision": "quad"}, "no precision `quad`"),
        ({"backend": "nativ"}, "no backend `nativ`.*did you mean `native`"),
        ({"mode": None}, "no mode `None`"),
        ({"surrogate": ["table"]}, "no surrogate `table`"),
        ({"wrt": [1]}, "`wrt` is a list of names"),
        ({"constant": ["cutoff"]}, "constants are a mapping"),
        ({"constant": {"cutoff": [0.1, 0.2]}}, "value of `cutoff` is not a number"),
        ({"constant": {"cutoff": np.nan}}, "outside the range"),
        ({"constant": {"cutoff": 0.1, "/cutoff": 0.2}}, "`/cutoff` has two values"),
        ({"constant": {"cutoff": 0.1}, "wrt": ["cutoff"]}, "a constant, and cannot be a variable"),
    ],
)
def test_choices(choices: dict[str, Any], told: str) -> None:
    refused(lambda: load(FILTER, **{"backend": "interpreter", **choices}), told)


def test_choices_of_any_type() -> None:
    wanted = plain()(X)
    for choices in (
        {"rate": 8000.0, "block": np.int32(16), "wrt": "cutoff"},
        {"rate": np.int64(8000), "block": 16.0, "include": "tests"},
    ):
        found = load(FILTER, backend="interpreter", precision="double", **choices)  # type: ignore[arg-type]
        assert np.array_equal(found(X, cutoff=0.2), wanted)


def test_what_is_no_program(tmp_path: Path) -> None:
    for program in (None, 5, b"process = _;"):
        refused(lambda program=program: load(program), "a text, or the path of a file")  # type: ignore[misc]
    refused(lambda: load("missing.dsp"), "cannot find `missing.dsp`")
    file = tmp_path / "half.dsp"
    file.write_text("process = *(0.5);")
    assert np.array_equal(load(str(file), backend="interpreter")(X), np.float32(X) / 2)


def test_names() -> None:
    refused(lambda: plain()(X, 0.5), "values are a mapping")  # type: ignore[arg-type]
    refused(lambda: plain()(X, {1: 0.5}), "1 is not the name")  # type: ignore[dict-item]
    refused(lambda: plain()(X, {"cutoff": 0.5}, cutoff=0.5), "given twice")
    refused(lambda: plain().jvp(X, {}, {"gate": 1.0}), r"`gate` is no variable.*wrt=\['gate'\]")
    refused(lambda: plain().jvp(X, {}, {"cutoff": np.nan}), "direction by `cutoff` is infinite or")
    refused(lambda: plain().jvp(X, {}, None), "tangents are a mapping")  # type: ignore[arg-type]


def test_labels_that_are_arguments_and_labels_in_any_script() -> None:
    labels = ("frames", "batch", "x", "values", "self", "input", "größe", "日本 語")
    text = "process = _" + "".join(f'*hslider("{label}", 1, 0, 1, 0.1)' for label in labels) + ";"
    found = load(text, backend="interpreter", precision="double", wrt=["/*", "input"])
    half = found(X, {"frames": 0.5, "batch": 1.0, "日本 語": 1.0}, x=1, values=1, self=1, größe=1)
    assert np.allclose(half, X / 2, rtol=0, atol=1e-15)
    _, pullback = found.vjp(X)
    gradient = pullback(np.ones_like(X))
    assert np.allclose(gradient["input"], np.ones_like(X))
    assert np.allclose(gradient["/input"], X.sum())


def test_several_parameters_with_one_label() -> None:
    def text(low: float) -> str:
        return (
            'process = hgroup("a", *(hslider("g", 0.5, 0, 1, 0.1))), '
            f'hgroup("b", *(hslider("g", 5, {low}, 10, 0.1)));'
        )

    x = np.ones((2, 10))
    apart = load(text(2), backend="interpreter", clip=True)
    refused(lambda: apart(x, g=0.5), "no value is in the ranges of all.*`/a/g` or `/b/g`")
    assert apart(x, {"/a/g": 0.25, "/b/g": 3})[:, 0].tolist() == [0.25, 3]
    refused(lambda: apart.normalised({"/a/g": 0.5, "g": 0.5}), "different ranges.*`/a/g`")


def test_coordinates() -> None:
    found = plain()
    refused(lambda: found.normalised({"cutoff": 5}), "5 is outside the range")
    refused(lambda: found.normalised({"cutoff": "a"}), "not a number")
    refused(lambda: found.denormalised({"cutoff": np.nan}), "infinite or not a number")
    refused(lambda: found.slopes(None), "coordinates are a mapping")  # type: ignore[arg-type]
    text = 'process = *(hslider("e[scale:exp]", 1, 0, 1000, 1));'
    refused(
        lambda: load(text, backend="interpreter").denormalised({"e": -0.5}), "no value at such a"
    )


@pytest.mark.parametrize(
    ("cotangents", "told"),
    [
        (np.ones((2, 100), complex), "not a number"),
        ("a", "not a number"),
        ([[1], [1, 2]], "not a number"),
        (1.0, r"shape \(\)"),
    ],
)
def test_what_is_no_cotangent(cotangents: Any, told: str) -> None:
    _, pullback = plain().vjp(X)
    refused(lambda: pullback(cotangents), told)
    assert np.array_equal(
        pullback(np.ones((2, 100), int))["cutoff"], pullback(np.ones((2, 100)))["cutoff"]
    )


def test_states_of_other_models() -> None:
    found, other = plain(), plain(TABLE_FREE)
    state = found.initial_state()
    refused(lambda: other.stream(X, state), "not one of this model")
    refused(lambda: found.stream(X, None), "not one of this model")  # type: ignore[arg-type]
    refused(lambda: pickle.dumps(state), "cannot leave its process")
    _, after = found.stream(X, state)
    assert np.array_equal(found.stream(X, copy.deepcopy(after))[0], found.stream(X, after)[0])


TABLE_FREE = 'process = + ~ *(hslider("pole", 0.5, 0, 0.9, 0.01));'
