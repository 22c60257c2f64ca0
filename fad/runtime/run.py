"""`fad.run`: a program runs while its widgets move, and its outputs and bargraphs are recorded."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.base.precision import NativePrecision
from fad.base.prose import counted
from fad.base.source import Source
from fad.diagram.box import Box, Soundfile, arity_of, postorder
from fad.diagram.labels import metadata
from fad.diagram.parameters import Parameter, find_parameters, resolved
from fad.pipeline.front import Request, read
from fad.pipeline.program import Program
from fad.runtime.engine import Engine, EngineRefusal
from fad.runtime.input_signals import Samples, checked, noise
from fad.runtime.piecewise import Piece, Player, Text, interpreted_player, native_player
from fad.runtime.recording import Meter, Recording, find_meters, first_undefined, values_over_time
from fad.runtime.repeated import runs_natively
from fad.runtime.roles import not_learnt
from fad.runtime.schedule import Change, scheduled
from fad.syntax.libraries import ProgramLike
from fad.text.emitter import emit

#: How often the user interface is looked at, at most.
MOST_POINTS = 4000
#: How many samples a recording has at most, over all channels: one gigabyte.
_MOST_SAMPLES = 2**27
#: How many pieces a player is given at once.
_BATCH = 100
#: The files in `{'a.wav';'b.wav'}`.
_FILE = re.compile(r"'([^']*)'")
_MOST_RATE = 10_000_000
#: libfaust may take long on programs with many derivatives, and the user can see that it works.
_TIME_LIMIT = 600.0

Sound = Literal["noise", "silence"]
#: What is told of a run: the number of frames that are done, and of all frames.
Progress = Callable[[int, int], None]


def run(
    program: ProgramLike | Program,
    *,
    include: Sequence[str | Path] = (),
    seconds: float = 1.0,
    rate: int = 44100,
    at: Mapping[str, float] | None = None,
    changes: Mapping[float, Mapping[str, float]] | None = None,
    inputs: NDArray[np.float64] | Sound = "noise",
    seed: int = 1,
    native: bool | None = None,
    precision: NativePrecision = "double",
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Recording:
    """Runs a program, and records its outputs and its user interface.

    Args:
        program: a text, the path of a file, or a program that fad has written. It may use the
            operators `fad` and `forwardAD`.
        include: folders to search for imported files, before the standard ones.
        seconds: how long to run.
        rate: the sample rate, in Hz.
        at: label or path of a slider, entry, button or checkbox -> the value it starts at.
        changes: time in seconds -> label or path -> value from there on, exact to the sample.
        inputs: the audio inputs, of shape (channels, samples), repeated when they are shorter than
            the run; a single channel goes to all inputs; or white `noise`, or `silence`.
        seed: of the noise.
        native: whether to run native code, which needs a C++ compiler, or libfaust's interpreter;
            by default native code where there is a compiler. Programs with foreign functions
            always run as native code, programs with sound files never.
        precision: how the program computes. The interpreter computes in single precision.
        engine: the standard compiler; by default one for this call only.
        progress: called with the frames that are done, and all frames, now and then.

    Returns:
        The recording; the user interface is looked at `MOST_POINTS` times at most.

    Raises:
        FadError: the program is missing, malformed or has no value; a name that no widget has; a
            value outside its range, a time outside the run; `inputs` do not fit the program; the
            standard compiler refuses, crashes or takes too long (`EngineError`).
    """
    frames = _frames(seconds, rate)
    if isinstance(program, Program):
        program = Source(program.name or "<text>", program.source)
    front = read(Request(program, include, precision))
    evaluation = front.evaluated()
    box = evaluation.process
    arity = arity_of(box)
    _check_size(arity, frames, rate)
    widgets = tuple(find_parameters(box, front.title))
    start = resolved(widgets, at or {})
    moves = scheduled(widgets, changes or {}, rate, frames)
    warnings = list(evaluation.warnings)
    if not isinstance(inputs, str) and np.ndim(inputs) == 2 and len(inputs) == 1 < arity[0]:
        warnings.append(f"the input has one channel, which all {arity[0]} inputs hear")
        inputs = np.repeat(inputs, arity[0], axis=0)
    sound = _sound(arity[0], inputs, frames, seed)
    is_native = runs_natively(box, native)
    if not is_native and precision == "double":
        warnings.append(
            "the program ran in single precision: libfaust's interpreter moves and reads widgets "
            "in no other"
        )
    warnings += _silent(box, front.folder)
    text = Text(
        front.source.text,
        front.name,
        (front.folder, *map(Path, include)),
        rate,
        precision if is_native else "single",
    )
    with ExitStack() as stack:
        faust = engine or stack.enter_context(Engine(time_limit=_TIME_LIMIT))
        player = stack.enter_context(_player(text, box, faust, is_native))
        schedule = _Run(player, widgets, find_meters(box), start, moves, sound)
        outputs, bargraphs = schedule.record(progress or (lambda done, frames: None))
        warnings += schedule.absent
    points = schedule.points
    meters = tuple(meter for meter in schedule.meters if meter.path in bargraphs)
    sliders = values_over_time(widgets, start, moves, points)
    warnings += _undefined(outputs, bargraphs, points, rate)
    warnings += not_learnt(meters, widgets, bargraphs, sliders)
    return Recording(
        text.name,
        rate,
        outputs,
        points / rate,
        bargraphs,
        sliders,
        meters,
        widgets,
        moves,
        tuple(warnings),
    )


@dataclass(frozen=True)
class _Run:
    """A program that is going to be heard.

    Attributes:
        player: the program.
        widgets: what is known of its widgets, with fad's paths.
        meters: the same for its bargraphs.
        start: path -> value, of the widgets that do not start where the program says.
        changes: what moves, in order of time.
        inputs: the audio inputs, of shape (channels, frames).
    """

    player: Player
    widgets: Sequence[Parameter]
    meters: tuple[Meter, ...]
    start: Mapping[str, float]
    changes: Sequence[Change]
    inputs: Samples

    @property
    def points(self) -> NDArray[np.int64]:
        """The samples after which the bargraphs are read."""
        frames = self.inputs.shape[1]
        every = math.ceil(frames / (MOST_POINTS - 1))
        return np.unique(np.append(np.arange(0, frames, every), frames - 1))

    def record(self, progress: Progress) -> tuple[Samples, dict[str, Samples]]:
        """The outputs, of shape (channels, frames), and path -> values of the bargraphs."""
        frames = self.inputs.shape[1]
        outputs = np.empty((self.player.outputs, frames))
        values = []
        pieces = self._pieces()
        done = 0
        for first in range(0, len(pieces), _BATCH):
            batch = pieces[first : first + _BATCH]
            part = slice(done, done + sum(piece.frames for piece in batch))
            outputs[:, part], read = self.player.advance(self.inputs[:, part], batch)
            values.append(read)
            done = part.stop
            progress(done, frames)
        # A piece ends at each of the points, and where a widget moves.
        ends = np.cumsum([piece.frames for piece in pieces]) - 1
        at_points = np.concatenate(values)[np.isin(ends, self.points)]
        columns = dict(zip(self._own(self.player.bargraphs), at_points.T, strict=True))
        found = [meter.path for meter in self.meters if meter.path in columns]
        return outputs, {path: columns[path] for path in found}

    @property
    def absent(self) -> Iterator[str]:
        """Sentences about widgets that the compiled program does not have."""
        shown, movable = map(self._own, (self.player.bargraphs, self.player.controls))
        for meter in self.meters:
            if meter.path not in shown:
                yield f"`{meter.path}` shows nothing: libfaust leaves out what no output depends on"
        moved = dict.fromkeys([*self.start, *(change.path for change in self.changes)])
        for path in moved:
            if path not in movable:
                yield f"`{path}` moves nothing: libfaust leaves out what no output depends on"

    def _pieces(self) -> list[Piece]:
        """What the run falls into: a piece ends at each of `points`, and where a widget moves."""
        numbers: dict[str, list[int]] = {}
        for number, path in enumerate(self._own(self.player.controls)):
            numbers.setdefault(path, []).append(number)
        moves: dict[int, dict[int, float]] = {}
        beginning = [Change(0, path, value) for path, value in self.start.items()]
        for change in (*beginning, *self.changes):
            moved = dict.fromkeys(numbers.get(change.path, ()), change.value)
            moves.setdefault(change.frame, {}).update(moved)
        stops = sorted({0, *moves, *(self.points + 1).tolist()})
        return [Piece(stop - start, moves.get(start, {})) for start, stop in pairwise(stops)]

    def _own(self, paths: Sequence[str]) -> list[str]:
        """libfaust's paths as fad has them: without the group that it puts around a program."""
        known = {parameter.path for parameter in self.widgets} | {m.path for m in self.meters}
        everything = [*self.player.controls, *self.player.bargraphs]
        inner = [_without_group(path) for path in everything]
        has_group = len(known.intersection(inner)) > len(known.intersection(everything))
        return [_without_group(path) for path in paths] if has_group else list(paths)


def _without_group(path: str) -> str:
    """A path without its first group."""
    return "/" + path[1:].partition("/")[2]


@contextmanager
def _player(text: Text, box: Box, engine: Engine, is_native: bool) -> Iterator[Player]:
    """The program as it is written or, where the standard compiler does not take that, evaluated:
    it does not know the operators that a program may use."""
    play = native_player if is_native else interpreted_player
    with ExitStack() as stack:
        try:
            player = stack.enter_context(play(text, engine))
        except EngineRefusal:
            text = Text(emit(box), text.name, text.folders, text.rate, text.precision)
            player = stack.enter_context(play(text, engine))
        yield player


def _silent(box: Box, folder: Path) -> Iterator[str]:
    """Sentences about sound files that are not there: libfaust plays silence for them."""
    for part in postorder(box):
        if isinstance(part, Soundfile):
            for name in _FILE.findall(metadata(part.label).get("url", "")):
                if not (folder / name).is_file():
                    yield f"there is no sound file `{name}` in the program's folder: it is silent"


def _frames(seconds: float, rate: int) -> int:
    if not 1 <= rate <= _MOST_RATE:
        raise FadError(f"a sample rate of {rate} Hz is not possible", hint="44100 is usual")
    if not math.isfinite(seconds):
        raise FadError(f"a program cannot run for {seconds} s")
    frames = round(seconds * rate)
    if frames < 1:
        raise FadError("there is nothing to run: the time is less than a sample")
    return frames


def _check_size(arity: tuple[int, int], frames: int, rate: int) -> None:
    most = _MOST_SAMPLES // max(1, sum(arity))
    if frames > most:
        raise FadError(
            f"{frames / rate:g} s of {counted(sum(arity), 'channel')} do not fit into memory",
            hint=f"run at most {most // rate} s",
        )


def _sound(count: int, inputs: NDArray[np.float64] | Sound, frames: int, seed: int) -> Samples:
    """What a program hears, of shape (count, frames)."""
    if isinstance(inputs, str):
        if inputs == "silence":
            return np.zeros((count, frames))
        return noise(seed, count, frames)
    whole = checked(inputs, count)
    if not count:
        return np.zeros((0, frames))
    return np.tile(whole, math.ceil(frames / whole.shape[1]))[:, :frames]


def _undefined(
    outputs: Samples, bargraphs: Mapping[str, Samples], points: NDArray[np.int64], rate: int
) -> Iterator[str]:
    """Sentences about values that are infinite or not a number."""
    for number, samples in enumerate(outputs):
        if (index := first_undefined(samples)) is not None:
            yield (
                f"output {number} is infinite or not a number from sample {index} "
                f"({index / rate:.3f} s)"
            )
    for path, values in bargraphs.items():
        if (index := first_undefined(values)) is not None:
            yield f"`{path}` is infinite or not a number at {points[index] / rate:.3f} s"
