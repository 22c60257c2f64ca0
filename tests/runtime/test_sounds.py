"""Sound files: what is written and what is read."""

from __future__ import annotations

import io
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import fad
from fad.runtime.sounds import Format, format_of, read_sound, size_of, sound_of

SAMPLES = np.stack([np.sin(np.arange(3000) / 9) / 2, np.linspace(-1, 1, 3000)])
STEP = 2.0**-23


@pytest.mark.parametrize(
    ("name", "format", "subtype", "error"),
    [
        ("a.wav", "WAV", "FLOAT", 2.0**-25),
        ("a", "WAV", "FLOAT", 2.0**-25),
        ("a.AIF", "AIFF", "FLOAT", 2.0**-25),
        ("a.aiff", "AIFF", "FLOAT", 2.0**-25),
        ("a.flac", "FLAC", "PCM_24", STEP),
        ("a.ogg", "OGG", "VORBIS", 0.1),
    ],
)
def test_what_is_written_is_what_others_read(
    tmp_path: Path, name: str, format: Format, subtype: str, error: float
) -> None:
    file = tmp_path / name
    assert format_of(str(file)) == format
    file.write_bytes(sound_of(SAMPLES, 48000, format))
    known = soundfile.info(file)
    assert (known.format, known.subtype) == (format, subtype)
    assert (known.samplerate, known.channels, known.frames) == (48000, 2, 3000)
    heard, rate = read_sound(str(file))
    assert (rate, heard.shape, size_of(str(file))) == (48000, (2, 3000), (2, 3000))
    np.testing.assert_array_equal(heard, soundfile.read(file)[0].T)
    np.testing.assert_allclose(heard, SAMPLES, atol=error)


@pytest.mark.parametrize("format", ["WAV", "AIFF"])
def test_floats_are_kept_whatever_they_are(tmp_path: Path, format: Format) -> None:
    samples = np.array([[0.5, -3.25, 1e300], [0.1, np.nan, 0.0]])
    (tmp_path / "a").write_bytes(sound_of(samples, 48000, format))
    heard, _ = read_sound(str(tmp_path / "a"))
    np.testing.assert_array_equal(heard, [[0.5, -3.25, np.inf], [np.float32(0.1), np.nan, 0.0]])


def test_the_same_samples_are_the_same_bytes() -> None:
    formats: tuple[Format, ...] = ("WAV", "AIFF", "FLAC", "OGG")
    first = [sound_of(SAMPLES, 48000, format) for format in formats]
    second = int(time.time())
    while int(time.time()) == second:
        time.sleep(0.02)
    assert [sound_of(SAMPLES, 48000, format) for format in formats] == first


def test_the_pages_of_ogg_files_have_the_checksums_of_their_bytes() -> None:
    """A decoder leaves out pages whose checksums are wrong: it hears what it hears of others."""
    reference = io.BytesIO()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 48000)).astype(np.float32)
    soundfile.write(reference, noise.T, 48000, format="OGG", subtype="VORBIS")
    ours = soundfile.read(io.BytesIO(sound_of(noise, 48000, "OGG")))[0]
    np.testing.assert_array_equal(ours, soundfile.read(io.BytesIO(reference.getvalue()))[0])


def test_samples_of_another_kind() -> None:
    file = io.BytesIO(sound_of(SAMPLES, 48000, subtype="PCM_16"))
    assert soundfile.info(file).subtype == "PCM_16"
    file.seek(0)
    np.testing.assert_allclose(soundfile.read(file)[0].T, SAMPLES, atol=2.0**-15)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("format", ["WAV", "WAVEX"])
def test_kinds_of_samples(tmp_path: Path, format: str, subtype: str) -> None:
    samples = np.array([[0.0, 0.5, -1.0, 0.25], [0.75, -0.5, 0.0, -0.125]])
    soundfile.write(tmp_path / "a.wav", samples.T, 12345, subtype, format=format)
    heard, rate = read_sound(str(tmp_path / "a.wav"))
    assert rate == 12345
    np.testing.assert_array_equal(heard, samples)  # they are whole numbers of steps


def test_a_header_of_a_stream_does_not_know_its_length(tmp_path: Path) -> None:
    form = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    data = struct.pack("<3h", 0, 16384, -16384)
    (tmp_path / "a.wav").write_bytes(
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + form + b"data\xff\xff\xff\xff" + data
    )
    assert read_sound(str(tmp_path / "a.wav"))[0].tolist() == [[0.0, 0.5, -0.5]]


# -- Bad files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["WAV", "FLAC", "AIFF", "OGG"])
@pytest.mark.parametrize("part", [0, 3, 20, 0.5, 0.9])
def test_parts_of_files(tmp_path: Path, format: Format, part: float) -> None:
    whole = sound_of(np.random.default_rng(1).uniform(-0.5, 0.5, (2, 5000)), 48000, format)
    rest = whole[: part if isinstance(part, int) else int(part * len(whole))]
    (tmp_path / "a").write_bytes(rest)
    with pytest.raises(fad.FadError, match=r"cannot read `.*a`: it ") as caught:
        read_sound(str(tmp_path / "a"))
    assert caught.value.hint


def test_a_header_that_promises_more_than_memory_holds(tmp_path: Path) -> None:
    flac = bytearray(sound_of(SAMPLES, 48000, "FLAC"))
    flac[21] |= 0x0F  # the number of samples has 36 bits, the last ones of bytes 18 to 25
    flac[22:26] = b"\xff" * 4
    (tmp_path / "a.flac").write_bytes(flac)
    with pytest.raises(fad.FadError, match="damaged"):
        read_sound(str(tmp_path / "a.flac"))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("text", "no sound file"),
        ("folder", "is a directory"),
        ("missing", "no such file"),
        ("a\0b", "null"),
    ],
)
def test_what_is_no_sound_file(tmp_path: Path, path: str, words: str) -> None:
    (tmp_path / "text").write_text("process = _;" * 99)
    (tmp_path / "folder").mkdir()
    for reads in (read_sound, size_of):
        with pytest.raises(fad.FadError, match=words):
            reads(str(tmp_path / path))


# -- What cannot be written ---------------------------------------------------------------------


@pytest.mark.parametrize("format", ["FLAC", "OGG"])
@pytest.mark.parametrize("value", [1.5, -2.0, np.inf, np.nan])
def test_what_a_format_would_clip(format: Format, value: float) -> None:
    samples = SAMPLES.copy()
    samples[1, 7] = value
    with pytest.raises(fad.FadError, match=r"sample 7 of output 1 is (1\.5|-2|inf|nan)") as caught:
        sound_of(samples, 48000, format)
    assert ".wav" in str(caught.value.hint)


def test_what_a_format_has_no_room_for() -> None:
    with pytest.raises(fad.FadError, match="cannot have 9 channels"):
        sound_of(np.zeros((9, 10)), 48000, "FLAC")
    with pytest.raises(fad.FadError, match="cannot have 0 channels"):
        sound_of(np.zeros((0, 10)), 48000)
    with pytest.raises(fad.FadError, match=r"no sound file that fad writes ends with `\.mp3`"):
        format_of("a.mp3")


def test_long_sounds(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, (1, 150_000)).astype(np.float32)
    heard, _ = soundfile.read(io.BytesIO(sound_of(samples, 48000)))
    np.testing.assert_array_equal(heard, samples[0])
    (tmp_path / "a.wav").write_bytes(sound_of(samples, 48000))
    np.testing.assert_array_equal(read_sound(str(tmp_path / "a.wav"))[0], samples)
