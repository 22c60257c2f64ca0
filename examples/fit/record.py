"""Makes `pluck.wav`: a plucked string as a waveguide computes it, and the noise of a room."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 22050
SECONDS = 0.4
#: Of the string, in Hz.
PITCH = 196.0
#: Where it is plucked, as a part of its length.
PLUCKED = 0.21
#: What is left of a wave after one way along the string and back.
KEPT = 0.985
#: The level of the noise, relative to the loudest sample.
NOISE = 0.001


def plucked() -> NDArray[np.float64]:
    """The sound of the string, of shape (frames,)."""
    size = round(RATE / PITCH - 0.5)  # the mean of two samples is half a sample late
    place = np.arange(size) / size
    bent = np.minimum(place / PLUCKED, (1 - place) / (1 - PLUCKED))
    string = deque(bent - bent.mean())
    sound = np.zeros(int(RATE * SECONDS))
    before = 0.0
    for frame in range(len(sound)):
        sound[frame] = string.popleft()
        string.append(KEPT * (sound[frame] + before) / 2)
        before = sound[frame]
    noise = np.random.default_rng(0).standard_normal(len(sound))
    return np.asarray(0.5 * sound / np.abs(sound).max() + 0.5 * NOISE * noise)


def write() -> None:
    """Writes the file."""
    soundfile.write(Path(__file__).with_name("pluck.wav"), plucked(), RATE, "PCM_16")


if __name__ == "__main__":
    write()
