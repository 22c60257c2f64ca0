"""`fad.Gradient`: a program in reverse mode, which runs here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fad.base.errors import EngineError, FadError
from fad.base.precision import NativePrecision
from fad.base.prose import counted
from fad.diagram.order import widgets_of
from fad.diagram.parameters import resolved
from fad.differentiation.surrogates import Kind
from fad.model.choices import refuse_unknown
from fad.model.moves import Moves
from fad.model.reverse import Recorded, boxes_of, reverse_of
from fad.model.units import BackendName, Units, backend_for
from fad.pipeline.front import Request, read
from fad.pipeline.reverse import ReverseProgram, reversed_program
from fad.runtime.engine import Engine
from fad.runtime.frames import frames_of
from fad.runtime.soundfiles import sounds_of
from fad.syntax.libraries import ProgramLike

#: A tape of more bytes than this would fill most machines. To the interpreter, samples go through
#: another process, which needs several times their memory.
_LARGEST: Mapping[BackendName, int] = {"native": 4 << 30, "interpreter": 1 << 30}
#: Widget, by label or path -> its value, or its values in the blocks.
Values = Mapping[str, ArrayLike]


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

    Three programs do that, which `fad.transform(..., mode="reverse")` writes.

    Args:
        program: a text, or the path of a file.
        wrt: the variables; see `fad.transform`.
        rate: the sample rate, in Hz.
        precision: how the program and its adjoint compute. Sums are in double precision.
        include, libraries, surrogate, rules: see `fad.transform`.
        trust: whether it may use foreign functions that are not the standard ones.
        engine: the standard compiler; by default one of its own.
        backend: what runs the programs: `native` code, which needs a C++ compiler; libfaust's
            `interpreter`, which takes some 50 times as long, no foreign functions and no
            `checkpoint`, and sound files in single precision only; or `auto`, native code where
            there is a compiler.

    Attributes:
        programs: the three programs.
        backend: what runs them: `native` or `interpreter`.
        inputs, outputs: numbers of channels.

    Raises:
        FadError: see `fad.transform`; there is no such backend or sample rate; the standard
            compiler refuses the program, or the backend cannot run it (`EngineError`).

    Warns:
        InterpreterWarning: `auto` has not found a C++ compiler.
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
        backend: BackendName | Literal["auto"] = "auto",
    ) -> None:
        refuse_unknown([backend], ("auto", *get_args(BackendName)), "backend")
        refuse_unknown([precision], get_args(NativePrecision), "precision")
        frames_of(1.0, rate)  # refuses what is no rate
        front = read(Request(program, include, precision, rules, libraries))
        evaluation = front.evaluated()
        self._widgets = widgets_of(evaluation.process, evaluation.facts, front.title)
        self.programs: ReverseProgram = reversed_program(evaluation, front, wrt, surrogate)
        self.backend: BackendName = backend_for(backend)
        sounds = sounds_of(evaluation.process, front.folder)
        units = Units(self.backend, front, self._widgets, rate, precision, trust, sounds, engine)
        self._reverse = reverse_of(self.programs, boxes_of(self.programs), units)
        self.inputs, self.outputs = self._reverse.forward.inputs, self._reverse.outputs
        self._dtype = units.dtype

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
            EngineError: the interpreter fails, or is asked for checkpoints.
        """
        # A copy: the tape may be computed again when the caller's array has changed.
        sound = _numbers(inputs, self._dtype, "inputs").copy()
        if sound.ndim != 2 or len(sound) != self.inputs:
            raise FadError(
                f"the inputs have the shape {sound.shape}, not ({self.inputs}, frames)",
                hint="a row for each audio input of the program, of as many samples as to run",
            )
        frames = sound.shape[1]
        size = frames if block is None else block
        for count, what in ((frames, "signal"), (size, "block"), (checkpoint, "checkpoint")):
            if count is not None and not (isinstance(count, (int, np.integer)) and count >= 1):
                raise FadError(f"a {what} of {count} samples: there is at least one sample in it")
        if checkpoint is not None and self.backend == "interpreter":
            raise EngineError(
                "there are no checkpoints in libfaust's interpreter, which cannot copy the state "
                "of a program",
                hint="leave `checkpoint` out, or run native code: it needs a C++ compiler",
            )
        moves = self._moves(values or {}, -(-frames // size), int(size))
        # Widgets move where blocks begin, so pieces are whole blocks.
        piece = frames if checkpoint is None else moves.block * -(-checkpoint // moves.block)
        self._refuse_long(min(piece, frames), moves)
        run = Recorded(self._reverse, sound, moves, piece)
        return run.outputs, Pullback(run, self.programs)

    def _refuse_long(self, piece: int, moves: Moves) -> None:
        """Makes sure that the tape of a piece fits."""
        size = self._reverse.forward.outputs * self._dtype().itemsize
        largest = _LARGEST[self.backend]
        if size * piece <= largest:
            return
        told = f"the tape would take {size * piece / (1 << 30):.1f} gigabytes"
        fitting = largest // size
        hint = f"run at most {counted(fitting, 'sample')}; native code has `checkpoint` for more"
        if self.backend == "native":
            hint = f"`checkpoint={min(65536, fitting)}` keeps the tape of so many samples only"
            if moves.block > fitting:
                hint += f", with blocks that are not longer (`block={min(65536, fitting)}`)"
        raise FadError(told, hint=hint)

    def _moves(self, values: Values, blocks: int, block: int) -> Moves:
        """Values in the blocks."""
        courses: dict[str, NDArray[np.float64]] = {}
        for name, given in values.items():
            course = _numbers(given, np.float64, f"values of `{name}`")
            if course.shape not in ((), (blocks,)):
                raise FadError(
                    f"the values of `{name}` have the shape {course.shape}",
                    hint=f"a number, or one for each block: of shape ({blocks},)",
                )
            for end in (course.min(), course.max()):
                paths = resolved(self._widgets, {name: float(end)})
            courses.update(dict.fromkeys(paths, course))
        return Moves.of(courses, blocks, block)


class Pullback:
    """Brings derivatives back from the outputs of a run to its variables; again and again."""

    def __init__(self, run: Recorded, programs: ReverseProgram) -> None:
        self._run, self._programs = run, programs

    def __call__(self, cotangents: ArrayLike) -> Cotangents:
        """The derivatives of a loss.

        Args:
            cotangents: its derivative by each sample of the outputs, of shape (channels, frames).

        Raises:
            FadError: another shape, or values that are not finite.
        """
        given = _numbers(cotangents, self._run.outputs.dtype, "cotangents")
        shape = self._run.outputs.shape
        if given.shape != shape:
            raise FadError(
                f"the cotangents have the shape {given.shape}, the outputs {shape}",
                hint=f"a row for each of {counted(shape[0], 'output')}, which is the derivative of "
                "the loss by each sample",
            )
        return brought_back(self._run, self._programs, given)


def brought_back(run: Recorded, programs: ReverseProgram, cotangents: NDArray[Any]) -> Cotangents:
    """The derivatives of a loss by the variables of a program.

    Args:
        run: a run of its forward program.
        programs: those of reverse mode.
        cotangents: the derivative of the loss by each sample of the outputs, (channels, frames).
    """
    derivatives, rest = run.back(cotangents)
    paths = [parameter.path for parameter in programs.parameters]
    return Cotangents(
        dict(zip(paths, derivatives, strict=True)),
        dict(zip(programs.inputs, rest, strict=True)),
    )


def _numbers(given: ArrayLike, dtype: DTypeLike, what: str) -> NDArray[Any]:
    """What the user has given, as finite numbers.

    Raises:
        FadError: it is something else.
    """
    try:
        found = np.asarray(given, dtype, order="C")
    except (TypeError, ValueError) as error:
        raise FadError(f"the {what} are no numbers: {error}") from None
    if not np.isfinite(found).all():
        raise FadError(f"the {what} are infinite or not a number somewhere")
    return found
