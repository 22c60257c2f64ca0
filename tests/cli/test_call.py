"""The command `fad call`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fad
from fad.runtime.sounds import read_sound, sound_of
from tests.support.commands import Run, command_line
from tests.support.native import needs_compiler

RATE, FRAMES = 8000, 100
PROGRAM = """
pole = hslider("pole", 0.5, 0, 0.9, 0.01);
gain = hgroup("amp", hslider("gain", 0.8, 0, 2, 0.01));
rate = nentry("rate", 0.1, 0, 1, 0.01);
gate = button("gate");
process = *(gain*(gate + 0.5)) : + ~ *(pole) <: atan, (*(rate) : sin);
"""
RECORDING = np.random.default_rng(1).uniform(-0.9, 0.9, (1, FRAMES)).astype(np.float32)
H = 1e-5


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where a program and a recording are."""
    (tmp_path / "p.dsp").write_text(PROGRAM)
    (tmp_path / "in.wav").write_bytes(sound_of(RECORDING, RATE))
    return command_line(tmp_path)


@pytest.fixture(scope="module")
def model() -> fad.Model:
    return fad.load(PROGRAM, rate=RATE, precision="double", block=1, backend="interpreter")


def archive(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


@needs_compiler
def test_outputs_and_derivatives(run: Run, tmp_path: Path, model: fad.Model) -> None:
    done = run(
        *("call", "p.dsp", "--input", "in.wav", "--at", "pole=0.3", "--at", "0.005:gate=1"),
        *("-o", "out.flac", "--jacobian", "out.npz"),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "wrote out.flac\nwrote out.npz\n")
    found = archive(tmp_path / "out.npz")
    assert set(found) == {"outputs", "rate", "pole", "gain", "/rate"}
    gate = (np.arange(FRAMES) >= 40).astype(float)
    outputs, jacobian = model.jacobian(RECORDING, pole=0.3, gate=gate)
    assert found["rate"] == RATE and found["outputs"].shape == (2, FRAMES)
    np.testing.assert_allclose(found["outputs"], outputs, atol=1e-12)
    for name, other in (("pole", "pole"), ("gain", "gain"), ("/rate", "rate")):
        np.testing.assert_allclose(found[name], jacobian[other], atol=1e-12)
    more, less = (model(RECORDING, pole=0.3 + h, gate=gate) for h in (H, -H))
    np.testing.assert_allclose(found["pole"], (more - less) / (2 * H), atol=1e-8)
    heard, rate = read_sound(str(tmp_path / "out.flac"))
    assert rate == RATE
    np.testing.assert_allclose(heard, outputs, atol=2.0**-23)


def test_a_variable_that_moves_has_a_derivative_by_each_value(
    run: Run, tmp_path: Path, model: fad.Model
) -> None:
    done = run(
        *("call", "p.dsp", "--input", "in.wav", "--at", "pole=0.3", "--at", "0.002:pole=0.6"),
        *("--at", "0.0035:pole=0.4,gate=1", "--jacobian", "out.npz", "--interpreter"),
    )
    assert (done.returncode, done.stderr) == (0, "wrote out.npz\n")
    found = archive(tmp_path / "out.npz")
    number = (np.arange(FRAMES) >= 16) + 0 + (np.arange(FRAMES) >= 28)
    values, gate = np.array([0.3, 0.6, 0.4]), (number == 2).astype(float)

    def outputs(moved: np.ndarray, gain: float = 0.8) -> np.ndarray:
        return model(RECORDING, pole=moved[number], gate=gate, gain=gain)

    np.testing.assert_allclose(found["outputs"], outputs(values), atol=1e-12)
    assert found["pole"].shape == (2, 3, FRAMES)
    for piece, step in enumerate(H * np.eye(3)):
        quotient = (outputs(values + step) - outputs(values - step)) / (2 * H)
        np.testing.assert_allclose(found["pole"][:, piece], quotient, atol=1e-8)
    quotient = (outputs(values, 0.8 + H) - outputs(values, 0.8 - H)) / (2 * H)
    np.testing.assert_allclose(found["gain"], quotient, atol=1e-8)


def test_a_program_without_inputs_and_names_that_are_no_identifiers(
    run: Run, tmp_path: Path
) -> None:
    """Nor may a label be taken for something else of the archive, or of what writes it."""
    (tmp_path / "s.dsp").write_text(
        'process = 3*hslider("file", 0.5, 0, 1, 0.1) + hslider("outputs", 0.5, 0, 1, 0.1)'
        ' + 2*hgroup("a", hslider("x y", 0.5, 0, 1, 0.1))'
        ' + hgroup("b", hslider("x y", 0, 0, 1, 1));'
    )
    options = ("--seconds", "0.001", "--jacobian", "out.npz", "--interpreter", "-o", "o.wav")
    assert run("call", "s.dsp", *options).returncode == 0
    found = archive(tmp_path / "out.npz")
    assert found.pop("rate") == 44100
    assert {name: values.tolist() for name, values in found.items()} == {
        name: [[value] * 44]
        for name, value in {
            "outputs": 3.0,
            "file": 3.0,
            "/outputs": 1.0,
            "/a/x y": 2.0,
            "/b/x y": 1.0,
        }.items()
    }
    first = (tmp_path / "out.npz").read_bytes()
    assert run("call", "s.dsp", *options).returncode == 0
    assert (tmp_path / "out.npz").read_bytes() == first


def test_silence_follows_a_recording_and_one_channel_goes_to_all_inputs(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "s.dsp").write_text("process = _, *(0.5);")
    options = ("--interpreter", "--precision", "single", "-o", "out.wav", "--input", "in.wav")
    assert run("call", "s.dsp", *options, "--seconds", "0.02").returncode == 0
    heard, _ = read_sound(str(tmp_path / "out.wav"))
    wanted = np.pad(RECORDING, ((0, 0), (0, 60)))
    np.testing.assert_array_equal(heard, np.concatenate([wanted, 0.5 * wanted]))
    assert run("call", "s.dsp", *options, "--seconds", "0.01").returncode == 0
    np.testing.assert_array_equal(read_sound(str(tmp_path / "out.wav"))[0], heard[:, :80])


def test_what_is_not_finite_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.dsp").write_text('process = log(hslider("x", 0, 0, 1, 0.1));')
    done = run("call", "s.dsp", *"--seconds 0.001 --jacobian out.npz --interpreter".split())
    assert done.returncode == 0
    assert "warning: output 0 is infinite or not a number from sample 0 on\n" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("p.dsp --input p.dsp -o out.wav", "it is no sound file"),
        ("p.dsp --input in.wav -o out.mp3", "ends with `.mp3`"),
        ("p.dsp --input in.wav -o in.wav", "would overwrite the source"),
        ("p.dsp --input in.wav --jacobian no/out.npz", "the folder `no` does not exist"),
        ("p.dsp --input two.wav -o out.wav", "the program has 1 audio input"),
        ("loud.dsp --input in.wav -o out.wav", "the program has no audio inputs"),
        ("p.dsp --seconds 1 -o out.wav", "1 audio input, and nothing to hear"),
        ("p.dsp --input in.wav --at pole=1 -o out.wav", "outside the range of `/pole`"),
        ("p.dsp --input in.wav --at nan:pole=0.1 -o out.wav", "`nan:pole`"),
        ("p.dsp --input in.wav --at 1e308:pole=0.1 -o out.wav", "can change at 1e+308 s"),
        ("p.dsp --input in.wav --rate 0 -o out.wav", "a sample rate of 0 Hz is not possible"),
        ("p.dsp --input in.wav --wrt poles --jacobian out.npz", "poles"),
        ("p.dsp --input in.wav --wrt input:0 --jacobian out.npz", "audio inputs"),
        ("loud.dsp --seconds 0.01 -o out.flac --jacobian out.npz", "samples in [-1, 1] only"),
    ],
)
def test_bad_input(run: Run, tmp_path: Path, arguments: str, words: str) -> None:
    (tmp_path / "loud.dsp").write_text("process = 1.5;")
    (tmp_path / "two.wav").write_bytes(sound_of(np.zeros((2, 10)), RATE))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = run("call", *arguments.split(), "--interpreter")
    assert done.returncode == 1
    assert words in done.stderr and "error: " in done.stderr
    assert "Traceback" not in done.stderr and "internal" not in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "arguments", ["--input in.wav", "-o out.wav", "--input in.wav -o a --jacobian a"]
)
def test_usage_errors(run: Run, arguments: str) -> None:
    assert run("call", "p.dsp", *arguments.split()).returncode == 2
