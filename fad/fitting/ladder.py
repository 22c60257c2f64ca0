"""The losses that a fit goes down, one after the other, from coarse to fine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fad import losses
from fad.fitting.loss_names import FINE, named, roots
from fad.fitting.problem import Problem
from fad.losses.loss import Loss

#: The windows of the loss that a fit begins with, in samples; it ends with `FINE`.
COARSE = (1024,)
#: Long windows tell frequencies apart.
_TRANSPORT = (4096,)
#: No window is shorter: spectra have to tell something apart.
_SHORTEST = 64
#: The magnitude that counts as silence, in units of the root mean square of the recordings. The
#: roots of smaller ones are so steep that a step would only be true for a tiny part of its way.
_COARSE_FLOOR, _FINE_FLOOR = 1.0, 0.1
#: Recordings that are weaker than this count as so strong: -100 dB.
_WEAKEST = 1e-5


@dataclass(frozen=True)
class Rung:
    """A loss that is gone down for a while.

    Attributes:
        name: what it is called.
        loss: the loss.
        steps: how many steps, at most.
        keep: how many of the attempts go on from here.
        scans: whether to look along the parameters that move phases, and not to descend.
    """

    name: str
    loss: Loss
    steps: int
    keep: int
    scans: bool = False


@dataclass(frozen=True)
class Ladder:
    """What a fit goes down.

    Attributes:
        rungs: the losses, the final one last.
        reason: why these, in words.
    """

    rungs: tuple[Rung, ...]
    reason: str

    @property
    def final(self) -> Rung:
        """The loss that counts."""
        return self.rungs[-1]


def ladder(problem: Problem, loss: Loss | None, name: str, moves_phases: Sequence[str]) -> Ladder:
    """The losses for a problem.

    Args:
        problem: the problem.
        loss: the final one, if it is asked for.
        name: what that is called.
        moves_phases: the labels of parameters that move the phase of an oscillator.
    """
    shortest = min(part.sound.shape[1] for part in problem.parts)
    level = _level(problem)
    coarse = _roots(_within(COARSE, shortest), _COARSE_FLOOR * level)
    race = [Rung(*coarse, steps, keep) for steps, keep in ((4, 16), (8, 5), (15, 3))]
    reason = "as asked for"
    if loss is None:
        name, loss = _roots(_within(FINE, shortest), _FINE_FLOOR * level)
        reason = "it has wide basins, and does not hear phases"
    if moves_phases:
        window = _within(_TRANSPORT, shortest)
        transport = Rung(named("transport", window), losses.transport(window), 1, 8, True)
        scan = Rung(*coarse, 1, 5, True)
        race = [transport, race[0], scan, race[1], scan, race[2]]
        names = ", ".join(f"`{each}`" for each in moves_phases)
        reason += (
            f"; before it, all frequencies are tried, as {names} moves the phase of an "
            "oscillator, at first by the transport between power spectra, which has one "
            "minimum where others have dozens"
        )
    return Ladder((*race, Rung(name, loss, 40, 1)), reason)


def _roots(windows: tuple[int, ...], floor: float) -> tuple[str, Loss]:
    """The loss `roots`, and the text that means it."""
    floor = float(f"{floor:.2g}")
    return named("roots", windows, floor=floor), roots(windows, floor)


def _level(problem: Problem) -> float:
    """The root mean square of the recordings, at least that of -100 dB."""
    squares = [float(np.mean(part.sound**2)) for part in problem.parts]
    return max(math.sqrt(math.fsum(squares) / len(squares)), _WEAKEST)


def _within(windows: tuple[int, ...], frames: int) -> tuple[int, ...]:
    """Windows for a sound: in place of those that are longer than it, one that is as long."""
    longest = max(_SHORTEST, 1 << (frames.bit_length() - 1))
    return tuple(dict.fromkeys(min(each, longest) for each in windows))
