"""What tells rounding from mistakes has to round less."""

from __future__ import annotations

import numpy as np

from tests.support.native import needs_compiler
from tests.support.native_engine import NativeEngine


@needs_compiler
def test_rounding_is_smaller_in_long_double() -> None:
    x = np.full((1, 3), 0.1)
    with NativeEngine("quad") as engine:
        found = engine.render("process = _, 1e7 : +;", "test", inputs=x, frames=3)
    error = np.abs((found - np.longdouble(1e7)) - x).max()
    assert error < 0.1 * np.abs((x + 1e7) - 1e7 - x).max()
