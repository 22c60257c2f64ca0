"""Curves of losses over evaluations: where they are in their panels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from fad.fitting.result import Attempt, Moment

#: How many points of a curve are kept at most.
_MOST_POINTS = 400
#: How much room there is above and below the curves, as a share of the height.
_MARGIN = 0.06
#: Losses from here on are no numbers that anybody compares, and smaller ones count as 0.
_LARGEST, _SMALLEST = 1e100, 1e-100

#: How many times longer than usual nothing has to happen for a curve to have a gap.
_GAP = 8
#: How much room there is on the right of the curves, as a share of the evaluations.
_BESIDE = 0.02

#: A line: its points from the left and from the bottom, each from 0 to 1.
Line = tuple[tuple[float, float], ...]
#: What an attempt has drawn: it has gaps where the attempt waited for others.
Curve = tuple[Line, ...]


@dataclass(frozen=True)
class Panel:
    """The curves of one phase; a phase has a loss of its own.

    Attributes:
        phase: the loss.
        low, high: the losses at the bottom and at the top; the height goes by their logarithm.
        curves: those of the attempts that came here, the best attempt last.
        has_best: whether the last curve is that of the best attempt.
    """

    phase: str
    low: float
    high: float
    curves: tuple[Curve, ...]
    has_best: bool

    def height_of(self, loss: float) -> float:
        """How high a loss is: 0 at the bottom, 1 at the top; the bottom for 0."""
        return _height(loss, self.low, self.high)


def width_of(attempts: Sequence[Attempt]) -> float:
    """How many evaluations there is room for in a panel; at least one."""
    last = max((m.evaluation for attempt in attempts for m in attempt.history), default=0)
    return max(last, 1) * (1 + _BESIDE)


def panels(attempts: Sequence[Attempt]) -> list[Panel]:
    """A panel for each phase, in the order in which they began. All have the same width.

    Args:
        attempts: the best is the first.
    """
    began: dict[str, int] = {}
    for attempt in attempts:
        for moment in attempt.history:
            if _is_known(moment.loss):
                first = began.get(moment.phase, moment.evaluation)
                began[moment.phase] = min(first, moment.evaluation)
    width = width_of(attempts)
    return [_panel(phase, attempts, width) for phase in sorted(began, key=began.__getitem__)]


def _panel(phase: str, attempts: Sequence[Attempt], width: float) -> Panel:
    histories = [
        [m for m in attempt.history if m.phase == phase and _is_known(m.loss)]
        for attempt in attempts
    ]
    low, high = _range([m.loss for history in histories for m in history])
    curves = [_curve(history, width, low, high) for history in histories]
    return Panel(phase, low, high, tuple(filter(None, reversed(curves))), bool(curves[0]))


def _curve(history: Sequence[Moment], width: float, low: float, high: float) -> Curve:
    return tuple(
        tuple((m.evaluation / width, _height(m.loss, low, high)) for m in _thinned(part))
        for part in _parts(history)
    )


def _parts(history: Sequence[Moment]) -> list[list[Moment]]:
    """The moments without the gaps between them."""
    steps = [after.evaluation - before.evaluation for before, after in pairwise(history)]
    longest = _GAP * median(steps) if steps else 0
    parts = [list(history[:1])] if history else []
    for step, moment in zip(steps, history[1:], strict=True):
        if step > longest:
            parts.append([])
        parts[-1].append(moment)
    return parts


def _thinned(moments: Sequence[Moment]) -> list[Moment]:
    """Some of many moments; the last one is there."""
    step = -(-len(moments) // _MOST_POINTS)
    return [*moments[:-1:step], moments[-1]]


def _range(losses: Sequence[float]) -> tuple[float, float]:
    """Two losses that have all others between them, and something more."""
    above = [loss for loss in losses if loss > _SMALLEST]
    low, high = min(above, default=1.0), max(above, default=1.0)
    if len(above) < len(losses):
        low /= 10  # for those of 0
    beside = max((high / low) ** _MARGIN, 1.3)
    return low / beside, high * beside


def _height(loss: float, low: float, high: float) -> float:
    if loss <= _SMALLEST:
        return 0.0
    return math.log(loss / low) / math.log(high / low)


def _is_known(loss: float) -> bool:
    return 0 <= loss < _LARGEST
