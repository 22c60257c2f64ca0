"""Recordings that are later and louder than what a program makes."""

from __future__ import annotations

import numpy as np
import pytest

from fad import losses
from fad.base.errors import FadError
from fad.fitting.alignment import AlignedLoss, Alignment, aligned, match

FRAMES, RATE = 6000, 8000
RANDOM = np.random.default_rng(3)
TIME = np.arange(FRAMES) / RATE


def noise(channels: int = 1) -> np.ndarray:
    return RANDOM.uniform(-1, 1, (channels, FRAMES))


def note(frequency: float, phase: float = 0.0, begins: int = 500) -> np.ndarray:
    """A decaying sine."""
    age = np.maximum(TIME - begins / RATE, 0)
    envelope = np.exp(-8 * age) * (age > 0)
    sound: np.ndarray = envelope * np.sin(2 * np.pi * frequency * TIME + phase)
    return sound[None]


def smoothed(sound: np.ndarray, pole: float) -> np.ndarray:
    """Through a filter of one pole."""
    response = (1 - pole) * pole ** np.arange(200)
    return np.stack([np.convolve(each, response)[:FRAMES] for each in sound])


@pytest.mark.parametrize("alignment", [(0, 1.0), (731, 0.25), (-204, 3.0), (57, -0.5)])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_a_copy_is_found_exactly(alignment: tuple[int, float], channels: int) -> None:
    sound = noise(channels)
    delay, gain = aligned(sound, Alignment(*alignment).apply(sound))
    assert delay == alignment[0]
    assert gain == pytest.approx(alignment[1])


def test_a_delay_is_found_through_a_filter_and_noise() -> None:
    sound = noise()
    target = Alignment(300, 0.5).apply(smoothed(sound, 0.5)) + 0.02 * noise()
    delay, gain = aligned(sound, target)
    assert delay == 300
    moved = Alignment(300).apply(sound)
    assert gain == pytest.approx((moved * target).sum() / (moved * moved).sum())


def test_a_note_of_the_same_pitch_is_aligned_to_the_sample() -> None:
    delay, gain = aligned(note(440), Alignment(850, 0.3).apply(note(440)))
    assert delay == 850
    assert gain == pytest.approx(0.3)


@pytest.mark.parametrize("frequency", [220.0, 700.0])
def test_a_note_of_another_pitch_is_aligned_by_its_envelope(frequency: float) -> None:
    target = 0.3 * note(frequency, 1.0, begins=1400)
    delay, gain = aligned(note(440), target)
    assert abs(delay - 900) <= 64
    assert gain == pytest.approx(0.3, rel=0.05)


def test_noise_of_other_samples_is_aligned_by_its_envelope() -> None:
    burst = (TIME > 0.1) & (TIME < 0.2)
    target = 0.5 * noise() * ((TIME > 0.15) & (TIME < 0.25))
    delay, gain = aligned(noise() * burst, target)
    assert abs(delay - 400) <= 64
    assert gain == pytest.approx(0.5, rel=0.1)


def test_no_delay_is_longer_than_allowed() -> None:
    sound = noise()
    target = Alignment(500).apply(sound)
    assert aligned(sound, target, 500).delay == 500
    assert abs(aligned(sound, target, 499).delay) <= 499
    assert aligned(sound, target, 0).delay == 0
    assert aligned(sound[:, :1], 2 * sound[:, :1]).gain == pytest.approx(2)


def test_silence_is_aligned_to_nothing() -> None:
    silence = np.zeros((1, FRAMES))
    assert aligned(silence, noise()) == aligned(noise(), silence) == (0, 1.0)
    assert aligned(silence, silence) == (0, 1.0)


def pair(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """A copy, through a filter; or a note of another pitch, of which only the envelope is alike."""
    if kind == "copy":
        sound = noise(2)
        return sound, Alignment(-70, -0.4).apply(smoothed(sound, 0.3))
    return note(440), 0.3 * note(220, 1.0, begins=1400)


@pytest.mark.parametrize("kind", ["copy", "note"])
def test_derivatives_are_those_of_what_is_matched(kind: str) -> None:
    sound, target = pair(kind)
    step = 1e-6 * np.stack([smoothed(sound, 0.9), sound**2])
    matched = match(sound, target)
    lanes = matched.push(step)
    for lane, direction in zip(lanes, step, strict=True):
        more, less = (match(sound + sign * direction, target) for sign in (1, -1))
        assert more.alignment.delay == less.alignment.delay == matched.alignment.delay
        np.testing.assert_allclose(lane, (more.sound - less.sound) / 2, rtol=0, atol=1e-14)
    cotangent = smoothed(target, 0.5)
    for lane, direction in zip(lanes, step, strict=True):
        assert (lane * cotangent).sum() == pytest.approx(
            (direction * matched.pull(cotangent)).sum()
        )


@pytest.mark.parametrize("kind", ["copy", "note"])
def test_a_loss_of_what_is_matched(kind: str) -> None:
    sound, target = pair(kind)
    plain = losses.mss((256, 64), linear=0, log=0, sqrt=1, squared=True).to(target)
    loss = AlignedLoss(plain, target)
    value, gradient = loss.value_and_gradient(sound)
    assert value == pytest.approx(plain(match(sound, target).sound))
    step = 1e-5 * smoothed(sound, 0.9)
    quotient = loss(sound + step) - loss(sound - step)
    assert 2 * (gradient * step).sum() == pytest.approx(quotient, rel=1e-4)
    found, slope, _ = loss.normal_equations(sound, step[None])
    assert found == pytest.approx(value)
    assert 4 * slope[0] == pytest.approx(quotient, rel=1e-4)  # the loss is r'r
    several = loss(np.stack([sound, 2 * sound]), batched=True)
    np.testing.assert_allclose(several, [value, value])  # the gain makes up for it


def test_sounds_of_other_shapes() -> None:
    with pytest.raises(FadError, match=r"of shape \(1, 6000\) is aligned to one of \(2, 6000\)"):
        aligned(noise(1), noise(2))
