"""What `soundfile` in programs plays: files that are read once, as libfaust's C++ takes them.

A `soundfile` has 256 parts: the files that its label names, then silence. libfaust's own reader is
the model: files play at the rate that they have, all channels of all parts are of the same number,
and a program that asks for more channels hears the same ones again.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import SourceError
from fad.diagram.box import Box, Soundfile, postorder
from fad.diagram.labels import sound_files
from fad.diagram.parameters import GroupPath
from fad.diagram.widgets import PlayedFiles, with_replaced
from fad.runtime.input_signals import Samples
from fad.runtime.sounds import read_sound, size_of, sound_of

_PARTS = 256
#: The length and the rate, in Hz, of a part that has no file.
_SILENCE, _RATE = 1024, 44100


@dataclass(frozen=True, eq=False)
class Sound:
    """What is in a sound file.

    Attributes:
        samples: of shape (channels, frames).
        rate: the sample rate, in Hz.
    """

    samples: Samples
    rate: int


class Sounds:
    """The sound files of a program, by the names that it gives them; what is missing is silent.

    Args:
        files: name -> what is in it.

    Attributes:
        files: the same.
    """

    def __init__(self, files: Mapping[str, Sound]) -> None:
        self.files = files
        self._joined: dict[tuple[tuple[str, ...], Any], Joined] = {}

    def __reduce__(self) -> tuple[type[Sounds], tuple[Mapping[str, Sound]]]:
        return Sounds, (self.files,)

    def joined(self, names: tuple[str, ...], dtype: type[np.floating[Any]]) -> Joined:
        """Some of the files, one after the other."""
        key = names, dtype
        if key not in self._joined:
            self._joined[key] = _joined([self.files.get(name) for name in names[:_PARTS]], dtype)
        return self._joined[key]


@dataclass(frozen=True, eq=False)
class Joined:
    """Sounds, one after the other, and the silence after them.

    Attributes:
        samples: of shape (channels, frames), contiguous.
        lengths, rates, offsets: of each of the parts, where it begins for the last.
    """

    samples: NDArray[Any]
    lengths: NDArray[np.int32]
    rates: NDArray[np.int32]
    offsets: NDArray[np.int32]


def _joined(parts: Sequence[Sound | None], dtype: type[np.floating[Any]]) -> Joined:
    sounds = [each or Sound(np.zeros((1, _SILENCE)), _RATE) for each in parts]
    sizes = [each.samples.shape[1] for each in sounds]
    starts = np.cumsum([0, *sizes])
    channels = max((len(each.samples) for each in sounds), default=1)
    samples = np.zeros((channels, starts[-1] + _SILENCE), dtype)
    for sound, start, size in zip(sounds, starts, sizes, strict=False):
        samples[: len(sound.samples), start : start + size] = sound.samples
    # All parts without a file are the same silence.
    lengths, rates, offsets = (
        np.array(said + [rest] * (_PARTS - len(sounds)), np.int32)
        for said, rest in (
            (sizes, _SILENCE),
            ([each.rate for each in sounds], _RATE),
            (starts[:-1].tolist(), starts[-1]),
        )
    )
    return Joined(samples, lengths, rates, offsets)


class _Soundfile(ctypes.Structure):
    """The `Soundfile` of `interface.hpp`: addresses of its arrays."""

    _fields_ = (
        ("buffers", ctypes.c_void_p),
        ("lengths", ctypes.c_void_p),
        ("rates", ctypes.c_void_p),
        ("offsets", ctypes.c_void_p),
    )


class NativeSounds:
    """Sound files in this process, where native code reads them, as long as this is there.

    Args:
        played: what the program plays; see `with_numbered_sounds`.
        sounds: the files.
        dtype: the type of the program's samples.

    Attributes:
        address: where the `Soundfile` with the number 0 is, the others behind it; 0 without any.
        digest: of what they are.
    """

    def __init__(
        self, played: Sequence[PlayedFiles], sounds: Sounds, dtype: type[np.floating[Any]]
    ) -> None:
        self._read: list[NDArray[Any]] = []
        self._structures = (_Soundfile * len(played))()
        content = hashlib.sha256()
        for number, (names, channels) in enumerate(played):
            joined = sounds.joined(names, dtype)
            rows = [_address(row) for row in joined.samples]
            buffers = np.array([rows[k % len(rows)] for k in range(channels)], np.uintp)
            arrays: list[NDArray[Any]] = [buffers, joined.lengths, joined.rates, joined.offsets]
            self._structures[number] = _Soundfile(*(_address(each) for each in arrays))
            self._read += [joined.samples, *arrays]
            for each in (joined.samples, *arrays[1:]):
                content.update(each.tobytes())
        self.digest = content.hexdigest()
        self.address = ctypes.addressof(self._structures) if played else 0


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


def played_bytes(
    played: Sequence[PlayedFiles], sounds: Sounds, dtype: type[np.floating[Any]]
) -> bytes:
    """The same for native code in a process of its own, which reads it; see `interface.hpp`."""
    found = []
    for names, channels in played:
        joined = sounds.joined(names, dtype)
        rows, frames = joined.samples.shape
        sizes = np.array([rows, channels, frames], np.int32)
        tables = joined.lengths, joined.rates, joined.offsets
        found += [each.tobytes() for each in (sizes, *tables, joined.samples)]
    return b"".join(found)


class SoundFolder:
    """Sound files in a folder that is there as long as this: libfaust's interpreter reads them.

    Args:
        sounds: the files.

    Attributes:
        path: the folder.
    """

    def __init__(self, sounds: Sounds) -> None:
        self._home = TemporaryDirectory(prefix="fad-")
        self.path = Path(self._home.name)
        self._files = {name: f"{number}.wav" for number, name in enumerate(sounds.files)}
        for name, sound in sounds.files.items():
            (self.path / self._files[name]).write_bytes(sound_of(sound.samples, sound.rate))

    def found(self, box: Box) -> Box:
        """A program with labels by which its sound files are found in the folder."""

        numbers: dict[str, int] = {}

        def changed(part: Box, groups: GroupPath) -> Box:
            assert isinstance(part, Soundfile)
            files = [self._files.get(name, "none") for name in sound_files(part.label)]
            listed = ";".join(f"'{file}'" for file in files)
            # libfaust takes no two of them by the same name.
            number = numbers.setdefault(listed, len(numbers))
            return Soundfile(f"s{number}[url:{{{listed}}}]", part.channels)

        return with_replaced(box, lambda part: isinstance(part, Soundfile), changed)[0]


def plays_sounds(box: Box) -> bool:
    """Whether a program plays sound files."""
    return any(isinstance(part, Soundfile) for part in postorder(box))


def read_sounds(box: Box, folder: Path) -> Sounds:
    """The sound files that a program plays, but for those that are not there.

    Args:
        box: the program.
        folder: its own.

    Raises:
        SourceError: what is there is no sound file that is known, or ends too early.
    """
    found = {}
    for name in dict.fromkeys(_names(box)):
        if (folder / name).is_file():
            found[name] = Sound(*read_sound(str(folder / name)))
    return Sounds(found)


def sounds_of(box: Box, folder: Path) -> Sounds:
    """The sound files that a program plays, all of them; see `read_sounds`.

    Raises:
        SourceError: one of them is missing.
    """
    for missing in missing_sounds(box, folder):
        raise SourceError(missing.removesuffix(": it is silent"))
    return read_sounds(box, folder)


def missing_sounds(box: Box, folder: Path) -> Iterator[str]:
    """Sentences about sound files that are not there: libfaust plays silence for them.

    Raises:
        SourceError: what is there is no sound file that is known.
    """
    for name in dict.fromkeys(_names(box)):
        if (folder / name).is_file():
            size_of(str(folder / name))
        else:
            yield f"there is no sound file `{name}` in the program's folder: it is silent"


def _names(box: Box) -> Iterator[str]:
    for part in postorder(box):
        if isinstance(part, Soundfile):
            yield from sound_files(part.label)
