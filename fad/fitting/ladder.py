"""The losses that a fit goes down, one after the other, from coarse to fine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    coarse = roots(_within(COARSE, shortest))
    short = named("roots", _within(COARSE, shortest))
    race = [Rung(short, coarse, steps, keep) for steps, keep in ((4, 16), (8, 5), (15, 3))]
    final = Rung(name, loss, 40, 1) if loss is not None else _fine(shortest)
    reason = "as asked for" if loss is not None else "it has wide basins, and does not hear phases"
    if moves_phases:
        window = _within(_TRANSPORT, shortest)
        transport = Rung(named("transport", window), losses.transport(window), 1, 8, True)
        scan = Rung(short, coarse, 1, 5, True)
        race = [transport, race[0], scan, race[1], scan, race[2]]
        names = ", ".join(f"`{each}`" for each in moves_phases)
        if loss is None:
            reason += (
                f"; before it, all frequencies are tried, as {names} moves the phase of an "
                "oscillator, at first by the transport between power spectra, which has one "
                "minimum where others have dozens"
            )
    return Ladder((*race, final), reason)


def _fine(shortest: int) -> Rung:
    windows = _within(FINE, shortest)
    return Rung(named("roots", windows), roots(windows), 40, 1)


def _within(windows: tuple[int, ...], frames: int) -> tuple[int, ...]:
    """Windows for a sound: in place of those that are longer than it, one that is as long."""
    longest = max(_SHORTEST, 1 << (frames.bit_length() - 1))
    return tuple(dict.fromkeys(min(each, longest) for each in windows))
