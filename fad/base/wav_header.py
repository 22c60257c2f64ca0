"""What the header of a WAV file says, and where its samples are; nothing here needs numpy."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from fad.base.errors import SourceError

# How the kinds of samples are marked; the mark of `_EXTENSIBLE` comes later in the header.
PCM, FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
#: Kind -> how many bytes a sample may have.
_WIDTHS = {PCM: (2, 3, 4), FLOAT: (4, 8)}
_HINT = "save it as a WAV file of 16, 24 or 32-bit PCM, or of floats"


class WavFormat(NamedTuple):
    """What the samples of a file are: kind, channels, sample rate in Hz, bytes of each sample."""

    kind: int
    channels: int
    rate: int
    width: int


def wav_content(path: str) -> tuple[WavFormat, bytes]:
    """The format of a WAV file, and its samples as bytes, whole frames only.

    Raises:
        SourceError: the file is missing, or neither PCM of 16, 24 or 32 bits nor of floats.
    """
    try:
        file = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SourceError(f"cannot read `{path}`: {reason}") from None
    try:
        kind, channels, _, width = form = _format(file)
        if kind not in _WIDTHS:
            raise ValueError("its samples are neither PCM nor floats")
        if width not in _WIDTHS[kind]:
            raise ValueError(f"it has {8 * width} bits")
        data = _chunk(file, b"data")
    except ValueError as error:
        raise SourceError(f"cannot read `{path}`: {error}", hint=_HINT) from None
    return form, data[: len(data) // (width * channels) * width * channels]


def _format(file: bytes) -> WavFormat:
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
    return WavFormat(kind, channels, rate, (bits + 7) // 8)


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
