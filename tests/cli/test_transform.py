"""The command `fad transform`."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest

import fad
from tests.support.commands import Run, command_line
from tests.support.programs import SYNTH


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where `synth.dsp` is."""
    (tmp_path / "synth.dsp").write_text(SYNTH)
    return command_line(tmp_path)


def test_wrt_may_be_given_again(run: Run, tmp_path: Path) -> None:
    done = run("transform", "synth.dsp", "--wrt", "gate", "--wrt", "fre*,input:0")
    expected = fad.transform(tmp_path / "synth.dsp", wrt=["gate", "freq", "input:0"])
    assert done.stdout == expected.source


def test_only_tangents(run: Run) -> None:
    done = run("transform", "synth.dsp", "--only", "tangents")
    assert "outputs: dy0/dfreq, dy0/dgain, dy1/dfreq, dy1/dgain\n" in done.stdout


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
        "name": "dy0/dfreq",
        "output": 0,
        "order": 1,
        "parameter": "/synth/freq",
    }
    assert data["parameters"][1]["path"] == "/synth/gain"
    assert (data["program"], data["warnings"]) == ("synth.dsp", [])


def test_the_manifest_does_not_replace_the_source(run: Run, tmp_path: Path) -> None:
    assert run("transform", "synth.dsp", "--manifest", "synth.dsp").returncode == 1
    assert run("transform", "synth.dsp", "--manifest", "-").returncode == 2
    assert (tmp_path / "synth.dsp").read_text() == SYNTH
