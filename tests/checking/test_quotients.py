"""What samples say of a tangent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fad.checking.quotients import Runs, judge
from fad.runtime.input_signals import Samples


def test_a_tangent_that_is_not_a_number_is_a_mismatch() -> None:
    line = np.arange(4.0)
    runs = Runs(1e-6, 0 * line, 1e-6 * line, -1e-6 * line, 5e-7 * line, -5e-7 * line)
    assert judge(line, runs).verdict == "agrees"
    judgement = judge(np.array([0.0, 1.0, np.nan, 3.0]), runs)
    assert (judgement.verdict, judgement.sample) == ("mismatch", 2)


def around(output: Callable[[float], Samples], step: float = 1e-6) -> Runs:
    """An output at a parameter's value 0, and beside it."""
    return Runs(step, *(output(x * step) for x in (0, 1, -1, 0.5, -0.5)))


def test_a_kink_has_slopes_on_both_sides_and_a_jump_has_not() -> None:
    line = np.linspace(1, 2, 100)
    kink = judge(0 * line, around(lambda x: abs(x) * line))
    assert (kink.verdict, kink.sample, kink.agreeing) == ("kink", 0, 0)
    jump = judge(line, around(lambda x: (x + (x > 0)) * line))
    assert (jump.verdict, jump.sample, jump.agreeing) == ("jump", 0, 0)


def test_the_share_of_samples_that_agree() -> None:
    line = np.linspace(1, 2, 100)
    late = np.arange(100) == 70
    judgement = judge(line, around(lambda x: x * line + (x > 0) * late))
    assert (judgement.verdict, judgement.sample, judgement.agreeing) == ("jump", 70, 0.99)
    assert judgement.error < 1e-4
