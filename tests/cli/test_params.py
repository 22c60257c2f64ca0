"""The command `fad params`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.commands import Run, command_line
from tests.support.programs import SYNTH


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where `synth.dsp` is."""
    (tmp_path / "synth.dsp").write_text(SYNTH)
    return command_line(tmp_path)


def test_params_lists_all_widgets(run: Run) -> None:
    done = run("params", "synth.dsp")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0][:7] == ["path", "host", "path", "kind", "init", "min", "max"]
    assert lines[2] == [
        "/synth/gain",
        "/synth/gain",
        "vslider",
        "0.5",
        "0",
        "1",
        "0.01",
        "lin",
        "yes",
    ]
    assert lines[1] == [
        "/synth/freq",
        "/synth/freq",
        "hslider",
        "440",
        "20",
        "2000",
        "1",
        "Hz",
        "log",
        "yes",
    ]
    assert lines[3] == ["/synth/gate", "/synth/gate", "button", "0", "0", "1", "1", "lin"]


def test_params_as_json(run: Run) -> None:
    widgets = json.loads(run("params", "synth.dsp", "--json").stdout)
    assert [widget["variable"] for widget in widgets] == [True, True, False]
    assert widgets[0] == {
        "path": "/synth/freq",
        "label": "freq",
        "kind": "hslider",
        "init": 440.0,
        "min": 20.0,
        "max": 2000.0,
        "step": 1.0,
        "scale": "log",
        "unit": "Hz",
        "host path": "/synth/freq",
        "variable": True,
    }


def test_params_of_a_program_without_widgets(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plain.dsp").write_text("process = _*2;")
    assert run("params", "plain.dsp").stdout == "the program has no widgets\n"
    assert json.loads(run("params", "plain.dsp", "--json").stdout) == []
