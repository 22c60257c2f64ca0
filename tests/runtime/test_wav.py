"""Sound files: what is written and what is read."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.runtime.wav import read_wav, wav_of
from tests.support.sounds import write_wav


def test_wav_files_hold_floats(tmp_path: Path) -> None:
    samples = np.array([[0.5, -3.25, 1e300], [0.1, np.nan, 0.0]])
    (tmp_path / "a.wav").write_bytes(wav_of(samples, 48000))
    read, rate = read_wav(str(tmp_path / "a.wav"))
    assert rate == 48000
    np.testing.assert_array_equal(read, [[0.5, -3.25, np.inf], [np.float32(0.1), np.nan, 0.0]])


def test_wav_files_with_a_longer_header(tmp_path: Path) -> None:
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 32000, 4, 32, 22, 32, 4)
    form += struct.pack("<H", 3) + bytes(14)
    chunks = ((b"LIST", b"odd\0"), (b"fmt ", form), (b"data", struct.pack("<2f", 0.5, 2)))
    body = b"".join(name + struct.pack("<I", len(part)) + part for name, part in chunks)
    (tmp_path / "a.wav").write_bytes(b"RIFF\0\0\0\0WAVE" + body)
    read, rate = read_wav(str(tmp_path / "a.wav"))
    assert (read.tolist(), rate) == ([[0.5, 2.0]], 8000)


@pytest.mark.parametrize("width", [2, 3, 4])
def test_wav_files(tmp_path: Path, width: int) -> None:
    samples = np.array([[0.0, 0.5, -1.0, 0.25], [1.0, -0.5, 0.0, -0.125]])
    write_wav(tmp_path / "a.wav", samples, width, 12345)
    read, rate = read_wav(str(tmp_path / "a.wav"))
    assert rate == 12345
    np.testing.assert_allclose(read, samples, atol=2.0 ** (2 - 8 * width))


def test_files_that_are_no_audio(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no audio")
    write_wav(tmp_path / "b.wav", np.zeros((1, 4)), 1)
    for name, words in (("a.wav", "RIFF"), ("b.wav", "it has 8 bits"), ("c.wav", "no such file")):
        with pytest.raises(fad.FadError, match=words):
            read_wav(str(tmp_path / name))
