"""What recordings say about parameters, by the Gauss-Newton matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fad.fitting.objective import Objective
from fad.fitting.result import Sensitivity
from fad.fitting.variables import Points

#: A parameter that moves the residuals by less, relative to the one that does most, does nothing.
_NOTHING = 1e-9
#: What keeps the matrix invertible, relative to its diagonal: an error is then at most so many
#: times as large as if the parameter were alone.
_RIDGE = 1e-10


def sensitivity(objective: Objective, point: Points, columns: Sequence[int]) -> Sensitivity:
    """What the recordings say about parameters at a point.

    The covariance of the estimate is the inverse of J'J times the variance of the residuals, for
    their derivatives J by the parameters (Seber and Wild, "Nonlinear Regression", 1989, chapter 2).
    The loss is a mean of squares over the residuals, weighted; what is left of it stands for their
    noise.

    Args:
        objective: a loss that is a sum of squares.
        point: of shape (columns,).
        columns: of the parameters.
    """
    variables = objective.problem.columns
    normal = objective.normal(point)
    matrix = normal.matrix[np.ix_(columns, columns)]
    sizes = np.sqrt(np.maximum(np.diag(matrix), 0))
    largest = sizes.max(initial=0)
    relative = sizes / largest if largest > 0 else sizes
    known = relative > _NOTHING
    errors = np.full(len(columns), np.inf)
    correlations = np.eye(len(columns))
    if known.any():
        scaled = matrix[np.ix_(known, known)] / np.outer(sizes[known], sizes[known])
        inverse = np.linalg.inv(scaled + _RIDGE * np.eye(len(scaled)))
        deviations = np.sqrt(np.maximum(np.diag(inverse), 0))
        frames = sum(part.sound.size for part in objective.problem.parts)
        freedom = max(frames - len(columns), 1)
        errors[known] = deviations / sizes[known] * np.sqrt(normal.loss / freedom)
        correlations[np.ix_(known, known)] = np.clip(
            inverse / np.outer(deviations, deviations), -1, 1
        )
    paths = tuple(variables[column].path for column in columns)
    return Sensitivity(paths, np.where(known, relative, 0.0), errors, correlations)
