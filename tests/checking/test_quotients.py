"""What samples say of a tangent."""

from __future__ import annotations

import numpy as np

from fad.checking.quotients import Runs, judge


def test_a_tangent_that_is_not_a_number_is_a_mismatch() -> None:
    line = np.arange(4.0)
    runs = Runs(1e-6, 0 * line, 1e-6 * line, -1e-6 * line, 5e-7 * line, -5e-7 * line)
    assert judge(line, runs).verdict == "agrees"
    judgement = judge(np.array([0.0, 1.0, np.nan, 3.0]), runs)
    assert (judgement.verdict, judgement.sample) == ("mismatch", 2)
