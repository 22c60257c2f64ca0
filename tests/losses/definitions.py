"""The losses once more, as their formulas say: by sums and loops, and slowly.

They also take complex numbers, as polynomials do: an imaginary part of 1e-30 comes out multiplied
by the exact derivative. So they judge gradients, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Samples of shape (channels, frames), real or complex.
Sound = NDArray[Any]
Definition = Callable[[Sound, NDArray[np.float64]], Any]


def modulus(x: Any) -> Any:
    """The absolute value, as a function that has a derivative."""
    return x * np.sign(x.real)


def l1(estimate: Sound, target: Sound) -> Any:
    return np.mean(modulus(estimate - target))


def l2(estimate: Sound, target: Sound) -> Any:
    return np.mean((estimate - target) ** 2)


def esr(estimate: Sound, target: Sound) -> Any:
    return np.sum((estimate - target) ** 2) / np.sum(target**2)


def dc(estimate: Sound, target: Sound) -> Any:
    means = [np.mean(e - t) for e, t in zip(estimate, target, strict=True)]
    return np.mean(np.array(means) ** 2) / np.mean(target**2)


def windows_of(sound: Sound, window: int) -> Sound:
    """All windows that touch a sound: of shape (channels, windows, window)."""
    hop = window // 4
    padded = np.pad(sound, ((0, 0), (window, 2 * window)))
    starts = range(hop, window + sound.shape[1], hop)
    return np.stack([padded[:, start : start + window] for start in starts], axis=1)


def hann(window: int) -> NDArray[np.float64]:
    return np.array([np.sin(np.pi * n / window) ** 2 for n in range(window)])


def windows_within(sound: Sound, window: int) -> Sound:
    """All windows that lie within a sound as a whole, or one if it is too short."""
    frames = sound.shape[1]
    padded = np.pad(sound, ((0, 0), (0, max(0, window - frames))))
    starts = range(0, max(1, frames - window + 1), window // 4)
    return np.stack([padded[:, start : start + window] for start in starts], axis=1)


def powers(windows: Sound) -> Sound:
    """The discrete Fourier transform as a sum, squared."""
    window = windows.shape[-1]
    turns = np.outer(np.arange(window), np.arange(window // 2 + 1)) / window
    heard = windows * hann(window)
    real: Sound = heard @ np.cos(2 * np.pi * turns)
    imaginary: Sound = heard @ np.sin(2 * np.pi * turns)
    power: Sound = real**2 + imaginary**2
    return power


def mss(
    windows: Sequence[int],
    linear: float,
    log: float,
    sqrt: float,
    squared: bool = False,
    floor: float = 1e-4,
    bands: Callable[[Sound, int], Sound] = lambda spectrum, window: spectrum,
) -> Definition:
    def loss(estimate: Sound, target: Sound) -> Any:
        total = 0.0
        for window in windows:
            e = np.sqrt(bands(powers(windows_of(estimate, window)), window) + floor**2)
            t = np.sqrt(bands(powers(windows_of(target, window)), window) + floor**2)
            for weight, difference in (
                (linear, e - t),
                (log, np.log(e) - np.log(t)),
                (sqrt, np.sqrt(e) - np.sqrt(t)),
            ):
                total += weight * np.mean(difference**2 if squared else modulus(difference))
        return total

    return loss


def mel_bands(rate: float, count: int) -> Callable[[Sound, int], Sound]:
    def frequency(mel: float) -> float:
        return float(700 * (10 ** (mel / 2595) - 1))

    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = [frequency(top * i / (count + 1)) for i in range(count + 2)]

    def bands(spectrum: Sound, window: int) -> Sound:
        at = np.arange(window // 2 + 1) * rate / window
        corners = zip(edges, edges[1:], edges[2:], strict=False)
        weights = [np.interp(at, three, (0, 1, 0)) for three in corners]
        return np.stack([(spectrum * weight).sum(-1) for weight in weights], axis=-1)

    return bands


def mel(
    rate: float, bands: int, windows: Sequence[int], linear: float, log: float, sqrt: float
) -> Definition:
    return mss(windows, linear, log, sqrt, bands=mel_bands(rate, bands))


def envelope(window: int, squared: bool = False, floor: float = 1e-5) -> Definition:
    weights = hann(window) / sum(hann(window))

    def decibels(sound: Sound) -> Sound:
        squares = (windows_of(sound, window) ** 2 * weights).sum(-1)
        levels: Sound = 10 * np.log(squares + floor**2) / np.log(10)
        return levels

    def loss(estimate: Sound, target: Sound) -> Any:
        difference = decibels(estimate) - decibels(target)
        return np.mean(difference**2 if squared else modulus(difference))

    return loss


def transport(window: int, floor: float = 1e-2) -> Definition:
    def shares(sound: Sound) -> Sound:
        spectrum = powers(windows_within(sound, window))[..., 1:]
        below: Sound = np.cumsum(spectrum, -1) / (spectrum.sum(-1, keepdims=True) + floor**2)
        return below

    def loss(estimate: Sound, target: Sound) -> Any:
        difference = shares(estimate) - shares(target)
        integral = sum(
            difference[..., k - 1] ** 2 * np.log2((k + 1) / k) for k in range(1, window // 2)
        )
        return np.mean(integral)

    return loss


def pre_emphasised(loss: Definition, coefficient: float) -> Definition:
    def filtered(sound: Sound) -> Sound:
        before = np.pad(sound, ((0, 0), (1, 0)))[:, :-1]
        return sound - coefficient * before

    return lambda estimate, target: loss(filtered(estimate), filtered(target))


def a_weighted(loss: Definition, rate: float) -> Definition:
    def filtered(sound: Sound) -> Sound:
        return sound @ a_response(sound.shape[1], rate)

    return lambda estimate, target: loss(filtered(estimate), filtered(target))


@cache
def a_response(frames: int, rate: float) -> NDArray[np.float64]:
    """The weighting A as a matrix: its response is a sum of cosines."""

    def gain(f: float) -> float:
        s = f * f
        bottom = (s + 20.6**2) * np.sqrt((s + 107.7**2) * (s + 737.9**2)) * (s + 12194**2)
        return float(12194**2 * s * s / bottom)

    size = 1
    while size < 2 * frames:
        size *= 2
    distances = np.arange(frames)[:, None] - np.arange(frames)
    response = np.zeros((frames, frames))
    for k in range(size):
        level = gain(min(k, size - k) * rate / size) / gain(1000)
        response += level / size * np.cos(2 * np.pi * k * distances / size)
    return response
