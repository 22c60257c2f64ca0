"""`fad.fit`: the parameters with which a program comes closest to recordings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.base.precision import NativePrecision
from fad.diagram.parameters import Parameter
from fad.differentiation.surrogates import Kind
from fad.fitting.alignment import Alignment, Matched, match
from fad.fitting.budget import Budget, Callback
from fad.fitting.extras import extra
from fad.fitting.ladder import Ladder, ladder
from fad.fitting.loss_names import loss_of
from fad.fitting.problem import Part
from fad.fitting.result import Attempt, Ending, FitResult, Match
from fad.fitting.search import Runner
from fad.fitting.sensitivity import sensitivity
from fad.fitting.setup import Asked, Setup, setup
from fad.fitting.solver import Method, Solver
from fad.fitting.targets import Target
from fad.fitting.variables import Points, point_of
from fad.losses.loss import Loss
from fad.model.choices import listed, mapping, refuse_unknown, whole
from fad.model.units import BackendName
from fad.pipeline.front import Request
from fad.pipeline.inits import with_inits
from fad.syntax.libraries import ProgramLike, as_source

_WORDS: Mapping[Ending, str] = {
    "reached": "the loss is as small as asked for",
    "converged": "no step makes the loss smaller",
    "limit": "the time or the evaluations are used up",
    "stopped": "it was stopped",
}


def fit(
    program: ProgramLike,
    targets: Target | NDArray[np.float64] | Sequence[Target],
    *,
    wrt: Sequence[str] = (),
    freeze: Mapping[str, float] | None = None,
    start: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    separate: Sequence[str] = (),
    loss: Loss | str = "auto",
    method: Method = "auto",
    align: bool = False,
    starts: int = 64,
    seed: int = 0,
    tolerance: float = 1e-6,
    max_seconds: float | None = None,
    max_evaluations: int | None = None,
    rate: int = 44100,
    precision: NativePrecision = "single",
    backend: Literal["auto"] | BackendName = "auto",
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
    trust: bool = False,
    threads: int | None = None,
    callback: Callback | None = None,
) -> FitResult:
    """Finds the parameters with which a program comes closest to recordings.

    Args:
        program: a text, or the path of a file.
        targets: what it should sound like: a recording of shape (channels, frames), or a `Target`,
            which also tells what is played, or several.
        wrt: what is fitted: labels or paths, with wildcards. By default all sliders and number
            entries, but for those that a target plays.
        freeze: label or path -> value, of what stays, and is no variable.
        start: label or path -> value to start at, where the program starts elsewhere.
        bounds: label or path -> the lowest and the highest value to look at.
        separate: labels or paths of parameters that each target has for its own.
        loss: a loss, its name as in `mss(2048, 512) + 0.1*envelope`, or `auto`.
        method: what makes it smaller from each start.
        align: whether the recordings have an unknown delay and gain, which are found, too: they are
            told in a warning, and not part of the fitted program.
        starts: from how many points: the program's own, and others all over the ranges.
        seed: of the random ones. The same seed gives the same result.
        tolerance: how small the loss has to be to end with, relative to that of silence.
        max_seconds: it ends after so much time.
        max_evaluations: it ends after the program has run so often.
        rate: the sample rate, in Hz.
        precision, backend, include, libraries, surrogate, rules, trust, threads: see `fad.load`.
        callback: called with a `Progress` after each step; if it raises `StopIteration`, the fit
            ends with the best so far.

    Returns:
        The best parameters, and how they were found. `Ctrl-C` gives the best so far.

    Raises:
        FadError: see `fad.load`; a recording or a name does not fit the program; nothing that is
            fitted makes a difference; the program is silent.
    """
    starts, seed = whole(starts, "`starts`"), whole(seed, "`seed`", 0)
    refuse_unknown([method], get_args(Method), "method")
    if not (isinstance(tolerance, (int, float)) and 0 <= tolerance < 1):
        raise FadError(f"`tolerance` is {tolerance!r}", hint="it is a number from 0 to 1")
    budget = Budget(
        math.inf if max_seconds is None else max_seconds,
        math.inf if max_evaluations is None else whole(max_evaluations, "`max_evaluations`"),
    )
    found = _targets(targets)
    given = loss if isinstance(loss, Loss) else None
    if isinstance(loss, str) and loss != "auto":
        given = loss_of(loss, rate, "loss")
    request = Request(program, listed(include, "`include`"), precision, rules, libraries)
    asked = Asked(
        listed(wrt, "`wrt`"),
        mapping(freeze or {}, "frozen values"),
        mapping(start or {}, "values to start at"),
        mapping(bounds or {}, "bounds"),
        listed(separate, "`separate`"),
        align,
    )
    choices = {
        "rate": rate,
        "precision": precision,
        "backend": backend,
        "include": include,
        "libraries": libraries,
        "surrogate": surrogate,
        "rules": rules,
        "trust": trust,
        "threads": threads,
    }
    ready = setup(request, found, asked, starts, seed, choices)
    losses = ladder(
        ready.problem,
        given,
        loss if isinstance(loss, str) else "the given loss",
        [ready.problem.column(each).parameter.label for each in sorted(ready.findings.moves_phase)],
    )
    # The matrices are small: threads would wait for each other, and add in another order.
    with extra("threadpoolctl", "a fit").threadpool_limits(1, "blas"):
        solver = Solver(ready, losses, method, tolerance, seed, budget, callback)
        return _result(request, ready, losses, solver, solver.run())


def _targets(given: Target | NDArray[np.float64] | Sequence[Target]) -> list[Target]:
    if isinstance(given, Target):
        return [given]
    if isinstance(given, np.ndarray):
        return [Target(np.atleast_2d(given))]
    found = [each if isinstance(each, Target) else Target(np.atleast_2d(each)) for each in given]
    if not found:
        raise FadError("there is no recording to fit")
    return found


def _result(
    request: Request, ready: Setup, losses: Ladder, solver: Solver, ending: Ending
) -> FitResult:
    best = solver.race.best
    point = ready.origin.copy() if best is None else _kept(ready, best.point)
    values = ready.values(point, 0)
    of_all = ready.problem.variables[: ready.shared]
    shared = {each.path: values[each.path] for each in of_all}
    fitted = with_inits(request, {**ready.frozen, **shared})
    # What is written has so many digits: all that is told is about these numbers.
    written = {path: fitted.values[path] for path in shared}
    point[: ready.shared] = point_of(of_all, written)
    final = solver.final
    by_target = final.by_target(point)
    starts = [_heard(ready, part, ready.origin) for part in ready.problem.parts]
    sounds = [_heard(ready, part, point) for part in ready.problem.parts]
    matches = tuple(
        Match(
            part.target,
            sound.sound,
            first.sound,
            float(loss),
            {**ready.values(point, number), **written},
        )
        for number, (part, sound, first, loss) in enumerate(
            zip(ready.problem.parts, sounds, starts, by_target, strict=True)
        )
    )
    warnings = [*ready.warnings, *solver.warnings]
    for part, sound in zip(ready.problem.parts, sounds, strict=True):
        if ready.problem.align:
            delay, gain = sound.alignment
            warnings.append(
                f"`{part.target.name}` is aligned: it is {abs(delay)} samples "
                f"{'later' if delay >= 0 else 'earlier'} than the program, and {gain:.4g} times as "
                "loud; the fitted program has neither"
            )
    if not fitted.is_own:
        warnings.append(f"the fitted program is the expanded one, as {fitted.reason}")
    if not final.has_residuals:
        warnings.append(
            "how sure the values are is not known, as the loss is not a sum of squares; losses "
            "with `squared=1` are"
        )
    runners = sorted(solver.race.runners, key=lambda each: each.final)
    return FitResult(
        written,
        tuple(_started(ready, row) for row in range(len(ready.problem.variables))),
        float(by_target.mean()),
        final.value(ready.origin),
        ending,
        _WORDS[ending],
        losses.final.name,
        losses.reason,
        ready.problem.evaluations,
        solver.budget.elapsed,
        tuple(_attempt(ready, each) for each in runners),
        sensitivity(final, point, range(ready.shared)) if final.has_residuals else None,
        matches,
        tuple(dict.fromkeys(warnings)),
        fitted.text,
        ready.problem.model.rate,
        solver.seed,
        Path(as_source(request.program).name).name,
    )


def _heard(ready: Setup, part: Part, point: Points) -> Matched:
    """What is made for a target at a point, as late and as loud as the loss takes it."""
    sound = np.asarray(ready.problem.at(part, point), np.float64)
    if ready.problem.align and np.isfinite(sound).all():
        return match(sound, part.sound)
    return Matched(Alignment(), sound, sound, np.zeros_like(sound))


def _kept(ready: Setup, point: Points) -> Points:
    """A point whose parameters without any effect are where the program has them."""
    found = ready.origin.copy()
    acts = sorted(ready.findings.acts)
    found[acts] = point[acts]
    return found


def _started(ready: Setup, row: int) -> Parameter:
    """A parameter that starts where the fit did, in the range that was searched."""
    columns = ready.problem.parts[0].columns
    variable = ready.problem.variables[row]
    searched = variable.coordinate
    value = float(searched.value(ready.origin[columns[row]]))
    return replace(
        variable.parameter, init=value, min=searched.low, max=searched.high, scale=searched.scale
    )


def _attempt(ready: Setup, runner: Runner) -> Attempt:
    return Attempt(
        ready.values(runner.start, 0),
        ready.values(runner.point, 0),
        runner.final,
        tuple(runner.history),
        runner.ended,
    )
