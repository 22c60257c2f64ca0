"""Sound files: what programs hear, and what comes of them; soundfile reads and writes them.

It is imported when a file is read or written, and not before: it loads a library.
"""

from __future__ import annotations

import io
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError, OutputError, SourceError
from fad.base.prose import counted, either

if TYPE_CHECKING:
    from soundfile import SoundFile

P = ParamSpec("P")
Result = TypeVar("Result")
Format = Literal["WAV", "FLAC", "AIFF", "OGG"]

#: How samples are kept in each format; floats where it has them.
_SAMPLES: Mapping[Format, str] = {
    "WAV": "FLOAT",
    "FLAC": "PCM_24",
    "AIFF": "FLOAT",
    "OGG": "VORBIS",
}
_ENDINGS: Mapping[str, Format] = {
    "": "WAV",
    ".wav": "WAV",
    ".flac": "FLAC",
    ".aiff": "AIFF",
    ".aif": "AIFF",
    ".ogg": "OGG",
}
_HINT = "save it as a WAV, FLAC, AIFF or Ogg file"
#: How many frames go to the library at once: a header may promise more than there is memory for,
#: and the encoder of Ogg keeps a whole piece on its stack.
_PIECE = 65536
#: What the library notes where a header promises more bytes than there are, or the end is missing.
_TOO_SHORT = re.compile(
    r"^ *(?:data|SSND) *: *(\d+) \(should be \d+\)|^Ogg : File ended unexpectedly", re.MULTILINE
)
#: How long the header of a page of an Ogg file is, and each byte with its bits in the other order.
_OGG_HEADER = 27
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
#: What a header promises that was written before its writer knew: all there is.
_UNKNOWN = (0, 2**31 - 1, 2**32 - 1)


def format_of(path: str) -> Format:
    """The format of a file that is to be written, by the ending of its name; WAV without one.

    Raises:
        FadError: there is no format with this ending.
    """
    ending = Path(path).suffix
    if ending.lower() not in _ENDINGS:
        raise FadError(
            f"`{path}`: no sound file that fad writes ends with `{ending}`",
            hint=f"they end with {either([each for each in _ENDINGS if each])}",
        )
    return _ENDINGS[ending.lower()]


def _undisturbed(call: Callable[P, Result]) -> Callable[P, Result]:
    """The same function, in a thread of its own.

    What ends a command raises in the main thread, also in the midst of a function that the library
    calls back to read or write, where it would be dropped, and the command would go on.
    """

    @wraps(call)
    def elsewhere(*arguments: P.args, **named: P.kwargs) -> Result:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(call, *arguments, **named).result()

    return elsewhere


@_undisturbed
def sound_of(
    samples: NDArray[np.floating], rate: int, format: Format = "WAV", subtype: str | None = None
) -> bytes:
    """A sound file; the same samples give the same bytes.

    WAV and AIFF files hold 32-bit floats, also those outside [-1, 1]; FLAC files have 24 bits.

    Args:
        samples: of shape (channels, frames).
        rate: the sample rate, in Hz.
        format: of the file.
        subtype: how the format keeps samples, if not so, by its name in soundfile: `PCM_16`.

    Raises:
        OutputError: the format cannot hold these samples, or so many channels, or this rate.
    """
    import soundfile

    subtype = subtype or _SAMPLES[format]
    with np.errstate(over="ignore"):  # what no 32-bit float can hold is infinite
        frames = np.asarray(samples.T, np.float32)
    if subtype != "FLOAT" and not (np.abs(frames) <= 1).all():
        row, channel = np.argwhere(~(np.abs(frames) <= 1))[0]
        raise OutputError(
            f"a file of the format {format} holds samples in [-1, 1] only, and sample {row} of "
            f"output {channel} is {samples[channel, row]:g}",
            None,
            "write a .wav or .aiff file, which holds any",
        )
    file = io.BytesIO()
    try:
        with soundfile.SoundFile(file, "w", rate, len(samples), subtype, format=format) as out:
            for start in range(0, len(frames), _PIECE):
                out.write(frames[start : start + _PIECE])
    except (soundfile.SoundFileError, ValueError):
        channels = counted(len(samples), "channel")
        raise OutputError(
            f"a file of the format {format} cannot have {channels} at {rate} Hz",
            None,
            None if format == "WAV" else "write a .wav file",
        ) from None
    return _timeless(file.getvalue())


@_undisturbed
def read_sound(path: str, seconds: float | None = None) -> tuple[NDArray[np.float64], int]:
    """The samples of a sound file, of shape (channels, frames), and its sample rate in Hz.

    Whole numbers are in [-1, 1); floats are as they are.

    Args:
        path: the file.
        seconds: how much of it to read, from the beginning on; all of it by default.

    Raises:
        SourceError: the file is missing, no sound file that is known, or ends too early.
    """
    with _opened(path) as file:
        pieces, read = [file.read(0, always_2d=True)], 0
        most = sys.maxsize if seconds is None else int(seconds * file.samplerate)
        while len(piece := file.read(min(_PIECE, most - read), always_2d=True)):
            pieces.append(piece)
            read += len(piece)
        samples = np.concatenate(pieces)
        if read < min(most, file.frames):
            raise _too_short(path)
        return np.ascontiguousarray(samples.T, np.float64), int(file.samplerate)


@_undisturbed
def size_of(path: str) -> tuple[int, int]:
    """The numbers of channels and of frames of a sound file.

    Raises:
        SourceError: see `read_sound`; samples are not looked at.
    """
    with _opened(path) as file:
        return int(file.channels), int(file.frames)


@contextmanager
def _opened(path: str) -> Iterator[SoundFile]:
    """A sound file whose header makes sense, with the errors of the library turned into ours."""
    import soundfile

    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SourceError(f"cannot read `{path}`: {reason}") from None
    if not content:
        raise SourceError(f"cannot read `{path}`: it has no content", hint=_HINT)
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            noted = _TOO_SHORT.search(file.extra_info)
            if noted and int(noted[1] or -1) not in _UNKNOWN:
                raise _too_short(path)
            yield file
    except soundfile.LibsndfileError as error:
        reason = error.error_string.removeprefix("Error : ").rstrip(".")
        raise SourceError(
            f"cannot read `{path}`: it is no sound file, or a damaged one ({reason})", hint=_HINT
        ) from None


def _too_short(path: str) -> SourceError:
    return SourceError(
        f"cannot read `{path}`: it ends too early", hint="a part of it is missing: copy it again"
    )


def _timeless(file: bytes) -> bytes:
    """A file without the time when it was written: the same samples give the same bytes."""
    if file.startswith(b"OggS"):
        return b"".join(_numbered(page) for page in _pages(file))
    # The library puts a chunk with the highest samples into headers of floats, and the time into
    # it: name, size, version and time have four bytes each.
    start = file.find(b"PEAK", 0, 128)
    return file if start < 0 else file[: start + 12] + bytes(4) + file[start + 16 :]


def _pages(file: bytes) -> Iterator[bytes]:
    """The pages of an Ogg file: the last byte of a header counts the sizes that follow it."""
    start = 0
    while start < len(file):
        sizes = start + _OGG_HEADER
        after = sizes + file[sizes - 1]
        end = after + sum(file[sizes:after])
        yield file[start:end]
        start = end


def _numbered(page: bytes) -> bytes:
    """A page of an Ogg file whose stream has the number 0; the library makes one of the time.

    In its header, the number is followed by that of the page and by a checksum, four bytes each.
    """
    blank = page[:14] + bytes(4) + page[18:22] + bytes(4) + page[26:]
    # The checksum takes the bits of each byte in the other order than zlib, and inverts nothing.
    reflected = zlib.crc32(blank.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    checksum = reflected.to_bytes(4, "little").translate(_MIRRORED)[::-1]
    return blank[:22] + checksum + blank[26:]
