"""`fad run`: what is recorded is what the mathematics says."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from fad.runtime.run import MOST_POINTS
from fad.runtime.sounds import sound_of
from tests.support.native import both_ways, needs_compiler
from tests.support.programs import AMPLIFIER, COUNTER, LEARNER
from tests.support.recordings import recorded

SINE = 'import("stdfaust.lib"); process = sin(2*ma.PI*1000*ba.time/ma.SR);'


# -- What is recorded -------------------------------------------------------------------------


@needs_compiler
def test_a_sine_is_a_sine(engine: Engine) -> None:
    recording = recorded(engine, SINE, seconds=0.1, rate=48000)
    assert recording.outputs.shape == (1, 4800)
    assert (recording.frames, recording.seconds, recording.rate) == (4800, 0.1, 48000)
    expected = np.sin(2 * np.pi * 1000 * np.arange(4800) / 48000)
    np.testing.assert_allclose(recording.outputs[0], expected, atol=1e-12)
    assert recording.warnings == ()


@both_ways
def test_single_precision_is_single(engine: Engine, native: bool) -> None:
    third = "process = 1/(3 + 0*_);"
    recording = recorded(engine, third, native=native, precision="single")
    assert (recording.outputs == np.float64(np.float32(1) / np.float32(3))).all()
    assert recording.warnings == ()


@needs_compiler
def test_double_precision_is_double(engine: Engine) -> None:
    assert (recorded(engine, "process = 1/(3 + 0*_);").outputs == 1 / 3).all()


def test_the_interpreter_says_that_it_is_single(engine: Engine) -> None:
    recording = recorded(engine, "process = 1/(3 + 0*_);", native=False)
    (warning,) = recording.warnings
    assert "ran in single precision" in warning


@both_ways
def test_a_counter_is_read_exactly(engine: Engine, native: bool) -> None:
    text = f'process = {COUNTER} : hbargraph("v:group/count", 0, 1);'
    recording = recorded(engine, text, native=native, seconds=1)
    (values,) = recording.bargraphs.values()
    assert list(recording.bargraphs) == ["/group/count"]
    assert 2 < len(values) == len(recording.times) <= MOST_POINTS
    samples = np.round(recording.times * recording.rate)
    np.testing.assert_array_equal(values, samples + 1)
    assert (samples[0], samples[-1]) == (0, 44099)
    np.testing.assert_array_equal(recording.outputs[0], np.arange(1, 44101))


def test_short_runs_are_read_at_every_sample(engine: Engine) -> None:
    text = f'process = {COUNTER} : hbargraph("count", 0, 1);'
    recording = recorded(engine, text, native=False, seconds=100 / 44100)
    np.testing.assert_array_equal(recording.bargraphs["/count"], np.arange(1, 101))


@both_ways
def test_widgets_move_at_their_sample(engine: Engine, native: bool) -> None:
    text = 'process = hslider("v:a/x", 0.5, 0, 1, 0.1), button("b"), checkbox("c");'
    recording = recorded(
        engine,
        text,
        native=native,
        seconds=1,
        rate=1000,
        at={"b": 1},
        changes={0.5: {"/a/x": 0.25, "c": 1}, 0.1: {"b": 0}, 0.7: {"x": 1}},
    )
    expected = np.full((3, 1000), 0.0)
    expected[0] = [0.5] * 500 + [0.25] * 200 + [1] * 300
    expected[1, :100] = 1
    expected[2, 500:] = 1
    np.testing.assert_array_equal(recording.outputs, expected)
    np.testing.assert_array_equal(list(recording.sliders.values()), expected)
    assert [(c.frame, c.path, c.value) for c in recording.changes] == [
        (100, "/b", 0.0),
        (500, "/a/x", 0.25),
        (500, "/c", 1.0),
        (700, "/a/x", 1.0),
    ]


@needs_compiler
def test_native_and_interpreted_are_the_same(engine: Engine) -> None:
    options = {"precision": "single", "seconds": 0.05, "changes": {0.02: {"dc": -0.5}}}
    one, other = (recorded(engine, LEARNER, native=n, **options) for n in (True, False))
    np.testing.assert_allclose(one.outputs, other.outputs, rtol=1e-6)
    assert one.bargraphs.keys() == other.bargraphs.keys()
    for path, values in one.bargraphs.items():
        np.testing.assert_allclose(values, other.bargraphs[path], rtol=1e-6)


@both_ways
def test_a_program_learns(engine: Engine, native: bool) -> None:
    recording = recorded(engine, LEARNER, native=native, seconds=0.2, changes={0.1: {"dc": -0.5}})
    bargraphs = recording.bargraphs
    assert list(bargraphs) == [
        "/loss",
        "/gradients/gain",
        "/gradients/dc",
        "/learning/gain",
        "/learning/dc",
    ]
    halfway = int(np.searchsorted(recording.times, 0.099))
    np.testing.assert_allclose(bargraphs["/learning/dc"][[halfway, -1]], [0.2, -0.5], atol=1e-4)
    np.testing.assert_allclose(bargraphs["/learning/gain"][-1], 0.8, atol=1e-4)
    np.testing.assert_array_equal(recording.outputs[0, -1], bargraphs["/learning/gain"][-1])


@both_ways
def test_paths_are_those_of_fad(engine: Engine, native: bool) -> None:
    text = (
        'declare name "other"; process = tgroup("a/b [x:y]", hslider("c d[unit:Hz]", 0, 0, 1, 1)'
        ' : vbargraph("[2]ü", 0, 1)) + vgroup("", hslider("", 0, 0, 1, 1));'
    )
    recording = recorded(engine, text, native=native, at={"/a/b/c d": 1})
    assert recording.bargraphs["/a/b/ü"][-1] == 1
    assert (recording.outputs == 1).all()
    (meter,) = recording.meters
    assert (meter.label, meter.min, meter.max, meter.unit) == ("ü", 0, 1, "")
    assert recorded(engine, text, native=native, at={"//": 1}).outputs[0, 0] == 1


@both_ways
def test_a_group_of_its_own(engine: Engine, native: bool) -> None:
    text = 'process = vgroup("test", hslider("x", 0, 0, 1, 1) : hbargraph("y", 0, 1));'
    recording = recorded(engine, text, native=native, at={"/test/x": 1})
    assert recording.bargraphs["/test/y"][-1] == 1


def test_what_is_not_finite_is_told(engine: Engine) -> None:
    text = f'process = {COUNTER} : 5 - _ : log <: hbargraph("level", 0, 1), 1;'
    recording = recorded(engine, text, native=False, precision="single")
    assert recording.warnings == (
        "output 0 is infinite or not a number from sample 4 (0.000 s)",
        "`/level` is infinite or not a number at 0.000 s",
    )
    assert np.isnan(recording.outputs[0, 10])


def test_programs_hear_noise_silence_or_what_is_given(engine: Engine) -> None:
    options = {"native": False, "precision": "single", "seconds": 10 / 44100}
    noise, same, other = (
        recorded(engine, "process = _;", seed=seed, **options).outputs for seed in (1, 1, 2)
    )
    assert 0.3 < np.abs(noise).max() <= 0.9
    assert np.array_equal(noise, same) and not np.array_equal(noise, other)
    assert not recorded(engine, "process = _;", inputs="silence", **options).outputs.any()
    given = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    heard = recorded(engine, "process = _, _;", inputs=given, **options).outputs
    np.testing.assert_array_equal(heard, np.tile(given, 4)[:, :10])


def test_one_channel_goes_to_all_inputs(engine: Engine) -> None:
    given = np.array([[1.0, 2.0, 3.0]])
    options = {"native": False, "precision": "single", "seconds": 6 / 44100}
    recording = recorded(engine, "process = _, 2*_, _;", inputs=given, **options)
    np.testing.assert_array_equal(recording.outputs, np.outer([1, 2, 1], [1, 2, 3, 1, 2, 3]))
    assert recording.warnings == ("the input has one channel, which all 3 inputs hear",)
    alone = recorded(engine, "process = _;", inputs=given, **options)
    assert alone.warnings == ()


def test_what_fad_has_written_runs_as_it_is(engine: Engine) -> None:
    program = fad.transform('process = _*hslider("gain", 0.5, 0, 1, 0.1);')
    recording = recorded(engine, program, native=False, precision="single", inputs="noise")
    np.testing.assert_allclose(recording.outputs[0], 0.5 * recording.outputs[1], rtol=1e-6)
    assert recording.program == program.name


def test_progress_is_told(engine: Engine) -> None:
    told: list[tuple[int, int]] = []
    recorded(engine, "process = 1;", native=False, progress=lambda *done: told.append(done))
    assert told == sorted(told) and len(told) > 1
    assert told[-1] == (441, 441)


@needs_compiler
def test_foreign_functions_run_natively(engine: Engine) -> None:
    text = 'process = 0.5 : ffunction(float erf(float), <math.h>, "");'
    assert recorded(engine, text, native=False).outputs[0, 0] == pytest.approx(0.5204998778)


@both_ways
@pytest.mark.parametrize("precision", ["single", "double"])
def test_sound_files(engine: Engine, tmp_path: Path, native: bool, precision: Any) -> None:
    """Its samples, then the last one for ever; and its length and rate."""
    sound = np.random.default_rng(1).uniform(-1, 1, (2, 100)).astype(np.float32)
    (tmp_path / "s.wav").write_bytes(sound_of(sound, 8000))
    (tmp_path / "a.dsp").write_text(
        "process = 0, (+(1) ~ _) - 1 : soundfile(\"s[url:{'s.wav'}]\", 2);"
    )
    recording = fad.run(
        tmp_path / "a.dsp", seconds=0.01, native=native, precision=precision, engine=engine
    )
    frames = recording.outputs.shape[1]
    wanted = [
        np.full(frames, 100),
        np.full(frames, 8000),
        *np.pad(sound, ((0, 0), (0, 341)), "edge"),
    ]
    np.testing.assert_array_equal(recording.outputs, wanted)


@needs_compiler
def test_sound_files_and_foreign_functions(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "s.wav").write_bytes(sound_of(np.full((1, 10), 0.5), 44100))
    (tmp_path / "a.dsp").write_text(
        "process = 0, 5 : soundfile(\"s[url:{'s.wav'}]\", 1) : !, !, "
        'ffunction(float erf(float), <math.h>, "");'
    )
    recording = fad.run(tmp_path / "a.dsp", seconds=0.01, engine=engine)
    assert recording.outputs[0, 0] == pytest.approx(0.5204998778)


@both_ways
def test_a_damaged_sound_file_is_an_error(tmp_path: Path, native: bool) -> None:
    (tmp_path / "s.wav").write_text("no sound")
    (tmp_path / "a.dsp").write_text(
        "process = 0, 5 : soundfile(\"s[url:{'s.wav'}]\", 1) : !, !, _;"
    )
    with pytest.raises(fad.FadError, match=r"s\.wav`: it is no sound file"):
        fad.run(tmp_path / "a.dsp", seconds=0.01, native=native)


# -- What cannot be run -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"at": {"gian": 1}}, "no widget is called `gian`\nhint: did you mean `gain`?"),
        ({"at": {"zzz": 1}}, "no widget is called `zzz`\nhint: there is `/amp/gain`"),
        ({"at": {"gain": 2}}, "2 is outside the range of `/amp/gain`\nhint: it goes from 0 to 1"),
        ({"at": {"gain": float("nan")}}, "nan is outside the range"),
        ({"changes": {0.5: {"gain": 1}}}, "nothing can change at 0.5 s\nhint: the run is 0.01 s"),
        ({"changes": {-1.0: {"gain": 1}}}, "nothing can change at -1 s"),
        ({"changes": {0.0: {"gian": 1}}}, "no widget is called `gian`"),
        ({"seconds": 0}, "there is nothing to run"),
        ({"seconds": float("inf")}, "cannot run for inf s"),
        ({"seconds": 1e7}, "do not fit into memory\nhint: run at most 1521 s"),
        ({"rate": 0}, "a sample rate of 0 Hz"),
        ({"inputs": np.zeros((2, 5))}, "the input has 2 channels, the program has 1 audio input"),
        ({"inputs": np.zeros((1, 0))}, "the input is empty"),
    ],
    ids=lambda value: str(value)[:30].replace("\n", " "),
)
def test_errors(engine: Engine, options: dict[str, object], words: str) -> None:
    with pytest.raises(fad.FadError) as caught:
        recorded(engine, AMPLIFIER, native=False, **options)
    assert words in str(caught.value)


def test_a_program_that_is_wrong_is_shown(engine: Engine) -> None:
    with pytest.raises(fad.FadError, match="undefined symbol `gain`"):
        recorded(engine, "process = gain;")


def test_native_code_needs_a_compiler(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(fad.FadError, match=r"no C\+\+ compiler"):
        recorded(engine, AMPLIFIER, native=True)
    assert "single precision" in recorded(engine, AMPLIFIER).warnings[0]


# -- Files ------------------------------------------------------------------------------------


def test_the_record_is_a_table(engine: Engine) -> None:
    text = f'process = ({COUNTER})*hslider("g, h", 1, 0, 2, 1) : hbargraph("n", 0, 1);'
    options = {"native": False, "rate": 1000, "seconds": 0.003, "changes": {0.002: {"g, h": 2}}}
    recording = recorded(engine, text, **options)
    assert list(csv.reader(io.StringIO(recording.to_csv()))) == [
        ["seconds", "/g, h", "/n", "output 0"],
        ["0.0", "1.0", "1.0", "1.0"],
        ["0.001", "1.0", "2.0", "2.0"],
        ["0.002", "2.0", "6.0", "6.0"],
    ]


# -- What the compiled program does not have ----------------------------------------------------


@both_ways
def test_what_the_compiler_leaves_out_is_told(native: bool) -> None:
    """libfaust drops what no output depends on, without a word."""
    text = """
    idle = hslider("idle", 0, 0, 1, 0.1) : hbargraph("shown", 0, 1);
    process = _*hslider("gain", 0.5, 0, 1, 0.1) <: _, (idle : !);
    """
    recording = fad.run(text, seconds=0.01, at={"idle": 1}, native=native, precision="single")
    assert "/shown" not in recording.bargraphs
    assert not recording.meters
    for path, verb in (("/shown", "shows"), ("/idle", "moves")):
        told = f"`{path}` {verb} nothing: libfaust leaves out what no output depends on"
        assert told in recording.warnings


def test_a_sound_file_that_is_missing_is_told(tmp_path: Path) -> None:
    program = tmp_path / "player.dsp"
    program.write_text("process = 0, 0 : soundfile(\"a [url:{'none.wav'}]\", 1) : !, !, _;")
    recording = fad.run(program, seconds=0.01, precision="single")
    assert any("no sound file `none.wav`" in warning for warning in recording.warnings)


def test_a_silent_output_is_a_warning(engine: Engine) -> None:
    text = 'process = _*button("g"), _;'
    (warning,) = recorded(engine, text).warnings
    assert warning.startswith("output 0 is silent for all 0.01 s")
    assert recorded(engine, text, changes={0.005: {"g": 1}}).warnings == ()
