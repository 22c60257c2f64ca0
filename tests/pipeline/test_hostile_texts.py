"""Names and texts that would be statements, or end a comment, where fad writes them as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine
from tests.support.sounds import write_wav

#: What writes a program that comes from another one.
Writer = Callable[..., fad.Program]

WRITERS = pytest.mark.parametrize("write", [fad.expand, fad.transform, fad.estimate])
PROGRAM = 'declare name "n"; process = _*hslider("g", 1, 0, 2, 0.1);'


def statements(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("//")]


@WRITERS
@pytest.mark.parametrize(
    "name", ["a\nfirst = 1;.dsp", "a\rfirst = 1;.dsp", "\u2028first = 1;.dsp", "\\.dsp"]
)
def test_names_of_files_are_no_statements(write: Writer, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(PROGRAM)
    (tmp_path / "plain.dsp").write_text(PROGRAM)
    text, plain = (write(tmp_path / each).source for each in (name, "plain.dsp"))
    if write is fad.estimate:  # it calls the circuit like the file
        module = read(Request(text)).module
        assert "first" not in module.names
    else:
        assert statements(text) == statements(plain)
    assert text.isascii()


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "a\udcff.dsp"  # how Python spells a byte that is not UTF-8
    file.write_text(PROGRAM)
    assert fad.transform(file).source.startswith("// Forward-mode derivative of a\\udcff.dsp,")


@WRITERS
def test_declarations_cannot_end_a_comment(write: Writer, engine: Engine) -> None:
    text = 'declare name "*/ int payload; /*"; declare author "**//";' + PROGRAM[18:]
    assert "*/ int payload" in engine.cpp(text, "test.dsp")  # so libfaust lets them
    written = write(text).source
    assert "payload" in written
    code = engine.cpp(written, "test.dsp")
    header = code.partition("*/")[0]
    assert "Code generated with Faust" in header and "payload" in header
    assert "* / int payload" in header


@pytest.mark.parametrize("name", ['a".wav', "a'.wav", "a];b.wav", "a%n.wav", "a\n.wav", "a\\.wav"])
def test_names_of_sound_files_that_no_label_can_hold(name: str, tmp_path: Path) -> None:
    write_wav(tmp_path / name, np.zeros((1, 8)))
    with pytest.raises(fad.FadError, match="cannot name the sound file"):
        fad.estimate(PROGRAM, input=str(tmp_path / name), folder=tmp_path)
