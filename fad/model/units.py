"""What runs the programs of a model: native code, or libfaust's interpreter."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import EngineError, SourceError
from fad.base.precision import NativePrecision
from fad.base.prose import either
from fad.diagram.box import Box, Soundfile, postorder
from fad.diagram.parameters import Parameter
from fad.diagram.widgets import with_inputs
from fad.model.moves import Moves
from fad.model.programs import Subject
from fad.runtime.engine import Engine
from fad.runtime.gradient import BackendName, InterpreterWarning
from fad.runtime.library import DTYPES, Control, Library, Voice
from fad.runtime.native import COMPILERS, find_compiler, native_code
from fad.runtime.repeated import with_courses
from fad.runtime.run import missing_sounds
from fad.text.emitter import emit


class Unit(Protocol):
    """A program that runs on signals, with its widgets moving from block to block.

    Threads may use it at the same time.

    Attributes:
        inputs, outputs: numbers of channels.
        dtype: the type of samples.
        controls: the paths of widgets that have an effect, as far as that is known.
    """

    inputs: int
    outputs: int
    dtype: type[np.floating[Any]]
    controls: frozenset[str]

    def play(
        self,
        sound: NDArray[Any],
        lanes: NDArray[Any],
        moves: Moves,
    ) -> None:
        """Runs it from its start.

        Args:
            sound: of shape (inputs, frames), contiguous.
            lanes: of shape (outputs, frames), contiguous: what comes out is put there.
            moves: the widgets that move.
        """

    def play_back(
        self,
        cotangents: NDArray[Any],
        tape: NDArray[Any],
        sums: NDArray[np.float64],
        rest: NDArray[Any],
        moves: Moves,
    ) -> None:
        """Runs it from its start on reversed time; see `fad.runtime.library.Voice.run_back`."""

    def start(self) -> Any:
        """A state at the start."""

    def go_on(
        self,
        state: Any,
        sound: NDArray[Any],
        lanes: NDArray[Any],
        moves: Moves,
    ) -> Any:
        """The same from a state, which stays as it is; gives the state after it."""


class NativeUnit:
    """Native code, whose voices are kept and used again.

    Args:
        library: the code.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.inputs, self.outputs = library.inputs, library.outputs
        self.dtype = library.dtype
        self.controls = frozenset(library.controls)
        self._free: list[Voice] = []
        self._controls: dict[tuple[str, ...], Control] = {}

    @contextmanager
    def voice(self) -> Iterator[Voice]:
        """A voice at its start."""
        try:
            voice = self._free.pop()
            voice.restart()
        except IndexError:
            voice = Voice(self.library)
        yield voice
        self._free.append(voice)

    def play(
        self,
        sound: NDArray[Any],
        lanes: NDArray[Any],
        moves: Moves,
    ) -> None:
        with self.voice() as voice:
            voice.run(sound, lanes, self.control(moves.paths), moves.courses, moves.block)

    def play_back(
        self,
        cotangents: NDArray[Any],
        tape: NDArray[Any],
        sums: NDArray[np.float64],
        rest: NDArray[Any],
        moves: Moves,
    ) -> None:
        with self.voice() as voice:
            control = self.control(moves.paths)
            voice.run_back(cotangents, tape, sums, rest, control, moves.courses, moves.block)

    def control(self, paths: tuple[str, ...]) -> Control:
        """Where some widgets are."""
        found = self._controls.get(paths)
        if found is None:
            found = self._controls[paths] = Control(self.library, paths)
        return found

    def start(self) -> Voice:
        return Voice(self.library)

    def go_on(
        self,
        state: Voice,
        sound: NDArray[Any],
        lanes: NDArray[Any],
        moves: Moves,
    ) -> Voice:
        after = Voice(self.library)
        after.become(state)
        after.run(sound, lanes, self.control(moves.paths), moves.courses, moves.block)
        return after


class InterpretedUnit:
    """libfaust's interpreter. It has no state that could be kept: what was before runs again.

    Args:
        box: the program.
        widgets: those of its widgets that may move.
        engine: the standard compiler.
        name: the program's file name, for messages.
        rate: the sample rate, in Hz.
        precision: how it computes.
        folder: where its sound files are.
    """

    def __init__(
        self,
        box: Box,
        widgets: Sequence[Parameter],
        engine: Engine,
        name: str,
        rate: int,
        precision: NativePrecision,
        folder: Path,
    ) -> None:
        self._engine, self._name, self._rate, self._precision = engine, name, rate, precision
        self._folder = folder
        self._starts = {widget.path: widget.init for widget in widgets}
        self._ranges = {widget.path: (widget.min, widget.max) for widget in widgets}
        self._text = emit(with_inputs(box, self._ranges))
        compiled = engine.compile(self._text, name, precision=precision)
        self.inputs, self.outputs = compiled.inputs - len(self._ranges), compiled.outputs
        self.dtype = DTYPES[precision]
        self.controls = frozenset(self._ranges)

    def play(
        self,
        sound: NDArray[Any],
        lanes: NDArray[Any],
        moves: Moves,
    ) -> None:
        self.go_on(self.start(), sound, lanes, moves)

    def play_back(
        self,
        cotangents: NDArray[Any],
        tape: NDArray[Any],
        sums: NDArray[np.float64],
        rest: NDArray[Any],
        moves: Moves,
    ) -> None:
        frames = cotangents.shape[1]
        turned = np.concatenate([cotangents, tape])[:, ::-1]
        lanes = np.empty((self.outputs, frames))
        self.play(turned, lanes, Moves(moves.paths, moves.by_sample(frames)[:, ::-1], 1))
        starts = np.arange(0, frames, moves.block)
        sums += np.add.reduceat(lanes[: len(sums), ::-1], starts, axis=1)
        rest[:] = lanes[len(sums) :, ::-1]

    def start(self) -> NDArray[np.float64]:
        return np.empty((len(self._ranges) + self.inputs, 0))

    def go_on(
        self,
        state: NDArray[np.float64],
        sound: NDArray[Any],
        lanes: NDArray[Any],
        moves: Moves,
    ) -> NDArray[np.float64]:
        frames = lanes.shape[1]
        moved = {path: np.full(frames, start) for path, start in self._starts.items()}
        moved.update(zip(moves.paths, moves.by_sample(frames), strict=True))
        heard = with_courses(sound, moved, self._ranges)
        whole = np.ascontiguousarray(np.concatenate([state, heard], axis=1))
        lanes[:] = self._engine.render(
            self._text,
            self._name,
            inputs=whole,
            frames=whole.shape[1],
            sample_rate=self._rate,
            include=[self._folder],
            precision=self._precision,
        )[:, -frames:]
        return whole


class Units:
    """What makes the programs of a model run.

    Args:
        kind: native code, or the interpreter.
        subject: the program.
        rate: the sample rate, in Hz.
        precision: how it computes.
        trust: whether it may use foreign functions that are not the standard ones.

    Attributes:
        kind, rate, precision: as given.
        dtype: the type of samples.
    """

    def __init__(
        self,
        kind: BackendName,
        subject: Subject,
        rate: int,
        precision: NativePrecision,
        trust: bool,
    ) -> None:
        self.kind, self.rate, self.precision = kind, rate, precision
        self.dtype = DTYPES[precision]
        self._subject, self._trust = subject, trust
        #: The interpreter runs in it; native code needs it while it is made.
        self._engine = Engine(keep=True)

    def unit(
        self,
        box: Box,
        more: Sequence[Parameter] = (),
        precision: NativePrecision | None = None,
    ) -> Unit:
        """A program that can be run.

        Args:
            box: its diagram.
            more: widgets that it has beside those of the model.
            precision: how it computes; by default, as the model does.

        Raises:
            EngineError: the standard compiler or the C++ compiler refuses it.
        """
        front, precision = self._subject.front, precision or self.precision
        name = front.name
        if self.kind == "interpreter":
            widgets = [*self._subject.widgets, *more]
            return InterpretedUnit(
                box, widgets, self._engine, name, self.rate, precision, front.folder
            )
        folders = front.libraries.folders
        try:
            code = native_code(
                box, self._engine, name, folders, precision=precision, trust=self._trust
            )
        finally:
            self._engine.close()
        return NativeUnit(Library(code, self.rate, precision))


def backend_for(
    asked: Literal["auto"] | BackendName,
    subject: Subject,
    rate: int,
    precision: NativePrecision,
    trust: bool,
) -> Units:
    """What runs a program, as it is asked for, and as the machine allows."""
    kind: BackendName = "interpreter" if asked == "interpreter" else "native"
    if any(isinstance(part, Soundfile) for part in postorder(subject.box)):
        _refuse_sounds(asked, subject, precision)
        kind = "interpreter"
    elif asked == "auto" and find_compiler() is None:
        warnings.warn(
            "there is no C++ compiler: libfaust's interpreter runs the program, which takes a "
            f"hundred times longer; install one of {either(COMPILERS)}",
            InterpreterWarning,
            stacklevel=3,
        )
        kind = "interpreter"
    return Units(kind, subject, rate, precision, trust)


def _refuse_sounds(
    asked: Literal["auto"] | BackendName, subject: Subject, precision: NativePrecision
) -> None:
    """Makes sure that a program can play its sound files, which libfaust's interpreter does.

    One that is not there would be silent, and so would its derivatives.
    """
    if asked == "native":
        raise EngineError(
            "native code plays no sound files", hint="libfaust's interpreter plays them"
        )
    if precision != "single":
        raise EngineError(
            "libfaust's interpreter plays sound files in single precision only",
            hint="ask for single precision",
        )
    for missing in missing_sounds(subject.box, subject.front.folder):
        raise SourceError(missing.removesuffix(": it is silent"))
