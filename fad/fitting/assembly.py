"""Targets from settings: the files are read, and made to fit the program."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fad.base.errors import FadError, located
from fad.base.prose import counted
from fad.diagram.box import Arity
from fad.diagram.parameters import Parameter, resolved
from fad.fitting.notes import Line, read_notes
from fad.fitting.recordings import onset, read_input, read_target
from fad.fitting.settings import Setting
from fad.fitting.targets import Target
from fad.fitting.windows import windowed, within
from fad.runtime.frames import frames_of, most_frames
from fad.runtime.input_signals import Samples
from fad.runtime.sounds import read_sound

#: A recording may be silent for so many seconds before a note in it is heard.
_LATE = 0.02
_NO_LINE = Line({}, {}, ())


@dataclass(frozen=True)
class Instrument:
    """What there is to know of a program that recordings are to fit.

    Attributes:
        arity: the numbers of its audio inputs and outputs.
        widgets: its sliders, number entries and switches.
        variables: how many of them are fitted.
    """

    arity: Arity
    widgets: Sequence[Parameter]
    variables: int

    @property
    def most_frames(self) -> int:
        """How long a recording may be for its derivatives to fit into memory, in samples."""
        inputs, outputs = self.arity
        return most_frames((inputs, outputs * (1 + self.variables)))


class Targets(NamedTuple):
    """What a program should sound like.

    Attributes:
        values: the targets, in order.
        rate: the sample rate of all of them, in Hz.
        warnings: what the user should know, one sentence each.
    """

    values: tuple[Target, ...]
    rate: int
    warnings: tuple[str, ...]


def read_targets(
    settings: Sequence[Setting],
    instrument: Instrument,
    rate: int | None = None,
    seconds: float | None = None,
    align: bool = False,
) -> Targets:
    """Reads recordings, and what is played for them.

    Args:
        settings: the recordings.
        instrument: the program.
        rate: the sample rate of the program, in Hz; that of the first recording by default.
        seconds: how long a recording may be; of a longer one, a part is taken: see `windowed`. By
            default, as long as fits into memory.
        align: whether recordings may be later than what is played: then nothing is told of silence
            at their beginning.

    Raises:
        FadError: a file cannot be read, or does not fit the program; or a widget does not exist, or
            a value is outside its range.
    """
    if rate is not None:
        frames_of(1.0, rate)  # refuses what is no rate
    most = instrument.most_frames
    warnings: list[str] = []
    found = []
    names = Counter(_name(each) for each in settings)
    for setting in settings:
        name = setting.target if names[_name(setting)] > 1 else _name(setting)
        if rate is None:
            with _at(setting, "target"):
                rate = read_sound(setting.target, 0)[1]
        if seconds is not None:
            most = min(instrument.most_frames, frames_of(seconds, rate))
        target, told = _target(setting, instrument, rate, name, align)
        part, start = windowed(target, most, rate)
        if part is not target:
            why = "as asked for" if seconds is not None else "as much as fits into memory"
            kind = "from its first sound on" if target.input is None else "its loudest part"
            told.append(
                f"`{setting.target}` is {target.sound.shape[1] / rate:.4g} s long, of which "
                f"{most / rate:.4g} s from {start:.4g} s on count: {kind}, {why}"
            )
        found.append(part)
        warnings += told
    assert rate is not None
    return Targets(tuple(found), rate, tuple(dict.fromkeys(warnings)))


def _name(setting: Setting) -> str:
    return setting.name or Path(setting.target).stem


def _target(
    setting: Setting, instrument: Instrument, rate: int, name: str, align: bool
) -> tuple[Target, list[str]]:
    """A whole recording with what is played, and sentences for the user."""
    inputs, outputs = instrument.arity
    with _at(setting, "target"):
        target = read_target(setting.target, outputs, rate)
    warnings = [*target.warnings]
    frames = target.sound.shape[1]
    heard = None
    with _at(setting, "input", "target"):
        if setting.input is not None:
            reading = read_input(setting.input, inputs, rate)
            warnings += reading.warnings
            heard = _as_long(reading.sound, frames)
        elif inputs:
            raise FadError(
                f"the program has {counted(inputs, 'audio input')}, and nothing to hear for "
                f"`{setting.target}`",
                hint="name the sound file that the recording was made from, the dry one: "
                "`--input dry.wav`",
            )
    line = _NO_LINE
    with _at(setting, "midi"):
        if setting.midi is not None:
            line = read_notes(setting.midi, instrument.widgets)
            warnings += line.warnings
    at, changes = _played(setting, instrument.widgets, line)
    known = within(changes, frames, rate)
    if len(known) < len(changes):
        first = min(set(changes) - set(known))
        warnings.append(
            f"`{setting.target}` ends at {frames / rate:.4g} s, before what is played at "
            f"{first:.4g} s and later"
        )
    changes = {time: changes[time] for time in known}
    begins = onset(target.sound)
    moved = max((time for time in known if round(time * rate) <= begins), default=0.0)
    if heard is None and not align and begins / rate - moved > _LATE:
        warnings.append(
            f"nothing is heard in `{setting.target}` from {moved:.4g} s to {begins / rate:.4g} s: "
            f"if its note begins only then, cut the silence, play the note later, as with "
            f'`--at "{begins / rate:.4g}:gate=1"`, or `--align` the program'
        )
    return Target(target.sound, heard, at, changes, name), warnings


def _played(
    setting: Setting, widgets: Sequence[Parameter], line: Line
) -> tuple[dict[str, float], dict[float, dict[str, float]]]:
    """Where widgets start, and how they move, by their paths: as notes say, and then the user."""
    with _at(setting, "at"):
        at = {**line.at, **resolved(widgets, setting.played.start)}
    changes = {time: dict(moved) for time, moved in line.changes.items()}
    with _at(setting, "changes", "at"):
        # What the user holds still, notes do not move.
        for held in resolved(widgets, setting.played.start):
            for moved in changes.values():
                moved.pop(held, None)
        for time, values in setting.played.changes.items():
            if not 0 <= time < math.inf:
                raise FadError(f"nothing can change at {time:g} s", hint="a run begins at 0 s")
            changes.setdefault(time, {}).update(resolved(widgets, values))
    return at, {time: changes[time] for time in sorted(changes) if changes[time]}


def _as_long(sound: Samples, frames: int) -> Samples:
    """The beginning of a sound, or the sound with silence after it."""
    heard = sound[:, :frames]
    return np.pad(heard, ((0, 0), (0, frames - heard.shape[1])))


@contextmanager
def _at(setting: Setting, *keys: str) -> Iterator[None]:
    """Gives errors the place of the first of these keys that a file of settings has."""
    span = next((setting.places[key] for key in keys if key in setting.places), None)
    with located(span):
        yield
