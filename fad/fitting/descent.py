"""The method of Levenberg and Marquardt, within bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fad.fitting.objective import Normal, Objective
from fad.fitting.variables import Points

#: No coordinate moves farther in one step: what is linear is so near by only.
_FARTHEST = 0.3
#: By what the damping grows where a step fails, and shrinks where it succeeds.
_FACTOR = 5.0
_LEAST_DAMPING, _FIRST_DAMPING = 1e-9, 1e-2
#: How often a step is tried again, shorter.
_TRIES = 8
#: A single step may be short where the loss has a kink: so many are looked at.
_LAST = 5
#: A point moves by less: that is no step.
_STILL = 1e-7

#: Called with the loss and the point after each step.
Watch = Callable[[float, Points], None]


@dataclass(frozen=True)
class Descent:
    """Where a descent has led.

    Attributes:
        point: there, of shape (columns,).
        loss: the loss there.
        converged: whether no step makes the loss much smaller.
    """

    point: Points
    loss: float
    converged: bool


class Descend(Protocol):
    """What goes down from a point; see `descend`."""

    def __call__(
        self,
        objective: Objective,
        point: Points,
        steps: int,
        *,
        tolerance: float,
        enough: float,
        watch: Watch | None = None,
    ) -> Descent: ...


def descend(
    objective: Objective,
    point: Points,
    steps: int,
    *,
    tolerance: float,
    enough: float,
    watch: Watch | None = None,
) -> Descent:
    """Goes down from a point, by steps that are solutions of damped normal equations.

    The damping is relative to the diagonal, as Marquardt had it ("An Algorithm for Least-Squares
    Estimation of Nonlinear Parameters", 1963), so that it does not matter how parameters are
    scaled. Coordinates stay within 0 and 1: those at an end that the loss pulls beyond it are held.

    Args:
        objective: what goes down.
        point: the start, of shape (columns,).
        steps: how many steps to take at most.
        tolerance: it ends where steps make the loss smaller by less, relative to it: one on
            average, of the last few.
        enough: it ends where the loss is smaller.
        watch: called after each step.
    """
    damping = _FIRST_DAMPING
    here = objective.normal(point)
    losses = [here.loss]
    converged = not np.isfinite(here.loss)
    for _ in range(steps):
        if converged or here.loss <= enough:
            break
        for _ in range(_TRIES):
            there = np.clip(point + _step(here, point, damping), 0, 1)
            moved = float(np.abs(there - point).max(initial=0))
            if moved < _STILL:
                break
            loss = objective.value(there)
            if loss < here.loss:
                break
            damping *= _FACTOR
        else:
            moved = 0.0
        if moved < _STILL:
            converged = True
            break
        damping = max(damping / _FACTOR, _LEAST_DAMPING)
        losses.append(loss)
        before = losses[-1 - _LAST] if len(losses) > _LAST else math.inf
        converged = before - loss < _LAST * tolerance * before < math.inf
        point = there
        if converged or loss <= enough:
            here = Normal(loss, here.slope, here.matrix)
        else:
            here = objective.normal(point)
        if watch is not None:
            watch(here.loss, point)
    return Descent(point, here.loss, converged)


def _step(normal: Normal, point: Points, damping: float) -> Points:
    """The solution of the damped normal equations, for what is free to move."""
    free = ~((point <= 0) & (normal.slope > 0) | (point >= 1) & (normal.slope < 0))
    diagonal = np.diag(normal.matrix)
    free &= diagonal > 0
    found = np.zeros(len(point))
    if free.any():
        matrix = normal.matrix[np.ix_(free, free)]
        damped = matrix + np.diag(damping * _floored(diagonal[free]))
        found[free] = np.linalg.lstsq(damped, -normal.slope[free], rcond=None)[0]
    return np.clip(found, -_FARTHEST, _FARTHEST)


def _floored(diagonal: NDArray[np.float64]) -> NDArray[np.float64]:
    """The diagonal, where nothing is so small that it would move without limit."""
    floored: NDArray[np.float64] = np.maximum(diagonal, 1e-12 * diagonal.sum())
    return floored
