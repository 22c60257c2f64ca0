"""What programs hear while they run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.base.prose import counted

#: Samples, of shape (channels, frames), or (frames,) where they are those of one channel.
Samples = NDArray[np.float64]

#: The largest sample of the noise.
_AMPLITUDE = 0.9


def noise(seed: int, channels: int, frames: int) -> Samples:
    """White noise, of shape (channels, frames).

    Raises:
        FadError: the seed is negative.
    """
    if seed < 0:
        raise FadError(f"the seed of the noise cannot be {seed}", hint="it is 0 or more")
    return np.random.default_rng(seed).uniform(-_AMPLITUDE, _AMPLITUDE, (channels, frames))


def checked(inputs: Samples, count: int) -> Samples:
    """Inputs that fit a program of so many audio inputs.

    Raises:
        FadError: they are not of shape (count, frames), or empty.
    """
    if inputs.ndim != 2 or len(inputs) != count:
        channels = len(inputs) if inputs.ndim == 2 else 1
        raise FadError(
            f"the input has {counted(channels, 'channel')}, "
            f"the program has {counted(count, 'audio input')}",
            hint="give a channel for each input",
        )
    if count and not inputs.shape[1]:
        raise FadError("the input is empty")
    return np.asarray(inputs, np.float64)
