"""Audio files, for programs to run on."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import numpy as np

from fad.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_wav(path: str) -> tuple[NDArray[np.float64], int]:
    """The samples of a WAV file in [-1, 1), of shape (channels, frames), and its sample rate.

    Raises:
        SourceError: the file is missing, or not PCM of 16, 24 or 32 bits.
    """
    try:
        with wave.open(path, "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SourceError(f"cannot read `{path}`: {reason}") from None
    except (wave.Error, EOFError) as error:
        reason = str(error) or "it ends too early"
        raise SourceError(
            f"cannot read `{path}`: {reason}", hint="save it as a WAV file of 16, 24 or 32-bit PCM"
        ) from None
    if width not in (2, 3, 4):
        raise SourceError(
            f"cannot read `{path}`: it has {8 * width} bits",
            hint="save it as a WAV file of 16, 24 or 32-bit PCM",
        )
    data = data[: len(data) // (width * channels) * width * channels]
    # Each sample becomes the upper bytes of a 32-bit one: the sign comes out right.
    padded = np.zeros((len(data) // width, 4), np.uint8)
    padded[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(-1, width)
    samples = padded.view("<i4").reshape(-1, channels).T / 2.0**31
    return np.ascontiguousarray(samples), rate
