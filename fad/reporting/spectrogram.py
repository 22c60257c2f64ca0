"""Spectrograms for the eye: levels over time and the logarithm of frequency."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fad.losses.spectra import hann

#: How many levels there are in a picture at most.
_COLUMNS, _ROWS = 640, 192
#: How long a window is, in seconds and in samples, and how many of them fit into a sound.
_WINDOW, _SHORTEST, _FITTING = 0.046, 64, 4
#: How many times finer the frequencies are than those of the window: low ones fill many rows.
_FINER = 4
#: How many windows a column of a long sound is made of at most.
_MOST_WINDOWS = 8
#: How many windows are transformed at once.
_AT_ONCE = 64
#: The lowest frequency, in Hz, and how many times smaller than the sample rate it is at least.
_LOWEST, _OCTAVES_BELOW = 40.0, 200.0
#: Samples beyond this have a power that no number tells.
_LOUDEST = 1e100
#: What counts as silence, in dB.
SILENCE = -300.0


@dataclass(frozen=True)
class Axes:
    """What a spectrogram shows.

    Attributes:
        seconds: from 0 to here.
        low, high: from this frequency to that, in Hz.
    """

    seconds: float
    low: float
    high: float

    def height_of(self, frequency: float) -> float:
        """How high a frequency is: 0 at the lowest one, 1 at the highest one."""
        return math.log(frequency / self.low) / math.log(self.high / self.low)


def axes_of(frames: int, rate: int) -> Axes:
    """The axes of the spectrogram of a sound.

    Args:
        frames: its length; nothing is as long as one sample.
        rate: its sample rate, in Hz.
    """
    return Axes(max(frames, 1) / rate, min(_LOWEST, rate / _OCTAVES_BELOW), rate / 2)


def spectrogram(sound: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """The levels of a sound, in dB: 0 is a sine from -1 to 1. Channels are averaged.

    Args:
        sound: of shape (channels, frames); what is not finite counts as 0.
        rate: its sample rate, in Hz.

    Returns:
        Of shape (rows, columns): the highest frequency is the first row.
    """
    frames = max(sound.shape[-1], 1)
    window = _window_of(frames, rate)
    columns = min(_COLUMNS, max(1, frames))
    span = frames / columns
    beside = min(max(1, math.ceil(span / window)), _MOST_WINDOWS)
    middles = (np.arange(columns * beside) + 0.5) * (span / beside)
    starts = np.minimum(middles.astype(int), frames - 1)
    heard = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0).clip(-_LOUDEST, _LOUDEST)
    powers = sum(
        (_powers(channel, starts, window, rate) for channel in heard),
        np.zeros((len(starts), _ROWS)),
    )
    means = powers.reshape(columns, beside, _ROWS).mean(axis=1) / max(1, len(sound))
    silence = 10 ** (SILENCE / 10)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(means, silence))
    return levels.T[::-1]


def _window_of(frames: int, rate: int) -> int:
    """The length of the windows: a power of 2."""
    wanted = min(rate * _WINDOW, frames / _FITTING)
    return int(max(_SHORTEST, 2 ** round(math.log2(max(wanted, 1)))))


def _powers(
    channel: NDArray[np.float64], starts: NDArray[np.int_], window: int, rate: int
) -> NDArray[np.float64]:
    """The powers in windows around some samples, of shape (windows, rows), lowest row first."""
    weights = hann(window)
    size = window * _FINER
    padded = np.pad(channel, (window // 2, window))
    inside = np.arange(window)
    parts = []
    for first in range(0, len(starts), _AT_ONCE):
        some = starts[first : first + _AT_ONCE, None] + inside
        spectrum = np.fft.rfft(padded[some] * weights, size)
        parts.append(_rows(np.abs(spectrum * (2 / weights.sum())) ** 2, size, rate))
    return np.concatenate(parts)


def _rows(powers: NDArray[np.float64], size: int, rate: int) -> NDArray[np.float64]:
    """Powers over the logarithm of frequency: the largest in a row, or those between two."""
    axes = axes_of(1, rate)
    edges = axes.low * (axes.high / axes.low) ** (np.arange(_ROWS + 1) / _ROWS)
    places = np.sqrt(edges[:-1] * edges[1:]) * size / rate
    below = np.minimum(places.astype(int), powers.shape[1] - 2)
    share = places - below
    between = powers[:, below] * (1 - share) + powers[:, below + 1] * share
    first = np.minimum(np.ceil(edges[:-1] * size / rate).astype(int), powers.shape[1] - 1)
    # Where a row lies between two frequencies, `reduceat` gives one of its neighbours: that is
    # not looked at.
    largest = np.maximum.reduceat(powers, first, axis=1)
    return np.where(np.diff(first, append=powers.shape[1]) > 0, largest, between)
