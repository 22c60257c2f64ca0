"""How many samples a run has: from seconds, within what is possible."""

from __future__ import annotations

import math

from fad.base.errors import FadError
from fad.base.prose import counted
from fad.diagram.box import Arity

_MOST_RATE = 10_000_000
#: How many samples a run has at most, over all channels: one gigabyte.
_MOST_SAMPLES = 2**27


def frames_of(seconds: float, rate: int) -> int:
    """The number of samples per channel.

    Args:
        seconds: how long to run.
        rate: the sample rate, in Hz.

    Raises:
        FadError: there is no such rate or time, or no sample.
    """
    if not 1 <= rate <= _MOST_RATE or rate % 1:
        raise FadError(f"a sample rate of {rate} Hz is not possible", hint="44100 is usual")
    if not math.isfinite(seconds):
        raise FadError(f"a program cannot run for {seconds} s")
    frames = round(seconds * rate)
    if frames < 1:
        raise FadError("there is nothing to run: the time is less than a sample")
    return frames


def most_frames(arity: Arity) -> int:
    """The number of samples per channel that fit into memory, for so many inputs and outputs."""
    return _MOST_SAMPLES // max(1, sum(arity))


def check_size(arity: Arity, frames: int, rate: int) -> None:
    """Checks that a run fits into memory.

    Args:
        arity: the numbers of audio inputs and outputs.
        frames: the number of samples per channel.
        rate: the sample rate, in Hz.

    Raises:
        FadError: it does not.
    """
    most = most_frames(arity)
    if frames > most:
        raise FadError(
            f"{frames / rate:g} s of {counted(sum(arity), 'channel')} do not fit into memory",
            hint=f"run at most {most // rate} s",
        )
