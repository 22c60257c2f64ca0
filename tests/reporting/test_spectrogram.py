"""Spectrograms: levels and places of tones whose levels and places are known."""

from __future__ import annotations

import numpy as np
import pytest

from fad.reporting.spectral_pictures import difference, mean_difference, palette
from fad.reporting.spectrogram import SILENCE, axes_of, spectrogram
from tests.reporting.results import RATE, tone


@pytest.mark.parametrize("frequency", [100.0, 437.0, 3000.0])
def test_a_sine_has_its_level_at_its_place(frequency: float) -> None:
    """0.1 is -20 dB."""
    levels = spectrogram(tone(frequency, RATE, gain=0.1), RATE)
    column = levels[:, levels.shape[1] // 2]
    assert column.max() == pytest.approx(-20, abs=0.3)
    height = axes_of(RATE, RATE).height_of(frequency)
    assert int(column.argmax()) == pytest.approx((1 - height) * len(column), abs=3)


def test_an_onset_is_at_its_time() -> None:
    sound = tone(1000, RATE)
    sound[:, : RATE // 4] = 0
    loud = spectrogram(sound, RATE).max(axis=0) > -20
    assert np.argmax(loud) / len(loud) == pytest.approx(0.25, abs=0.02)


def test_channels_are_averaged_by_their_powers() -> None:
    one = tone(1000, RATE)
    both = spectrogram(np.concatenate([one, np.zeros_like(one)]), RATE).max()
    assert spectrogram(one, RATE).max() - both == pytest.approx(10 * np.log10(2))


def test_long_sounds_have_pictures_of_the_same_size() -> None:
    assert spectrogram(tone(500, 60 * RATE), RATE).shape == spectrogram(tone(500, RATE), RATE).shape


@pytest.mark.parametrize("shape", [(1, 0), (0, 0), (0, 9), (1, 1), (2, 3)])
def test_nothing_is_silent(shape: tuple[int, int]) -> None:
    assert (spectrogram(np.zeros(shape), RATE) == SILENCE).all()


def test_what_is_below_the_range_does_not_count() -> None:
    target, fit = np.array([[0.0, -90.0, -70.0]]), np.array([[-3.0, -120.0, -200.0]])
    np.testing.assert_array_equal(difference(fit, target, 0.0), [[-3.0, 0.0, -10.0]])
    assert mean_difference(fit, target, 0.0) == pytest.approx((3 + 10) / 2)
    assert mean_difference(fit[:, 1:2], target[:, 1:2], 0.0) is None


def test_colours_between_colours() -> None:
    np.testing.assert_array_equal(
        palette(["#000000", "#102030", "#ffffff"], 5)[:3], [[0, 0, 0], [8, 16, 24], [16, 32, 48]]
    )
