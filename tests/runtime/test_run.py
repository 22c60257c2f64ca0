"""`fad run`: what is recorded is what the mathematics says, and the picture shows it."""

from __future__ import annotations

import csv
import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.base.errors import FadError
from fad.drawing.picture import Panel, Picture, picture
from fad.drawing.plot import draw, format_of, rendered, require_matplotlib
from fad.drawing.ticks import linear_ticks, log_ticks, short, written
from fad.runtime.engine import Engine
from fad.runtime.native import find_compiler
from fad.runtime.recording import Recording
from fad.runtime.run import MOST_POINTS
from fad.runtime.wav import read_wav, wav_of
from tests.support.commands import Run, command_line

NATIVE = pytest.mark.skipif(find_compiler() is None, reason="needs a C++ compiler")
WAYS = pytest.mark.parametrize("native", [pytest.param(True, marks=NATIVE), False])

COUNTER = "+(1) ~ _"
SINE = 'import("stdfaust.lib"); process = sin(2*ma.PI*1000*ba.time/ma.SR);'
#: A program that learns a gain and an offset: its gradients are 2*error*x and 2*error.
LEARNER = """
import("stdfaust.lib");
target(x) = vgroup("target", x*hslider("gain", 0.8, 0, 1, 0.01)
    + hslider("dc[unit:V]", 0.2, -1, 1, 0.01));
rate = hslider("rate", 0.01, 0, 0.1, 0.001);
loss(x, gain, dc) = (x*gain + dc - target(x))^2;
shown(l, dgain, dc) = attach(dgain, l : hbargraph("loss", 0, 1)), dc
    : vgroup("gradients", (hbargraph("gain", -1, 1), hbargraph("dc", -1, 1)));
step(x, gain, dc) = fad(loss(x, gain, dc), (gain, dc)) : shown : down(gain), down(dc);
down(old) = *(rate) : old - _;
process = no.noise : \\(x).(step(x) ~ (_, _))
    : vgroup("learning", (hbargraph("gain", 0, 1), hbargraph("dc", -1, 1)));
"""


def recorded(engine: Engine, text: str, **options: object) -> Recording:
    options = {"seconds": 0.01, "engine": engine, **options}
    return fad.run(text, **options)  # type: ignore[arg-type]


# -- What is recorded -------------------------------------------------------------------------


@NATIVE
def test_a_sine_is_a_sine(engine: Engine) -> None:
    recording = recorded(engine, SINE, seconds=0.1, rate=48000)
    assert recording.outputs.shape == (1, 4800)
    assert (recording.frames, recording.seconds, recording.rate) == (4800, 0.1, 48000)
    expected = np.sin(2 * np.pi * 1000 * np.arange(4800) / 48000)
    np.testing.assert_allclose(recording.outputs[0], expected, atol=1e-12)
    assert recording.warnings == ()


@WAYS
def test_single_precision_is_single(engine: Engine, native: bool) -> None:
    third = "process = 1/(3 + 0*_);"
    recording = recorded(engine, third, native=native, precision="single")
    assert (recording.outputs == np.float64(np.float32(1) / np.float32(3))).all()
    assert recording.warnings == ()


@NATIVE
def test_double_precision_is_double(engine: Engine) -> None:
    assert (recorded(engine, "process = 1/(3 + 0*_);").outputs == 1 / 3).all()


def test_the_interpreter_says_that_it_is_single(engine: Engine) -> None:
    recording = recorded(engine, "process = 1/(3 + 0*_);", native=False)
    (warning,) = recording.warnings
    assert "ran in single precision" in warning


@WAYS
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


@WAYS
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


@NATIVE
def test_native_and_interpreted_are_the_same(engine: Engine) -> None:
    options = {"precision": "single", "seconds": 0.05, "changes": {0.02: {"dc": -0.5}}}
    one, other = (recorded(engine, LEARNER, native=n, **options) for n in (True, False))
    np.testing.assert_allclose(one.outputs, other.outputs, rtol=1e-6)
    assert one.bargraphs.keys() == other.bargraphs.keys()
    for path, values in one.bargraphs.items():
        np.testing.assert_allclose(values, other.bargraphs[path], rtol=1e-6)


@WAYS
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
    halfway = np.searchsorted(recording.times, 0.099)
    np.testing.assert_allclose(bargraphs["/learning/dc"][[halfway, -1]], [0.2, -0.5], atol=1e-4)
    np.testing.assert_allclose(bargraphs["/learning/gain"][-1], 0.8, atol=1e-4)
    np.testing.assert_array_equal(recording.outputs[0, -1], bargraphs["/learning/gain"][-1])


@WAYS
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


@WAYS
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


def test_progress_is_told(engine: Engine) -> None:
    told: list[tuple[int, int]] = []
    recorded(engine, "process = 1;", native=False, progress=lambda *done: told.append(done))
    assert told == sorted(told) and len(told) > 1
    assert told[-1] == (441, 441)


@NATIVE
def test_foreign_functions_run_natively(engine: Engine) -> None:
    text = 'process = 0.5 : ffunction(float erf(float), <math.h>, "");'
    assert recorded(engine, text, native=False).outputs[0, 0] == pytest.approx(0.5204998778)


def test_sound_files_run_in_the_interpreter(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "s.wav").write_bytes(wav_of(np.full((1, 100), 0.25), 44100))
    (tmp_path / "a.dsp").write_text(
        "process = 0, 5 : soundfile(\"s[url:{'s.wav'}]\", 1) : !, !, _;"
    )
    recording = fad.run(tmp_path / "a.dsp", seconds=0.01, engine=engine)
    assert (recording.outputs == 0.25).all()


# -- What cannot be run -----------------------------------------------------------------------

GAIN = 'process = _*hslider("v:amp/gain", 0.5, 0, 1, 0.01);'


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
        recorded(engine, GAIN, native=False, **options)
    assert words in str(caught.value)


def test_a_program_that_is_wrong_is_shown(engine: Engine) -> None:
    with pytest.raises(fad.FadError, match="undefined symbol `gain`"):
        recorded(engine, "process = gain;")


def test_native_code_needs_a_compiler(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(fad.FadError, match=r"no C\+\+ compiler"):
        recorded(engine, GAIN, native=True)
    assert "single precision" in recorded(engine, GAIN).warnings[0]


# -- Files ------------------------------------------------------------------------------------


def test_the_record_is_a_table(engine: Engine) -> None:
    text = f'process = ({COUNTER})*hslider("g, h", 1, 0, 2, 1) : hbargraph("n", 0, 1);'
    options = {"native": False, "rate": 1000, "seconds": 0.003, "changes": {0.002: {"g, h": 2}}}
    recording = recorded(engine, text, **options)
    assert list(csv.reader(io.StringIO(recording.to_csv()))) == [
        ["seconds", "/g, h", "/n"],
        ["0.0", "1.0", "1.0"],
        ["0.001", "1.0", "2.0"],
        ["0.002", "2.0", "6.0"],
    ]


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


# -- The picture ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def learning() -> Recording:
    with Engine() as engine:
        return recorded(
            engine,
            LEARNER,
            seconds=0.05,
            native=False,
            precision="single",
            changes={0.02: {"dc": -0.5}, 0.03: {"rate": 0.02}},
        )


def panels(shown: Picture, kind: str) -> list[Panel]:
    return [panel for s in shown.sections if s.kind == kind for panel in s.panels]


def test_what_the_picture_shows(learning: Recording) -> None:
    shown = picture(learning)
    assert [(s.title, [p.title for p in s.panels]) for s in shown.sections] == [
        ("Parameters", ["gain", "dc"]),
        ("Gradients", ["gain", "dc"]),
        ("Loss", ["loss"]),
        ("Sliders", ["rate"]),
        ("Outputs", ["output 0", "output 1"]),
    ]
    gain, dc = panels(shown, "parameters")
    assert dc.unit == "V" and gain.unit == ""
    assert dc.target is not None and gain.target is not None
    assert sorted(set(dc.target.values)) == [-0.5, 0.2]
    (loss,) = panels(shown, "loss")
    assert loss.is_log and not gain.is_log
    np.testing.assert_allclose(shown.moments, [0.02, 0.03])


def test_targets_are_found_by_label_or_path(engine: Engine) -> None:
    text = """
        process = vgroup("other", nentry("b", 0.5, 0, 1, 0.1))
            + vgroup("target",
                hslider("b", 0.5, 0, 1, 0.1) + hslider("v:osc 1/level", 0, 0, 1, 0.1))
            + checkbox("v:a/on")
            : hbargraph("b", 0, 1) : hbargraph("osc 1 level", 0, 1) : hbargraph("on", 0, 1);
    """
    at = {"/target/b": 0.1, "/target/osc 1/level": 0.2}
    recording = recorded(engine, text, native=False, precision="single", at=at)
    targets = [panel.target for panel in panels(picture(recording), "parameters")]
    assert [target and target.values[0] for target in targets] == [0.1, 0.2, None]


def test_outputs_are_drawn_from_their_lowest_to_their_highest_sample(learning: Recording) -> None:
    panel = panels(picture(learning), "outputs")[0]
    assert panel.lowest is not None
    assert panel.lowest.min() == learning.outputs[0].min()
    assert panel.curve.values.max() == learning.outputs[0].max()
    assert len(panel.lowest) == len(panel.curve.times) == 1200


def test_the_figure_has_the_curves(learning: Recording) -> None:
    figure = draw(picture(learning))
    gain, dc, *gradients, loss, rate, out, other = figure.axes
    assert len(gradients) == 2
    # The values, the target, and a line at each of the two moments.
    assert [len(axes.lines) for axes in (gain, dc, loss, rate)] == [4, 4, 3, 3]
    np.testing.assert_array_equal(dc.lines[2].get_ydata(), learning.bargraphs["/learning/dc"])
    np.testing.assert_array_equal(dc.lines[3].get_ydata(), learning.sliders["/target/dc"])
    assert (loss.get_yscale(), gain.get_yscale()) == ("log", "linear")
    assert all(axes.get_xlim() == (0, 0.05) for axes in figure.axes)
    assert len(out.collections) == len(other.collections) == 1
    assert {"Parameters", "gain", "dc", "V", "seconds", "target"} <= {
        text.get_text() for text in figure.texts
    }


@pytest.mark.parametrize("count", [1, 4, 7, 20])
def test_panels_and_texts_do_not_overlap(engine: Engine, count: int) -> None:
    labels = [f"parameter with a name {n}" if n % 3 else f"p{n}" for n in range(count)]
    bars = ", ".join(
        f'({123.4567**n % 1000} + no.noise/{10 ** (n % 7)} : hbargraph("{label}[unit:Hz]", 0, 1))'
        for n, label in enumerate(labels)
    )
    target = 'vgroup("target", hslider("p0", 0, 0, 1, 1))'
    text = f'import("stdfaust.lib"); process = {bars} :> _, {target};'
    recording = recorded(engine, text, native=False, precision="single")
    figure = draw(picture(recording))
    assert len(figure.axes) == count + 2
    numbers = [
        text
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for text in axis.get_ticklabels()
        if text.get_visible() and text.get_text()
    ]
    boxes = [text.get_window_extent() for text in (*figure.texts, *numbers)]
    boxes += [axes.get_window_extent().padded(-1) for axes in figure.axes]
    page = figure.bbox
    for number, box in enumerate(boxes):
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1
        assert not any(box.overlaps(other) for other in boxes[:number])


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_the_same_run_gives_the_same_file(learning: Recording, format: str) -> None:
    one, other = (rendered(picture(learning), format) for _ in range(2))
    assert one == other
    assert one.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[format])
    if format == "png":
        width, height = struct.unpack(">II", one[16:24])
        assert width == 1650 and 1000 < height < 2000


def test_values_that_cannot_be_drawn(engine: Engine) -> None:
    values = ("0", "1e-30", "1e-300", "1e300", "exp(t)", "log(0 - t)", "1/(t - 5)", "1000 + t/1000")
    bars = ", ".join(
        f'({value} : hbargraph("{n} $x_1$[scale:log]", 0, 1))' for n, value in enumerate(values)
    )
    text = f"t = {COUNTER}; process = {bars};"
    recording = recorded(engine, text)
    assert rendered(picture(recording), "png").startswith(b"\x89PNG")


def test_not_more_panels_than_one_can_see(engine: Engine) -> None:
    recording = recorded(engine, "process = par(i, 1000, i);", native=False, precision="single")
    (section,) = picture(recording).sections
    assert (section.title, len(section.panels)) == ("Outputs, the first 40 of 1000", 40)


def test_formats() -> None:
    assert [format_of(path) for path in ("a.png", "b/c.PDF", "x.y.svg")] == ["png", "pdf", "svg"]
    for path in ("a.gif", "a", "png", "-"):
        with pytest.raises(fad.FadError, match=r"`\.png`, `\.svg` or `\.pdf`"):
            format_of(path)


def test_drawing_needs_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    require_matplotlib()
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(fad.FadError, match=r'pip install "fad\[plot\]"'):
        require_matplotlib()


def plain(texts: list[str]) -> list[str]:
    """Numbers as one types them."""
    return [text.replace("\N{MINUS SIGN}", "-") for text in texts]


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0, 1, 4, "0 0.5 1.0"),
        (0, 3, 4, "0 1 2 3"),
        (-12000, 55000, 4, "0 20k 40k"),
        (0.19989, 0.20011, 4, "0.1999 0.2000 0.2001"),
        (-1e-7, 3e-7, 5, "-1e-7 0 1e-7 2e-7 3e-7"),
        (999.5, 1000.5, 4, "999.5 1000.0 1000.5"),
        (1e6, 4e6, 4, "1M 2M 3M 4M"),
        (-1e100, 1e100, 3, "-1e100 0 1e100"),
    ],
)
def test_numbers_beside_axes(low: float, high: float, most: int, texts: str) -> None:
    assert plain(written(linear_ticks(low, high, most))) == texts.split()


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (20, 20000, "100 1k 10k"),
        (800, 1150, "800 900 1000 1100"),
        (0.15, 1.2, "0.2 0.5 1"),
        (1e-12, 2, "$10^{-12}$ $10^{-9}$ $10^{-6}$ $10^{-3}$ $10^{0}$"),
        (3e-5, 4e-4, "$5\\cdot10^{-5}$ $10^{-4}$ $2\\cdot10^{-4}$"),
    ],
)
def test_numbers_beside_logarithmic_axes(low: float, high: float, texts: str) -> None:
    assert written(log_ticks(low, high, 5), is_log=True) == texts.split()


def test_short_numbers() -> None:
    shown = plain([short(x) for x in (0.8, 0.123456, 3.756e260, -1e-7)])
    assert shown == ["0.8", "0.1235", "3.756e260", "-1e-7"]


# -- The command line -------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where `learner.dsp` and `gain.dsp` are."""
    (tmp_path / "learner.dsp").write_text(LEARNER)
    (tmp_path / "gain.dsp").write_text(GAIN)
    return command_line(tmp_path)


@NATIVE
def test_everything_at_once(run: Run, tmp_path: Path) -> None:
    done = run(
        *("run", "learner.dsp", "--seconds", "0.1", "--at", "gain=0.4,rate=0.02"),
        *("--at", "0.05:/target/gain=0.9,dc=0", "--at", "0.05:rate=0.03"),
        *("--plot", "a.png", "--wav", "a.wav", "--csv", "a.csv"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["output", "lowest", "highest", "rms"]
    assert lines[-1] == "learner.dsp: 0.1 s at 44100 Hz"
    (last,) = [line.split() for line in lines if line.startswith("/learning/gain")]
    assert float(last[2]) == pytest.approx(0.9, abs=1e-6)
    samples, rate = read_wav(str(tmp_path / "a.wav"))
    assert samples.shape == (2, 4410) and rate == 44100
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert (float(rows[0]["/target/gain"]), float(rows[-1]["/target/gain"])) == (0.4, 0.9)
    assert (float(rows[0]["/rate"]), float(rows[-1]["/rate"])) == (0.02, 0.03)


def test_the_record_can_go_to_the_standard_output(run: Run) -> None:
    done = run("run", "gain.dsp", "--interpreter", "--seconds", "0.001", "--csv", "-")
    assert done.stdout.startswith("seconds,/amp/gain\n0.0,0.5\n")
    assert done.stdout.count("\n") == 45
    assert done.stderr.startswith("warning: the program ran in single precision")


def test_the_sample_rate_is_that_of_the_sound(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(wav_of(np.ones((1, 10)), 8000))
    options = ("--precision", "single", "--interpreter", "--seconds", "0.01", "--input", "in.wav")
    done = run("run", "gain.dsp", *options, "--wav", "out.wav")
    assert done.stdout.endswith("gain.dsp: 0.01 s at 8000 Hz\n")
    samples, rate = read_wav(str(tmp_path / "out.wav"))
    assert samples.tolist() == [[0.5] * 80] and rate == 8000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("gain.dsp --at 9:gain=1", "nothing can change at 9 s"),
        ("gain.dsp --at 1:gain", "`gain` is no value"),
        ("gain.dsp --seconds 0", "nothing to run"),
        ("gain.dsp --plot a.gif", "what kind of picture"),
        ("gain.dsp --plot no/a.png", "the folder `no` does not exist"),
        ("gain.dsp --wav gain.dsp", "`--wav gain.dsp` is the input file"),
        ("gain.dsp --csv .", "it is a folder"),
        ("gain.dsp --input no.wav", "cannot read `no.wav`"),
        ("in.wav", "error"),
    ],
)
def test_errors_on_the_command_line(run: Run, tmp_path: Path, arguments: str, words: str) -> None:
    (tmp_path / "in.wav").write_bytes(wav_of(np.ones((1, 10)), 8000))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = run("run", *arguments.split())
    assert done.returncode == 1
    assert words in done.stderr and "error: " in done.stderr
    assert "Traceback" not in done.stderr and "internal" not in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "arguments",
    ["", "gain.dsp --seconds x", "gain.dsp --csv a --wav a", "gain.dsp --precision quad"],
)
def test_usage_errors(run: Run, arguments: str) -> None:
    assert run("run", *arguments.split()).returncode == 2


# -- What the compiled program does not have ----------------------------------------------------


@pytest.mark.parametrize("native", [pytest.param(True, marks=NATIVE), False])
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


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_seed_is_not_negative(tmp_path: Path, command: str) -> None:
    (tmp_path / "gain.dsp").write_text('process = *(hslider("gain", 0.5, 0, 1, 0.1));')
    done = command_line(tmp_path)(command, "gain.dsp", "--seed", "-1")
    assert done.returncode == 2
    assert "--seed" in done.stderr
    function = {"run": fad.run, "check": fad.check}[command]
    with pytest.raises(FadError, match="the seed of the noise cannot be -1"):
        function(tmp_path / "gain.dsp", seed=-1)
