"""Many starts, of which fewer and fewer go on: what descends losses with many minima."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fad.fitting.budget import Budget
from fad.fitting.descent import Descend
from fad.fitting.objective import Objective
from fad.fitting.result import Moment
from fad.fitting.variables import Points

#: Two points whose coordinates differ by less are one.
_SAME = 1e-3
#: How many starts run against each other: those that promise most first, and more where these
#: have not found it.
_HEATS = (4, 4, 8, 48)
#: Two attempts have found the same where their coordinates differ by less. So many have to agree,
#: where the loss is good, and in any case.
_AGREED, _FEW, _MANY = 2e-2, 2, 5
#: A coarse loss that is so small has nothing more to say.
_COARSE_ENOUGH = 1e-6


@dataclass(frozen=True)
class Stage:
    """A loss that is gone down for a while.

    Attributes:
        objective: the loss.
        descend: what goes down it.
        steps: how many steps, at most.
        keep: how many of the runners go on from here.
        promising: a loss that is so small is probably the end of the right way: its runner goes
            down the final loss at once.
    """

    objective: Objective
    descend: Descend
    steps: int
    keep: int
    promising: float


@dataclass
class Runner:
    """An attempt while it runs.

    Attributes:
        start: where it started, of shape (columns,).
        point: where it is.
        loss: the loss of its stage there.
        final: the final loss there, once it has been gone down; infinite before.
        history: its moments.
        ended: why it has ended, in words.
        joined: the one that it has come to, if it has.
    """

    start: Points
    point: Points
    loss: float
    final: float = math.inf
    history: list[Moment] = field(default_factory=list)
    ended: str = "others were better"
    joined: Runner | None = None

    @property
    def where(self) -> Runner:
        """The one that it has come to, or itself."""
        return self if self.joined is None else self.joined.where

    def join(self, other: Runner) -> None:
        """Ends, as it has come to where another one is."""
        self.joined, self.ended = other, "it came to where another one was"


@dataclass(eq=False)
class Race:
    """Runners from many starts.

    Attributes:
        stages: the losses, the final one last.
        enough: a final loss that is small enough to end the race.
        good: a final loss that is, if two attempts agree on it.
        tolerance: see `descend`.
        budget: what may be used.
        told: called after each step.
        runners: all that have started, in order.
        lost: how many starts gave samples that are infinite or not a number.
    """

    stages: Sequence[Stage]
    enough: float
    good: float
    tolerance: float
    budget: Budget
    told: Callable[[str], object]
    runners: list[Runner] = field(default_factory=list)
    lost: int = 0

    @property
    def best(self) -> Runner | None:
        """The one with the smallest final loss so far."""
        return min(self.runners, key=lambda each: each.final, default=None)

    @property
    def is_won(self) -> bool:
        """Whether the final loss is small enough."""
        return any(each.final <= self.enough for each in self.runners)

    def run(self, starts: Points) -> None:
        """Races from starts, of shape (starts, columns), until one has won.

        Raises:
            SpentError: the budget is used up.
        """
        first = self.stages[0].objective
        losses = first.values(starts)
        self.lost += int(np.isinf(losses).sum())
        order = np.argsort(losses, kind="stable")
        for some in _heats(order):
            before = self.best
            heat = [Runner(starts[row], starts[row], float(losses[row])) for row in some]
            self.runners += heat
            for each in heat:
                self.note(each, first)
            self._heat([each for each in heat if math.isfinite(each.loss)])
            if self.is_won or self._has_decided(before):
                return

    def _has_decided(self, before: Runner | None) -> bool:
        """Whether more starts are not likely to find anything better.

        Args:
            before: the best one before the last ones ran.
        """
        best = self.best
        if best is None:
            return False
        arrived = sum(_is_same(each.where, best, _AGREED) for each in self.runners)
        if best.final <= self.good:
            return best is before or arrived >= _FEW
        return arrived >= _MANY

    def settle(self) -> None:
        """Gives the final loss to those that were ended before they had gone down it."""
        open_ = [each for each in self.runners if not math.isfinite(each.final)]
        if open_:
            losses = self.stages[-1].objective.values(np.array([each.point for each in open_]))
            for each, loss in zip(open_, losses, strict=True):
                each.final = float(loss)

    def _heat(self, runners: list[Runner]) -> None:
        for stage in self.stages[:-1]:
            running = []
            for each in runners:
                self._go(each, stage, _COARSE_ENOUGH)
                if each.loss > stage.promising:
                    running.append(each)
                elif self._arrives(each):
                    return
            runners = _distinct(sorted(running, key=lambda each: each.loss))[: stage.keep]
        for each in runners:
            if self._arrives(each):
                return

    def _arrives(self, runner: Runner) -> bool:
        """Lets one go down the final loss, unless another one has arrived there; whether it won."""
        best = self.best
        if best is not None and best.final < math.inf and _is_same(runner, best, _AGREED):
            runner.join(best)
            return False
        self.finish(runner)
        return runner.final <= self.enough

    def finish(self, runner: Runner) -> None:
        """Goes down the final loss."""
        self._go(runner, self.stages[-1], self.enough)
        runner.final = runner.loss

    def _go(self, runner: Runner, stage: Stage, enough: float) -> None:
        objective = stage.objective

        def watch(loss: float, point: Points) -> None:
            runner.point, runner.loss = point, loss
            self.note(runner, objective)
            self.told(objective.name)
            self.budget.check(objective.problem.evaluations)

        found = stage.descend(
            objective,
            runner.point,
            stage.steps,
            tolerance=self.tolerance,
            enough=enough,
            watch=watch,
        )
        runner.point, runner.loss = found.point, found.loss
        if not math.isfinite(found.loss):
            runner.ended = "the program gave infinite samples, or none that are numbers"
        elif stage is self.stages[-1]:
            runner.ended = (
                "the loss is small enough"
                if found.loss <= enough
                else "no step made the loss smaller"
                if found.converged
                else "it had its steps"
            )

    @staticmethod
    def note(runner: Runner, objective: Objective) -> None:
        """Remembers where a runner is."""
        moment = Moment(objective.problem.evaluations, objective.name, runner.loss)
        runner.history.append(moment)


def _heats(order: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    first = 0
    for count in _HEATS:
        if first < len(order):
            yield order[first : first + count]
        first += count
    if first < len(order):
        yield order[first:]


def _distinct(runners: Sequence[Runner]) -> list[Runner]:
    """Those that have not arrived where a better one is."""
    found: list[Runner] = []
    for each in runners:
        other = next((other for other in found if _is_same(each, other, _SAME)), None)
        if other is None:
            found.append(each)
        else:
            each.join(other)
    return found


def _is_same(runner: Runner, other: Runner, distance: float) -> bool:
    return float(np.abs(runner.point - other.point).max()) < distance
