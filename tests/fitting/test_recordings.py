"""Recordings from files, and parts of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from fad.base.errors import FadError
from fad.fitting import recordings
from fad.fitting.recordings import onset, read_input, read_target
from fad.fitting.targets import Target
from fad.fitting.windows import windowed
from fad.runtime.sounds import sound_of

RATE = 8000
NOISE = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 800))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "target.wav"


def write(path: Path, sound: np.ndarray, rate: int = RATE) -> str:
    path.write_bytes(sound_of(sound, rate))
    return str(path)


def test_a_recording_is_read_as_it_is(path: Path) -> None:
    reading = read_target(write(path, NOISE), 2)
    np.testing.assert_array_equal(reading.sound, NOISE.astype(np.float32))
    assert reading.rate == RATE and reading.warnings == ()


def test_one_channel_goes_to_all_outputs(path: Path) -> None:
    reading = read_target(write(path, NOISE[:1]), 3)
    np.testing.assert_array_equal(reading.sound, NOISE[[0, 0, 0]].astype(np.float32))
    assert reading.warnings == ()


def test_several_channels_are_averaged_for_one_output(path: Path) -> None:
    reading = read_target(write(path, NOISE), 1)
    np.testing.assert_allclose(reading.sound, NOISE.mean(axis=0, keepdims=True), atol=1e-7)
    (warning,) = reading.warnings
    assert "the 2 channels of" in warning and "averaged" in warning


def test_another_rate_is_resampled(path: Path) -> None:
    pytest.importorskip("scipy")
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4410) / 44100)[None]
    reading = read_target(write(path, tone, 44100), 1, 48000)
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4800) / 48000)
    assert reading.rate == 48000 and reading.sound.shape == (1, 4800)
    np.testing.assert_allclose(reading.sound[0, 100:-100], wanted[100:-100], atol=1e-3)
    assert reading.warnings == (f"`{path}` is resampled from 44100 to 48000 Hz",)


def test_clipping_is_told(path: Path) -> None:
    time = np.arange(800) / RATE
    for level, bits in ((2.0, "PCM_16"), (2.0, "FLOAT"), (-2.0, "PCM_24")):
        loud = np.clip(level * np.sin(2 * np.pi * 100 * time), -1, 1)
        soundfile.write(path, loud, RATE, bits)
        (warning,) = read_target(str(path), 1).warnings
        # A sine of twice full scale passes it at a twelfth of its period.
        assert f"is clipped, first at {np.ceil(RATE / 100 / 12) / RATE:.4g} s" in warning
    for loud in (0.98 * np.sin(2 * np.pi * 100 * time), 0.5 * np.sign(np.sin(300 * time) + 0.1)):
        soundfile.write(path, loud, RATE, "PCM_16")
        assert read_target(str(path), 1).warnings == ()


def refused(words: str, path: str, outputs: int = 1) -> None:
    with pytest.raises(FadError, match=words) as caught:
        read_target(path, outputs)
    assert path in caught.value.message


def test_what_is_no_recording(path: Path) -> None:
    refused("is empty: it has no samples", write(path, np.zeros((1, 0))))
    refused("is silent: all samples are 0", write(path, np.zeros((1, 100))))
    refused("is silent: no sample is larger than 9e-06", write(path, np.full((1, 100), 9e-6)))
    refused("its channels cancel each other", write(path, NOISE[:1] * [[1], [-1]]))
    refused("2 channels, the program has 3 audio outputs", write(path, NOISE), 3)
    broken = NOISE.copy()
    broken[1, 7] = np.nan
    refused("sample 7 of channel 1 is nan", write(path, broken), 2)
    broken[0, 3] = -np.inf
    refused("sample 3 of channel 0 is -inf", write(path, broken), 2)
    path.write_text("no sound")
    refused("cannot read", str(path))
    refused("cannot read", str(path.with_name("missing.wav")))


def test_inputs(path: Path) -> None:
    reading = read_input(write(path, NOISE[:1]), 2, RATE)
    assert reading.sound.shape == (2, 800) and reading.warnings == ()
    silent = read_input(write(path, np.zeros((1, 9))), 1, RATE)
    assert silent.warnings == (f"`{path}`, which the program hears, is silent",)
    with pytest.raises(FadError, match="no audio inputs, and does not hear"):
        read_input(str(path), 0, RATE)


def test_of_what_is_too_long_for_the_memory_the_beginning_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "MOST_SECONDS", 0.0625)
    whole, longer = write(path, NOISE[:, :500]), str(path.with_name("longer.wav"))
    assert read_target(whole, 2).warnings == ()
    write(Path(longer), NOISE)
    for reading in (read_target(longer, 2), read_input(longer, 2, RATE)):
        np.testing.assert_array_equal(reading.sound, NOISE[:, :500].astype(np.float32))
        assert "is longer than 0.0625 s" in reading.warnings[0]


def test_the_loudest_part_of_what_an_effect_makes() -> None:
    sound = np.concatenate([0.1 * NOISE, NOISE, 0.2 * NOISE], axis=1)
    heard = np.arange(2400.0)[None]
    whole = Target(sound, heard, {"gain": 1}, {0.05: {"gain": 0.5}, 0.15: {"gain": 0.2}})
    part, start = windowed(whole, 800, RATE)
    # Some samples of the noise at the edges are more quiet than those beside them.
    first = round(start * RATE)
    assert abs(first - 800) < 50
    np.testing.assert_array_equal(part.sound, sound[:, first : first + 800])
    assert part.input is not None
    np.testing.assert_array_equal(part.input[0], first + np.arange(800.0))
    assert part.at == {"gain": 0.5}
    assert part.changes == {(1200 - first) / RATE: {"gain": 0.2}}
    assert windowed(whole, 2400, RATE) == (whole, 0)


def test_the_first_sound_of_a_note() -> None:
    sound = np.concatenate([np.zeros((2, 800)), NOISE, NOISE], axis=1)
    assert onset(sound) == 800
    part, start = windowed(Target(sound), 1000, RATE)
    assert start == 0.1
    np.testing.assert_array_equal(part.sound, sound[:, 800:1800])
    # What is played before the first sound counts, and what is played after the end does not.
    changes = {0.025: {"/s/freq": 300.0}, 0.08: {"gate": 1.0}, 0.2: {"gate": 0.0}}
    played = Target(sound, None, {"freq": 200.0}, {**changes, 0.29: {"gate": 1.0}})
    part, start = windowed(played, 1000, RATE)
    assert start == 0.025
    assert list(part.at.items()) == [("freq", 200.0), ("/s/freq", 300.0)]
    assert part.changes == {0.055: {"gate": 1.0}}
