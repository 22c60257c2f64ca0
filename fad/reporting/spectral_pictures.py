"""Spectrograms and their differences as pictures, in colours that say how much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fad.reporting.png import png
from fad.reporting.spectrogram import SILENCE

#: How far below the loudest level is drawn as silence, in dB.
RANGE = 80
#: The largest difference that has a colour of its own, in dB.
MOST_APART = 30
#: From silence to the loudest: ever lighter, so that it can be read without seeing colours.
LEVEL_COLOURS = (
    "#07060f #180f3d #440f76 #721f81 #9e2f7f #cd4071 #f1605d #fd9668 #feca8d #fcfdbf"
).split()
#: From too soft to too loud: dark where there is no difference, as silence is.
DIFFERENCE_COLOURS = (
    "#d6f1ff #7cc8f5 #3590d6 #1f5c9e #16304f #0c0d12 #4a2410 #97400f #da6d1a #f9ac55 #ffe9c2"
).split()


def top_of(levels: Sequence[NDArray[np.float64]]) -> float:
    """The loudest level of some spectrograms, in dB."""
    return max((float(each.max()) for each in levels), default=SILENCE)


def picture_of_levels(levels: NDArray[np.float64], top: float) -> bytes:
    """A spectrogram as a PNG file.

    Args:
        levels: in dB, of shape (rows, columns); see `spectrogram`.
        top: the level of the lightest colour, in dB.
    """
    steps = np.round(heard(levels, top) - top + RANGE) if top > SILENCE else np.zeros(levels.shape)
    return png(np.minimum(steps, RANGE).astype(np.uint8), palette(LEVEL_COLOURS, RANGE + 1))


def picture_of_difference(difference: NDArray[np.float64]) -> bytes:
    """What `difference` gives as a PNG file."""
    steps = np.round(np.clip(difference, -MOST_APART, MOST_APART) + MOST_APART)
    return png(steps.astype(np.uint8), palette(DIFFERENCE_COLOURS, 2 * MOST_APART + 1))


def difference(
    levels: NDArray[np.float64], target: NDArray[np.float64], top: float
) -> NDArray[np.float64]:
    """How much louder one spectrogram is than another one, in dB. Below `RANGE` is silence.

    Args:
        levels, target: in dB, both of shape (rows, columns).
        top: the loudest level, in dB.
    """
    apart: NDArray[np.float64] = heard(levels, top) - heard(target, top)
    return apart


def mean_difference(
    levels: NDArray[np.float64], target: NDArray[np.float64], top: float
) -> float | None:
    """How far apart they are, in dB, on the average over where one of them is heard.

    Returns:
        `None` where both are silent.
    """
    audible = np.maximum(levels, target) > max(top - RANGE, SILENCE)
    if not audible.any():
        return None
    return float(np.abs(difference(levels, target, top))[audible].mean())


def heard(levels: NDArray[np.float64], top: float) -> NDArray[np.float64]:
    """Levels of which none is below what is drawn as silence."""
    return np.maximum(levels, top - RANGE)


def palette(colours: Sequence[str], count: int) -> NDArray[np.uint8]:
    """Colours at equal distances between those given.

    Args:
        colours: from the first to the last, as in `#07060f`.
        count: how many to make.

    Returns:
        Red, green and blue, of shape (count, 3).
    """
    known = np.array([list(bytes.fromhex(colour[1:])) for colour in colours], float)
    places = np.linspace(0, len(known) - 1, count)
    mixed = [np.interp(places, np.arange(len(known)), channel) for channel in known.T]
    return np.round(np.stack(mixed, axis=1)).astype(np.uint8)
