"""Notes from MIDI files, as moves of the widgets that Faust's instruments are played by.

By Faust's convention, hosts play the widgets that are called `freq` (in Hz) or `key` (in numbers
of MIDI), `gain` (from 0 to 1) or `vel` or `velocity` (from 0 to 127), and `gate`. `bend` is the
ratio of the pitch wheel or, where its range has negative values, its semitones.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from fad.base.errors import FadError
from fad.base.prose import counted, either
from fad.diagram.parameters import Parameter
from fad.fitting.extras import extra

#: For so many seconds, the gate is closed before a note that follows without a rest: it has to
#: open again for the note to begin.
_GAP = 1e-3
#: Semitones of the pitch wheel at its ends, and the largest number that it sends.
_WHEEL, _WHEEL_END = 2.0, 8192
_LARGEST_VELOCITY = 127
_SEMITONES, _CONCERT_PITCH, _CONCERT_KEY = 12, 440.0, 69
_SUSTAIN, _HELD = 64, 64


class Line(NamedTuple):
    """What is played.

    Attributes:
        at: path of a widget -> where it starts: as the first note needs it.
        changes: time in seconds -> path -> value from there on.
        warnings: what the user should know, one sentence each.
    """

    at: dict[str, float]
    changes: dict[float, dict[str, float]]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Note:
    """A note.

    Attributes:
        start: when it begins, in seconds.
        end: when it ends; infinite if it does not.
        key, velocity: as in MIDI.
    """

    start: float
    end: float
    key: int
    velocity: int


@dataclass(frozen=True)
class _Score:
    """What is in a file.

    Attributes:
        notes: in order of their beginnings; none goes on into the next one.
        bends: time in seconds -> semitones of the pitch wheel from there on.
        warnings: what the user should know, one sentence each.
    """

    notes: Sequence[_Note]
    bends: Mapping[float, float]
    warnings: tuple[str, ...]


#: Label -> the value of a widget with it, by the number of a note with its bend, and its velocity.
_PITCHES: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {"freq": lambda key: _CONCERT_PITCH * 2 ** ((key - _CONCERT_KEY) / _SEMITONES), "key": float}
)
_LEVELS: Mapping[str, Callable[[int], float]] = MappingProxyType(
    {
        "gain": lambda velocity: velocity / _LARGEST_VELOCITY,
        "vel": float,
        "velocity": float,
    }
)
_GATE, _BEND = "gate", "bend"


def read_notes(path: str, widgets: Sequence[Parameter]) -> Line:
    """The notes of a MIDI file, as one line for one voice: a later note ends an earlier one.

    All tracks and channels are one line, and changes of tempo count.

    Args:
        path: a standard MIDI file.
        widgets: those of the program.

    Raises:
        FadError: the file is missing, no MIDI file, or has no notes; the program has no `gate`; a
            note is outside the range of `freq` or `key`; or `mido` is not installed.
    """
    gates = _called(widgets, _GATE)
    if not gates:
        raise FadError(
            f"the program has no `gate`, which the notes of `{path}` would open",
            hint="by Faust's convention, an instrument has the widgets `freq` or `key`, `gain` or "
            "`velocity`, and `gate`",
        )
    score = _score(path)
    voice = _Voice(path, widgets, score)
    moves: list[tuple[float, dict[str, float]]] = []
    for note in score.notes:
        moves.append((note.start, voice.begun(note) | {each.path: each.max for each in gates}))
        if note.end < math.inf:
            moves.append((note.end, {each.path: each.min for each in gates}))
    moves += voice.bent()
    changes: dict[float, dict[str, float]] = {}
    for time, values in sorted(moves, key=lambda move: move[0]):
        changes.setdefault(time, {}).update(values)
    at = voice.begun(score.notes[0]) | voice.straight() | {each.path: each.min for each in gates}
    return Line(at, changes, (*score.warnings, *voice.warnings))


class _Voice:
    """What plays the notes of a score but for its gates.

    Args:
        path: of the MIDI file.
        widgets: those of the program.
        score: the notes.

    Attributes:
        warnings: what the user should know, one sentence each.
    """

    def __init__(self, path: str, widgets: Sequence[Parameter], score: _Score) -> None:
        self._path, self._score = path, score
        self._pitches = [each for label in _PITCHES for each in _called(widgets, label)]
        self._levels = [each for label in _LEVELS for each in _called(widgets, label)]
        self._wheels = _called(widgets, _BEND)
        self.warnings: list[str] = []
        if not self._pitches:
            self.warnings.append(
                f"the program has neither `freq` nor `key`: all notes of `{path}` have one pitch"
            )

    def begun(self, note: _Note) -> dict[str, float]:
        """Path -> value of all widgets but gates, from the beginning of a note on."""
        bends = self._score.bends
        last = next((bends[time] for time in reversed(bends) if time <= note.start), 0.0)
        found = self._pitched(note, 0.0 if self._wheels else last)
        for each in self._levels:
            found[each.path] = self._within(each, _LEVELS[each.label](note.velocity))
        return found

    def straight(self) -> dict[str, float]:
        """Path -> value of the widgets of the pitch wheel where it rests."""
        return {each.path: self._bend(each, 0.0) for each in self._wheels}

    def bent(self) -> Iterator[tuple[float, dict[str, float]]]:
        """The moves of the pitch wheel, in seconds: without a widget for it, those of the pitch."""
        notes = self._score.notes
        starts = [each.start for each in notes]
        for time, semitones in self._score.bends.items():
            if self._wheels:
                yield time, {each.path: self._bend(each, semitones) for each in self._wheels}
            elif number := bisect_right(starts, time):
                yield time, self._pitched(notes[number - 1], semitones)

    def _pitched(self, note: _Note, bend: float) -> dict[str, float]:
        found = {each.path: _PITCHES[each.label](note.key + bend) for each in self._pitches}
        for each in self._pitches:
            if not each.min <= found[each.path] <= each.max:
                raise FadError(
                    f"note {note.key} of `{self._path}`, at {note.start:.4g} s, needs "
                    f"`{each.path}` at {found[each.path]:.6g}, which is outside its range",
                    hint=f"it goes from {each.min:g} to {each.max:g}: transpose the notes, or "
                    "widen it",
                )
        return found

    def _bend(self, widget: Parameter, semitones: float) -> float:
        ratio = 2 ** (semitones / _SEMITONES)
        return self._within(widget, semitones if widget.min < 0 else ratio)

    def _within(self, widget: Parameter, value: float) -> float:
        """The value in the range of a widget that is the nearest."""
        found = min(max(value, widget.min), widget.max)
        told = (
            f"`{self._path}` asks for more than `{widget.path}` has, which goes from "
            f"{widget.min:g} to {widget.max:g}: it stops at its ends"
        )
        if found != value and told not in self.warnings:
            self.warnings.append(told)
        return found


def _called(widgets: Sequence[Parameter], label: str) -> list[Parameter]:
    return [each for each in widgets if each.label == label]


def _score(path: str) -> _Score:
    """What is in a MIDI file.

    Raises:
        FadError: see `read_notes`.
    """
    begun: list[tuple[float, int, int]] = []
    ended: dict[int, float] = {}
    bends: dict[float, float] = {}
    held_back = False
    for time, message in _messages(path):
        if message.type == "note_on" and message.velocity:
            begun.append((time, message.note, message.velocity))
        elif message.type in ("note_on", "note_off"):
            # It ends the last of its number, which may have begun several times.
            last = (n for n in reversed(range(len(begun))) if begun[n][1] == message.note)
            if (number := next(last, None)) is not None:
                ended.setdefault(number, time)
        elif message.type == "pitchwheel":
            bends[time] = _WHEEL * message.pitch / _WHEEL_END
        elif message.type == "control_change" and message.control == _SUSTAIN:
            held_back = held_back or message.value >= _HELD
    if not begun:
        raise FadError(f"`{path}` has no notes")
    warnings = _overlaps(path, begun, ended)
    if held_back:
        warnings.append(f"the sustain pedal in `{path}` is not played: notes end with their keys")
    notes = []
    for number, (start, key, velocity) in enumerate(begun):
        end = ended.get(number, math.inf)
        if number + 1 < len(begun):
            following = begun[number + 1][0]
            end = min(end, max(following - _GAP, (start + following) / 2))
        if end > start:
            notes.append(_Note(start, end, key, velocity))
    if not notes:
        raise FadError(f"`{path}` has no notes that last")
    return _Score(notes, bends, tuple(warnings))


def _overlaps(
    path: str, begun: Sequence[tuple[float, int, int]], ended: Mapping[int, float]
) -> list[str]:
    """A sentence about notes that go on when the next one begins, if there are any."""
    starts = [
        begun[number + 1][0]
        for number in range(len(begun) - 1)
        if ended.get(number, math.inf) > begun[number + 1][0]
    ]
    if not starts:
        return []
    return [
        f"{counted(len(starts), 'note')} of `{path}` go on when the next one begins, first at "
        f"{starts[0]:.4g} s: one voice plays them, and a new note ends the one before"
    ]


def _messages(path: str) -> Iterator[tuple[float, Any]]:
    """The messages of a file, each with its time in seconds."""
    mido = extra("mido", "a MIDI file")
    try:
        file = mido.MidiFile(path)
        if file.ticks_per_beat <= 0:
            raise ValueError("its times are frames of SMPTE, not beats")
        time = 0.0
        for message in file:
            time += message.time
            yield time, message
    except OSError as error:
        reason = (error.strerror or str(error) or "it is no MIDI file").lower()
        raise FadError(f"cannot read `{path}`: {reason}") from None
    # mido has no errors of its own: what it meets in files of other kinds is of any class.
    except Exception as error:
        reason = f"it is no MIDI file, or a damaged one ({error or type(error).__name__})"
        raise FadError(
            f"cannot read `{path}`: {reason}",
            hint=f"notes are read from {either(['.mid'])} files, of the types 0 and 1",
        ) from None
