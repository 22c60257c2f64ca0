"""What runs the programs of a model: native code, or libfaust's interpreter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import EngineError
from fad.base.precision import NativePrecision
from fad.diagram.box import Box, ForeignFunction, Soundfile, postorder
from fad.diagram.parameters import Parameter
from fad.diagram.widgets import with_inputs
from fad.model.moves import Moves
from fad.model.notices import InterpreterWarning, notify
from fad.pipeline.front import Front
from fad.runtime.compiler import ADVICE, find_compiler
from fad.runtime.engine import Engine
from fad.runtime.library import DTYPES, Control, Library, Voice
from fad.runtime.native import native_code
from fad.runtime.repeated import with_courses
from fad.runtime.soundfiles import SoundFolder, Sounds
from fad.text.emitter import emit

#: What can run programs.
BackendName = Literal["native", "interpreter"]
#: libfaust may take long, for programs with many derivatives or long signals; in seconds.
_TIME_LIMIT = 600.0


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

    def play(self, sound: NDArray[Any], lanes: NDArray[Any], moves: Moves) -> None:
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

    def go_on(self, state: Any, sound: NDArray[Any], lanes: NDArray[Any], moves: Moves) -> Any:
        """The same as `play` from a state, which stays as it is; gives the state after it."""

    def go_back(
        self,
        state: Any,
        cotangents: NDArray[Any],
        tape: NDArray[Any],
        sums: NDArray[np.float64],
        rest: NDArray[Any],
        moves: Moves,
    ) -> Any:
        """The same as `play_back` from a state, which stays as it is; gives the state after it."""


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

    def play(self, sound: NDArray[Any], lanes: NDArray[Any], moves: Moves) -> None:
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

    def go_on(self, state: Voice, sound: NDArray[Any], lanes: NDArray[Any], moves: Moves) -> Voice:
        after = self._copy(state)
        after.run(sound, lanes, self.control(moves.paths), moves.courses, moves.block)
        return after

    def go_back(
        self,
        state: Voice,
        cotangents: NDArray[Any],
        tape: NDArray[Any],
        sums: NDArray[np.float64],
        rest: NDArray[Any],
        moves: Moves,
    ) -> Voice:
        after, control = self._copy(state), self.control(moves.paths)
        after.run_back(cotangents, tape, sums, rest, control, moves.courses, moves.block)
        return after

    def _copy(self, state: Voice) -> Voice:
        after = Voice(self.library)
        after.become(state)
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
        sounds: its sound files, if it plays any.
    """

    def __init__(
        self,
        box: Box,
        widgets: Sequence[Parameter],
        engine: Engine,
        name: str,
        rate: int,
        precision: NativePrecision,
        sounds: SoundFolder | None,
    ) -> None:
        self._engine, self._name, self._rate, self._precision = engine, name, rate, precision
        self._sounds = sounds
        self._starts = {widget.path: widget.init for widget in widgets}
        self._ranges = {widget.path: (widget.min, widget.max) for widget in widgets}
        self._text = emit(with_inputs(box, self._ranges))
        compiled = engine.compile(self._text, name, precision=precision)
        self.inputs, self.outputs = compiled.inputs - len(self._ranges), compiled.outputs
        self.dtype = DTYPES[precision]
        self.controls = frozenset(self._ranges)

    def play(self, sound: NDArray[Any], lanes: NDArray[Any], moves: Moves) -> None:
        self.go_on(self.start(), sound, lanes, moves)

    def play_back(
        self,
        cotangents: NDArray[Any],
        tape: NDArray[Any],
        sums: NDArray[np.float64],
        rest: NDArray[Any],
        moves: Moves,
    ) -> None:
        self.go_back(self.start(), cotangents, tape, sums, rest, moves)

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
            include=[self._sounds.path] if self._sounds else [],
            precision=self._precision,
        )[:, -frames:]
        return whole

    def go_back(
        self,
        state: NDArray[np.float64],
        cotangents: NDArray[Any],
        tape: NDArray[Any],
        sums: NDArray[np.float64],
        rest: NDArray[Any],
        moves: Moves,
    ) -> NDArray[np.float64]:
        frames = cotangents.shape[1]
        turned = np.concatenate([cotangents, tape])[:, ::-1]
        lanes = np.empty((self.outputs, frames))
        by_sample = Moves(moves.paths, moves.by_sample(frames)[:, ::-1], 1)
        after = self.go_on(state, turned, lanes, by_sample)
        starts = np.arange(0, frames, moves.block)
        sums += np.add.reduceat(lanes[: len(sums), ::-1], starts, axis=1)
        rest[:] = lanes[len(sums) :, ::-1]
        return after


class Units:
    """What makes a program run, and those of its derivatives.

    Args:
        kind: native code, or the interpreter.
        front: how the program was read.
        widgets: those that may move.
        rate: the sample rate, in Hz.
        precision: how it computes.
        trust: whether it may use foreign functions that are not the standard ones.
        sounds: the files that it plays.
        engine: the standard compiler; by default one of its own.

    Attributes:
        kind, rate, precision: as given.
        dtype: the type of samples.
    """

    def __init__(
        self,
        kind: BackendName,
        front: Front,
        widgets: Sequence[Parameter],
        rate: int,
        precision: NativePrecision,
        trust: bool,
        sounds: Sounds,
        engine: Engine | None = None,
    ) -> None:
        self.kind, self.rate, self.precision = kind, rate, precision
        self.dtype = DTYPES[precision]
        self._front, self._widgets, self._trust = front, widgets, trust
        self._sounds = sounds
        #: The interpreter runs in it; native code needs it while it is made.
        self._engine = engine or Engine(time_limit=_TIME_LIMIT, keep=True)
        self._is_own = engine is None

    def unit(
        self,
        box: Box,
        more: Sequence[Parameter] = (),
        precision: NativePrecision | None = None,
    ) -> Unit:
        """A program that can be run.

        Args:
            box: its diagram.
            more: widgets that it has beside those that may move.
            precision: how it computes; by default, as asked for.

        Raises:
            EngineError: the standard compiler or the C++ compiler refuses it.
            FadError: it uses foreign functions that it may not use.
        """
        (found,) = self.several([(box, precision or self.precision)], more)
        return found

    def several(
        self, programs: Sequence[tuple[Box, NativePrecision]], more: Sequence[Parameter] = ()
    ) -> list[Unit]:
        """Programs that can be run; see `unit`. The standard compiler starts once for all of them.

        Args:
            programs: the diagram of each, and how it computes.
            more: widgets that they have beside those that may move.
        """
        make = self._native if self.kind == "native" else self._interpreted
        try:
            return [make(box, precision, more) for box, precision in programs]
        finally:
            if self.kind == "native" and self._is_own:
                self._engine.close()

    def _native(self, box: Box, precision: NativePrecision, more: Sequence[Parameter]) -> Unit:
        name, folders = self._front.name, self._front.libraries.folders
        code = native_code(box, self._engine, name, folders, precision=precision, trust=self._trust)
        return NativeUnit(Library(code, self.rate, precision, self._sounds))

    def _interpreted(self, box: Box, precision: NativePrecision, more: Sequence[Parameter]) -> Unit:
        kinds = {type(part) for part in postorder(box)}
        if ForeignFunction in kinds:
            raise EngineError(
                "the program needs foreign functions, which libfaust cannot interpret",
                hint=f'native code calls them (`backend="native"`): {ADVICE}',
            )
        if Soundfile in kinds:
            if precision != "single":
                raise EngineError(
                    "libfaust's interpreter plays sound files in single precision only",
                    hint='ask for `precision="single"`, or for native code',
                )
            box = self._sound_folder.found(box)
        return InterpretedUnit(
            *(box, [*self._widgets, *more], self._engine, self._front.name, self.rate),
            *(precision, self._sound_folder if Soundfile in kinds else None),
        )

    @cached_property
    def _sound_folder(self) -> SoundFolder:
        return SoundFolder(self._sounds)


def backend_for(asked: BackendName | Literal["auto"]) -> BackendName:
    """What runs programs, as it is asked for, and as the machine allows.

    Warns:
        InterpreterWarning: `auto` has not found a C++ compiler.
    """
    if asked != "auto":
        return asked
    if find_compiler() is not None:
        return "native"
    notify(
        "there is no C++ compiler: libfaust's interpreter runs the program, which takes a "
        f"hundred times longer; {ADVICE}",
        InterpreterWarning,
    )
    return "interpreter"
