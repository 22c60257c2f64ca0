"""Tangents against difference quotients: what the samples of one output and one parameter say.

A quotient is only a derivative where the output is smooth between p - h and p + h. So a sample
counts when the quotient settles as the step halves and the slopes on both sides agree; where it
does not, there is a jump or a kink, and the sample says nothing about the tangent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fad.base.precision import NativePrecision
from fad.runtime.input_signals import Samples

#: What came of one output and one parameter, the worst first.
Verdict = Literal["mismatch", "undefined", "jump", "kink", "stopped", "quantised", "agrees", "zero"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
#: What a tangent and a quotient may differ by beside the tolerance: the rounding errors of the
#: samples, or what the quotient still changes by as its step halves.
Limit = Literal["rounding", "quotient"]


@dataclass(frozen=True)
class Accuracy:
    """How exact a comparison can be.

    Attributes:
        epsilon: the precision of the numbers.
        largest: of the samples that are compared: the root of the largest number.
        step: of the difference quotients, in units of the parameter (or of 1, if that is more).
        aside: how far from a kink the derivative has to be right, in the same units.
        tolerance: how much a tangent may differ from the quotient, in units of the largest
            quotient.
        settled: how much the quotient may change as the step halves, in units of itself.
        rounding: rounding errors of the samples, in units of the precision at the loudest one.
        repeated: how much an output may differ where libfaust computes in another order, in units
            of the loudest sample: rounding errors can grow in a recursion.
    """

    epsilon: float
    largest: float
    step: float
    aside: float
    tolerance: float
    settled: float
    rounding: float
    repeated: float

    def is_rounding(self, one: Samples, other: Samples) -> bool:
        """Whether two channels are the same but for rounding."""
        loudest = np.abs(one[np.isfinite(one)]).max(initial=0.0)
        most = self.repeated * loudest
        return bool(np.allclose(one, other, rtol=0.0, atol=most, equal_nan=True))


DOUBLE = Accuracy(2.0**-52, 2.0**512, 1e-6, 1e-4, 1e-4, 1e-3, 1000.0, 1e-9)
#: Larger steps, because there are fewer digits, and what a larger step makes of the rest.
SINGLE = Accuracy(2.0**-23, 2.0**64, 2e-3, 4e-2, 1e-2, 2e-2, 30.0, 1e-4)
ACCURACIES: dict[NativePrecision, Accuracy] = {"single": SINGLE, "double": DOUBLE}


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

    def is_below(self, limit: float) -> NDArray[np.bool_]:
        """For each sample, whether all runs are numbers there, and smaller than a limit."""
        runs = (self.centre, self.above, self.below, self.near_above, self.near_below)
        below: NDArray[np.bool_] = np.logical_and.reduce([np.abs(run) < limit for run in runs])
        return below


@dataclass(frozen=True)
class Judgement:
    """What the samples say.

    Attributes:
        verdict: in one word.
        error: the largest difference of tangent and quotient over the samples that count, in
            units of the largest quotient; infinite for a tangent that is not finite.
        tolerance: how large it might have been at that sample, in the same units.
        limit: why that is more than the tolerance of the precision, where the error is.
        sample: the first sample that is wrong, or the first at a jump or kink.
        compared: the share of the samples that count: those where the program is smooth.
        agreeing: the share of the samples at which the tangent is the quotient.
    """

    verdict: Verdict
    error: float = 0.0
    tolerance: float = 0.0
    limit: Limit | None = None
    sample: int | None = None
    compared: float = 1.0
    agreeing: float = 1.0


def judge(tangent: Samples, runs: Runs, accuracy: Accuracy = DOUBLE) -> Judgement:
    """Compares a tangent with the difference quotients of its output."""
    # Where an output grows towards infinity, its tangent is there first.
    finite = runs.is_below(accuracy.largest)
    if not finite.any():
        return Judgement("undefined", compared=0.0, agreeing=0.0)
    with np.errstate(all="ignore"):
        return _judge(tangent, runs, finite, accuracy)


def _judge(
    tangent: Samples, runs: Runs, finite: NDArray[np.bool_], accuracy: Accuracy
) -> Judgement:
    h = runs.step
    quotient = (runs.above - runs.below) / (2 * h)
    finer = (runs.near_above - runs.near_below) / h
    change = np.abs(quotient - finer)
    # The slope on either side, without the error that is proportional to the step.
    right = (4 * runs.near_above - runs.above - 3 * runs.centre) / h
    left = (3 * runs.centre + runs.below - 4 * runs.near_below) / h
    loudest = np.abs(runs.centre[finite]).max()
    noise = accuracy.rounding * accuracy.epsilon * loudest / h
    size = np.maximum(np.abs(quotient), np.abs(finer))
    allowed_change = accuracy.settled * size + noise
    scale = size[finite & (change <= allowed_change)].max(initial=0.0)
    # A quotient near zero never settles in units of itself; no matter, unless a tangent that is as
    # far off would count as wrong.
    settled = finite & (change <= allowed_change + accuracy.tolerance * scale)
    # A kink shows as two slopes. It matters from where it would count as a wrong tangent.
    gap = np.abs(right - left)
    allowed_gap = accuracy.settled * size + accuracy.tolerance * scale + 8 * noise
    smooth = settled & (gap <= allowed_gap)
    difference = np.abs(tangent - quotient)
    tight = accuracy.tolerance * scale
    allowed = tight + noise + 4 * change
    agreeing = smooth & (difference <= allowed)
    wrong = (smooth & ~agreeing) | (finite & ~np.isfinite(tangent))
    rough = finite & ~smooth
    counted = smooth | (finite & ~np.isfinite(tangent))
    unit = max(scale, noise, np.finfo(np.float64).tiny)
    errors = np.where(counted, np.nan_to_num(difference, nan=np.inf, posinf=np.inf), 0.0)
    largest = int(np.argmax(errors))
    limit: Limit | None = None
    if (agreeing & (difference > tight)).any():
        limit = "quotient" if (agreeing & (difference > tight + noise)).any() else "rounding"
    verdict: Verdict = "agrees"
    sample = None
    if _is_mismatch(wrong, rough, smooth, tangent, finite):
        verdict, sample = "mismatch", _first(wrong)
    elif rough.any():
        is_kink = _is_kink(runs, rough, accuracy, noise)
        verdict, sample = "kink" if is_kink else "jump", _first(rough)
    elif scale <= noise and (np.abs(tangent[finite]) <= noise * h).all():
        return Judgement("zero")
    return Judgement(
        verdict,
        float(errors[largest] / unit),
        float(allowed[largest] / unit) if counted.any() else 0.0,
        limit,
        sample,
        float(smooth.sum() / finite.sum()),
        float(agreeing.sum() / finite.sum()),
    )


def _is_kink(runs: Runs, rough: NDArray[np.bool_], accuracy: Accuracy, noise: float) -> bool:
    """Whether most samples that are not smooth have a slope on either side of the value.

    At a jump there is none on one side: the quotient on that side grows as the step halves.
    """
    h = runs.step
    kinked = rough
    for far, near in ((runs.above, runs.near_above), (runs.below, runs.near_below)):
        slope, finer = (far - runs.centre) / h, 2 * (near - runs.centre) / h
        size = np.maximum(np.abs(slope), np.abs(finer))
        kinked = kinked & (np.abs(slope - finer) <= accuracy.settled * size + 8 * noise)
    return bool(2 * kinked.sum() > rough.sum())


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
