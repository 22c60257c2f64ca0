"""Targets that are made of files for a program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.base.errors import FadError
from fad.base.settings import Settings
from fad.base.source import Source, Span
from fad.diagram.parameters import Parameter
from fad.fitting.assembly import Instrument, Targets, read_targets
from fad.fitting.settings import Setting
from fad.runtime.engine import Engine
from fad.runtime.sounds import sound_of
from tests.support.recordings import recorded

RATE = 8000
NOISE = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 800)).astype(np.float32)
WIDGETS = tuple(
    Parameter(f"/synth/{label}", label, "hslider", low, low, high, 0)
    for label, low, high in (("freq", 20, 2000), ("gain", 0, 1), ("gate", 0, 1))
)
SYNTH = Instrument((0, 1), WIDGETS, 1)
EFFECT = Instrument((2, 1), WIDGETS, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a short and a long sound, and one that begins late."""
    late = np.pad(NOISE[:1], ((0, 0), (800, 0)))
    for name, sound in (("short", NOISE[:1, :400]), ("long", NOISE[:1]), ("late", late)):
        (tmp_path / f"{name}.wav").write_bytes(sound_of(sound, RATE))
    return tmp_path


def note(folder: Path, name: str = "long", *moves: tuple[float, dict[str, float]]) -> Setting:
    return Setting(str(folder / f"{name}.wav"), played=Settings({"freq": 440}, dict(moves)))


def read(
    *settings: Setting,
    instrument: Instrument = SYNTH,
    rate: int | None = None,
    seconds: float | None = None,
) -> Targets:
    return read_targets(settings, instrument, rate, seconds)


def test_a_recording_with_what_is_played(folder: Path) -> None:
    found = read(note(folder, "long", (0.05, {"gate": 0}), (0.0, {"gate": 1, "/synth/gain": 0.5})))
    (target,) = found.values
    assert found.rate == RATE and found.warnings == ()
    assert target.name == "long" and target.input is None
    np.testing.assert_array_equal(target.sound, NOISE[:1])
    assert target.at == {"/synth/freq": 440}
    assert target.changes == {0.0: {"/synth/gate": 1, "/synth/gain": 0.5}, 0.05: {"/synth/gate": 0}}
    assert list(target.changes) == [0.0, 0.05]


def test_what_an_effect_hears_is_as_long_as_the_recording(folder: Path) -> None:
    long, short = str(folder / "long.wav"), str(folder / "short.wav")
    found = read(Setting(long, short), Setting(short, long), instrument=EFFECT)
    first, second = (each.input for each in found.values)
    assert first is not None and second is not None
    np.testing.assert_array_equal(first[:, :400], NOISE[[0, 0], :400])
    np.testing.assert_array_equal(first[:, 400:], np.zeros((2, 400)))
    np.testing.assert_array_equal(second, NOISE[[0, 0], :400])


def test_all_recordings_have_the_rate_of_the_first(folder: Path) -> None:
    pytest.importorskip("scipy")
    (folder / "fast.wav").write_bytes(sound_of(NOISE, 2 * RATE))
    slow, fast = Setting(str(folder / "long.wav")), Setting(str(folder / "fast.wav"))
    stereo = replace(SYNTH, arity=(0, 2))
    assert [each.sound.shape for each in read(slow, fast, instrument=stereo).values] == [
        *((2, 800), (2, 400))
    ]
    assert [each.sound.shape for each in read(fast, slow, instrument=stereo).values] == [
        *((2, 800), (2, 1600))
    ]
    found = read(slow, fast, instrument=stereo, rate=RATE // 2)
    assert found.rate == RATE // 2
    assert [each.sound.shape for each in found.values] == [(2, 400), (2, 200)]


def test_names(folder: Path) -> None:
    (folder / "sub").mkdir()
    other = folder / "sub" / "long.wav"
    other.write_bytes((folder / "long.wav").read_bytes())
    named = [note(folder), replace(note(folder), target=str(other))]
    assert [each.name for each in read(*named).values] == [named[0].target, named[1].target]
    named[1] = replace(named[1], name="other")
    assert [each.name for each in read(*named).values] == ["long", "other"]


def test_what_happens_after_the_end_is_told(folder: Path) -> None:
    moves = ((0.0, {"gate": 1.0}), (0.06, {"gate": 0.0}), (0.2, {"gate": 1.0}))
    found = read(note(folder, "short", *moves))
    assert list(found.values[0].changes) == [0.0]
    (warning,) = found.warnings
    assert "short.wav` ends at 0.05 s, before what is played at 0.06 s and later" in warning


def test_leading_silence_of_a_note_is_told(folder: Path) -> None:
    (warning,) = read(note(folder, "late", (0.0, {"gate": 1}))).warnings
    assert "nothing is heard in `" in warning
    assert "from 0 s to 0.1 s" in warning and '`--at "0.1:gate=1"`' in warning
    found = read_targets([note(folder, "late", (0.0, {"gate": 1}))], SYNTH, align=True)
    assert found.warnings == ()
    assert read(note(folder, "late", (0.0, {"freq": 99}), (0.1, {"gate": 1}))).warnings == ()
    effect = Setting(str(folder / "late.wav"), str(folder / "long.wav"))
    assert read(effect, instrument=EFFECT).warnings == ()


def test_a_part_of_what_is_too_long(folder: Path) -> None:
    found = read(note(folder), seconds=0.0125)
    assert found.values[0].sound.shape == (1, 100)
    (warning,) = found.warnings
    assert "is 0.1 s long, of which 0.0125 s from 0 s on count: from its first sound" in warning
    # So many outputs and derivatives of them that 200 samples of each are a gigabyte.
    large = Instrument((0, 2**10), WIDGETS, 2**27 // 2**10 // 200 - 1)
    found = read(note(folder), instrument=large)
    assert found.values[0].sound.shape == (1024, 200)
    assert "as much as fits into memory" in found.warnings[0]


def test_notes_of_a_midi_file(folder: Path) -> None:
    mido = pytest.importorskip("mido")
    track = mido.MidiTrack()
    track.append(mido.Message("note_on", note=69, velocity=127))
    track.append(mido.Message("note_off", note=69, time=48))  # a tenth of a beat of 0.5 s
    file = mido.MidiFile(ticks_per_beat=480, type=0)
    file.tracks.append(track)
    file.save(folder / "notes.mid")
    played = replace(note(folder), midi=str(folder / "notes.mid"), played=Settings({}, {}))
    (target,) = read(played).values
    assert target.at == {"/synth/freq": 440, "/synth/gain": 1, "/synth/gate": 0}
    assert target.changes == {
        0: {"/synth/freq": 440, "/synth/gain": 1, "/synth/gate": 1},
        0.05: {"/synth/gate": 0},
    }
    held = replace(played, played=Settings({"gain": 0.3}, {0.05: {"freq": 220}}))
    (target,) = read(held).values
    assert target.at["/synth/gain"] == 0.3
    assert target.changes == {
        0: {"/synth/freq": 440, "/synth/gate": 1},
        0.05: {"/synth/gate": 0, "/synth/freq": 220},
    }


def test_libfaust_plays_what_a_midi_file_says(folder: Path, engine: Engine) -> None:
    """A program whose outputs are its widgets: they hold what the notes say, when they say it."""
    mido = pytest.importorskip("mido")
    track = mido.MidiTrack()
    for key, pause in ((69, 0), (81, 24)):  # of beats of half a second, 480 to a beat
        track.append(mido.Message("note_on", note=key, velocity=64, time=pause))
        track.append(mido.Message("note_off", note=key, time=24))
    file = mido.MidiFile(ticks_per_beat=480, type=0)
    file.tracks.append(track)
    file.save(folder / "notes.mid")
    program = fad.expand(
        'process = hgroup("s", hslider("freq", 99, 20, 2000, 1), hslider("v:a/gain", 0, 0, 1, 0.1),'
        ' button("gate"));'
    )
    setting = Setting(str(folder / "long.wav"), midi=str(folder / "notes.mid"))
    (target,) = read(setting, instrument=Instrument((0, 3), program.widgets, 2)).values
    heard = recorded(
        engine, program, seconds=0.1, rate=RATE, at=target.at, changes=target.changes
    ).outputs
    time = np.arange(800) / RATE
    np.testing.assert_array_equal(heard[0], np.where(time < 0.05, 440, 880))
    np.testing.assert_allclose(heard[1], 64 / 127, rtol=1e-7)
    sounds = (time < 0.025) | ((time >= 0.05) & (time < 0.075))
    np.testing.assert_array_equal(heard[2], sounds)


def test_errors(folder: Path) -> None:
    def refused(words: str, setting: Setting, instrument: Instrument = SYNTH) -> None:
        with pytest.raises(FadError, match=words):
            read(setting, instrument=instrument)

    whole = note(folder)
    refused("2 audio inputs, and nothing to hear for `.*long.wav`", whole, EFFECT)
    refused("no audio inputs, and does not hear", replace(whole, input=whole.target))
    refused("no widget is called `q`", replace(whole, played=Settings({"q": 1}, {})))
    refused("outside the range", replace(whole, played=Settings({}, {0: {"gain": 2}})))
    for time in (-1.0, np.inf, np.nan):
        moves = Settings({}, {time: {"gain": 1}})
        refused("nothing can change at", replace(whole, played=moves))
    with pytest.raises(FadError, match="less than a sample"):
        read(whole, seconds=0.0)


def test_errors_have_the_places_of_a_file_of_settings(folder: Path) -> None:
    text = "target input at changes midi"
    source = Source("notes.yaml", text)
    places = {
        key: Span(source, text.index(key), text.index(key) + len(key)) for key in text.split()
    }
    whole = replace(note(folder), places=places)
    for key, changed in (
        ("target", replace(whole, target="missing.wav")),
        ("input", replace(whole, input="missing.wav")),
        ("at", replace(whole, played=Settings({"q": 1}, {}))),
        ("changes", replace(whole, played=Settings({}, {0: {"q": 1}}))),
        ("midi", replace(whole, midi="missing.mid")),
    ):
        with pytest.raises(FadError) as caught:
            read(changed, instrument=EFFECT if key == "input" else SYNTH)
        assert caught.value.render().startswith(f"notes.yaml:1:{text.index(key) + 1}: error: ")
