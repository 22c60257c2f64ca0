"""How much later and louder a recording is than what a program makes: an unknown delay and gain.

A fit to such a recording compares it with `Alignment.apply(sound)`. The alignment depends on the
parameters, as it is found for what the program makes of some. So a solver goes in phases: it finds
the alignment where a phase begins, holds it, and descends a loss that is as smooth as without it;
where the phase ends, it finds the alignment again. `apply` is linear: what holds for sounds
holds for their derivatives (`apply(lane)`), and `transpose` brings derivatives of the loss back.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
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
        """A sound, or a derivative of one, as late and as loud as the recording.

        Args:
            sound: of shape (..., frames); it is silent before and after that.
        """
        return self.gain * _shifted(sound, self.delay)

    def transpose(self, cotangent: NDArray[Any]) -> NDArray[Any]:
        """The derivative of a loss by a sound, from that by `apply(sound)`, of the same shape."""
        return self.gain * _shifted(cotangent, -self.delay)


def aligned(sound: Samples, target: Samples, most: int | None = None) -> Alignment:
    """The delay and the gain by which a sound comes nearest to a recording.

    Where the two are copies of each other but for small changes, as of an effect on a known input,
    it is their waveforms that are compared; elsewhere, as for notes in which phases differ, it is
    their envelopes. The gain is the best one by least squares.

    Args:
        sound: what the program makes, of shape (channels, frames).
        target: the recording, of that shape.
        most: the longest delay, in samples, later or earlier; half of the length by default.

    Returns:
        The alignment; no delay and no gain where one of the two is silent.

    Raises:
        FadError: the shapes differ.
    """
    if sound.shape != target.shape or sound.ndim != 2:
        raise FadError(f"a sound of shape {sound.shape} is aligned to one of {target.shape}")
    frames = sound.shape[1]
    most = max(0, min(frames // 2 if most is None else most, frames - 1))
    if not (sound.any() and target.any()):
        return Alignment()
    delay = _peak(np.abs(_correlation(sound, target, most, _WHITENING)), most)
    if abs(_likeness(_shifted(sound, delay), target)) >= _COHERENT:
        return Alignment(delay, _gain(_shifted(sound, delay), target))
    envelopes = _envelope(sound), _envelope(target)
    hops = min(most // _HOP, envelopes[0].shape[1] - 1)
    rises = _rises(envelopes[0]), _rises(envelopes[1])
    rough = _HOP * _peak(_correlation(*rises, hops, 0.0), hops)
    delay = _refined(sound, target, rough, most)
    moved = _shifted(sound, delay)
    if abs(_likeness(moved, target)) >= _COHERENT:
        return Alignment(delay, _gain(moved, target))
    moved = _shifted(sound, rough)
    if not moved.any():
        return Alignment()
    return Alignment(rough, _gain(_envelope(moved), envelopes[1]))


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


def _gain(sound: Samples, target: Samples) -> float:
    """The factor by which a sound is nearest to another one."""
    return float((sound * target).sum() / (sound**2).sum())


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
