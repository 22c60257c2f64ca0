"""A fit before it begins: the program, what is fitted in it, and where to start."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fad.base.errors import FadError
from fad.diagram.order import widgets_of
from fad.diagram.parameters import (
    Parameter,
    called,
    default_variables,
    resolved,
    select,
)
from fad.fitting.extras import extra
from fad.fitting.probe import Findings, probe
from fad.fitting.problem import Problem, part_of
from fad.fitting.targets import Target
from fad.fitting.variables import Points, point_of, values_at, variable
from fad.model.choices import listed
from fad.model.loading import load
from fad.model.recordings import block_for
from fad.pipeline.front import Request, read

#: The start of the program is moved by so much: where a gain is 0 dB, a frequency has no effect.
_NUDGE = 0.01
#: How many starts the parameters are tried at.
_TRIED = 4


@dataclass(frozen=True)
class Asked:
    """What a user asks for; see `fad.fit`.

    Attributes:
        wrt: what is fitted.
        freeze: label or path -> value.
        start: label or path -> value.
        bounds: label or path -> the lowest and the highest value.
        separate: labels or paths.
        align: whether the recordings are later and louder by what is not known.
    """

    wrt: Sequence[str]
    freeze: Mapping[str, float]
    start: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]]
    separate: Sequence[str]
    align: bool = False


@dataclass(frozen=True, eq=False)
class Setup:
    """A fit before it begins.

    Attributes:
        problem: the problem; of its variables, those that all targets share are the first.
        shared: how many these are, and the columns for them.
        frozen: path -> value.
        findings: what the parameters do.
        starts: the coordinates to start from, of shape (starts, columns), the program's own first.
        origin: the program's own, as they are, of shape (columns,).
        warnings: what the user should know, one sentence each.
    """

    problem: Problem
    shared: int
    frozen: Mapping[str, float]
    findings: Findings
    starts: Points
    origin: Points
    warnings: tuple[str, ...]

    def values(self, point: Points, number: int) -> dict[str, float]:
        """Path -> value of each variable at a point, of shape (columns,).

        Args:
            point: the point.
            number: of the target.
        """
        columns = self.problem.parts[number].columns
        found = values_at(self.problem.variables, point[columns])
        return {path: float(value) for path, value in found.items()}


def setup(
    request: Request,
    targets: Sequence[Target],
    asked: Asked,
    starts: int,
    seed: int,
    choices: Mapping[str, Any],
) -> Setup:
    """Loads a program, and tries what its parameters do.

    Args:
        request: the program.
        targets: what it should sound like.
        asked: what is fitted.
        starts: from how many points.
        seed: of the random ones.
        choices: what else `fad.load` is told.

    Raises:
        FadError: see `fad.fit`.
    """
    front = read(request)
    evaluation = front.evaluated()
    widgets = widgets_of(evaluation.process, evaluation.facts, front.title)
    frozen = resolved(widgets, asked.freeze)
    parameters = _fitted(widgets, targets, frozen, asked)
    separate = {each.path for name in asked.separate for each in called(widgets, name)}
    parameters.sort(key=lambda each: each.path in separate)
    times = [time for target in targets for time in target.changes]
    smooth = [each.path for each in parameters if each.kind not in ("button", "checkbox")]
    model = load(
        request.program,
        wrt=smooth or [parameters[0].path],
        block=block_for(times, choices["rate"]),
        constant=frozen,
        **choices,
    )
    known = model.compiled.primal.controls
    idle = [each.path for each in parameters if each.path not in known]
    parameters = [each for each in parameters if each.path in known]
    if not parameters:
        raise FadError("the outputs depend on none of the parameters", hint="name others: `--wrt`")
    shared = sum(each.path not in separate for each in parameters)
    bounds = _bounds(widgets, asked.bounds)
    variables = [variable(each, bounds.get(each.path)) for each in parameters]
    own = len(parameters) - shared
    parts = [
        part_of(model, target, [*range(shared), *(shared + number * own + np.arange(own))])
        for number, target in enumerate(targets)
    ]
    size = shared + own * len(targets)
    origins = {each.path: each.init for each in widgets} | resolved(widgets, asked.start)
    problem = Problem(model, variables, parts, size, asked.align)
    origin = _over_columns(problem, point_of(variables, origins))
    points = _points(origin, starts, seed)
    findings = probe(problem, points[:_TRIED])
    silent = idle + [
        each.path
        for row, each in enumerate(variables)
        if not any(int(part.columns[row]) in findings.acts for part in parts)
    ]
    warnings = [*model.warnings]
    if not findings.acts:
        raise FadError("none of the parameters makes a difference", hint="name others: `--wrt`")
    if silent:
        names = ", ".join(f"`{each}`" for each in silent)
        warnings.append(f"{names} made no difference where it was tried, and stays where it is")
    spread = _spread(points, findings.searched, problem)
    return Setup(problem, shared, frozen, findings, spread, origin, tuple(warnings))


def _fitted(
    widgets: Sequence[Parameter],
    targets: Sequence[Target],
    frozen: Mapping[str, float],
    asked: Asked,
) -> list[Parameter]:
    """What is fitted: what is asked for, or all sliders; without what stays, and what is played."""
    played = set(frozen)
    for target in targets:
        played |= set(resolved(widgets, target.at))
        for moved in target.changes.values():
            played |= set(resolved(widgets, moved))
    if not asked.wrt:
        found = [each for each in default_variables(widgets) if each.path not in played]
        if not found:
            raise FadError(
                "the program has no slider to fit", hint="all of them stay, or are played"
            )
        return found
    chosen = select(widgets, 0, listed(asked.wrt, "`wrt`"))
    for each in chosen:
        if each.path in played:
            raise FadError(f"`{each.label}` cannot be fitted and stay, or be played, as well")
    return list(chosen)


def _bounds(
    widgets: Sequence[Parameter], bounds: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    found = {}
    for name, given in bounds.items():
        low, high = map(float, given)
        for each in called(widgets, name):
            found[each.path] = (low, high)
    return found


def _over_columns(problem: Problem, point: Points) -> Points:
    """The coordinates of all columns, from those of the variables."""
    found = np.zeros(problem.size)
    for part in problem.parts:
        found[part.columns] = point
    return found


def _points(origin: Points, count: int, seed: int) -> Points:
    """Where to start: near the program's own values, and at points of a Sobol sequence."""
    generator = np.random.default_rng(seed)
    nudged = origin + _NUDGE * generator.choice([-1.0, 1.0], len(origin))
    nudged = np.where((nudged < 0) | (nudged > 1), 2 * origin - nudged, nudged)
    if count == 1:
        return nudged[None]
    qmc = extra("scipy.stats.qmc", "a fit from several starts")
    sequence = qmc.Sobol(len(origin), seed=seed)
    found = sequence.random_base2(math.ceil(math.log2(count)))[: count - 1]
    return np.concatenate([nudged[None], found])


def _spread(starts: Points, columns: Sequence[int], problem: Problem) -> Points:
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
