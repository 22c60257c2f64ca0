"""What models say of what does not fit."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import fad
from fad.model.loading import load
from tests.model.programs import FILTER, SYNTH, TABLE, model

X = np.zeros((1, 100))


@pytest.mark.parametrize(
    ("x", "values", "told"),
    [
        (np.zeros((2, 100)), {}, r"the shape \(2, 100\).*\(1, frames\)"),
        (np.zeros(100), {}, r"the shape \(100,\)"),
        (np.zeros((1, 0)), {}, "nothing to run"),
        (np.zeros((1, 100), np.int16), {}, "type int16.*32768"),
        (np.zeros((1, 100), complex), {}, "type complex128"),
        (None, {}, "has 1 audio input"),
        (X, {"cutof": 1}, "no widget is called `cutof`.*did you mean `cutoff`"),
        (X, {"cutoff": 3}, "3 is outside the range of `cutoff`.*0.05 to 0.8.*clip=True"),
        (X, {"cutoff": np.nan}, "`cutoff` is not a number"),
        (X, {"cutoff": [0.1] * 6 + [np.inf]}, "inf is outside the range"),
        (X, {"cutoff": "much"}, "value of `cutoff` is not a number"),
        (X, {"cutoff": [0.1, 0.2]}, r"shape \(2,\).*\(7,\): a block is 16 samples"),
        (np.zeros((3, 1, 100)), {"cutoff": [0.1] * 7}, r"shape \(7,\).*\(3,\) or \(3, 7\)"),
        (X, {"cutoff": 0.1, "/filter/cutoff": 0.2}, "no widget is called `/filter/cutoff`"),
        (X, {"cutoff": 0.1, "/cutoff": 0.2}, "the same parameter"),
    ],
)
def test_calls(x: Any, values: dict[str, Any], told: str) -> None:
    with pytest.raises(fad.FadError) as caught:
        model(FILTER, native=False)(x, values)
    assert re.search(told, f"{caught.value} {caught.value.hint}", re.DOTALL), caught.value


def test_what_the_compiler_left_out_cannot_be_set() -> None:
    found = model(FILTER)
    assert found(X).shape == (2, 100)
    with pytest.raises(fad.FadError, match="`nothing` moves nothing"):
        found(X, nothing=0.5)


def test_values_are_clipped_when_that_is_asked() -> None:
    clipped = model(FILTER, native=False, clip=True)
    x = np.ones((1, 100))
    assert np.array_equal(clipped(x, cutoff=3), clipped(x, cutoff=0.8))
    with pytest.raises(fad.FadError, match="not a number"):
        clipped(x, cutoff=np.nan)


def test_rounding_is_not_outside() -> None:
    """0.8 in single precision is above 0.8."""
    assert float(np.float32(0.8)) > 0.8
    assert model(FILTER, native=False)(X, cutoff=np.float32(0.8)).shape == (2, 100)


def test_cotangents() -> None:
    _, pullback = model(FILTER, native=False).vjp(X)
    with pytest.raises(fad.FadError, match=r"shape \(1, 100\), the outputs \(2, 100\)"):
        pullback(X)


def test_what_is_asked_when_loading() -> None:
    for choices, told in [
        ({"block": 0}, "`block` is 0"),
        ({"wrt": ["volume"]}, "no variable is called `volume`"),
        ({"constant": {"cutoff": 7}}, "outside the range"),
        ({"constant": {"volume": 7}}, "no widget is called"),
    ]:
        with pytest.raises(fad.FadError, match=told):
            load(FILTER, backend="interpreter", **choices)  # type: ignore[arg-type]


def test_signals_that_have_no_inputs() -> None:
    synth = model(SYNTH, native=False)
    with pytest.raises(fad.FadError, match="no audio inputs"):
        synth()
    with pytest.raises(fad.FadError, match="`batch` is 0"):
        synth(frames=10, batch=0)


def test_inputs_where_reverse_mode_refuses_the_program() -> None:
    found = model(TABLE, wrt=("gain", "input"), native=False)
    with pytest.raises(fad.FadError, match=r"need reverse mode.*rwtable"):
        found.vjp(X)
    with pytest.raises(fad.FadError, match="rwtable"):
        model(TABLE, native=False, mode="reverse").vjp(X)


def test_what_is_infinite_is_told_where_it_begins() -> None:
    text = 'a = hslider("a", 1, 0, 1, 0.1); process = /(a);'
    found = load(text, backend="interpreter", check_finite=True, block=10)
    x = np.ones((1, 30))
    assert found(x, a=0.5).shape == (1, 30)
    with pytest.raises(fad.FadError, match=r"output 0 is infinite.*from sample 20 on") as caught:
        found(x, a=[1, 1, 0])
    assert "`/a` 0" in str(caught.value.hint)
    with pytest.raises(fad.FadError, match="output 0 of item 1"):
        found(np.ones((2, 1, 30)), a=np.array([1.0, 0.0]))


def test_states() -> None:
    found = model(FILTER, native=False)
    with pytest.raises(fad.FadError, match=r"shape \(1, 100\), not 2 items"):
        found.stream(X, found.initial_state(2))
    with pytest.raises(fad.FadError, match="one signal, not of 3 items"):
        found.stream(np.zeros((3, 1, 100)), found.initial_state())
