"""Random programs: the dot-product test of reverse mode against forward mode; see `compare`."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, note

import fad
from fad.base.errors import DifferentiationError, EngineError, FadError
from fad.runtime.engine import Engine
from tests.support.properties import examples
from tests.support.random_programs import HELPERS, Case, cases, singular_cases
from tests.support.reverse import compare

MOST = 1e-10
#: How much rounding may change a sample, in units of the loudest one.
ROUNDING = 1e-10
#: Derivatives that are smaller than this, in units of the sum of all samples, are rounding.
NOISE = 1e-12


@examples(140)
@given(case=cases() | singular_cases())
def test_random_programs(engine: Engine, case: Case) -> None:
    text = HELPERS + case.text
    note(text)
    try:
        engine.compile(text, "test")
    except EngineError:
        assume(False)
    try:
        found = compare(engine, text, frames=32, block=8, moving=0.01)
    except DifferentiationError as error:
        assert any(f"`{name}`" in error.message for name in ("rwtable", "enable", "control"))
        return
    except FadError as error:
        assert "no variables" in error.message or is_zero(engine, text, error.message)
        return
    assume(np.isfinite(found.forward) and found.size < 1e100)
    finite = np.isfinite(found.original)
    # Where a parameter cancels out, as in 1/a*a, its derivative is nothing but rounding.
    loudness = np.abs(found.original[finite]).sum()
    assert abs(found.forward - found.reverse) <= MOST * found.size + NOISE * loudness
    loudest = max(1.0, np.abs(found.original[finite]).max(initial=0.0))
    np.testing.assert_allclose(
        found.repeated[finite], found.original[finite], rtol=0, atol=ROUNDING * loudest
    )


def is_zero(engine: Engine, text: str, complaint: str) -> bool:
    """Whether there is no derivative, in forward mode neither, where that is what is said."""
    dual = fad.transform(text)
    inputs = np.random.default_rng(1).uniform(-1, 1, (engine.compile(text, "test").inputs, 32))
    lanes = engine.render(dual.source, "test", inputs=inputs, frames=32)
    tangents = lanes.reshape(-1, 1 + len(dual.parameters), 32)[:, 1:]
    return "the gradient is 0" in complaint and not tangents.any()
