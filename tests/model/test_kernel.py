"""Kernels: what other frameworks take of a program, derivatives of derivatives among it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fad.base.errors import DifferentiationError
from fad.model.kernel import Kernel
from tests.model.programs import BLOCK, FILTER, TABLE, model

FRAMES, BLOCKS, ITEMS = 2 * BLOCK, 2, 2
#: Two sliders with one label, in groups, which move together.
TWICE = """
gain = hslider("gain", 0.5, 0, 1, 0.01);
process(x) = hgroup("a", x*gain : sin) * hgroup("b", 1 + gain*gain);
"""


def setting(kernel: Kernel, ranges: list[tuple[float, float]]) -> tuple[Any, Any]:
    """A signal, and values in some ranges."""
    random = np.random.default_rng(1)
    x = random.uniform(-0.5, 0.5, (ITEMS, kernel.form.inputs, FRAMES))
    values = [random.uniform(*each, (ITEMS, BLOCKS)) for each in ranges]
    return x, np.stack(values, axis=1)


@pytest.mark.parametrize(
    ("text", "names", "ranges"),
    [
        (FILTER, ("drive", "cutoff"), [(1.0, 2.0), (0.2, 0.6)]),
        (TWICE, ("gain",), [(0.2, 0.8)]),
    ],
    ids=["filter", "groups"],
)
def test_derivatives_along_directions_and_what_comes_back(
    text: str, names: tuple[str, ...], ranges: list[tuple[float, float]]
) -> None:
    """By difference quotients of the outputs, and of what comes back from them."""
    kernel = model(text, (), False).kernel(names, names, True)
    x, values = setting(kernel, ranges)
    random = np.random.default_rng(2)
    moved_x, moved = random.uniform(-1, 1, x.shape), random.uniform(-1, 1, values.shape)
    cotangents = random.uniform(-1, 1, (ITEMS, kernel.outputs, FRAMES))
    step = 1e-6

    def around(offset: float) -> tuple[Any, Any, Any]:
        there = x + offset * moved_x, values + offset * moved
        outputs, tape = kernel.record(*there)
        return outputs, *kernel.back(there[1], tape, cotangents)

    pairs = zip(around(step), around(-step), strict=True)
    outputs, by_x, by_values = ((above - below) / (2 * step) for above, below in pairs)
    along = kernel.along(x, values, moved_x, moved)
    np.testing.assert_allclose(along, outputs, rtol=0, atol=1e-8)
    found = kernel.second(x, values, cotangents, moved_x, moved)
    np.testing.assert_allclose(found[0], by_x, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found[1], by_values, rtol=0, atol=1e-7)
    np.testing.assert_allclose(found[2], along, rtol=0, atol=1e-13)


def test_reverse_mode_has_to_take_the_program() -> None:
    kernel = model(TABLE, (), False).kernel(("gain",), ("gain",), False)
    x, values = setting(kernel, [(0.2, 0.8)])
    with pytest.raises(DifferentiationError, match="rwtable"):
        kernel.second(x, values, x, None, values)
