"""How much later and louder a recording is than what a program makes: an unknown delay and gain.

A loss with such a recording is one of `match(sound, target).sound`: what the program makes, as late
and as loud as the recording. The gain depends on the sound, and its derivative counts; the delay is
a whole number of samples, which jumps from one to another, so the loss has jumps there, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.losses.bound import BoundLoss
from fad.runtime.input_signals import Samples

#: How much the spectrum is whitened before sounds are compared: 0 is plain correlation, 1 leaves
#: phases alone, which makes peaks sharp and hears noise as much as the sound.
_WHITENING = 0.5
#: Sounds whose normalised correlation is as large are copies of each other, but for the gain;
#: otherwise only their envelopes are compared.
_COHERENT = 0.5
#: The windows of envelopes, and how far apart they are, in samples.
_WINDOW, _HOP = 256, 64
#: What is weaker than this part of the strongest, 120 dB below it, is nothing.
_WEAKEST = 1e-12


class Alignment(NamedTuple):
    """What makes a sound as late and as loud as a recording.

    Attributes:
        delay: in samples; negative where the recording is earlier.
        gain: negative where the recording is inverted.
    """

    delay: int = 0
    gain: float = 1.0

    def apply(self, sound: NDArray[Any]) -> NDArray[Any]:
        """A sound of shape (..., frames) as late and as loud; it is silent before and after."""
        return self.gain * _shifted(sound, self.delay)


@dataclass(frozen=True, eq=False)
class Matched:
    """A sound that is as late and as loud as a recording.

    Attributes:
        alignment: how it became that.
        sound: the sound, of shape (channels, frames).
    """

    alignment: Alignment
    sound: Samples
    #: The sound without the gain, and the derivative of the gain by that, of the same shape.
    _moved: Samples
    _slope: Samples

    def push(self, lanes: NDArray[Any]) -> Samples:
        """Derivatives of the sound, of shape (lanes, channels, frames), from those of the sound
        that was given."""
        moved = _shifted(np.asarray(lanes, np.float64), self.alignment.delay)
        gains = (moved * self._slope).sum(axis=(1, 2))
        found: Samples = self.alignment.gain * moved + gains[:, None, None] * self._moved
        return found

    def pull(self, cotangent: NDArray[Any]) -> Samples:
        """The derivative of a loss by the sound that was given, from that by the sound."""
        back = self.alignment.gain * cotangent + (cotangent * self._moved).sum() * self._slope
        return _shifted(back, -self.alignment.delay)


def aligned(sound: Samples, target: Samples, most: int | None = None) -> Alignment:
    """The delay and the gain by which a sound comes nearest to a recording: see `match`."""
    return match(sound, target, most).alignment


def match(sound: NDArray[Any], target: NDArray[Any], most: int | None = None) -> Matched:
    """Makes a sound as late and as loud as a recording.

    Where the two are copies of each other but for small changes, as of an effect on a known input,
    it is their waveforms that are compared, and the gain is the best one by least squares.
    Elsewhere, as for notes in which phases differ, it is their envelopes, and the gain is that with
    which both have the same energy.

    Args:
        sound: what the program makes, of shape (channels, frames).
        target: the recording, of that shape.
        most: the longest delay, in samples, later or earlier; half of the length by default.

    Returns:
        The sound; as it is, where it or the recording is silent.

    Raises:
        FadError: the shapes differ.
    """
    if sound.shape != target.shape or sound.ndim != 2:
        raise FadError(f"a sound of shape {sound.shape} is aligned to one of {target.shape}")
    sound, target = np.asarray(sound, np.float64), np.asarray(target, np.float64)
    frames = sound.shape[1]
    most = max(0, min(frames // 2 if most is None else most, frames - 1))
    if not (sound.any() and target.any()):
        return Matched(Alignment(), sound, sound, np.zeros_like(sound))
    delay = _peak(np.abs(_correlation(sound, target, most, _WHITENING)), most)
    if abs(_likeness(_shifted(sound, delay), target)) < _COHERENT:
        envelopes = _envelope(sound), _envelope(target)
        hops = min(most // _HOP, envelopes[0].shape[1] - 1)
        rises = _rises(envelopes[0]), _rises(envelopes[1])
        rough = _HOP * _peak(_correlation(*rises, hops, 0.0), hops)
        delay = _refined(sound, target, rough, most)
        if abs(_likeness(_shifted(sound, delay), target)) < _COHERENT:
            delay = rough
    moved = _shifted(sound, delay)
    energy = float((moved**2).sum())
    if not energy:
        return Matched(Alignment(), sound, sound, np.zeros_like(sound))
    if abs(_likeness(moved, target)) >= _COHERENT:
        gain = float((moved * target).sum()) / energy
        slope = (target - 2 * gain * moved) / energy
    else:
        gain = math.sqrt(float((target**2).sum()) / energy)
        slope = -gain * moved / energy
    return Matched(Alignment(delay, gain), gain * moved, moved, slope)


@dataclass(frozen=True, eq=False)
class AlignedLoss:
    """A loss to a recording that is later and louder by what is not known; see `BoundLoss`.

    Attributes:
        loss: the loss to the recording.
        target: the recording, of shape (channels, frames).
    """

    loss: BoundLoss
    target: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the recording."""
        return self.loss.shape

    def __call__(self, estimate: NDArray[Any], *, batched: bool = False) -> Any:
        """The loss, or those of several estimates: see `BoundLoss`."""
        each = estimate.reshape(-1, *self.shape)
        matched = np.stack([self._matched(one).sound for one in each])
        return self.loss(matched.reshape(estimate.shape), batched=batched)

    def value_and_gradient(self, estimate: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """The loss, and its derivative by an estimate of the recording's shape."""
        matched = self._matched(estimate)
        value, cotangent = self.loss.value_and_gradient(matched.sound)
        return value, matched.pull(cotangent).astype(estimate.dtype)

    def normal_equations(self, estimate: NDArray[Any], lanes: NDArray[Any]) -> Any:
        """The loss, its slope, and the products of its residuals: see `BoundLoss`."""
        matched = self._matched(estimate)
        return self.loss.normal_equations(matched.sound, matched.push(lanes))

    def _matched(self, estimate: NDArray[Any]) -> Matched:
        return match(estimate, self.target)


def _shifted(sound: NDArray[Any], delay: int) -> NDArray[Any]:
    """A sound that is later by some samples, or earlier: of the same length."""
    frames = sound.shape[-1]
    moved = np.zeros_like(sound)
    if delay >= 0:
        moved[..., delay:] = sound[..., : max(0, frames - delay)]
    else:
        moved[..., :delay] = sound[..., -delay:]
    return moved


def _correlation(sound: Samples, target: Samples, most: int, whitening: float) -> Samples:
    """How alike two sounds are, for each delay from -most to most: of shape (delays,).

    It is the generalised cross-correlation: that of the two with the magnitudes of their cross
    spectrum raised to the power 1 - whitening. Channels are added.
    """
    size = _fast_size(sound.shape[1] + most)
    cross = np.conj(np.fft.rfft(sound, size)) * np.fft.rfft(target, size)
    if whitening:
        magnitudes = np.abs(cross)
        weakest = _WEAKEST * magnitudes.max()
        if weakest == 0:
            return np.zeros(2 * most + 1)
        cross /= np.maximum(magnitudes, weakest) ** whitening
    found = np.fft.irfft(cross.sum(axis=0), size)
    return np.concatenate([found[size - most :], found[: most + 1]])


def _peak(correlation: Samples, most: int) -> int:
    """The delay of the highest value; of several, the shortest one."""
    delays = np.arange(-most, most + 1)
    highest = np.flatnonzero(correlation >= correlation.max() * (1 - _WEAKEST))
    return int(delays[highest[np.abs(delays[highest]).argmin()]])


def _refined(sound: Samples, target: Samples, rough: int, most: int) -> int:
    """The delay at which waveforms are most alike, of those near one that envelopes have told."""
    first = max(-most, rough - _WINDOW)
    last = min(most, rough + _WINDOW)
    correlation = np.abs(_correlation(sound, target, most, 0.0))
    return first + int(correlation[first + most : last + most + 1].argmax())


def _likeness(sound: Samples, target: Samples) -> float:
    """The normalised correlation of two sounds without a delay, from -1 to 1."""
    power = math.sqrt(float((sound**2).sum()) * float((target**2).sum()))
    return float((sound * target).sum()) / power if power else 0.0


def _envelope(sound: Samples) -> Samples:
    """The amplitude over time, of shape (channels, windows): windows are centred on each hop."""
    power = np.cumsum(np.pad(sound**2, ((0, 0), (_WINDOW // 2 + 1, _WINDOW // 2))), axis=1)
    sums = power[:, _WINDOW:] - power[:, :-_WINDOW]
    return np.sqrt(np.maximum(sums[:, ::_HOP], 0) / _WINDOW)


def _rises(envelope: Samples) -> Samples:
    """How much louder it becomes from window to window: where notes begin."""
    return np.maximum(np.diff(envelope, axis=1, prepend=0), 0)


def _fast_size(frames: int) -> int:
    """A length of at least so many samples that transforms fast: a power of two."""
    return 1 << (frames - 1).bit_length()
