"""`fad.Gradient`: a program in reverse mode, as native code in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fad.base.errors import FadError
from fad.base.precision import NativePrecision
from fad.diagram.order import widgets_of
from fad.diagram.parameters import resolved
from fad.differentiation.surrogates import Kind
from fad.pipeline.front import Request, read
from fad.pipeline.reverse import ReverseProgram, reversed_program
from fad.runtime.engine import Engine
from fad.runtime.library import Control, Library, Voice
from fad.runtime.native import native_code
from fad.syntax.libraries import ProgramLike

#: Widget, by label or path -> its value, or its values in the blocks.
Values = Mapping[str, ArrayLike]
#: A tape of more bytes than this would fill most machines.
_LARGEST_TAPE = 4 << 30


@dataclass(frozen=True)
class Cotangents:
    """The derivatives of a loss.

    Attributes:
        parameters: path -> the derivative by the value in each block, of shape (blocks,).
        inputs: number of an audio input that is a variable -> the derivative by each sample, of
            shape (frames,).
    """

    parameters: Mapping[str, NDArray[np.float64]]
    inputs: Mapping[int, NDArray[Any]]


class Gradient:
    """Computes outputs of a program, and brings derivatives back from them to its variables.

    Three programs in C++ do that, which `fad.transform(..., mode="reverse")` writes.

    Args:
        program: a text, or the path of a file.
        wrt: the variables; see `fad.transform`.
        rate: the sample rate, in Hz.
        precision: how the program and its adjoint compute. Sums are in double precision.
        include, libraries, surrogate, rules: see `fad.transform`.
        trust: whether it may use foreign functions that are not the standard ones.
        engine: the standard compiler; by default one for this call only.

    Attributes:
        programs: the three programs.
        inputs, outputs: numbers of channels.

    Raises:
        FadError: see `fad.transform`; the standard compiler refuses the program, or there is no C++
            compiler (`EngineError`).
    """

    def __init__(
        self,
        program: ProgramLike,
        *,
        wrt: Sequence[str] = (),
        rate: int = 48000,
        precision: NativePrecision = "double",
        include: Sequence[str | Path] = (),
        libraries: str | Path | None = None,
        surrogate: Sequence[Kind] = (),
        rules: ProgramLike | None = None,
        trust: bool = False,
        engine: Engine | None = None,
    ) -> None:
        front = read(Request(program, include, precision, rules, libraries))
        evaluation = front.evaluated()
        self._widgets = widgets_of(evaluation.process, evaluation.facts, front.title)
        self.programs: ReverseProgram = reversed_program(evaluation, front, wrt, surrogate)
        faust = engine or Engine()
        folders = front.libraries.folders

        def built(text: str, precision: NativePrecision) -> Library:
            box = read(Request(text)).evaluated().process
            code = native_code(box, faust, front.name, folders, precision=precision, trust=trust)
            return Library(code, rate, precision)

        try:
            self._forward = built(self.programs.forward, precision)
            self._adjoint = built(self.programs.adjoint, precision)
            control = self.programs.control
            self._control = built(control, "double") if control else None
        finally:
            if engine is None:
                faust.close()
        self.inputs = self._forward.inputs
        self.outputs = len(self.programs.outputs)

    def __call__(
        self,
        inputs: ArrayLike,
        values: Values | None = None,
        *,
        block: int | None = None,
        checkpoint: int | None = None,
    ) -> tuple[NDArray[Any], Pullback]:
        """Runs the program from its start.

        Args:
            inputs: the audio inputs, of shape (channels, frames).
            values: the values of sliders, entries and switches; those that are not named stay
                where they start. An array has one for each block.
            block: the samples of a block; by default, all are one.
            checkpoint: keep the tape of so many samples only, and compute the rest again from
                copies of the program's state. That takes less memory, and more time.

        Returns:
            The outputs, of shape (channels, frames), and what brings derivatives back from them.

        Raises:
            FadError: the inputs do not fit the program, or are not finite; a block or checkpoint
                of no samples; an unknown widget, a value outside its range, or not one for each
                block; a tape that would not fit.
        """
        sound = self._sound(inputs, self.inputs, "inputs")
        frames = sound.shape[1]
        size = frames if block is None else block
        if frames == 0 or size < 1 or (checkpoint is not None and checkpoint < 1):
            raise FadError("a signal, a block and a checkpoint have at least one sample")
        moves = self._moves(values or {}, -(-frames // size))
        # Widgets move where blocks begin, so pieces are whole blocks.
        piece = frames if checkpoint is None else size * -(-checkpoint // size)
        tape = self._forward.outputs * min(piece, frames) * self._forward.dtype().itemsize
        if tape > _LARGEST_TAPE:
            raise FadError(
                f"the tape would take {tape / (1 << 30):.1f} gigabytes",
                hint="`checkpoint=65536` keeps the tape of so many samples only",
            )
        run = _Run(self._forward, self.outputs, sound, moves, size, piece)
        return run.outputs, Pullback(run, self._adjoint, self._control, self.programs)

    def _sound(self, given: ArrayLike, channels: int, what: str) -> NDArray[Any]:
        sound = np.ascontiguousarray(given, self._forward.dtype)
        if sound.ndim != 2 or len(sound) != channels:
            raise FadError(f"the {what} have the shape {sound.shape}, not ({channels}, frames)")
        if not np.isfinite(sound).all():
            raise FadError(f"the {what} are infinite or not a number somewhere")
        return sound

    def _moves(self, values: Values, blocks: int) -> Mapping[str, NDArray[np.float64]]:
        """Path -> values in the blocks."""
        moves: dict[str, NDArray[np.float64]] = {}
        for name, given in values.items():
            course = np.asarray(given, np.float64)
            if course.shape not in ((), (blocks,)):
                raise FadError(
                    f"`{name}` has the shape {course.shape}",
                    hint=f"a number, or one for each of the {blocks} blocks",
                )
            for end in (course.min(), course.max()):
                paths = resolved(self._widgets, {name: float(end)})
            moves.update(dict.fromkeys(paths, np.broadcast_to(course, blocks)))
        return moves


class Pullback:
    """Brings derivatives back from the outputs of a run to its variables; again and again."""

    def __init__(
        self, run: _Run, adjoint: Library, control: Library | None, programs: ReverseProgram
    ) -> None:
        self._run, self._adjoint, self._control = run, adjoint, control
        self._programs = programs

    def __call__(self, cotangents: ArrayLike) -> Cotangents:
        """The derivatives of a loss.

        Args:
            cotangents: its derivative by each sample of the outputs, of shape (channels, frames).

        Raises:
            FadError: another shape, or values that are not finite.
        """
        run, programs = self._run, self._programs
        given = np.ascontiguousarray(cotangents, self._adjoint.dtype)
        if given.shape != run.outputs.shape:
            raise FadError(
                f"the cotangents have the shape {given.shape}, the outputs {run.outputs.shape}"
            )
        if not np.isfinite(given).all():
            raise FadError("the cotangents are infinite or not a number somewhere")
        sums = np.zeros((len(programs.coefficients), run.blocks))
        rest = np.empty((len(programs.inputs), given.shape[1]), given.dtype)
        voice = Voice(self._adjoint)
        control = Control(self._adjoint, list(run.moves))
        for piece, blocks, tape in run.pieces_back():
            some = np.zeros((len(sums), blocks.stop - blocks.start))
            back = np.empty((len(rest), piece.stop - piece.start), given.dtype)
            heard = np.ascontiguousarray(given[:, piece])
            voice.run_back(heard, tape, some, back, control, run.values(blocks), run.block)
            sums[:, blocks], rest[:, piece] = some, back
        derivatives = np.empty((len(programs.parameters), run.blocks))
        if self._control is not None:
            moving = Control(self._control, list(run.moves))
            whole = run.values(slice(0, run.blocks))
            Voice(self._control).run(sums, derivatives, moving, whole, 1)
        paths = [parameter.path for parameter in programs.parameters]
        return Cotangents(
            dict(zip(paths, derivatives, strict=True)),
            dict(zip(programs.inputs, rest, strict=True)),
        )


class _Run:
    """A run of a forward program.

    Attributes:
        outputs: those of the original, of shape (channels, frames).
        moves: path -> values in the blocks.
        block, blocks: the samples of a block, and the number of blocks.
    """

    def __init__(
        self,
        library: Library,
        outputs: int,
        inputs: NDArray[Any],
        moves: Mapping[str, NDArray[np.float64]],
        block: int,
        piece: int,
    ) -> None:
        self.moves, self.block = moves, block
        self._library, self._inputs, self._count = library, inputs, outputs
        self._control = Control(library, list(moves))
        frames = inputs.shape[1]
        self.blocks = -(-frames // block)
        self._pieces = [
            slice(start, min(start + piece, frames)) for start in range(0, frames, piece)
        ]
        self.outputs = np.empty((outputs, frames), library.dtype)
        #: The states at the starts of all pieces, and the lanes of the last one.
        self._starts: list[Voice] = []
        voice = Voice(library)
        for part in self._pieces:
            start = Voice(library)
            start.become(voice)
            self._starts.append(start)
            self._lanes = self._played(voice, part)
            self.outputs[:, part] = self._lanes[:outputs]

    def values(self, blocks: slice) -> NDArray[np.float64]:
        """The values of the widgets that move, of shape (widgets, blocks)."""
        rows = [course[blocks] for course in self.moves.values()]
        return np.array(rows).reshape(len(rows), blocks.stop - blocks.start)

    def pieces_back(self) -> Iterator[tuple[slice, slice, NDArray[Any]]]:
        """Samples, blocks and tape of each piece, from the last one to the first."""
        last = len(self._pieces) - 1
        for number, part in reversed(list(enumerate(self._pieces))):
            lanes = self._lanes
            if number < last:
                voice = Voice(self._library)
                voice.become(self._starts[number])
                lanes = self._played(voice, part)
            yield part, self._blocks(part), lanes[self._count :]

    def _played(self, voice: Voice, part: slice) -> NDArray[Any]:
        """The outputs and the tape of a piece."""
        lanes = np.empty((self._library.outputs, part.stop - part.start), self._library.dtype)
        heard = np.ascontiguousarray(self._inputs[:, part])
        voice.run(heard, lanes, self._control, self.values(self._blocks(part)), self.block)
        return lanes

    def _blocks(self, part: slice) -> slice:
        return slice(part.start // self.block, -(-part.stop // self.block))
