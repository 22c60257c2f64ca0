"""What a fit has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fad.diagram.parameters import Parameter
from fad.fitting.targets import Target

#: How it ended: the loss is as small as asked for; no step makes it smaller; the time or the
#: evaluations are used up; the user has stopped it.
Ending = Literal["reached", "converged", "limit", "stopped"]


@dataclass(frozen=True)
class Moment:
    """Where an attempt has been.

    Attributes:
        evaluation: how many times the program had run, in all attempts.
        phase: the loss that was descended, as in `mss (1024)`: phases have losses of their own,
            which do not compare.
        loss: its value.
    """

    evaluation: int
    phase: str
    loss: float


@dataclass(frozen=True)
class Attempt:
    """What has become of one start.

    Attributes:
        start: path -> value at the start.
        values: path -> value at the end.
        loss: the final loss at the end; infinite where the attempt was dropped before that.
        history: its moments, in order.
        ended: why it ended, in words.
    """

    start: Mapping[str, float]
    values: Mapping[str, float]
    loss: float
    history: tuple[Moment, ...]
    ended: str


@dataclass(frozen=True)
class Sensitivity:
    """What the recordings say about the parameters, by the Gauss-Newton matrix at the end.

    Attributes:
        paths: the parameters, in order.
        sizes: how far the residuals move when a parameter goes through its range, each relative to
            the largest of them, of shape (parameters,): 0 where the recordings say nothing.
        errors: the standard error of each parameter, relative to the range that was searched, of
            shape (parameters,), with what is left of the loss as noise; infinite where the
            recordings say nothing.
        correlations: of the errors, of shape (parameters, parameters): where one is near 1 or -1,
            the two parameters trade against each other.
    """

    paths: tuple[str, ...]
    sizes: NDArray[np.float64]
    errors: NDArray[np.float64]
    correlations: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Match:
    """A target beside what the fitted program makes of it.

    Attributes:
        target: the target.
        sound: what the program makes, of the shape of the target's sound.
        start: what it made where it started.
        loss: the target's share of the loss.
        values: path -> value of each parameter for this target.
    """

    target: Target
    sound: NDArray[np.float64]
    start: NDArray[np.float64]
    loss: float
    values: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class FitResult:
    """What a fit has found. The names of scipy's results mean the same here.

    Attributes:
        parameters: path -> value, of those that all targets share.
        variables: what was fitted, with the ranges that were searched, in order.
        loss: the final loss.
        start_loss: the loss of the program as it was.
        success: whether it ended by itself.
        ending: how.
        message: the same in words.
        loss_name: the loss, in words.
        reason: why this loss, in words.
        evaluations: how many times the program has run.
        seconds: how long it took.
        attempts: what has become of each start; the best is the first.
        sensitivity: what the recordings say about the parameters; `None` if that is not known.
        matches: each target beside what the program makes.
        warnings: what the user should know, one sentence each.
        source: the program with new inits.
        rate: the sample rate, in Hz.
        seed: what random numbers started from.
        program: the name of the program, for people.
    """

    parameters: Mapping[str, float]
    variables: tuple[Parameter, ...]
    loss: float
    start_loss: float
    ending: Ending
    message: str
    loss_name: str
    reason: str
    evaluations: int
    seconds: float
    attempts: tuple[Attempt, ...]
    sensitivity: Sensitivity | None
    matches: tuple[Match, ...]
    warnings: tuple[str, ...]
    source: str
    rate: int
    seed: int
    program: str = "program"

    @property
    def success(self) -> bool:
        """Whether it ended by itself."""
        return self.ending in ("reached", "converged")

    @property
    def x(self) -> NDArray[np.float64]:
        """The values of the parameters, of shape (parameters,)."""
        return np.array([self.parameters[each.path] for each in self.variables])

    @property
    def fun(self) -> float:
        """The final loss."""
        return self.loss

    @property
    def nfev(self) -> int:
        """How many times the program has run."""
        return self.evaluations
