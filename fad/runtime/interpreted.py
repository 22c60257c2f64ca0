"""The programs of reverse mode in libfaust's interpreter, where there is no C++ compiler.

In double precision, the interpreter cannot move widgets: those that move are audio inputs instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import EngineError
from fad.base.precision import NativePrecision
from fad.diagram.box import Box, ForeignFunction, arity_of, postorder
from fad.diagram.widgets import with_inputs
from fad.pipeline.reverse import ReverseProgram
from fad.runtime.backends import Moves
from fad.runtime.compiler import ADVICE
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from fad.runtime.library import DTYPES
from fad.runtime.repeated import Courses, with_courses
from fad.text.emitter import emit

#: The samples go to another process and back, which needs several times their memory.
_LARGEST = 1 << 30
#: Path of a widget -> its lowest and its highest value.
Ranges = Mapping[str, tuple[float, float]]


class InterpretedBackend:
    """libfaust's interpreter; see `Backend`.

    Args:
        programs: the three programs.
        boxes: their diagrams; the last one may be left out.
        engine: the standard compiler.
        folders: where the files of the original are, its own folder first.
        rate: the sample rate, in Hz.
        precision: how the program and its adjoint compute.
        ranges: the values that widgets of the original can have. None but these can move.

    Raises:
        EngineError: they use foreign functions.
    """

    def __init__(
        self,
        programs: ReverseProgram,
        boxes: Sequence[Box],
        engine: Engine,
        folders: Sequence[Path],
        rate: int,
        precision: NativePrecision,
        ranges: Ranges,
    ) -> None:
        if any(isinstance(part, ForeignFunction) for box in boxes for part in postorder(box)):
            raise EngineError(
                "the gradient needs foreign functions, which libfaust cannot interpret",
                hint=f'native code calls them (`backend="native"`): {ADVICE}',
            )
        self.programs = programs
        self.inputs, self.lanes = arity_of(boxes[0])
        self.dtype, self.largest = DTYPES[precision], _LARGEST
        self._boxes, self._ranges = boxes, ranges
        self._engine, self._folders, self._rate = engine, folders, rate
        self._precision = precision
        #: The number of a program, and the widgets that move -> its text.
        self._texts: dict[tuple[int, tuple[str, ...]], str] = {}

    def record(self, inputs: NDArray[Any], moves: Moves, piece: int) -> InterpretedRun:
        """See `Backend`. All of the tape is kept."""
        lanes = self.run(0, inputs, moves.courses())
        return InterpretedRun(self, lanes, moves, piece)

    def gradient(self, sums: NDArray[np.float64], moves: Moves) -> NDArray[np.float64]:
        """See `Backend`."""
        if not self._boxes[2:]:
            return np.empty((0, moves.blocks))
        return self.run(2, sums, moves.values, precision="double")

    def run(
        self,
        number: int,
        inputs: NDArray[Any],
        courses: Courses,
        piece: int | None = None,
        precision: NativePrecision | None = None,
    ) -> Samples:
        """The outputs of one of the programs, from its start.

        Args:
            number: which one: 0, 1 or 2.
            inputs: of shape (channels, frames).
            courses: the widgets that move.
            piece: how many samples to run at once.
            precision: how it computes; as the backend does, by default.
        """
        # The same text for all values: the engine may have kept the program.
        ranges = {path: self._ranges[path] for path in courses}
        key = number, tuple(ranges)
        if key not in self._texts:
            self._texts[key] = emit(with_inputs(self._boxes[number], ranges))
        text = self._texts[key]
        heard = with_courses(np.asarray(inputs, np.float64), courses, ranges)
        frames, name = heard.shape[1], self.programs.name
        real = precision or self._precision
        if piece is None or piece >= frames:
            return self._engine.render(
                text,
                name,
                inputs=heard,
                frames=frames,
                sample_rate=self._rate,
                include=self._folders,
                precision=real,
            )
        self._engine.start(
            text, name, sample_rate=self._rate, include=self._folders, precision=real
        )
        sizes = [min(piece, frames - start) for start in range(0, frames, piece)]
        return self._engine.advance(name, heard, [(each, {}) for each in sizes])[0]


class InterpretedRun:
    """A run of a forward program; see `Recorded`."""

    def __init__(
        self, backend: InterpretedBackend, lanes: Samples, moves: Moves, piece: int
    ) -> None:
        self.moves = moves
        count = len(backend.programs.outputs)
        self.outputs: NDArray[Any] = lanes[:count].astype(backend.dtype, copy=False)
        self._backend, self._tape, self._piece = backend, lanes[count:], piece

    def back(self, cotangents: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """See `Recorded`."""
        programs, moves = self._backend.programs, self.moves
        turned = np.concatenate([cotangents, self._tape])[:, ::-1]
        courses = {path: course[::-1] for path, course in moves.courses().items()}
        terms = self._backend.run(1, turned, courses, self._piece)[:, ::-1]
        count = len(programs.coefficients)
        starts = np.arange(0, moves.frames, moves.block)
        sums = np.add.reduceat(terms[:count], starts, axis=1)
        return sums, terms[count:].astype(self._backend.dtype)
