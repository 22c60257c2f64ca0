"""Sounds that a page can play, as parts of the page itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import OutputError
from fad.runtime.sounds import sound_of

#: Sounds of more seconds are compressed, and nothing is played after so many.
_COMPRESSED, LONGEST = 10.0, 120.0
#: Sounds are not made softer than that.
_SOFTEST = 0.1
#: How many channels browsers play for sure.
_CHANNELS = 2


@dataclass(frozen=True)
class Audible:
    """A sound for the ear.

    Attributes:
        address: a `data:` URI of the sound.
        notes: what is not as in the sound itself, as parts of a sentence.
    """

    address: str
    notes: tuple[str, ...]


def common_gain(sounds: Sequence[NDArray[np.float64]]) -> float:
    """By what sounds are multiplied so that none is clipped: 1 where they need not be.

    Where one is very loud, it is clipped, and the others can still be heard.
    """
    peaks = [np.abs(sound[np.isfinite(sound)]).max(initial=0.0) for sound in sounds]
    return float(max(_SOFTEST, 1.0 / max(1.0, *peaks)))


def audible(sound: NDArray[np.float64], rate: int, gain: float) -> Audible | None:
    """A sound for the ear, with 16 bits, or compressed if it is long.

    Args:
        sound: of shape (channels, frames); what is not finite is silent.
        rate: the sample rate, in Hz.
        gain: what it is multiplied by; what is outside [-1, 1] then is clipped.

    Returns:
        `None` if there is nothing to hear.
    """
    if not sound.size:
        return None
    played = sound[:_CHANNELS, : int(LONGEST * rate)]
    known = np.clip(np.nan_to_num(played, nan=0.0, posinf=0.0, neginf=0.0) * gain, -1, 1)
    notes = []
    if len(sound) > _CHANNELS:
        notes.append(f"channels 1 and 2 of {len(sound)}")
    if sound.shape[1] > played.shape[1]:
        notes.append(f"the first {LONGEST:g} seconds")
    if not np.isfinite(played).all():
        notes.append("silent where samples are infinite or not numbers")
    elif np.abs(played).max() * gain > 1 + 1e-9:
        notes.append("clipped")
    return Audible(_address(known, rate), tuple(notes))


def data_address(kind: str, content: bytes) -> str:
    """Some bytes as a `data:` URI.

    Args:
        kind: the media type, as in `image/png`.
        content: the bytes.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _address(samples: NDArray[np.float64], rate: int) -> str:
    if samples.shape[1] > _COMPRESSED * rate:
        try:
            return data_address("audio/ogg", sound_of(samples, rate, "OGG"))
        except OutputError:  # Vorbis does not know such a rate
            pass
    return data_address("audio/wav", sound_of(samples, rate, "WAV", "PCM_16"))
