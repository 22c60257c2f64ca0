"""The command `fad params`."""

from __future__ import annotations

import json
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


def test_params_with_costs(run: Run, tmp_path: Path) -> None:
    plain = run("params", "synth.dsp").stdout
    done = run("params", "synth.dsp", "--cost")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(plain)
    told = done.stdout.removeprefix(plain).splitlines()
    found = fad.costs(tmp_path / "synth.dsp")
    assert found.forward is not None and found.reverse is not None
    assert told[1] == "the gradient by 2 variables, estimated in runs of the program:"
    assert told[2].split() == ["mode", "runs", "tape"]
    assert told[3].split() == ["forward", f"{found.forward:.1f}"]
    assert told[4].split()[:3] == ["reverse", f"{found.reverse:.1f}", str(found.tape)]
    assert told[5] == f"cheaper: {found.reason}"


def test_params_with_costs_as_json(run: Run, tmp_path: Path) -> None:
    done = run("params", "synth.dsp", "--cost", "--wrt", "freq", "--json")
    data = json.loads(done.stdout)
    assert [widget["label"] for widget in data["widgets"]] == ["freq", "gain", "gate"]
    assert data["cost"] == fad.costs(tmp_path / "synth.dsp", wrt=["freq"]).to_json()
    assert data["cost"]["variables"] == 1


def test_costs_where_reverse_mode_refuses(run: Run, tmp_path: Path) -> None:
    (tmp_path / "table.dsp").write_text(
        'process(x) = rwtable(8, 0.0, 1, x*hslider("a", 1, 0, 2, 0.1), 1);'
    )
    done = run("params", "table.dsp", "--cost")
    assert done.returncode == 0
    assert "cheaper: forward mode, as the other one refuses: " in done.stdout
    assert "`rwtable` is written to" in done.stdout


@pytest.mark.parametrize("option", ["--wrt", "--surrogate", "--rules"])
def test_what_is_about_costs_needs_them(run: Run, option: str) -> None:
    done = run("params", "synth.dsp", option, "delays" if option == "--surrogate" else "freq")
    assert (done.returncode, done.stdout) == (2, "")
    assert "are about the `--cost`" in done.stderr


def test_a_program_without_widgets_has_no_gradient(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plain.dsp").write_text("process = _*2;")
    done = run("params", "plain.dsp", "--cost")
    assert done.returncode == 0
    assert done.stdout.startswith("the program has no widgets\n")
    assert "the program has no variables" in done.stdout
