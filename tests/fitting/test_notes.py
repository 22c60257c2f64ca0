"""Notes of MIDI files as moves of widgets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fad.base.errors import FadError
from fad.diagram.parameters import Parameter
from fad.fitting.notes import Line, read_notes

mido = pytest.importorskip("mido")

BEAT = 480


def widget(label: str, low: float = 0, high: float = 1) -> Parameter:
    return Parameter(f"/synth/{label}", label, "hslider", low, low, high, 0)


FREQ, GAIN, GATE = widget("freq", 20, 20000), widget("gain"), widget("gate")


def message(kind: str, beats: float, **options: Any) -> tuple[float, Any]:
    return beats, mido.Message(kind, **options)


def note(start: float, end: float, key: int, velocity: int = 127) -> list[tuple[float, Any]]:
    """The messages of a note, whose times are in beats."""
    return [
        message("note_on", start, note=key, velocity=velocity),
        message("note_off", end, note=key),
    ]


def tempo(beats: float, seconds: float) -> tuple[float, Any]:
    return beats, mido.MetaMessage("set_tempo", tempo=round(seconds * 1e6))


def played(
    folder: Path, messages: Sequence[tuple[float, Any]], *widgets: Parameter, kind: int = 0
) -> Line:
    """The moves of widgets for messages, whose times are in beats of half a second."""
    track, last = mido.MidiTrack(), 0.0
    for beats, each in sorted(messages, key=lambda pair: pair[0]):
        track.append(each.copy(time=round((beats - last) * BEAT)))
        last = beats
    file = mido.MidiFile(ticks_per_beat=BEAT, type=kind)
    file.tracks.append(track)
    file.save(folder / "notes.mid")
    return read_notes(str(folder / "notes.mid"), widgets)


def courses(line: Line, path: str) -> list[tuple[Any, Any]]:
    """The moves of one widget."""
    return [
        (pytest.approx(time), values[path])
        for time, values in line.changes.items()
        if path in values
    ]


def test_notes_move_frequency_gain_and_gate(tmp_path: Path) -> None:
    line = played(tmp_path, note(0, 1, 69) + note(2, 3, 81, 64), FREQ, GAIN, GATE)
    assert line.at == {"/synth/freq": 440, "/synth/gain": 1, "/synth/gate": 0}
    assert line.warnings == ()
    assert courses(line, "/synth/freq") == [(0, 440), (1, 880)]
    assert courses(line, "/synth/gain") == [(0, 1), (1, 64 / 127)]
    assert courses(line, "/synth/gate") == [(0, 1), (0.5, 0), (1, 1), (1.5, 0)]


def test_changes_of_tempo_count(tmp_path: Path) -> None:
    notes = [tempo(0, 1.0), *note(1, 2, 60), tempo(2, 0.25), *note(4, 6, 60)]
    line = played(tmp_path, notes, FREQ, GATE)
    assert courses(line, "/synth/gate") == [(1, 1), (2, 0), (2.5, 1), (3, 0)]


def test_keys_and_velocities_are_numbers_of_midi(tmp_path: Path) -> None:
    widgets = [widget(label, 0, 127) for label in ("key", "vel", "velocity")]
    line = played(tmp_path, note(0, 1, 61, 90), *widgets, GATE)
    first = {"/synth/key": 61, "/synth/vel": 90, "/synth/velocity": 90}
    assert line.at == {**first, "/synth/gate": 0}
    assert line.changes[0] == {**first, "/synth/gate": 1}


def test_the_gate_closes_between_notes_without_a_rest(tmp_path: Path) -> None:
    line = played(tmp_path, note(0, 1, 60) + note(1, 2, 62) + note(2, 3, 64), FREQ, GATE)
    assert line.warnings == ()
    assert courses(line, "/synth/gate") == [
        *((0, 1), (0.499, 0), (0.5, 1), (0.999, 0), (1, 1), (1.5, 0))
    ]


def test_notes_that_overlap_are_told(tmp_path: Path) -> None:
    line = played(tmp_path, note(0, 4, 60) + note(1, 2, 62), FREQ, GATE)
    assert courses(line, "/synth/gate") == [(0, 1), (0.499, 0), (0.5, 1), (1, 0)]
    (warning,) = line.warnings
    assert "1 note of" in warning and "first at 0.5 s" in warning
    chord = [each for key in (60, 64, 67) for each in note(0, 1, key)]
    line = played(tmp_path, chord, FREQ, GATE)
    assert courses(line, "/synth/freq") == [(0, pytest.approx(440 * 2 ** (-2 / 12)))]
    assert "2 notes of" in line.warnings[0]


def test_the_pitch_wheel(tmp_path: Path) -> None:
    up = [message("pitchwheel", 0.5, pitch=4096), *note(0, 1, 69), *note(2, 3, 57)]
    semitone = 2 ** (1 / 12)
    line = played(tmp_path, up, FREQ, GATE)
    assert courses(line, "/synth/freq") == [
        *((0, 440), (0.25, pytest.approx(440 * semitone)), (1, pytest.approx(220 * semitone)))
    ]
    ratio = played(tmp_path, up, FREQ, GATE, widget("bend", 0, 10))
    assert ratio.at["/synth/bend"] == 1
    assert courses(ratio, "/synth/bend") == [(0.25, pytest.approx(semitone))]
    assert courses(ratio, "/synth/freq") == [(0, 440), (1, 220)]
    semitones = played(tmp_path, up, FREQ, GATE, widget("bend", -2, 2))
    assert semitones.at["/synth/bend"] == 0
    assert courses(semitones, "/synth/bend") == [(0.25, 1)]


def test_a_bend_where_a_note_begins_is_that_of_the_note(tmp_path: Path) -> None:
    bend = message("pitchwheel", 2, pitch=-4096)
    line = played(tmp_path, [bend, *note(0, 1, 69), *note(2, 3, 81)], FREQ, GATE)
    assert courses(line, "/synth/freq") == [(0, 440), (1, pytest.approx(880 / 2 ** (1 / 12)))]


def test_a_note_without_an_end_goes_on(tmp_path: Path) -> None:
    line = played(tmp_path, note(0, 1, 69)[:1], FREQ, GATE)
    assert courses(line, "/synth/gate") == [(0, 1)]


def test_what_is_not_played_is_told(tmp_path: Path) -> None:
    pedal = message("control_change", 0, control=64, value=127)
    line = played(tmp_path, [pedal, *note(0, 1, 69)], widget("gain", 0, 0.5), GATE)
    assert line.changes[0]["/synth/gain"] == 0.5
    pedal_told, pitch_told, gain_told = line.warnings
    assert "sustain pedal" in pedal_told
    assert "neither `freq` nor `key`" in pitch_told
    assert "`/synth/gain`" in gain_told and "0 to 0.5" in gain_told


def test_errors(tmp_path: Path) -> None:
    def refused(words: str, *arguments: Any, **options: Any) -> None:
        with pytest.raises(FadError, match=words):
            played(tmp_path, *arguments, **options)

    refused("the program has no `gate`", note(0, 1, 69), FREQ)
    refused("has no notes", [tempo(0, 1)], FREQ, GATE)
    refused("note 69 of .*notes.mid`, at 0 s, needs", note(0, 1, 69), widget("freq"), GATE)
    refused("no MIDI file, or a damaged one", note(0, 1, 69), FREQ, GATE, kind=2)


def test_files_that_are_no_midi(tmp_path: Path) -> None:
    played(tmp_path, note(0, 1, 69), FREQ, GATE)
    whole = (tmp_path / "notes.mid").read_bytes()
    bad = [b"", b"RIFF", whole[:20], whole[:-6], whole[:12] + b"\xe7\x28" + whole[14:]]
    path = tmp_path / "bad.mid"
    for content in bad:
        path.write_bytes(content)
        with pytest.raises(FadError) as caught:
            read_notes(str(path), [FREQ, GATE])
        assert "bad.mid" in caught.value.message
    for missing in (tmp_path / "no.mid", tmp_path):
        with pytest.raises(FadError, match="cannot read"):
            read_notes(str(missing), [FREQ, GATE])
