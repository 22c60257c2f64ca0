"""Tangents against difference quotients: what the samples of one output and one parameter say.

A quotient is only a derivative where the output is smooth between p - h and p + h. So a sample
counts when the quotient settles as the step halves and the slopes on both sides agree; where it
does not, there is a jump or a kink, and the sample says nothing about the tangent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fad.runtime.input_signals import Samples

#: What came of one output and one parameter.
Verdict = Literal["agrees", "zero", "jump", "quantised", "mismatch", "undefined"]

#: How much a tangent may differ from the quotient, in units of the largest quotient.
TOLERANCE = 1e-4
#: How much the quotient may change as the step halves, in units of itself.
_SETTLED = 1e-3
#: Rounding errors of the samples, in units of the machine's precision at the loudest one.
_ROUNDING = 1000.0


@dataclass(frozen=True)
class Runs:
    """One output of the original program around a parameter's value.

    Attributes:
        step: h.
        centre: at p.
        above, below: at p + h and p - h.
        near_above, near_below: at p + h/2 and p - h/2.
    """

    step: float
    centre: Samples
    above: Samples
    below: Samples
    near_above: Samples
    near_below: Samples

    @property
    def is_finite(self) -> NDArray[np.bool_]:
        """For each sample, whether all runs are finite there."""
        finite = np.isfinite(self.centre)
        for run in (self.above, self.below, self.near_above, self.near_below):
            finite = finite & np.isfinite(run)
        return finite


@dataclass(frozen=True)
class Judgement:
    """What the samples say.

    Attributes:
        verdict: in one word.
        error: the largest difference of tangent and quotient over the samples that count, in
            units of the largest quotient; infinite for a tangent that is not finite.
        sample: the first sample that is wrong, or the first at a jump.
        compared: the share of the samples that count.
    """

    verdict: Verdict
    error: float = 0.0
    sample: int | None = None
    compared: float = 1.0


def judge(tangent: Samples, runs: Runs) -> Judgement:
    """Compares a tangent with the difference quotients of its output."""
    finite = runs.is_finite
    if not finite.any():
        return Judgement("undefined", compared=0.0)
    with np.errstate(all="ignore"):
        return _judge(tangent, runs, finite)


def _judge(tangent: Samples, runs: Runs, finite: NDArray[np.bool_]) -> Judgement:
    h = runs.step
    quotient = (runs.above - runs.below) / (2 * h)
    finer = (runs.near_above - runs.near_below) / h
    change = np.abs(quotient - finer)
    # The slope on either side, without the error that is proportional to the step.
    right = (4 * runs.near_above - runs.above - 3 * runs.centre) / h
    left = (3 * runs.centre + runs.below - 4 * runs.near_below) / h
    loudest = np.abs(runs.centre[finite]).max()
    noise = _ROUNDING * np.finfo(np.float64).eps * loudest / h
    size = np.maximum(np.abs(quotient), np.abs(finer))
    settled = finite & (change <= _SETTLED * size + noise)
    scale = size[settled].max(initial=0.0)
    # A kink shows as two slopes. It matters from where it would count as a wrong tangent.
    gap = np.abs(right - left)
    smooth = settled & (gap <= _SETTLED * size + TOLERANCE * scale + 8 * noise)
    difference = np.abs(tangent - quotient)
    allowed = TOLERANCE * scale + noise + 4 * change
    wrong = (smooth & ~(difference <= allowed)) | (finite & ~np.isfinite(tangent))
    rough = finite & ~smooth
    compared = float(smooth.sum() / finite.sum())
    counted = smooth | (finite & ~np.isfinite(tangent))
    error = float(np.nan_to_num(difference[counted], nan=np.inf, posinf=np.inf).max(initial=0.0))
    error /= float(max(scale, noise, np.finfo(np.float64).tiny))
    if _is_mismatch(wrong, rough, smooth, tangent, finite):
        return Judgement("mismatch", error, _first(wrong), compared)
    if rough.any():
        return Judgement("jump", error, _first(rough), compared)
    if not tangent[finite].any() and scale <= noise:
        return Judgement("zero")
    return Judgement("agrees", error)


def _is_mismatch(
    wrong: NDArray[np.bool_],
    rough: NDArray[np.bool_],
    smooth: NDArray[np.bool_],
    tangent: Samples,
    finite: NDArray[np.bool_],
) -> bool:
    if not wrong.any():
        return False
    if not rough.any() or _first(wrong) < _first(rough):
        return True
    if (finite & ~np.isfinite(tangent)).any():
        return True
    # A program with memory may be off for a while after a jump, but not nearly everywhere.
    return bool(2 * wrong.sum() > smooth.sum() and 2 * smooth.sum() > finite.sum())


def _first(where: NDArray[np.bool_]) -> int:
    return int(np.argmax(where))
