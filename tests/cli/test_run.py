"""The command `fad run`."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.base.errors import FadError
from fad.runtime.sounds import read_sound, sound_of
from tests.support.commands import COMMAND, ENVIRONMENT, Run, command_line
from tests.support.native import needs_compiler
from tests.support.programs import AMPLIFIER, LEARNER


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where `learner.dsp` and `gain.dsp` are."""
    (tmp_path / "learner.dsp").write_text(LEARNER)
    (tmp_path / "gain.dsp").write_text(AMPLIFIER)
    return command_line(tmp_path)


@needs_compiler
def test_everything_at_once(run: Run, tmp_path: Path) -> None:
    done = run(
        *("run", "learner.dsp", "--seconds", "0.1", "--at", "gain=0.4,rate=0.02"),
        *("--at", "0.05:/target/gain=0.9,dc=0", "--at", "0.05:rate=0.03"),
        *("--plot", "a.png", "--wav", "a.wav", "--csv", "a.csv"),
    )
    assert (done.returncode, done.stderr) == (0, "wrote a.png\nwrote a.wav\nwrote a.csv\n")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["output", "lowest", "highest", "rms"]
    assert lines[-1] == "learner.dsp: 0.1 s at 44100 Hz"
    (last,) = [line.split() for line in lines if line.startswith("/learning/gain")]
    assert float(last[2]) == pytest.approx(0.9, abs=1e-6)
    samples, rate = read_sound(str(tmp_path / "a.wav"))
    assert samples.shape == (2, 4410) and rate == 44100
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert (float(rows[0]["/target/gain"]), float(rows[-1]["/target/gain"])) == (0.4, 0.9)
    assert (float(rows[0]["/rate"]), float(rows[-1]["/rate"])) == (0.02, 0.03)


def test_the_record_can_go_to_the_standard_output(run: Run) -> None:
    done = run("run", "gain.dsp", "--interpreter", "--seconds", "0.001", "--csv", "-")
    assert done.stdout.startswith("seconds,/amp/gain,output 0\n0.0,0.5,")
    assert done.stdout.count("\n") == 45
    assert done.stderr.startswith("warning: the program ran in single precision")


def test_the_sample_rate_is_that_of_the_sound(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(sound_of(np.ones((1, 10)), 8000))
    options = ("--precision", "single", "--interpreter", "--seconds", "0.01", "--input", "in.wav")
    done = run("run", "gain.dsp", *options, "--wav", "out.wav")
    assert done.stdout.endswith("gain.dsp: 0.01 s at 8000 Hz\n")
    samples, rate = read_sound(str(tmp_path / "out.wav"))
    assert samples.tolist() == [[0.5] * 80] and rate == 8000


def test_formats_of_sound_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.flac").write_bytes(sound_of(np.full((1, 10), 0.25), 8000, "FLAC"))
    options = ("--interpreter", "--seconds", "0.01", "--input", "in.flac")
    assert run("run", "gain.dsp", *options, "--wav", "out.aiff").returncode == 0
    samples, rate = read_sound(str(tmp_path / "out.aiff"))
    assert (tmp_path / "out.aiff").read_bytes().startswith(b"FORM")
    assert samples.tolist() == [[0.125] * 80] and rate == 8000


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
        ("gain.dsp --input gain.dsp", "cannot read `gain.dsp`: it is no sound file"),
        ("gain.dsp --wav a.mp3", "no sound file that fad writes ends with `.mp3`"),
        ("big.dsp --seconds 0.01 --wav a.flac --csv a.csv", "samples in [-1, 1] only"),
        ("in.wav", "error"),
    ],
)
def test_errors_on_the_command_line(run: Run, tmp_path: Path, arguments: str, words: str) -> None:
    (tmp_path / "in.wav").write_bytes(sound_of(np.ones((1, 10)), 8000))
    (tmp_path / "big.dsp").write_text("process = 1.5;")
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


@pytest.mark.parametrize(("command", "function"), [("run", fad.run), ("check", fad.check)])
def test_a_seed_is_not_negative(
    tmp_path: Path, command: str, function: Callable[..., object]
) -> None:
    (tmp_path / "gain.dsp").write_text('process = *(hslider("gain", 0.5, 0, 1, 0.1));')
    done = command_line(tmp_path)(command, "gain.dsp", "--seed", "-1")
    assert done.returncode == 2
    assert "--seed" in done.stderr
    with pytest.raises(FadError, match="the seed of the noise cannot be -1"):
        function(tmp_path / "gain.dsp", seed=-1)


MDOC = '<mdoc> <listing mdoctags="x"/> </mdoc>\nprocess = _*hslider("g", 1, 0, 2, 0.1);'


@pytest.mark.parametrize("command", ["run --seconds 0.01", "diagram --dual -o out", "check"])
def test_documentation_that_libfaust_does_not_read(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "doc.dsp").write_text(MDOC)
    done = run(*command.split(), "doc.dsp")
    told = "wrote out/index.html\n" if "out" in command else ""
    assert (done.returncode, done.stderr) == (0, told)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without a signal")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("way", ["--interpreter", pytest.param("--native", marks=needs_compiler)])
def test_a_run_that_is_ended_leaves_nothing(tmp_path: Path, name: str, way: str) -> None:
    (tmp_path / "gain.dsp").write_text(AMPLIFIER)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    number = getattr(signal, name)
    process = subprocess.Popen(
        [*COMMAND, "run", "gain.dsp", "--seconds", "1000", "--wav", "out.wav", way],
        cwd=tmp_path,
        env={**ENVIRONMENT, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and not list(temporary.glob("fad-*")):
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert b"Traceback" not in told
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "out.wav").exists()


ENDED_WHILE_FREEING = """
import os, signal, time
from fad.cli import main

class Freed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

main._end_cleanly()
Freed()
time.sleep(30)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without a signal")
def test_a_signal_in_the_midst_of_freeing_something_ends_it_too() -> None:
    """Python drops what is raised then; and what waits, as for a file, must not wait on."""
    words = [sys.executable, "-c", ENDED_WHILE_FREEING]
    done = subprocess.run(words, stderr=subprocess.PIPE, timeout=25)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, b"")


DUAL_OF = """
cutoff = hslider("cutoff", 0.5, 0, 1, 0.1);
mix = hslider("dry, wet", 0.25, 0, 1, 0.1);
process = _*cutoff + mix;
"""


def test_channels_say_what_they_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.dsp").write_text(DUAL_OF)
    assert run("transform", "p.dsp", "-o", "dual.dsp").returncode == 0
    done = run("run", "dual.dsp", "--seconds", "0.001", "--csv", "a.csv", "--plot", "a.svg")
    assert done.returncode == 0
    names = ["y", "dy/dcutoff", "dy/ddry, wet"]
    shown = [line.rsplit(maxsplit=3)[0] for line in done.stdout.splitlines()[1:4]]
    assert shown == names
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert list(rows[0]) == ["seconds", "/cutoff", "/dry, wet", *names]
    for row in rows:
        y, by_cutoff, by_mix = (float(row[name]) for name in names)
        assert y == pytest.approx(0.5 * by_cutoff + 0.25)
        assert by_mix == 1
    recording = fad.run(tmp_path / "dual.dsp", seconds=0.001)
    titles = [panel.title for panel in fad.picture(recording).sections[-1].panels]
    assert titles == names


def test_channels_without_names_have_numbers(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.dsp").write_text("// outputs: left, right, and more\nprocess = _,0;")
    done = run("run", "p.dsp", "--interpreter", "--seconds", "0.001", "--csv", "a.csv")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["0", "1"]
    assert (tmp_path / "a.csv").read_text().startswith("seconds,output 0,output 1\n")
    assert "warning: output 1 is silent" in done.stderr


def test_a_program_can_name_its_outputs_itself(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.dsp").write_text("// A program.\n\n// outputs: left, right\nprocess = _,0;")
    done = run("run", "p.dsp", "--interpreter", "--seconds", "0.001")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["left", "right"]
    assert "warning: output 1 (`right`) is silent" in done.stderr
