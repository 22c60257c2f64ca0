"""Audio files, for programs to run on, and what comes of them."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from fad.base.wav_header import FLOAT, WavFormat, wav_content


def wav_of(samples: NDArray[np.float64], rate: int) -> bytes:
    """A WAV file of 32-bit floats, which hold values outside [-1, 1], too.

    Args:
        samples: of shape (channels, frames).
        rate: the sample rate, in Hz.
    """
    channels, frames = samples.shape
    with np.errstate(over="ignore"):  # what no 32-bit float can hold is infinite
        data = samples.T.astype("<f4").tobytes()
    width = 4 * channels
    form = struct.pack("<HHIIHHH", FLOAT, channels, rate, rate * width, width, 32, 0)
    chunks = ((b"fmt ", form), (b"fact", struct.pack("<I", frames)), (b"data", data))
    body = b"WAVE" + b"".join(name + struct.pack("<I", len(part)) + part for name, part in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def read_wav(path: str) -> tuple[NDArray[np.float64], int]:
    """The samples of a WAV file, of shape (channels, frames), and its sample rate in Hz.

    PCM is in [-1, 1); floats are as they are.

    Raises:
        SourceError: the file is missing, or neither PCM of 16, 24 or 32 bits nor of floats.
    """
    form, data = wav_content(path)
    samples = _samples(data, form).reshape(-1, form.channels).T
    return np.ascontiguousarray(samples, np.float64), form.rate


def _samples(data: bytes, form: WavFormat) -> NDArray[np.floating]:
    if form.kind == FLOAT:
        return np.frombuffer(data, f"<f{form.width}")
    # Each sample becomes the upper bytes of a 32-bit one: the sign comes out right.
    padded = np.zeros((len(data) // form.width, 4), np.uint8)
    padded[:, 4 - form.width :] = np.frombuffer(data, np.uint8).reshape(-1, form.width)
    return padded.view("<i4").ravel() / 2.0**31
