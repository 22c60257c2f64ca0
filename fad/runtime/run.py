"""`fad.run`: a program runs while its widgets move, and its outputs and bargraphs are recorded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fad.base.precision import NativePrecision
from fad.base.source import Source
from fad.diagram.box import arity_of
from fad.diagram.order import widgets_of
from fad.diagram.parameters import Parameter, resolved
from fad.pipeline.front import Request, read
from fad.pipeline.header import outputs_in
from fad.pipeline.program import Program
from fad.runtime.engine import Engine
from fad.runtime.foreign import refuse_foreign
from fad.runtime.frames import check_size, frames_of
from fad.runtime.input_signals import Samples, checked, noise
from fad.runtime.piecewise import Performance, Piece, Player, interpreted_player, native_player
from fad.runtime.recording import Meter, Recording, find_meters, first_undefined, values_over_time
from fad.runtime.repeated import runs_natively
from fad.runtime.roles import not_learnt
from fad.runtime.schedule import Change, scheduled
from fad.runtime.soundfiles import missing_sounds
from fad.syntax.libraries import ProgramLike

#: How often the user interface is looked at, at most.
MOST_POINTS = 4000
#: How many pieces a player is given at once.
_BATCH = 100
#: libfaust may take long on programs with many derivatives, and the user can see that it works.
_TIME_LIMIT = 600.0

Sound = Literal["noise", "silence"]
#: What is told of a run: the number of frames that are done, and of all frames.
Progress = Callable[[int, int], None]


def run(
    program: ProgramLike | Program,
    *,
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    seconds: float = 1.0,
    rate: int = 44100,
    at: Mapping[str, float] | None = None,
    changes: Mapping[float, Mapping[str, float]] | None = None,
    inputs: NDArray[np.float64] | Sound = "noise",
    seed: int = 1,
    native: bool | None = None,
    precision: NativePrecision = "double",
    trust: bool = False,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Recording:
    """Runs a program, and records its outputs and its user interface.

    Args:
        program: a text, the path of a file, or a program that fad has written. It may use the
            operators `fad`, `rad` and `forwardAD`.
        include: folders to search for imported files, before the standard ones.
        libraries: a folder of libraries to use instead of the standard ones.
        seconds: how long to run.
        rate: the sample rate, in Hz.
        at: label or path of a slider, entry, button or checkbox -> the value it starts at.
        changes: time in seconds -> label or path -> value from there on, exact to the sample.
        inputs: the audio inputs, of shape (channels, samples), repeated when they are shorter than
            the run; a single channel goes to all inputs; or white `noise`, or `silence`.
        seed: of the noise.
        native: whether to run native code, which needs a C++ compiler, or libfaust's interpreter;
            by default native code where there is a compiler. Programs with foreign functions
            always run as native code.
        precision: how the program computes. The interpreter computes in single precision.
        trust: whether the program may use foreign functions and values that are not the standard
            ones of mathematics: they are code that runs here. Their headers are looked for in the
            program's folder.
        engine: the standard compiler; by default one for this call only.
        progress: called with the frames that are done, and all frames, now and then.

    Returns:
        The recording; the user interface is looked at `MOST_POINTS` times at most.

    Raises:
        FadError: the program is missing, malformed or has no value; a name that no widget has; a
            value outside its range, a time outside the run; `inputs` do not fit the program; the
            standard compiler refuses, crashes or takes too long (`EngineError`).
    """
    frames = frames_of(seconds, rate)
    names: tuple[str, ...] | None = None
    if isinstance(program, Program):
        names = tuple(output.name for output in program.outputs)
        program = Source(program.name or "<text>", program.source)
    front = read(Request(program, include, precision, libraries=libraries))
    evaluation = front.evaluated()
    box = evaluation.process
    arity = arity_of(box)
    check_size(arity, frames, rate)
    widgets = widgets_of(box, evaluation.facts, front.title)
    start = resolved(widgets, at or {})
    moves = scheduled(widgets, changes or {}, rate, frames)
    warnings = list(evaluation.warnings)
    names = outputs_in(front.source.text) if names is None else names
    if len(names) != arity[1]:  # a comment that is no longer true
        names = ()
    if not isinstance(inputs, str) and np.ndim(inputs) == 2 and len(inputs) == 1 < arity[0]:
        warnings.append(f"the input has one channel, which all {arity[0]} inputs hear")
        inputs = np.repeat(inputs, arity[0], axis=0)
    sound = _sound(arity[0], inputs, frames, seed)
    is_native = runs_natively(box, native)
    if is_native and not trust:
        refuse_foreign(box, evaluation.facts.origins)
    if not is_native and precision == "double":
        warnings.append(
            "the program ran in single precision: libfaust's interpreter moves and reads widgets "
            "in no other"
        )
    warnings += missing_sounds(box, front.folder)
    performance = Performance(
        box,
        front.name,
        front.libraries.folders,
        rate,
        precision if is_native else "single",
        trust,
    )
    with ExitStack() as stack:
        faust = engine or stack.enter_context(Engine(time_limit=_TIME_LIMIT))
        play = native_player if is_native else interpreted_player
        player = stack.enter_context(play(performance, faust))
        schedule = _Run(player, widgets, find_meters(box), start, moves, sound)
        outputs, bargraphs = schedule.record(progress or (lambda done, frames: None))
        warnings += schedule.absent
    points = schedule.points
    meters = tuple(meter for meter in schedule.meters if meter.path in bargraphs)
    sliders = values_over_time(widgets, start, moves, points)
    titles = [f"output {number}" for number in range(len(outputs))]
    if names:
        titles = [f"{title} (`{name}`)" for title, name in zip(titles, names, strict=True)]
    warnings += _silence(outputs, titles, rate)
    warnings += _undefined(outputs, titles, bargraphs, points, rate)
    warnings += not_learnt(meters, widgets, bargraphs, sliders)
    return Recording(
        performance.name,
        rate,
        outputs,
        points / rate,
        bargraphs,
        sliders,
        meters,
        widgets,
        moves,
        tuple(warnings),
        front.files(box),
        names,
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
        columns = dict(zip(self.player.bargraphs, at_points.T, strict=True))
        found = [meter.path for meter in self.meters if meter.path in columns]
        return outputs, {path: columns[path] for path in found}

    @property
    def absent(self) -> Iterator[str]:
        """Sentences about widgets that the compiled program does not have."""
        for meter in self.meters:
            if meter.path not in self.player.bargraphs:
                yield f"`{meter.path}` shows nothing: libfaust leaves out what no output depends on"
        moved = dict.fromkeys([*self.start, *(change.path for change in self.changes)])
        for path in moved:
            if path not in self.player.controls:
                yield f"`{path}` moves nothing: libfaust leaves out what no output depends on"

    def _pieces(self) -> list[Piece]:
        """What the run falls into: a piece ends at each of `points`, and where a widget moves."""
        numbers: dict[str, list[int]] = {}
        for number, path in enumerate(self.player.controls):
            numbers.setdefault(path, []).append(number)
        moves: dict[int, dict[int, float]] = {}
        beginning = [Change(0, path, value) for path, value in self.start.items()]
        for change in (*beginning, *self.changes):
            moved = dict.fromkeys(numbers.get(change.path, ()), change.value)
            moves.setdefault(change.frame, {}).update(moved)
        stops = sorted({0, *moves, *(self.points + 1).tolist()})
        return [Piece(stop - start, moves.get(start, {})) for start, stop in pairwise(stops)]


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


def _silence(outputs: Samples, titles: Sequence[str], rate: int) -> Iterator[str]:
    """Sentences about outputs that nothing comes out of."""
    seconds = outputs.shape[1] / rate
    for title, samples in zip(titles, outputs, strict=True):
        if not samples.any():
            yield (
                f"{title} is silent for all {seconds:g} s: it may take a widget that "
                "moves, such as a button that is pressed, or a longer run"
            )


def _undefined(
    outputs: Samples,
    titles: Sequence[str],
    bargraphs: Mapping[str, Samples],
    points: NDArray[np.int64],
    rate: int,
) -> Iterator[str]:
    """Sentences about values that are infinite or not a number."""
    for title, samples in zip(titles, outputs, strict=True):
        if (index := first_undefined(samples)) is not None:
            yield (
                f"{title} is infinite or not a number from sample {index} ({index / rate:.3f} s)"
            )
    for path, values in bargraphs.items():
        if (index := first_undefined(values)) is not None:
            yield f"`{path}` is infinite or not a number at {points[index] / rate:.3f} s"
