"""Sound files for tests."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from fad.runtime.input_signals import Samples


def write_wav(path: Path, samples: Samples, width: int = 2, rate: int = 8000) -> None:
    """Samples of shape (channels, frames) as PCM."""
    whole = np.round(samples.T * (2.0 ** (8 * width - 1) - 1)).astype("<i4")
    data = np.ascontiguousarray(whole).view(np.uint8).reshape(-1, 4)[:, :width]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data.tobytes())
