"""The steps of losses that look at a sound through windows: powers, bands, levels, transport."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from fad.base.errors import FadError
from fad.losses.arrays import NUMPY, Array, Library, is_real
from fad.losses.steps import Doubles, LinearStep, Step, check_rate

#: How a level is told: as an amplitude, its natural logarithm, or its square root.
Scale = Literal["linear", "log", "sqrt"]
#: Some bands beside each other: the frequencies in them, which bands they are, and the weights.
Neighbours = tuple[tuple[slice, slice, Doubles], ...]
#: How many bands are computed together. Of all of them at once, most weights would be zero, and
#: numpy would start threads for the product, which cost more than it does.
_BESIDE = 8
#: In how many windows each sample is: they begin a quarter of their length after each other.
OVERLAP = 4
#: Squares of smaller floors would be zero in single precision.
_SMALLEST_FLOOR = 1e-15


@dataclass(frozen=True)
class Windows(LinearStep):
    """The samples that windows lie in; steps after this one look at each window alone.

    Attributes:
        window: the samples of a window.
        ends: whether there are zeros before and after the sound, so that each sample is in four
            windows, also the first and the last. Otherwise windows lie in the sound as a whole:
            where one begins or ends in the midst of it, it has frequencies that the sound has not.
            Only a sound that is shorter than a window has zeros after it then.
    """

    window: int
    ends: bool

    def __post_init__(self) -> None:
        check_window(self.window)

    @property
    def hop(self) -> int:
        """After how many samples the next window begins."""
        return self.window // OVERLAP

    def map(self, x: Array, library: Library) -> Array:
        """See `LinearStep.map`."""
        before, kept, after = self._laid_out(x.shape[-1])
        zeros = [np.zeros((*x.shape[:-1], padding)) for padding in (before, after)]
        start, end = (library.constant(padding, x) for padding in zeros)
        return library.functions.concatenate([start, x[..., :kept], end], -1)

    def transposed(self, cotangent: Doubles, shape: tuple[int, ...]) -> Doubles:
        """See `LinearStep.transposed`."""
        before, kept, _ = self._laid_out(shape[-1])
        pulled = np.zeros(shape)
        pulled[..., :kept] = cotangent[..., before : before + kept]
        return pulled

    def _laid_out(self, frames: int) -> tuple[int, int, int]:
        """The zeros before a sound, how much there is of it, and the zeros after that."""
        if self.ends:
            before = self.window - self.hop
            return before, frames, before + -frames % self.hop
        if frames < self.window:
            return 0, frames, self.window - frames
        return 0, frames - frames % self.hop, 0


@dataclass(frozen=True)
class Powers(Step):
    """The squared magnitudes of a short-time Fourier transform: (..., windows, window / 2 + 1).

    Of the samples that `Windows` has laid out.

    Attributes:
        window: the samples of a window.
    """

    window: int

    def __post_init__(self) -> None:
        check_window(self.window)

    def apply(self, x: Array, library: Library) -> tuple[Array, Any]:
        """See `Step.apply`."""
        spectrum = self._spectrum(x, library)
        return spectrum.real**2 + spectrum.imag**2, spectrum

    def push(self, saved: Any, tangents: Doubles) -> Doubles:
        """See `Step.push`."""
        moved = self._spectrum(tangents, NUMPY)
        pushed: Doubles = 2 * (saved.real * moved.real + saved.imag * moved.imag)
        return pushed

    def pull(self, saved: Any, cotangent: Doubles) -> Doubles:
        """See `Step.pull`."""
        back = cotangent * saved
        # The inverse transform counts all frequencies twice but the first and the last.
        back[..., 0] *= 2
        back[..., -1] *= 2
        framed = np.fft.irfft(back, self.window, norm="forward")
        framed *= hann(self.window)
        return overlapped(framed)

    def _spectrum(self, x: Array, library: Library) -> Array:
        return library.functions.fft.rfft(framed(x, hann(self.window), library))


@dataclass(frozen=True)
class MeanSquares(Step):
    """The mean square of a sound in each window: of shape (..., windows).

    Of the samples that `Windows` has laid out.

    Attributes:
        window: the samples of a window.
    """

    window: int

    def __post_init__(self) -> None:
        check_window(self.window)

    def apply(self, x: Array, library: Library) -> tuple[Array, Any]:
        """See `Step.apply`."""
        return framed(x * x, self._weights, library).sum(-1), x

    def push(self, saved: Any, tangents: Doubles) -> Doubles:
        """See `Step.push`."""
        pushed: Doubles = framed(2 * saved * tangents, self._weights, NUMPY).sum(-1)
        return pushed

    def pull(self, saved: Any, cotangent: Doubles) -> Doubles:
        """See `Step.pull`."""
        pulled: Doubles = 2 * saved * overlapped(cotangent[..., None] * self._weights)
        return pulled

    @property
    def _weights(self) -> Doubles:
        weights: Doubles = hann(self.window) / hann(self.window).sum()
        return weights


@dataclass(frozen=True)
class MelBands(LinearStep):
    """The powers of a spectrum in bands of equal widths in mel: of shape (..., windows, bands).

    A band weighs the powers by a triangle with a peak of 1, from the peak of the band below to that
    of the band above. A frequency f in Hz is 2595 log10(1 + f / 700) mel.

    Attributes:
        window: the samples of the windows of the spectrum.
        bands: how many there are, from 0 to half the sample rate.
        rate: the sample rate, in Hz.
    """

    window: int
    bands: int
    rate: float

    def __post_init__(self) -> None:
        check_rate(self.rate)
        check_window(self.window)
        if not isinstance(self.bands, int) or self.bands < 1:
            raise FadError(f"there is at least one band, not {self.bands}")
        if not _mel_weights(self.window, self.bands, self.rate).any(0).all():
            raise FadError(
                f"{self.bands} bands at {self.rate:g} Hz are too narrow for a window of "
                f"{self.window} samples: some have no frequency in them",
                hint="fewer bands, or longer windows",
            )

    def map(self, x: Array, library: Library) -> Array:
        """See `LinearStep.map`."""
        parts = [
            x[..., bins] @ library.constant(weights, x) for bins, _, weights in self._neighbours
        ]
        return library.functions.concatenate(parts, -1)

    def transposed(self, cotangent: Doubles, shape: tuple[int, ...]) -> Doubles:
        """See `LinearStep.transposed`."""
        pulled = np.zeros(shape)
        for bins, bands, weights in self._neighbours:
            pulled[..., bins] += cotangent[..., bands] @ weights.T
        return pulled

    @property
    def _neighbours(self) -> Neighbours:
        return _mel_neighbours(self.window, self.bands, self.rate)


@dataclass(frozen=True)
class Levels(Step):
    """Powers as levels. The floor is added to them, so that levels are smooth at silence, too.

    Attributes:
        scale: what is taken of the amplitude, which is the square root of power plus floor squared.
        floor: the amplitude of silence.
    """

    scale: Scale
    floor: float

    def __post_init__(self) -> None:
        check_floor(self.floor)

    def apply(self, x: Array, library: Library) -> tuple[Array, Any]:
        """See `Step.apply`."""
        functions, power = library.functions, x + self.floor**2
        if self.scale == "log":
            level = functions.log(power) / 2
        elif self.scale == "linear":
            level = functions.sqrt(power)
        else:
            level = functions.sqrt(functions.sqrt(power))
        return level, (power, level)

    def push(self, saved: Any, tangents: Doubles) -> Doubles:
        """See `Step.push`."""
        return self._slope(*saved) * tangents

    def pull(self, saved: Any, cotangent: Doubles) -> Doubles:
        """See `Step.pull`."""
        return self._slope(*saved) * cotangent

    def _slope(self, power: Doubles, level: Doubles) -> Doubles:
        if self.scale == "log":
            return 0.5 / power
        if self.scale == "linear":
            return 0.5 / level
        return 0.25 * level / power


@dataclass(frozen=True)
class Cumulated(Step):
    """Where the power of a spectrum lies: its share below each frequency.

    The shares are scaled so that the mean of their squared differences is the integral over the
    logarithm of frequency, in octaves. The share of what does not change with time is left out: its
    frequency has no logarithm.

    Attributes:
        window: the samples of the windows of the spectrum.
        floor: a spectrum that is weaker than this amplitude counts as silence, which has no share
            anywhere.
    """

    window: int
    floor: float

    def __post_init__(self) -> None:
        check_window(self.window)
        check_floor(self.floor)

    def apply(self, x: Array, library: Library) -> tuple[Array, Any]:
        """See `Step.apply`."""
        heard = x[..., 1:]
        whole = heard.sum(-1)[..., None] + self.floor**2
        shares = library.functions.cumsum(heard, -1)[..., :-1] / whole
        return shares * library.constant(self._roots, x), (shares, whole)

    def push(self, saved: Any, tangents: Doubles) -> Doubles:
        """See `Step.push`."""
        shares, whole = saved
        heard = tangents[..., 1:]
        moved = np.cumsum(heard, -1)[..., :-1] - shares * heard.sum(-1, keepdims=True)
        pushed: Doubles = moved / whole * self._roots
        return pushed

    def pull(self, saved: Any, cotangent: Doubles) -> Doubles:
        """See `Step.pull`."""
        shares, whole = saved
        back = cotangent * self._roots / whole
        pulled = np.zeros((*back.shape[:-1], back.shape[-1] + 2))
        pulled[..., 1:-1] = np.cumsum(back[..., ::-1], -1)[..., ::-1]
        pulled[..., 1:] -= (back * shares).sum(-1, keepdims=True)
        return pulled

    @property
    def _roots(self) -> Doubles:
        """The square roots of the distances between frequencies, in octaves, times their number."""
        octaves = np.diff(np.log2(np.arange(1, self.window // 2 + 1)))
        roots: Doubles = np.sqrt(octaves * len(octaves))
        return roots


def check_window(window: int) -> None:
    """Refuses what is not a length of windows."""
    if not (isinstance(window, int) and window >= OVERLAP and window % OVERLAP == 0):
        raise FadError(f"the samples of a window are a positive multiple of 4, not {window}")


def check_floor(floor: float) -> None:
    """Refuses what is not the amplitude of silence."""
    if not is_real(floor) or not _SMALLEST_FLOOR <= floor < float("inf"):
        raise FadError(f"a floor is an amplitude of at least {_SMALLEST_FLOOR}, not {floor}")


@lru_cache(maxsize=32)
def hann(window: int) -> Doubles:
    """The periodic Hann window."""
    weights: Doubles = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    return weights


def framed(x: Array, weights: Doubles, library: Library) -> Array:
    """What `Windows` has laid out, in windows: of shape (..., windows, window).

    Args:
        x: the samples, of shape (..., (windows + 3) * window / 4).
        weights: what the samples of a window are multiplied by, of shape (window,).
        library: that of the samples.
    """
    hop = len(weights) // OVERLAP
    pieces = x.reshape((*x.shape[:-1], -1, hop))
    count = pieces.shape[-2] - OVERLAP + 1
    parts = library.constant(weights, x).reshape((OVERLAP, hop))
    shifted = [pieces[..., i : i + count, :] * parts[i] for i in range(OVERLAP)]
    return library.functions.concatenate(shifted, -1)


def overlapped(windows: Doubles) -> Doubles:
    """The transposed map of `framed`, without the weights: windows added where they lie.

    Args:
        windows: of shape (..., windows, window).

    Returns:
        Samples, of shape (..., (windows + 3) * window / 4).
    """
    *axes, count, window = windows.shape
    hop = window // OVERLAP
    pieces = np.zeros((*axes, count + OVERLAP - 1, hop))
    for i in range(OVERLAP):
        pieces[..., i : i + count, :] += windows[..., i * hop : (i + 1) * hop]
    return pieces.reshape((*axes, -1))


@lru_cache(maxsize=32)
def _mel_neighbours(window: int, bands: int, rate: float) -> Neighbours:
    """The triangles, some at a time."""
    weights, parts = _mel_weights(window, bands, rate), []
    for first in range(0, bands, _BESIDE):
        some = slice(first, min(first + _BESIDE, bands))
        heard = np.flatnonzero(weights[:, some].sum(axis=1))
        bins = slice(int(heard[0]), int(heard[-1]) + 1)
        parts.append((bins, some, weights[bins, some]))
    return tuple(parts)


def _mel_weights(window: int, bands: int, rate: float) -> Doubles:
    """The triangles, of shape (window / 2 + 1, bands)."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(window, 1 / rate)[:, None]
    low, peak, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (frequencies - low) / (peak - low), (high - frequencies) / (high - peak)
    weights: Doubles = np.maximum(0, np.minimum(rising, falling))
    return weights
