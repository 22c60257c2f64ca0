"""The losses: docs/losses.md has their formulas, and tells which to take when."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from fad.base.errors import FadError
from fad.losses.arrays import is_real
from fad.losses.bound import Steps, Term
from fad.losses.loss import Loss
from fad.losses.spectra import Cumulated, Levels, MeanSquares, MelBands, Powers, Scale, Windows
from fad.losses.steps import Average

#: The windows of DDSP (Engel and others, 2020), in samples.
DDSP_WINDOWS = (2048, 1024, 512, 256, 128, 64)
#: Decibels in one unit of the natural logarithm of an amplitude.
_DECIBELS = 20 / math.log(10)


def l1() -> Loss:
    """The mean absolute difference of the samples."""
    return Loss((Term(1.0, (), squared=False),))


def l2() -> Loss:
    """The mean squared difference of the samples."""
    return Loss((Term(1.0, (), squared=True),))


def esr() -> Loss:
    """The error-to-signal ratio: the energy of the difference over that of the target.

    Both are those of all channels of an item; the target counts as one of at least -100 dB.
    """
    return Loss((Term(1.0, (), squared=True, relative_to=()),))


def dc() -> Loss:
    """The squared difference of the channels' means, over the mean square of the target.

    The target counts as one of at least -100 dB.
    """
    return Loss((Term(1.0, (Average(),), squared=True, relative_to=()),))


def mss(
    windows: Sequence[int] = DDSP_WINDOWS,
    *,
    linear: float = 1.0,
    log: float = 1.0,
    sqrt: float = 0.0,
    squared: bool = False,
    floor: float = 1e-4,
) -> Loss:
    """The multi-scale spectral loss: the mean difference of magnitudes, added over windows.

    Args:
        windows: their lengths in samples, multiples of 4. They begin a quarter of that after each
            other.
        linear, log, sqrt: the weights of the differences of magnitudes, of their natural
            logarithms, and of their square roots.
        squared: whether to take squared differences instead of absolute ones.
        floor: the magnitude of silence.

    Raises:
        FadError: a window, a weight or a floor that cannot be.
    """
    scales = _weighted(linear, log, sqrt)
    paths = [_spectrum(window) for window in _listed(windows)]
    return Loss(tuple(_level_terms(paths, scales, squared, floor)))


def mel(
    rate: float,
    bands: int = 64,
    windows: Sequence[int] = (2048, 1024),
    *,
    linear: float = 0.0,
    log: float = 1.0,
    sqrt: float = 0.0,
    squared: bool = False,
    floor: float = 1e-4,
) -> Loss:
    """The multi-scale spectral loss of the amplitudes in bands of equal widths in mel.

    Args:
        rate: the sample rate, in Hz.
        bands: how many there are.
        windows, linear, log, sqrt, squared, floor: see `mss`.

    Raises:
        FadError: a rate, window, weight or floor that cannot be, or bands that are so narrow that
            some have no frequency of a spectrum in them.
    """
    scales = _weighted(linear, log, sqrt)
    bands = _plain(bands)
    paths = [(*_spectrum(window), MelBands(window, bands, rate)) for window in _listed(windows)]
    return Loss(tuple(_level_terms(paths, scales, squared, floor)))


def envelope(window: int = 1024, *, squared: bool = False, floor: float = 1e-5) -> Loss:
    """The mean difference of the loudness over time, in dB.

    Args:
        window: the samples of a window, a multiple of 4. Its loudness is the root of the mean
            square.
        squared: whether to take squared differences instead of absolute ones.
        floor: the amplitude of silence.

    Raises:
        FadError: a window or a floor that cannot be.
    """
    window = _plain(window)
    weight = _DECIBELS**2 if squared else _DECIBELS
    paths = [(Windows(window, ends=True), MeanSquares(window))]
    return Loss(tuple(_level_terms(paths, {"log": weight}, squared, floor)))


def transport(windows: Sequence[int] = (2048,), *, floor: float = 1e-2) -> Loss:
    """How far power has to be moved along the logarithm of frequency, in octaves.

    It is the squared difference of the cumulated, normalised power spectra, integrated over the
    logarithm of frequency, in octaves: between two sines, the interval.

    Args:
        windows: their lengths in samples, see `mss`.
        floor: a spectrum that is weaker than this magnitude counts as silence.

    Raises:
        FadError: a window or a floor that cannot be.
    """
    return Loss(
        tuple(
            Term(1.0, (*_spectrum(window, ends=False), Cumulated(window, floor)), squared=True)
            for window in _listed(windows)
        )
    )


def _spectrum(window: int, ends: bool = True) -> Steps:
    """The steps to the powers of spectra; see `Windows`."""
    return Windows(window, ends), Powers(window)


def _weighted(linear: float, log: float, sqrt: float) -> dict[Scale, float]:
    """The scales that are not left out."""
    scales: dict[Scale, float] = {"linear": linear, "log": log, "sqrt": sqrt}
    return {scale: w for scale, w in scales.items() if not (is_real(w) and w == 0)}


def _listed(windows: Sequence[int]) -> tuple[int, ...]:
    if isinstance(windows, np.ndarray) and windows.ndim == 1:
        windows = list(windows)
    if isinstance(windows, str) or not isinstance(windows, Sequence) or not windows:
        raise FadError(f"windows are a list of lengths, such as (2048, 512), not {windows!r}")
    return tuple(map(_plain, windows))


def _plain(count: int) -> int:
    """A count that numpy computed as an integer of Python, which has no largest value."""
    return int(count) if isinstance(count, np.integer) else count


def _level_terms(
    paths: Sequence[Steps], scales: dict[Scale, float], squared: bool, floor: float
) -> Iterator[Term]:
    """The terms that compare the levels of powers.

    Args:
        paths: the steps to the powers.
        scales: how levels are told -> weight.
        squared, floor: see `mss`.
    """
    for steps in paths:
        for scale, weight in scales.items():
            yield Term(weight, (*steps, Levels(scale, floor)), squared)
