"""What the parameters of a program do, as trying them tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.fitting.problem import Problem
from fad.fitting.variables import Points

#: At how many points derivatives are looked at, and how many values of a parameter are tried.
_POINTS, _VALUES = 4, 5
#: What is this much below the loudest sample is not heard.
_AUDIBLE = 1e-3
#: How much a derivative by a frequency grows from the first third to the last, at least; how little
#: it is like the output; by how many radians it moves the phase, where it grows, and in any case.
_GROWTH, _LIKENESS, _SOME, _MANY = 1.5, 0.3, 20.0, 300.0


@dataclass(frozen=True)
class Findings:
    """What parameters do.

    Attributes:
        descends: the columns whose derivatives are not all zero.
        acts: the columns that make any difference.
        moves_phase: the columns that move the phase of an oscillator.
    """

    descends: frozenset[int]
    acts: frozenset[int]
    moves_phase: frozenset[int]

    @property
    def searched(self) -> list[int]:
        """The columns that act, and have no derivatives."""
        return sorted(self.acts - self.descends)


def probe(problem: Problem, points: Points) -> Findings:
    """Tries the parameters of a problem.

    Args:
        problem: the problem.
        points: where, of shape (points, columns): the start, and others.

    Raises:
        FadError: the program is silent at all of the points.
    """
    descends: set[int] = set()
    phases: list[set[int]] = []
    is_silent = True
    for point in points[:_POINTS]:
        for part in problem.parts:
            outputs, lanes = problem.lanes(part, point)
            if not (np.isfinite(outputs).all() and np.isfinite(lanes).all()):
                continue
            heard, found = outputs.astype(np.float64), lanes.astype(np.float64)
            is_silent &= not heard.any()
            moved = {row for row in range(len(lanes)) if found[row].any()}
            descends |= {int(part.columns[row]) for row in moved}
            phases.append(
                {int(part.columns[row]) for row in moved if _moves_phase(found[row], heard)}
            )
    if is_silent:
        raise FadError(
            "the program is silent, wherever its parameters were tried",
            hint=_hint(problem),
        )
    others = set(range(problem.size)) - descends
    acts = descends | {column for column in others if _acts(problem, column, points)}
    return Findings(frozenset(descends), frozenset(acts), frozenset().union(*phases))


def _hint(problem: Problem) -> str:
    moved = {path for part in problem.parts for path in part.values}
    gates = [
        each.label
        for each in problem.model.parameters
        if each.kind in ("button", "checkbox") and each.path not in moved
    ]
    if gates:
        return f'nobody plays it: `--at "0:{gates[0]}=1"` presses `{gates[0]}`'
    return "a gain that stays at 0, or an input that is silent?"


def _acts(problem: Problem, column: int, points: Points) -> bool:
    """Whether a parameter that has no derivatives makes a difference all the same."""
    values = np.linspace(0, 1, _VALUES)
    for point in points[:2]:
        tried = np.repeat(point[None], len(values), axis=0)
        tried[:, column] = values
        for part in problem.parts:
            made = [outputs for _, outputs in problem.outputs(part, tried)]
            if np.ptp(np.concatenate(made), axis=0).any():
                return True
    return False


def _moves_phase(lane: NDArray[np.float64], output: NDArray[np.float64]) -> bool:
    """Whether a derivative is that by a frequency: it is large, and across the output.

    The derivative of sin(2 pi f t) by f is 2 pi t cos(2 pi f t): it grows with time, and is as
    large as the radians that the phase moves by. That by a decay grows as well, and is a multiple
    of the output; that by the frequency of a filter goes across, and does not grow.
    """
    loudness = np.abs(output).max(axis=0)
    heard = np.flatnonzero(loudness > _AUDIBLE * loudness.max())
    if not len(heard):
        return False
    shares, likenesses = [], []
    for frames in np.array_split(np.arange(heard[0], heard[-1] + 1), 3):
        loud, moved = np.linalg.norm(output[:, frames]), np.linalg.norm(lane[:, frames])
        if loud == 0 or moved == 0:
            return False
        shares.append(moved / loud)
        likenesses.append(abs(float((output[:, frames] * lane[:, frames]).sum())) / (loud * moved))
    grows = shares[-1] > _GROWTH * shares[0]
    most = max(shares)
    return bool(max(likenesses) < _LIKENESS and (most > _MANY or (grows and most > _SOME)))
