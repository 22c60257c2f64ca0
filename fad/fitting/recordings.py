"""Recordings from sound files, as a program of some rate and some channels can sound like them."""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

import numpy as np

from fad.base.errors import FadError
from fad.base.prose import counted
from fad.fitting.extras import extra
from fad.runtime.input_signals import Samples
from fad.runtime.sounds import read_sound, size_of

#: No more of a recording is read, in seconds: an hour of it would fill the memory.
MOST_SECONDS = 1200.0
#: A recording whose samples are all smaller is silent: -100 dB, as for the losses.
_SILENT = 1e-5
#: What is this much below the loudest sample is not heard as the beginning of a note: -60 dB.
_AUDIBLE = 1e-3
#: As many equal samples in a row, so near to full scale, are what clipping leaves.
_CLIPPED_RUN, _FULL_SCALE = 3, 0.999


class Reading(NamedTuple):
    """What a sound file gives.

    Attributes:
        sound: its samples, of shape (channels, frames).
        rate: their rate, in Hz.
        warnings: what the user should know, one sentence each.
    """

    sound: Samples
    rate: int
    warnings: tuple[str, ...]


def read_target(path: str, outputs: int, rate: int | None = None) -> Reading:
    """A recording that a program should sound like.

    One channel goes to all outputs; for one output, several are averaged.

    Args:
        path: a sound file.
        outputs: how many audio outputs the program has.
        rate: the sample rate of the program, in Hz; by default that of the file.

    Raises:
        FadError: the file is missing or none that is known; it is empty or silent, has samples
            that are infinite or not a number, or another number of channels.
    """
    sound, file_rate, cut = _read(path)
    if (peak := np.abs(sound).max()) < _SILENT:
        level = "all samples are 0" if not peak else f"no sample is larger than {peak:.2g}"
        raise FadError(f"`{path}` is silent: {level}", hint="record it again, or louder")
    warnings = [*cut]
    if (run := _clipped(sound)) is not None:
        warnings.append(
            f"`{path}` is clipped, first at {run / file_rate:.4g} s: what was louder than full "
            "scale is lost, and the program is to sound like what is left"
        )
    found = _made_to_fit(Reading(sound, file_rate, tuple(warnings)), path, outputs, "output", rate)
    if np.abs(found.sound).max() < _SILENT:
        raise FadError(
            f"`{path}` is silent for a program with one output: its channels cancel each other",
            hint="take one of the channels",
        )
    return found


def read_input(path: str, inputs: int, rate: int) -> Reading:
    """A recording that a program hears. See `read_target`, but it may be silent, with a warning.

    Args:
        path: a sound file.
        inputs: how many audio inputs the program has.
        rate: the sample rate of the program, in Hz.

    Raises:
        FadError: see `read_target`; or the program has no inputs.
    """
    if not inputs:
        raise FadError(f"the program has no audio inputs, and does not hear `{path}`")
    sound, file_rate, warnings = _read(path)
    if np.abs(sound).max() < _SILENT:
        warnings = (*warnings, f"`{path}`, which the program hears, is silent")
    return _made_to_fit(Reading(sound, file_rate, warnings), path, inputs, "input", rate)


def onset(sound: Samples) -> int:
    """The first sample at which something is heard, of a sound of shape (channels, frames)."""
    loudest = np.abs(sound).max(axis=0)
    return int((loudest > _AUDIBLE * loudest.max()).argmax())


def _read(path: str) -> Reading:
    """A recording as it is, or its beginning.

    Raises:
        FadError: it is missing, none that is known, empty, or has samples that are not finite.
    """
    sound, rate = read_sound(path, MOST_SECONDS)
    if not sound.size:
        raise FadError(f"`{path}` is empty: it has no samples")
    if not (finite := np.isfinite(sound)).all():
        channel, frame = np.argwhere(~finite)[0]
        raise FadError(
            f"`{path}` is no recording: sample {frame} of channel {channel} is "
            f"{sound[channel, frame]}"
        )
    whole = sound.shape[1] < int(MOST_SECONDS * rate) or sound.shape[1] == size_of(path)[1]
    cut = f"`{path}` is longer than {MOST_SECONDS:g} s: what is after that does not count"
    return Reading(sound, rate, () if whole else (cut,))


def _clipped(sound: Samples) -> int | None:
    """The first sample of the first run of equal ones at full scale, if there is one."""
    found = []
    for channel in sound:
        same = (np.diff(channel) == 0) & (np.abs(channel[1:]) >= _FULL_SCALE)
        runs = np.lib.stride_tricks.sliding_window_view(
            np.pad(same, (0, _CLIPPED_RUN)), _CLIPPED_RUN - 1
        ).all(axis=1)
        if runs.any():
            found.append(int(runs.argmax()))
    return min(found, default=None)


def _made_to_fit(reading: Reading, path: str, count: int, what: str, rate: int | None) -> Reading:
    """A recording with the channels and the rate of a program.

    Args:
        reading: the recording.
        path: where it is from.
        count: how many channels there are to be.
        what: what the program has so many of: `input` or `output`.
        rate: in Hz; by default that of the recording.

    Raises:
        FadError: see `read_target`.
    """
    sound, file_rate, warnings = reading
    rate = file_rate if rate is None else rate
    channels = len(sound)
    if channels == 1 < count:
        sound = np.repeat(sound, count, axis=0)
    elif count == 1 < channels:
        sound = sound.mean(axis=0, keepdims=True)
        warnings = (
            *warnings,
            f"the {channels} channels of `{path}` are averaged: the program has one audio {what}",
        )
    elif channels != count:
        raise FadError(
            f"`{path}` has {counted(channels, 'channel')}, the program has "
            f"{counted(count, f'audio {what}')}",
            hint=f"give a channel for each {what}, or a single one for all",
        )
    if rate != file_rate:
        warnings = (*warnings, f"`{path}` is resampled from {file_rate} to {rate} Hz")
        sound = _resampled(sound, file_rate, rate)
    return Reading(sound, rate, warnings)


def _resampled(sound: Samples, rate: int, other: int) -> Samples:
    signal = extra("scipy.signal", "a recording of another rate than the program's")
    common = gcd(rate, other)
    found: Samples = signal.resample_poly(sound, other // common, rate // common, axis=1)
    return found
