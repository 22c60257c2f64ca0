"""How far a program is from its targets at a point, by a loss, with derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fad.fitting.alignment import AlignedLoss
from fad.fitting.problem import Part, Problem
from fad.fitting.variables import Points
from fad.losses.bound import BoundLoss
from fad.losses.loss import Loss


@dataclass(frozen=True)
class Normal:
    """What a step of the method of Gauss and Newton needs.

    Attributes:
        loss: r'r, for residuals r.
        slope: J'r, of shape (columns,), for their derivatives J.
        matrix: J'J, of shape (columns, columns).
    """

    loss: float
    slope: Points
    matrix: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Objective:
    """The mean of a loss over the targets of a problem.

    Attributes:
        problem: the problem.
        name: what the loss is called.
        losses: the loss to each of the targets.
        has_residuals: whether it is a sum of squares.
    """

    problem: Problem
    name: str
    losses: Sequence[BoundLoss | AlignedLoss]
    has_residuals: bool

    def silent(self) -> float:
        """The loss of silence."""
        return float(
            np.mean([loss(np.zeros(loss.shape, self.problem.model.dtype)) for loss in self.losses])
        )

    def values(self, points: Points) -> NDArray[np.float64]:
        """The loss at several points, of shape (points,); infinite where an output is."""
        found = np.zeros(len(points))
        for part, loss in self._pairs():
            for some, outputs in self.problem.outputs(part, points):
                found[some] += self._each(loss, outputs)
        return found / len(self.losses)

    def value(self, point: Points) -> float:
        """The loss at a point, of shape (columns,)."""
        return float(np.mean(self.by_target(point)))

    def by_target(self, point: Points) -> NDArray[np.float64]:
        """The loss to each target at a point."""
        found = [
            self._each(loss, self.problem.at(part, point)[None])[0] for part, loss in self._pairs()
        ]
        return np.array(found)

    def normal(self, point: Points) -> Normal:
        """The normal equations at a point; all are infinite or no numbers where the program is."""
        loss, slope = 0.0, np.zeros(self.problem.size)
        matrix = np.zeros((self.problem.size, self.problem.size))
        for part, bound in self._pairs():
            outputs, lanes = self.problem.lanes(part, point)
            if not (np.isfinite(outputs).all() and np.isfinite(lanes).all()):
                return Normal(np.inf, slope, matrix)
            value, by_lanes, products = bound.normal_equations(outputs, lanes)
            loss += value
            np.add.at(slope, part.columns, by_lanes)
            np.add.at(matrix, np.ix_(part.columns, part.columns), products)
        count = len(self.losses)
        return Normal(loss / count, slope / count, matrix / count)

    def value_and_gradient(self, point: Points) -> tuple[float, Points]:
        """The loss and its derivative by the coordinates, of shape (columns,)."""
        loss, gradient = 0.0, np.zeros(self.problem.size)
        for part, bound in self._pairs():
            outputs, back = self.problem.pulled(part, point)
            if not np.isfinite(outputs).all():
                return np.inf, gradient
            value, cotangents = bound.value_and_gradient(outputs)
            loss += float(value)
            np.add.at(gradient, part.columns, back(cotangents))
        return loss / len(self.losses), gradient / len(self.losses)

    def _pairs(self) -> zip[tuple[Part, BoundLoss | AlignedLoss]]:
        return zip(self.problem.parts, self.losses, strict=True)

    @staticmethod
    def _each(loss: BoundLoss | AlignedLoss, outputs: NDArray[np.floating]) -> NDArray[np.float64]:
        finite = np.isfinite(outputs).all(axis=(1, 2))
        found = np.full(len(outputs), np.inf)
        if finite.any():
            found[finite] = loss(outputs[finite], batched=True)
        return found


def objective(problem: Problem, loss: Loss, name: str) -> Objective:
    """The mean of a loss over the targets of a problem.

    Args:
        problem: the problem.
        loss: the loss.
        name: what it is called.
    """
    sounds = [part.sound.astype(problem.model.dtype) for part in problem.parts]
    bound: list[BoundLoss | AlignedLoss] = [loss.to(sound) for sound in sounds]
    if problem.align:
        bound = [AlignedLoss(loss.to(sound), sound) for sound in sounds]
    return Objective(problem, name, bound, loss.has_residuals)
