"""A fit while it runs: which loss is made smaller from where, and by what method."""

from __future__ import annotations

import math
from typing import Literal

from fad.base.errors import FadError
from fad.fitting.budget import Budget, Callback, Progress, SpentError
from fad.fitting.descent import Descend, Watch, descend
from fad.fitting.ladder import Ladder, Rung
from fad.fitting.objective import Objective, objective
from fad.fitting.quasi_newton import descend_by_gradients, simplex
from fad.fitting.result import Ending
from fad.fitting.scan import scanning
from fad.fitting.search import Race, Runner, Stage
from fad.fitting.searched import evolved, improved
from fad.fitting.setup import Setup
from fad.fitting.variables import Points

#: How a loss is made smaller: `auto` takes the first of the others that can; the last two use no
#: derivatives.
Method = Literal["auto", "levenberg-marquardt", "l-bfgs-b", "cma-es", "nelder-mead"]

#: More parameters than these are descended by gradients alone: a matrix would cost more.
_MOST_COLUMNS = 64
#: How much smaller steps have to make a loss, relative to it, for others to follow.
_TOLERANCE = 1e-4
#: A loss where two attempts agree is that of the right parameters, if it is so small, relative to
#: that of silence: what is left is noise, or a kink that no descent passes.
_GOOD = 1e-4
#: A coarse loss that is so small, relative to that of silence, promises the right parameters.
_PROMISING = 5e-5
#: How often parameters without derivatives and the others take turns, at most.
_TURNS = 3
#: How many evaluations a search without derivatives may take for each parameter.
_EVALUATIONS = 400
#: How widely such a search begins.
_WIDTH = 0.3


class Solver:
    """A fit while it runs.

    Args:
        ready: the problem, and where to start.
        losses: what is made smaller.
        method: how.
        tolerance: a loss is small enough, relative to that of silence.
        seed: of random numbers.
        budget: what may be used.
        callback: told after each step.

    Attributes:
        final: the loss that counts.
        race: the attempts.
        warnings: what the user should know, one sentence each.

    Raises:
        FadError: the recordings are silent; the method cannot make this loss smaller.
    """

    def __init__(
        self,
        ready: Setup,
        losses: Ladder,
        method: Method,
        tolerance: float,
        seed: int,
        budget: Budget,
        callback: Callback | None,
    ) -> None:
        self._ready, self._method, self._callback = ready, method, callback
        self.seed, self.budget = seed, budget
        self.warnings: list[str] = []
        problem = ready.problem
        made = {rung.loss: objective(problem, rung.loss, rung.name) for rung in losses.rungs}
        stages = [self._stage(made[rung.loss], rung) for rung in losses.rungs]
        self.final = stages[-1].objective
        if method == "levenberg-marquardt" and not self.final.has_residuals:
            raise FadError(
                "the method of Levenberg and Marquardt needs a loss that is a sum of squares",
                hint="`l-bfgs-b` takes any; or add `squared=1` to the options of the loss",
            )
        silence = self.final.silent()
        if not silence > 0:
            raise FadError("the recording is silent")
        enough = tolerance * silence
        self.race = Race(stages, enough, _GOOD * silence, _TOLERANCE, budget, self._tell)

    def run(self) -> Ending:
        """Runs until it ends."""
        ending: Ending = "converged"
        try:
            match self._method:
                case "cma-es":
                    self._evolve()
                case "nelder-mead":
                    self._shrink()
                case _:
                    self.race.run(self._ready.starts)
                    self._take_turns()
        except SpentError as spent:
            ending = spent.ending
        except (StopIteration, KeyboardInterrupt):
            ending = "stopped"
        self.race.settle()
        if self.race.lost:
            what = f"{self.race.lost} of {len(self._ready.starts)} starts"
            self.warnings.append(f"{what} gave samples that are infinite or not a number")
        return "reached" if self.race.is_won else ending

    def _stage(self, loss: Objective, rung: Rung) -> Stage:
        promising = 0.0 if rung.scans else _PROMISING * loss.silent()
        return Stage(loss, self._descent(loss, rung), rung.steps, rung.keep, promising)

    def _descent(self, loss: Objective, rung: Rung) -> Descend:
        if rung.scans:
            return scanning(sorted(self._ready.findings.moves_phase))
        by_gradients = (
            self._method == "l-bfgs-b"
            or loss.problem.size > _MOST_COLUMNS
            or not loss.has_residuals
        )
        return descend_by_gradients if by_gradients else descend

    def _take_turns(self) -> None:
        """Parameters without derivatives, and the others, until nothing becomes better."""
        columns = self._ready.findings.searched
        for turn in range(_TURNS if columns else 0):
            best = self.race.best
            if best is None or self.race.is_won:
                return
            point, loss = improved(self.final, best.point, columns, self.seed + turn, self.budget)
            if not loss < best.final:
                return
            self.race.finish(self._another(best.point, point, loss))

    def _evolve(self) -> None:
        origin = self._ready.starts[0]
        runner = self._another(origin, origin, self.final.value(origin))
        size = len(origin)
        evolved(
            *(self.final, origin, [*range(size)], self.seed, self.budget, _WIDTH),
            *(_EVALUATIONS * size, self.race.enough),
            self._watch(runner),
        )

    def _shrink(self) -> None:
        for start in self._ready.starts:
            runner = self._another(start, start, self.final.value(start))
            watch = self._watch(runner)
            simplex(self.final, start, _EVALUATIONS * len(start), self.race.enough, watch)
            if self.race.is_won:
                return

    def _another(self, start: Points, point: Points, loss: float) -> Runner:
        runner = Runner(start, point, loss, loss, ended="no better point was found")
        self.race.runners.append(runner)
        self.race.note(runner, self.final)
        return runner

    def _watch(self, runner: Runner) -> Watch:
        def watch(loss: float, point: Points) -> None:
            runner.point, runner.loss, runner.final = point, loss, loss
            self.race.note(runner, self.final)
            self._tell(self.final.name)
            self.budget.check(self._ready.problem.evaluations)

        return watch

    def _tell(self, phase: str) -> None:
        if self._callback is None:
            return
        best = self.race.best
        problem = self._ready.problem
        found = {}
        if best is not None and math.isfinite(best.final):
            found = self._ready.values(best.point, 0)
        self._callback(
            Progress(
                phase,
                sum(math.isfinite(each.final) for each in self.race.runners),
                len(self._ready.starts),
                math.inf if best is None else best.final,
                found,
                problem.evaluations,
                self.budget.elapsed,
            )
        )
