"""The command `fad check`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.commands import ENVIRONMENT, Run, command_line
from tests.support.programs import SYNTH
from tests.support.sounds import write_wav


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where `synth.dsp` is."""
    (tmp_path / "synth.dsp").write_text(SYNTH)
    return command_line(tmp_path)


def test_check_shows_a_table(run: Run) -> None:
    done = run("check", "synth.dsp", "--seconds", "0.01")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [line[:3] for line in lines[1:5]] == [
        ["0", "/synth/gain", "agrees"],
        ["0", "/synth/freq", "zero"],
        ["1", "/synth/gain", "zero"],
        ["1", "/synth/freq", "agrees"],
    ]
    assert done.stdout.endswith("synth.dsp: 441 samples at 44100 Hz: 2 agrees, 2 zero\n")


def test_check_as_json_at_another_point(run: Run) -> None:
    done = run("check", "synth.dsp", "--json", "--wrt", "g*", "--at", "gate=1, gain=0.2")
    data = json.loads(done.stdout)
    assert data["passed"] is True
    assert [(pair["parameter"], pair["verdict"]) for pair in data["pairs"]] == [
        ("/synth/gain", "agrees"),
        ("/synth/gate", "zero"),
        ("/synth/gain", "zero"),
        ("/synth/gate", "agrees"),
    ]


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("gain=2", "2 is outside the range of `/synth/gain`"),
        ("volume=1", "no widget is called `volume`"),
        ("gain", "`gain` is no value"),
        ("gain=loud", "`gain=loud` is no value"),
    ],
)
def test_check_at_a_bad_point(run: Run, at: str, message: str) -> None:
    done = run("check", "synth.dsp", "--at", at)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {message}\n")


def test_check_warns_of_quantisers(run: Run, tmp_path: Path) -> None:
    (tmp_path / "int.dsp").write_text('process = int(hslider("p", 1, 0, 2, 0.1));')
    done = run("check", "int.dsp")
    assert "quantised" in done.stdout
    assert done.stderr.startswith("warning: the derivative by /p is zero")
    assert done.returncode == 0


BROKEN = """
import sys
from fad.differentiation import operations
from fad.differentiation.rules import DERIVATIVES, Partials
operations.DERIVATIVES = {**DERIVATIVES, "sin": Partials("sin(x)")}
from fad.cli.main import main
sys.argv = ["fad", "check", "synth.dsp"]
main()
"""


def test_check_fails_on_a_mismatch(run: Run, tmp_path: Path) -> None:
    run("params", "synth.dsp")
    done = subprocess.run(
        [sys.executable, "-c", BROKEN],
        cwd=tmp_path,
        env={**ENVIRONMENT, "FAD_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1, done.stderr
    assert "1 mismatch" in done.stdout


def test_check_on_a_file(run: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", np.random.default_rng(1).uniform(-1, 1, (2, 100)))
    done = run("check", "synth.dsp", "--input", "in.wav")
    assert done.returncode == 0
    assert "100 samples at 8000 Hz" in done.stdout
    assert "at 48000 Hz" in run("check", "synth.dsp", "--input", "in.wav", "--rate", "48000").stdout


def test_check_on_a_mono_file(run: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", np.zeros((1, 100)))
    done = run("check", "synth.dsp", "--input", "in.wav")
    assert done.returncode == 1
    assert done.stderr == (
        "error: the input has 1 channel, the program has 2 audio inputs\n"
        "hint: give a channel for each input\n"
    )
