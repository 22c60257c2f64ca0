"""Running a program piece by piece: its widgets can be moved and read between the pieces."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

import numpy as np

from fad.base.errors import EngineError
from fad.base.precision import NativePrecision
from fad.diagram.box import Box
from fad.diagram.widgets import numbered
from fad.runtime.compiler import ADVICE, find_compiler, otherwise_interpreted
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from fad.runtime.library import DTYPES
from fad.runtime.native import (
    INTERFACE,
    executable,
    installed,
    native_code,
)
from fad.runtime.soundfiles import played_bytes, read_sounds
from fad.text.emitter import emit

_HARNESS = Path(__file__).with_name("harness.cpp")
#: As in `fad.runtime.native`, but for longer runs.
_OPTIONS = ("-std=c++17", "-O2", "-w", "-ffp-contract=off")
_FLOATS: dict[NativePrecision, str] = {"single": "float", "double": "double"}
_GROUPS = ("vgroup", "hgroup", "tgroup")
_BARGRAPHS = ("vbargraph", "hbargraph")


@dataclass(frozen=True)
class Performance:
    """A program, and where it runs.

    Attributes:
        box: its diagram, closed.
        name: the program's file name.
        folders: where its files are, its own folder first.
        rate: the sample rate, in Hz.
        precision: how it computes.
        trust: whether it may use foreign code that is not standard.
    """

    box: Box
    name: str
    folders: tuple[Path, ...]
    rate: int
    precision: NativePrecision
    trust: bool = False


@dataclass(frozen=True)
class Piece:
    """Some frames during which no widget moves.

    Attributes:
        frames: their number.
        moves: the number of a control -> its value from here on.
    """

    frames: int
    moves: Mapping[int, float]


class Player(Protocol):
    """A program that runs.

    Attributes:
        inputs, outputs: its numbers of channels.
        controls: the paths of its sliders, entries and switches; those that libfaust leaves out
            are not there.
        bargraphs: the paths of its bargraphs.
    """

    inputs: int
    outputs: int
    controls: list[str]
    bargraphs: list[str]

    def advance(self, inputs: Samples, pieces: Sequence[Piece]) -> tuple[Samples, Samples]:
        """Lets the program go on, and moves widgets on the way.

        Args:
            inputs: the audio inputs, of shape (channels, frames).
            pieces: the pieces that these frames fall into.

        Returns:
            The outputs, of shape (channels, frames), and the values of the bargraphs after each
            piece, of shape (pieces, bargraphs).

        Raises:
            EngineError: the program fails.
        """


@contextmanager
def native_player(program: Performance, engine: Engine) -> Iterator[Player]:
    """A program as native code, from its initial state.

    Raises:
        EngineError: libfaust or the C++ compiler does not take it, or there is none.
    """
    compiler = find_compiler()
    if compiler is None:
        raise EngineError(
            "there is no C++ compiler to run the program with",
            hint=ADVICE,
        )
    code = native_code(
        program.box,
        engine,
        program.name,
        program.folders,
        precision=program.precision,
        trust=program.trust,
    )
    files = {file.name: file.read_text("utf-8") for file in (_HARNESS, INTERFACE)}
    files["program.hpp"] = code.text
    options = [*_OPTIONS, f"-DFAUSTFLOAT={_FLOATS[program.precision]}"]
    with otherwise_interpreted(bool(code.folders)):
        data = executable(compiler, options, files, code.folders, bytes)
    sounds = read_sounds(program.box, program.folders[0])
    played = played_bytes(code.sounds, sounds, DTYPES[program.precision])
    with installed(data, played) as (file, sounds_file):
        command = [file, str(program.rate), sounds_file]
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise EngineError(f"the native code does not run: {error.strerror}") from None
        with process:
            try:
                yield _Native(process, code.paths)
            finally:
                process.kill()
                with suppress(OSError):  # a request that was not read
                    process.stdin.close()  # type: ignore[union-attr]


class _Native:
    """The other side of `harness.cpp`."""

    def __init__(self, process: subprocess.Popen[bytes], paths: Sequence[str]) -> None:
        self._process = process
        self._requests = cast("IO[bytes]", process.stdin)
        self._answers = cast("IO[bytes]", process.stdout)
        self.inputs, self.outputs, count = self._numbers(3)
        told = [self._numbers(2) for _ in range(count)]
        self._controls = [index for index, (shows, _) in enumerate(told) if not shows]
        self.controls = [paths[label] for shows, label in told if not shows]
        self.bargraphs = [paths[label] for shows, label in told if shows]

    def advance(self, inputs: Samples, pieces: Sequence[Piece]) -> tuple[Samples, Samples]:
        """See `Player`."""
        outputs = np.empty((self.outputs, inputs.shape[1]))
        values = np.empty((len(pieces), len(self.bargraphs)))
        done = 0
        for piece, row in zip(pieces, values, strict=True):
            part = slice(done, done + piece.frames)
            self._ask(piece, inputs[:, part])
            size = self.outputs * piece.frames
            answer = np.frombuffer(self._read(8 * (size + len(row))), np.float64)
            outputs[:, part] = answer[:size].reshape(self.outputs, piece.frames)
            row[:] = answer[size:]
            done += piece.frames
        return outputs, values

    def _ask(self, piece: Piece, inputs: Samples) -> None:
        try:
            self._requests.write(struct.pack("=ii", piece.frames, len(piece.moves)))
            for control, value in piece.moves.items():
                self._requests.write(struct.pack("=id", self._controls[control], value))
            self._requests.write(inputs.tobytes())
            self._requests.flush()
        except OSError:
            raise self._failure() from None

    def _numbers(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f"={count}i", self._read(4 * count))

    def _read(self, size: int) -> bytes:
        data = self._answers.read(size)
        if len(data) < size:
            raise self._failure()
        return data

    def _failure(self) -> EngineError:
        return EngineError(f"the program stopped with code {self._process.wait()} while it ran")


@contextmanager
def interpreted_player(program: Performance, engine: Engine) -> Iterator[Player]:
    """A program in libfaust's interpreter, in single precision, from its initial state.

    Raises:
        EngineError: libfaust does not take it.
    """
    yield _Interpreted(program, engine)


class _Interpreted:
    """A program that libfaust's interpreter runs."""

    def __init__(self, program: Performance, engine: Engine) -> None:
        self._engine = engine
        self._name = program.name
        box, paths = numbered(program.box)
        started = engine.start(
            emit(box), program.name, sample_rate=program.rate, include=program.folders
        )
        self.inputs, self.outputs = started.inputs, started.outputs
        widgets = list(_described_widgets(started.description["ui"]))
        bargraphs = [widget for widget in widgets if widget.kind in _BARGRAPHS]
        controls = [widget for widget in widgets if widget.kind not in _BARGRAPHS]
        self.controls = [paths[int(widget.label)] for widget in controls]
        self.bargraphs = [paths[int(widget.label)] for widget in bargraphs]
        self._controls = [widget.address for widget in controls]
        self._watched = [widget.address for widget in bargraphs]

    def advance(self, inputs: Samples, pieces: Sequence[Piece]) -> tuple[Samples, Samples]:
        """See `Player`."""
        parts = [
            (piece.frames, {self._controls[n]: value for n, value in piece.moves.items()})
            for piece in pieces
        ]
        outputs, values = self._engine.advance(self._name, inputs, parts, self._watched)
        return outputs, np.array(values, np.float64).reshape(len(pieces), len(self._watched))


@dataclass(frozen=True)
class _Described:
    """A widget in libfaust's description."""

    kind: str
    label: str
    address: str


def _described_widgets(items: Sequence[Any]) -> Iterator[_Described]:
    for item in items:
        if item["type"] in _GROUPS:
            yield from _described_widgets(item["items"])
        elif item["type"] != "soundfile":
            yield _Described(item["type"], item["label"], item["address"])
