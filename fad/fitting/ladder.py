"""The losses that a fit goes down, one after the other, from coarse to fine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fad import losses
from fad.fitting.problem import Problem
from fad.losses.loss import Loss


def spectral(*windows: int) -> Loss:
    """The mean squared difference of the square roots of magnitudes.

    The root lets weak partials count, and a step far below the loudest is no large residual, as it
    is for logarithms.
    """
    return losses.mss(windows, linear=0, log=0, sqrt=1, squared=True)


#: The windows of the loss that a fit ends with, and of the one that it begins with, in samples.
FINE, COARSE = (2048, 512, 128), (1024,)
#: Long windows tell frequencies apart.
_TRANSPORT = (4096,)


@dataclass(frozen=True)
class Rung:
    """A loss that is gone down for a while.

    Attributes:
        name: what it is called.
        loss: the loss.
        steps: how many steps, at most.
        keep: how many of the attempts go on from here.
    """

    name: str
    loss: Loss
    steps: int
    keep: int


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
    coarse = spectral(*_within(COARSE, shortest))
    race = [
        Rung(f"mss{_within(COARSE, shortest)}", coarse, steps, keep)
        for steps, keep in ((4, 16), (8, 5), (15, 3))
    ]
    final = Rung(name, loss, 40, 1) if loss is not None else _fine(shortest)
    reason = "as asked for"
    if loss is None:
        reason = "it has wide basins, and does not hear phases"
        if moves_phases:
            window = _within(_TRANSPORT, shortest)
            transport = Rung(f"transport{window}", losses.transport(window), 3, 32)
            race.insert(0, transport)
            names = ", ".join(f"`{each}`" for each in moves_phases)
            reason = (
                f"after the transport between power spectra, as {names} moves the phase of an "
                "oscillator: this has one minimum where others have dozens"
            )
    return Ladder((*race, final), reason)


def _fine(shortest: int) -> Rung:
    windows = _within(FINE, shortest)
    return Rung(f"mss{windows}", spectral(*windows), 40, 1)


def _within(windows: tuple[int, ...], frames: int) -> tuple[int, ...]:
    """Those that are not much longer than a sound; the shortest one in any case."""
    return tuple(each for each in windows if each <= 2 * frames) or windows[-1:]
