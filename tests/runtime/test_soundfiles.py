"""Sound files that programs play: libfaust tells which they are, its interpreter what is heard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fad.base.errors import SourceError
from fad.base.precision import NativePrecision
from fad.diagram.box import Box, Int, Par, Seq, Soundfile
from fad.diagram.labels import sound_files
from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from fad.runtime.library import Control, Library, Voice
from fad.runtime.native import native_code
from fad.runtime.soundfiles import Sounds, read_sounds
from tests.support.native import needs_compiler

FRAMES = 2000
#: Each file with its rate, its channels and its length; one has nothing in it.
FILES = {
    "mono.wav": (8000, 1, 7),
    "stereo.flac": (44100, 2, 1500),
    "empty.wav": (48000, 1, 0),
    "wide.aiff": (22050, 3, 9),
}
#: Reads, at a part that a slider chooses, more channels than there are, before the first sample and
#: after the last one; the same files with fewer channels; and files that are not there.
PROGRAM = """
part = hslider("part", 0, 0, 255, 1);
place = (+(1) ~ _) - 8;
list(n) = soundfile("a[url:{'mono.wav';'stereo.flac';'none.wav';'empty.wav';'wide.aiff'}]", n);
process = part, place <: list(5), list(2), soundfile("mono.wav", 1), soundfile("none", 3);
"""


@pytest.fixture(scope="module")
def kept() -> Iterator[Engine]:
    with Engine(keep=True) as engine:
        yield engine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sounds")
    random = np.random.default_rng(1)
    for name, (rate, channels, frames) in FILES.items():
        kind = "PCM_24" if name.endswith("flac") else "FLOAT"
        samples = random.uniform(-1, 1, (frames, channels)).astype(np.float32)
        soundfile.write(home / name, samples, rate, kind)
    return home


@pytest.fixture(scope="module")
def box() -> Box:
    return read(Request(PROGRAM)).evaluated().process


def heard(
    box: Box, engine: Engine, sounds: Sounds | None, precision: NativePrecision, part: int
) -> Samples:
    """What native code plays."""
    code = native_code(box, engine, "a.dsp", (), precision=precision)
    library = Library(code, 44100, precision, sounds)
    outputs = np.empty((library.outputs, FRAMES), library.dtype)
    place = Control(library, ["/part"])
    Voice(library).run(
        np.empty((0, FRAMES), library.dtype), outputs, place, np.full((1, 1), float(part))
    )
    return outputs.astype(np.float64)


@needs_compiler
@pytest.mark.parametrize("part", [0, 1, 2, 3, 4, 5, 255])
def test_native_code_plays_what_the_interpreter_does(
    kept: Engine, folder: Path, box: Box, part: int
) -> None:
    """Lengths, rates and samples of each part, bit for bit."""
    text = PROGRAM.replace('"part", 0', f'"part", {part}')
    wanted = kept.render(text, "a.dsp", frames=FRAMES, include=[folder], precision="single")
    assert np.array_equal(heard(box, kept, read_sounds(box, folder), "single", part), wanted)


@needs_compiler
def test_double_precision_hears_what_is_in_the_file(kept: Engine, folder: Path, box: Box) -> None:
    """Single precision cannot hold 24 bits and the sign; double precision can."""
    samples, _ = soundfile.read(folder / "stereo.flac", dtype="float64")
    outputs = heard(box, kept, read_sounds(box, folder), "double", 1)
    assert (outputs[0] == 1500).all() and (outputs[1] == 44100).all()
    np.testing.assert_array_equal(outputs[2:4, 7:1507], samples.T)
    assert not outputs[
        4
    ].any()  # the third channel is that of another file, as is the fourth's turn
    np.testing.assert_array_equal(outputs[5, 7:1507], samples[:, 0])


@needs_compiler
def test_a_library_without_its_files_is_silent(kept: Engine, box: Box) -> None:
    outputs = heard(box, kept, None, "double", 0)
    rows = {0: 1024, 1: 44100, 7: 1024, 8: 44100, 11: 1024, 12: 44100, 14: 1024, 15: 44100}
    wanted = [np.full(FRAMES, rows.get(row, 0)) for row in range(len(outputs))]
    np.testing.assert_array_equal(outputs, wanted)


@needs_compiler
def test_voices_share_what_they_play(kept: Engine, folder: Path, box: Box) -> None:
    """A voice plays on when the other ones, and the library, are gone."""
    code = native_code(box, kept, "a.dsp", (), precision="double")
    voice = Voice(Library(code, 44100, "double", read_sounds(box, folder)))
    first, second = np.empty((2, 19, FRAMES))
    voice.run(np.empty((0, FRAMES)), first)
    voice.restart()
    voice.run(np.empty((0, FRAMES)), second)
    assert np.array_equal(first, second)
    assert first[2].any()


@pytest.mark.parametrize(
    "label",
    [
        *("a.wav", "a.wav[x:1]", " a b.wav ", "h:group/a.wav", "/tmp/a.wav", "../a.wav", "a/b.wav"),
        *("a[url:b.wav]", "a[url:{'b.wav'}]", "a[url: {'b.wav' ; ' c d.wav'} ]", "a[url:]", ""),
        *("a[url:{b.wav}]", "a[url:{'b.wav';}]", "a[url:'b.wav']", "a[url:{}]", "a[Url:{'b.wav'}]"),
        *("a[url:{'b.wav'}][url:{'c.wav'}]", "a[url:{'c.wav'}][url:{'b.wav'}]"),
        *("a[url:{'b.wav';'c'd.wav'}]", "a[url:{'[x].wav'}]", "a[url:{'../b.wav'}]", "a b[x:y] c"),
    ],
)
def test_labels_name_the_files_that_libfaust_looks_for(kept: Engine, label: str) -> None:
    """In C++, it writes a list of files; what is no list is the name of one file."""
    text = f'process = 0, 0 : soundfile("{label}", 1);'
    (url,) = re.findall(r'addSoundfile\("[^"]*", "([^"]*)"', kept.cpp(text, "a.dsp"))
    found = sound_files(label)
    assert url == ("{" + ";".join(f"'{name}'" for name in found) + "}" if found != [url] else url)


def test_labels_of_sound_files_are_no_code(kept: Engine) -> None:
    """libfaust copies texts into C++ as they are."""
    label = "a[url:{'x.wav'}]\"); abort(); //"
    box = Seq(Par(Int(0), Int(0)), Soundfile(label, 1))
    assert "abort" not in native_code(box, kept, "a.dsp", ()).text


def test_damaged_files_are_errors(tmp_path: Path, box: Box) -> None:
    (tmp_path / "mono.wav").write_text("no sound")
    with pytest.raises(SourceError, match=r"mono\.wav`: it is no sound file"):
        read_sounds(box, tmp_path)
