"""Sound files for tests."""

from __future__ import annotations

from pathlib import Path

import soundfile

from fad.runtime.input_signals import Samples


def write_wav(path: Path, samples: Samples, rate: int = 8000) -> None:
    """Samples of shape (channels, frames) in 16 bits, in the format that the ending says."""
    soundfile.write(path, samples.T, rate, "PCM_16")
