"""A fit before it begins: the program, what is fitted in it, and where to start."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from fad.fitting.probe import Findings, probe, spread
from fad.fitting.problem import Problem, part_of
from fad.fitting.targets import Target
from fad.fitting.variables import Points, Variable, point_of, variable
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
        problem: the problem.
        variables: what is fitted, once each, those that all targets share first.
        shared: how many these are.
        frozen: path -> value.
        findings: what the parameters do.
        starts: the coordinates to start from, of shape (starts, columns), the program's own first.
        origin: the program's own, as they are, of shape (columns,).
        warnings: what the user should know, one sentence each.
    """

    problem: Problem
    variables: tuple[Variable, ...]
    shared: int
    frozen: Mapping[str, float]
    findings: Findings
    starts: Points
    origin: Points
    warnings: tuple[str, ...]

    @property
    def searched(self) -> list[int]:
        """The columns of parameters that act, and have no derivatives."""
        return sorted(self.findings.acts - self.findings.descends)


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
    first = [variable(each, bounds.get(each.path), True) for each in parameters]
    own = len(parameters) - shared
    parts = [
        part_of(model, target, [*range(shared), *(shared + number * own + np.arange(own))])
        for number, target in enumerate(targets)
    ]
    size = shared + own * len(targets)
    origins = {each.path: each.init for each in widgets} | resolved(widgets, asked.start)
    whole = Problem(model, first, parts, size)
    origin = _over_columns(whole, point_of(first, origins))
    points = _points(origin, starts, seed)
    findings = probe(whole, points[:_TRIED] if starts > 1 else points)
    variables = [
        variable(each, bounds.get(each.path), _descends(whole, findings, row))
        for row, each in enumerate(parameters)
    ]
    problem = Problem(model, variables, parts, size, asked.align)
    problem.evaluations = whole.evaluations
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
    result = Setup(
        problem, tuple(variables), shared, frozen, findings, points, origin, tuple(warnings)
    )
    return replace(result, starts=spread(points, result.searched, problem))


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


def _descends(problem: Problem, findings: Findings, row: int) -> bool:
    return any(int(part.columns[row]) in findings.descends for part in problem.parts)


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
