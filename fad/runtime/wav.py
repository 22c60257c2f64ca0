"""Audio files, for programs to run on, and what comes of them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fad.base.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# How the kinds of samples are marked; the mark of `_EXTENSIBLE` comes later in the header.
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_WIDTHS = {_PCM: (2, 3, 4), _FLOAT: (4, 8)}
_HINT = "save it as a WAV file of 16, 24 or 32-bit PCM, or of floats"


class _Format(NamedTuple):
    """What the samples of a file are: kind, channels, sample rate in Hz, bytes of each sample."""

    kind: int
    channels: int
    rate: int
    width: int


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
    form = struct.pack("<HHIIHHH", _FLOAT, channels, rate, rate * width, width, 32, 0)
    chunks = ((b"fmt ", form), (b"fact", struct.pack("<I", frames)), (b"data", data))
    body = b"WAVE" + b"".join(name + struct.pack("<I", len(part)) + part for name, part in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def read_wav(path: str) -> tuple[NDArray[np.float64], int]:
    """The samples of a WAV file, of shape (channels, frames), and its sample rate.

    PCM is in [-1, 1); floats are as they are.

    Raises:
        SourceError: the file is missing, or neither PCM of 16, 24 or 32 bits nor of floats.
    """
    try:
        file = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SourceError(f"cannot read `{path}`: {reason}") from None
    try:
        kind, channels, rate, width = form = _format(file)
        if kind not in _WIDTHS:
            raise ValueError("its samples are neither PCM nor floats")
        if width not in _WIDTHS[kind]:
            raise ValueError(f"it has {8 * width} bits")
        data = _chunk(file, b"data")
    except ValueError as error:
        raise SourceError(f"cannot read `{path}`: {error}", hint=_HINT) from None
    data = data[: len(data) // (width * channels) * width * channels]
    samples = _samples(data, form).reshape(-1, channels).T
    return np.ascontiguousarray(samples, np.float64), rate


def _samples(data: bytes, form: _Format) -> NDArray[np.floating]:
    if form.kind == _FLOAT:
        return np.frombuffer(data, f"<f{form.width}")
    # Each sample becomes the upper bytes of a 32-bit one: the sign comes out right.
    padded = np.zeros((len(data) // form.width, 4), np.uint8)
    padded[:, 4 - form.width :] = np.frombuffer(data, np.uint8).reshape(-1, form.width)
    return padded.view("<i4").ravel() / 2.0**31


def _format(file: bytes) -> _Format:
    """What the header of a file says; raises `ValueError` where that makes no sense."""
    if file[:4] != b"RIFF" or file[8:12] != b"WAVE":
        raise ValueError("it does not start with RIFF and WAVE")
    header = _chunk(file, b"fmt ")
    if len(header) < 16:
        raise ValueError("it ends too early")
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", header[:16])
    if kind == _EXTENSIBLE and len(header) >= 26:
        (kind,) = struct.unpack("<H", header[24:26])
    if not channels or not rate:
        raise ValueError("it has no channels, or no sample rate")
    return _Format(kind, channels, rate, (bits + 7) // 8)


def _chunk(file: bytes, name: bytes) -> bytes:
    """The content of a part of a file; raises `ValueError` where there is no such part."""
    start = 12
    while start + 8 <= len(file):
        found, size = struct.unpack("<4sI", file[start : start + 8])
        start += 8
        if found == name:
            return file[start : start + size]
        start += size + size % 2
    raise ValueError("it ends too early")
