"""Looks along one coordinate after the other: losses have many minima along a frequency."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from fad.fitting.descent import Descend, Descent, Watch
from fad.fitting.objective import Objective
from fad.fitting.variables import Points

#: At how many places to look: over four octaves, they are three quarters of a semitone apart.
_PLACES = 64
#: How many places between two of these.
_BETWEEN = 8


def scanning(columns: Sequence[int]) -> Descend:
    """What looks along some columns."""
    return partial(_scanned, tuple(columns))


def _scanned(
    columns: tuple[int, ...],
    objective: Objective,
    point: Points,
    steps: int,
    *,
    tolerance: float,
    enough: float,
    watch: Watch | None = None,
) -> Descent:
    """The best of many places along each column, and between these; see `descend`.

    Args:
        columns: where to look.
        steps: how often to go through all of them, at most.
    """
    loss = objective.value(point)
    for _ in range(steps):
        before = loss
        for column in columns:
            grid = np.linspace(0, 1, _PLACES)
            for places in (grid, None):
                if places is None:
                    near = point[column] + np.linspace(-1, 1, 2 * _BETWEEN + 1) / _PLACES
                    places = np.clip(near, 0, 1)
                tried = np.repeat(point[None], len(places), axis=0)
                tried[:, column] = places
                losses = objective.values(tried)
                if losses.min() < loss:
                    point, loss = tried[losses.argmin()], float(losses.min())
            if watch is not None:
                watch(loss, point)
        if loss <= enough or not loss < before * (1 - tolerance):
            break
    return Descent(point, loss, False)
