"""The programs of reverse mode as native code in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.precision import NativePrecision
from fad.diagram.box import Box
from fad.pipeline.reverse import ReverseProgram
from fad.runtime.backends import Moves
from fad.runtime.engine import Engine
from fad.runtime.library import Control, Library, Voice
from fad.runtime.native import native_code

#: A tape of more bytes than this would fill most machines.
_LARGEST = 4 << 30


class NativeBackend:
    """Native code; see `Backend`.

    Args:
        programs: the three programs.
        boxes: their diagrams; the last one may be left out.
        engine: the standard compiler.
        folders: where the files of the original are, its own folder first.
        rate: the sample rate, in Hz.
        precision: how the program and its adjoint compute.
        trust: whether they may use foreign functions that are not the standard ones.

    Raises:
        EngineError: there is no C++ compiler, or a compiler does not take them.
        FadError: they use foreign functions that they may not use.
    """

    def __init__(
        self,
        programs: ReverseProgram,
        boxes: Sequence[Box],
        engine: Engine,
        folders: Sequence[Path],
        rate: int,
        precision: NativePrecision,
        trust: bool,
    ) -> None:
        def built(box: Box, precision: NativePrecision) -> Library:
            code = native_code(
                box, engine, programs.name, folders, precision=precision, trust=trust
            )
            return Library(code, rate, precision)

        self.forward, self.adjoint = (built(box, precision) for box in boxes[:2])
        self.control = built(boxes[2], "double") if boxes[2:] else None
        self.programs = programs
        self.inputs, self.lanes = self.forward.inputs, self.forward.outputs
        self.dtype, self.largest = self.forward.dtype, _LARGEST

    def record(self, inputs: NDArray[Any], moves: Moves, piece: int) -> NativeRun:
        """See `Backend`. The tape of one piece is kept, the others are computed again."""
        return NativeRun(self, inputs, moves, piece)

    def gradient(self, sums: NDArray[np.float64], moves: Moves) -> NDArray[np.float64]:
        """See `Backend`."""
        derivatives = np.empty((len(self.programs.parameters), moves.blocks))
        if self.control is not None:
            values = moves.within(slice(0, moves.blocks))
            moving = Control(self.control, list(moves.values))
            Voice(self.control).run(sums, derivatives, moving, values, 1)
        return derivatives


class NativeRun:
    """A run of a forward program; see `Recorded`."""

    def __init__(
        self, backend: NativeBackend, inputs: NDArray[Any], moves: Moves, piece: int
    ) -> None:
        self.moves = moves
        self._backend, self._inputs = backend, inputs
        self._control = Control(backend.forward, list(moves.values))
        self._count = len(backend.programs.outputs)
        frames = inputs.shape[1]
        self._pieces = [
            slice(start, min(start + piece, frames)) for start in range(0, frames, piece)
        ]
        self.outputs: NDArray[Any] = np.empty((self._count, frames), backend.dtype)
        #: The states at the starts of all pieces, and the lanes of the last one.
        self._starts: list[Voice] = []
        voice = Voice(backend.forward)
        for part in self._pieces:
            start = Voice(backend.forward)
            start.become(voice)
            self._starts.append(start)
            self._lanes = self._played(voice, part)
            self.outputs[:, part] = self._lanes[: self._count]

    def back(self, cotangents: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """See `Recorded`."""
        adjoint, programs = self._backend.adjoint, self._backend.programs
        sums = np.zeros((len(programs.coefficients), self.moves.blocks))
        rest = np.empty((len(programs.inputs), cotangents.shape[1]), cotangents.dtype)
        voice = Voice(adjoint)
        control = Control(adjoint, list(self.moves.values))
        for piece, blocks, tape in self._pieces_back():
            some = np.zeros((len(sums), blocks.stop - blocks.start))
            back = np.empty((len(rest), piece.stop - piece.start), cotangents.dtype)
            heard = np.ascontiguousarray(cotangents[:, piece])
            values = self.moves.within(blocks)
            voice.run_back(heard, tape, some, back, control, values, self.moves.block)
            sums[:, blocks], rest[:, piece] = some, back
        return sums, rest

    def _pieces_back(self) -> Iterator[tuple[slice, slice, NDArray[Any]]]:
        """Samples, blocks and tape of each piece, from the last one to the first."""
        last = len(self._pieces) - 1
        for number, part in reversed(list(enumerate(self._pieces))):
            lanes = self._lanes
            if number < last:
                voice = Voice(self._backend.forward)
                voice.become(self._starts[number])
                lanes = self._played(voice, part)
            yield part, self._blocks(part), lanes[self._count :]

    def _played(self, voice: Voice, part: slice) -> NDArray[Any]:
        """The outputs and the tape of a piece."""
        forward = self._backend.forward
        lanes = np.empty((forward.outputs, part.stop - part.start), forward.dtype)
        heard = np.ascontiguousarray(self._inputs[:, part])
        values = self.moves.within(self._blocks(part))
        voice.run(heard, lanes, self._control, values, self.moves.block)
        return lanes

    def _blocks(self, part: slice) -> slice:
        return slice(part.start // self.moves.block, -(-part.stop // self.moves.block))
