"""The method L-BFGS-B, for losses that are no sums of squares, and for many parameters."""

from __future__ import annotations

import math

import numpy as np

from fad.fitting.descent import Descent, Watch
from fad.fitting.extras import extra
from fad.fitting.objective import Objective
from fad.fitting.variables import Points

#: Steps by gradients are shorter than those of Gauss and Newton, so a short one is no end.
_FINER = 1e-3
#: A step may need several evaluations.
_EVALUATIONS = 4


def descend_by_gradients(
    objective: Objective,
    point: Points,
    steps: int,
    *,
    tolerance: float,
    enough: float,
    watch: Watch | None = None,
) -> Descent:
    """Goes down from a point by gradients alone, within 0 and 1; see `descend` for the arguments.

    The method is that of scipy (Byrd, Lu, Nocedal and Zhu, 1995).

    Raises:
        FadError: scipy is not installed.
    """
    optimize = extra("scipy.optimize", "a descent by gradients")
    best = Descent(point, math.inf, False)

    def value(at: Points) -> tuple[float, Points]:
        nonlocal best
        loss, gradient = objective.value_and_gradient(at)
        if loss < best.loss:
            best = Descent(at.copy(), loss, False)
        return min(loss, 1e300), gradient

    def after(at: Points) -> None:
        if watch is not None:
            watch(best.loss, best.point)
        if best.loss <= enough:
            raise StopIteration

    found = optimize.minimize(
        value,
        point,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, 1)] * len(point),
        callback=after,
        options={"maxiter": steps, "maxfun": _EVALUATIONS * steps, "ftol": _FINER * tolerance},
    )
    return Descent(best.point, best.loss, bool(found.success))


def simplex(
    objective: Objective, point: Points, evaluations: int, enough: float, watch: Watch
) -> Descent:
    """Goes down by the method of Nelder and Mead, without derivatives; see `descend`."""
    optimize = extra("scipy.optimize", "the method of Nelder and Mead")
    best = Descent(point, math.inf, False)

    def value(at: Points) -> float:
        nonlocal best
        loss = objective.value(np.clip(at, 0, 1))
        if loss < best.loss:
            best = Descent(np.clip(at, 0, 1), loss, False)
            watch(loss, best.point)
        return min(loss, 1e300)

    def after(at: Points) -> None:
        if best.loss <= enough:
            raise StopIteration

    found = optimize.minimize(
        value,
        point,
        method="Nelder-Mead",
        bounds=[(0, 1)] * len(point),
        callback=after,
        options={"maxfev": evaluations, "xatol": 1e-6, "fatol": 1e-12, "adaptive": True},
    )
    return Descent(best.point, best.loss, bool(found.success))
