"""What the parameters of a program do, as trying them tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fad.base.errors import FadError
from fad.fitting.problem import Problem
from fad.fitting.variables import Points

#: At how many points derivatives are looked at, and how many values of a parameter are tried.
_POINTS, _VALUES = 4, 5
#: A derivative's share of the output grows by as much from the second quarter to the last one, for
#: a parameter that moves a phase; and is as little like the output itself.
_GROWTH, _LIKENESS = 1.5, 0.3


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
            heard = np.nan_to_num(outputs.astype(np.float64))
            is_silent &= not heard.any()
            found = np.nan_to_num(lanes.astype(np.float64))
            moved = {row for row in range(len(lanes)) if found[row].any()}
            descends |= {int(part.columns[row]) for row in moved}
            phases.append(
                {int(part.columns[row]) for row in moved if _moves_phase(found[row], heard)}
            )
    if is_silent:
        raise FadError(
            "the program is silent, wherever its parameters are",
            hint=_hint(problem),
        )
    others = set(range(problem.size)) - descends
    acts = descends | {column for column in others if _acts(problem, column, points)}
    count = {column: sum(column in each for each in phases) for column in descends}
    moving = frozenset(column for column in count if 2 * count[column] > len(phases))
    return Findings(frozenset(descends), frozenset(acts), moving)


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
    steps = problem.column(column).steps
    values = np.linspace(0, 1, max(_VALUES, len(steps)))
    for point in points[:2]:
        tried = np.repeat(point[None], len(values), axis=0)
        tried[:, column] = values
        for part in problem.parts:
            made = [outputs for _, outputs in problem.outputs(part, tried)]
            if np.ptp(np.concatenate(made), axis=0).any():
                return True
    return False


def _moves_phase(lane: np.ndarray, output: np.ndarray) -> bool:
    """Whether a derivative is that by a frequency: it grows with time, across the output.

    The derivative of sin(2 pi f t) by f is 2 pi t cos(2 pi f t), where that by a decay, which grows
    as well, is a multiple of the output.
    """
    quarter = lane.shape[-1] // 4
    if not quarter:
        return False
    shares = []
    for start in (quarter, 2 * quarter, 3 * quarter):
        some = np.s_[:, start : start + quarter]
        loud, moved = np.linalg.norm(output[some]), np.linalg.norm(lane[some])
        if loud == 0 or moved == 0:
            continue
        likeness = abs(float((output[some] * lane[some]).sum())) / (loud * moved)
        shares.append((moved / loud, likeness))
    if len(shares) < 2:
        return False
    (first, _), (last, likeness) = shares[0], shares[-1]
    return bool(last > _GROWTH * first and likeness < _LIKENESS)


def spread(starts: Points, columns: Sequence[int], problem: Problem) -> Points:
    """Starts whose coordinates of counted parameters are at the values that these can have.

    Args:
        starts: of shape (starts, columns).
        columns: of the parameters.
        problem: tells their values.

    Returns:
        The starts; neighbours have different combinations of values.
    """
    found = starts.copy()
    period = 1
    for column in columns:
        variable = problem.column(column)
        if variable.steps:
            places = [float(variable.coordinate.place(value)) for value in variable.steps]
            rows = np.arange(len(starts)) // period % len(places)
            found[:, column] = np.array(places)[rows]
            period *= len(places)
    return found
