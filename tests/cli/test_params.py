"""The commands about parameters, channels and checks: `params`, `check`, options of `transform`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.runtime.wav import read_wav
from tests.support.commands import Run, command_line
from tests.support.places import ROOT

SYNTH = """
freq = hslider("freq [unit:Hz] [scale:log]", 440, 20, 2000, 1);
gain = vslider("gain", 0.5, 0, 1, 0.01);
gate = button("gate");
process = vgroup("synth", _,_ : *(gain), _*sin(freq*0.001)*(1 + gate));
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where `synth.dsp` is."""
    (tmp_path / "synth.dsp").write_text(SYNTH)
    return command_line(tmp_path)


def write_wav(path: Path, samples: np.ndarray, width: int = 2, rate: int = 8000) -> None:
    """Samples of shape (channels, frames) as PCM."""
    whole = np.round(samples.T * (2.0 ** (8 * width - 1) - 1)).astype("<i4")
    data = np.ascontiguousarray(whole).view(np.uint8).reshape(-1, 4)[:, :width]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data.tobytes())


# -- fad params -------------------------------------------------------------------------------


def test_params_lists_all_widgets(run: Run) -> None:
    done = run("params", "synth.dsp")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0][:6] == ["path", "kind", "init", "min", "max", "step"]
    assert lines[1] == ["/synth/gain", "vslider", "0.5", "0", "1", "0.01", "lin", "yes"]
    assert lines[2] == ["/synth/freq", "hslider", "440", "20", "2000", "1", "Hz", "log", "yes"]
    assert lines[3] == ["/synth/gate", "button", "0", "0", "1", "1", "lin"]


def test_params_as_json(run: Run) -> None:
    widgets = json.loads(run("params", "synth.dsp", "--json").stdout)
    assert [widget["variable"] for widget in widgets] == [True, True, False]
    assert widgets[1] == {
        "path": "/synth/freq",
        "label": "freq",
        "kind": "hslider",
        "init": 440.0,
        "min": 20.0,
        "max": 2000.0,
        "step": 1.0,
        "scale": "log",
        "unit": "Hz",
        "variable": True,
    }


def test_params_of_a_program_without_widgets(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plain.dsp").write_text("process = _*2;")
    assert run("params", "plain.dsp").stdout == "the program has no widgets\n"
    assert json.loads(run("params", "plain.dsp", "--json").stdout) == []


# -- fad transform ----------------------------------------------------------------------------


def test_wrt_may_be_given_again(run: Run, tmp_path: Path) -> None:
    done = run("transform", "synth.dsp", "--wrt", "gate", "--wrt", "fre*,input:0")
    expected = fad.transform(tmp_path / "synth.dsp", wrt=["gate", "freq", "input:0"])
    assert done.stdout == expected.source


def test_only_tangents(run: Run) -> None:
    done = run("transform", "synth.dsp", "--only", "tangents")
    assert "outputs: dy0/dgain, dy0/dfreq, dy1/dgain, dy1/dfreq\n" in done.stdout


def test_surrogates_and_rules(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.dsp").write_text(
        'p = hslider("p", 1, 0, 9, 0.1);process = ffunction(float foo(float), <foo.h>, "")(p), _@p;'
    )
    (tmp_path / "foo.rules").write_text("d_foo(x) = 2*x;")
    assert run("transform", "f.dsp").returncode == 1
    done = run("transform", "f.dsp", "--rules", "foo.rules", "--surrogate", "tables,delays")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("transform", "f.dsp", "--surrogate", "everything")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1] == "hint: there is `tables` or `delays`"


def test_manifest(run: Run, tmp_path: Path) -> None:
    done = run("transform", "synth.dsp", "-o", "dual.dsp", "--manifest", "dual.json")
    assert (done.returncode, done.stdout) == (0, "")
    data = json.loads((tmp_path / "dual.json").read_text())
    assert data == fad.transform(tmp_path / "synth.dsp").manifest()
    assert data["versions"] == {"fad": fad.__version__, "cyfaust": version("cyfaust")}
    assert data["outputs"][1] == {
        "channel": 1,
        "name": "dy0/dgain",
        "output": 0,
        "order": 1,
        "parameter": "/synth/gain",
    }
    assert data["parameters"][1]["path"] == "/synth/freq"
    assert (data["program"], data["warnings"]) == ("synth.dsp", [])


def test_the_manifest_does_not_replace_the_source(run: Run, tmp_path: Path) -> None:
    assert run("transform", "synth.dsp", "--manifest", "synth.dsp").returncode == 1
    assert run("transform", "synth.dsp", "--manifest", "-").returncode == 2
    assert (tmp_path / "synth.dsp").read_text() == SYNTH


# -- fad check --------------------------------------------------------------------------------


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
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FAD_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", BROKEN],
        cwd=tmp_path,
        env=environment,
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
    assert done.stderr == "error: the input has 1 channel, the program has 2 audio inputs\n"


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
