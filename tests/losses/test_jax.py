"""Losses of arrays of JAX: the same values, and the gradients that JAX finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fad
from fad.losses import dc, envelope, esr, l1, l2, mel, mss, transport
from tests.losses.cases import example, sounds

jax: Any = pytest.importorskip("jax")


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def test_values_and_gradients_are_those_of_numpy() -> None:
    """Of a sum with all steps in it, compiled: to compile is what takes time."""
    loss = (
        l1().pre_emphasised()
        + esr().a_weighted(48000)
        + dc()
        + mss((16,), sqrt=1)
        + mel(8000, 4, (16,))
        + envelope(16)
        + transport((16,))
    )
    estimate, target = sounds()
    value, gradient = loss.value_and_gradient(estimate, target)
    found, back = jax.jit(jax.value_and_grad(loss))(estimate, target)
    assert float(found) == pytest.approx(value, rel=1e-12)
    assert np.abs(np.asarray(back) - gradient).max() < 1e-9 * np.abs(gradient).max()


def test_single_precision_and_silence() -> None:
    loss = mss((16,), sqrt=1)
    sound = jax.numpy.asarray(sounds()[0], dtype="float32")
    gradient = jax.jit(jax.value_and_grad(loss))
    silence = jax.numpy.zeros_like(sound)
    for estimate, target in ((silence, silence), (sound, silence), (silence, sound)):
        value, back = gradient(estimate, target)
        assert value.dtype == back.dtype == np.float32
        assert np.isfinite(value) and np.isfinite(back).all()


def test_vmap() -> None:
    estimate, target = (jax.numpy.asarray(sound) for sound in sounds(3, 1, 20))
    each = jax.jit(jax.vmap(l2()))(estimate, target)
    assert np.asarray(each) == pytest.approx(np.asarray(l2()(estimate, target, batched=True)))


def test_bad_arrays() -> None:
    good = jax.numpy.ones((1, 8))
    for estimate, message in (
        (jax.numpy.ones((1, 8), "int32"), "the estimate is an array of int32"),
        (jax.numpy.ones((2, 8)), "the estimate has the shape (2, 8), the target (1, 8)"),
        (good * np.nan, "the estimate is infinite or not a number somewhere"),
        (np.ones((1, 8)), "the estimate is an array of numpy, the target of jax"),
    ):
        with pytest.raises(fad.FadError) as caught:
            l1()(estimate, good)
        assert caught.value.message == message
    with pytest.raises(fad.FadError, match="takes arrays of numpy, not of jax"):
        l2().residuals(good, good)


def test_the_example_of_the_page() -> None:
    namespace: dict[str, Any] = {"losses": fad.losses}
    exec(example("import jax"), namespace)
    assert np.abs(namespace["gradient"]).max() > 0
