"""docs/faults.md: the faults of Faust compilers are what it says, and so is what to do."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import fad
from fad.runtime.compiler import find_compiler
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineCrash
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "faults.md"
SHARED_DELAY, LOUD_INPUT, ROUNDED_LENGTH, DELAYED_CONTROL, BOUNDS, HALVES = re.findall(
    r"^```faust\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
)
FRAMES = 200

#: Runs a program on the samples 1, 2, 3 ..., and prints one frame a line.
ARCHITECTURE = """
#include <cmath>
#include <cstdio>
#include <vector>
#define FAUSTFLOAT double
struct Meta { void declare(const char*, const char*) {} };
struct UI {
  void openVerticalBox(const char*) {}
  void closeBox() {}
  void addHorizontalSlider(const char*, double*, double, double, double, double) {}
};
struct dsp {};
<<includeIntrinsic>>
<<includeclass>>
int main() {
  mydsp program;
  program.init(44100);
  const int frames = FRAMES, outputs = program.getNumOutputs();
  std::vector<double> input(frames), samples(frames*outputs);
  std::vector<double*> channels;
  for (int i = 0; i < frames; i++) input[i] = i + 1;
  for (int i = 0; i < outputs; i++) channels.push_back(&samples[i*frames]);
  double* inputs[] = {input.data()};
  program.compute(frames, inputs, channels.data());
  for (int i = 0; i < frames; i++)
    for (int k = 0; k < outputs; k++)
      std::printf("%.17g%s", channels[k][i], k + 1 < outputs ? " " : "\\n");
}
"""


#: An interpolating delay, which two parameters move.
INTERPOLATION = """
import("stdfaust.lib");
d = hslider("d", 100, 1, 1000, 0.1); p = hslider("p", 0.3, 0, 2, 0.01);
process = de.fdelay(2048, d*p);
"""


def installed_version() -> str | None:
    """The version of the Faust that is installed, if one is, with a C++ compiler beside it."""
    if shutil.which("faust") is None or find_compiler() is None:
        return None
    told = subprocess.run(["faust", "--version"], capture_output=True, text=True, timeout=20)
    found = re.search(r"\d+\.\d+\.\d+", told.stdout)
    return found[0] if found else None


def ran(folder: Path, source: str, *options: str) -> NDArray[np.float64]:
    """What a program computes when the installed Faust compiles it, a row for each output."""
    (folder / "program.dsp").write_text(source)
    (folder / "main.cpp").write_text(ARCHITECTURE.replace("FRAMES", str(FRAMES)))
    compiler = find_compiler()
    assert compiler is not None
    for command in (
        ["faust", "-double", *options, "-a", "main.cpp", "program.dsp", "-o", "program.cpp"],
        [*compiler.command, "-w", "-O1", "program.cpp", "-o", "program"],
    ):
        subprocess.run(command, cwd=folder, check=True, timeout=60, capture_output=True)
    done = subprocess.run([folder / "program"], check=True, timeout=20, capture_output=True)
    return np.array([line.split() for line in done.stdout.splitlines()], float).T


@pytest.mark.skipif(installed_version() != "2.54.9", reason="Faust 2.54.9 is not installed")
def test_vectorised_code_orders_its_loops_wrongly(tmp_path: Path) -> None:
    delayed = np.arange(FRAMES, dtype=float)  # the input is one more, and the delay one sample
    right = np.stack([2 * delayed, 3 * delayed, 3 * delayed + 1])
    assert np.array_equal(ran(tmp_path, SHARED_DELAY), right)
    for options in (["-vec"], ["-vec", "-lv", "1"]):
        wrong = ran(tmp_path, SHARED_DELAY, *options)
        assert np.array_equal(wrong[0], right[0])
        assert all(np.mean(wrong[k] != right[k]) > 0.8 for k in (1, 2))
    dual = fad.transform(INTERPOLATION).source
    scalar, vectorised = ran(tmp_path, dual), ran(tmp_path, dual, "-vec")
    assert np.array_equal(vectorised[0], scalar[0])
    assert all(not np.array_equal(vectorised[k], scalar[k]) for k in (1, 2))
    assert np.array_equal(ran(tmp_path, dual, "-vec", "-dfs"), scalar)
    assert np.array_equal(ran(tmp_path, SHARED_DELAY, "-vec", "-dfs"), right)
    constant = SHARED_DELAY.replace('hslider("n", 1, 0, 2, 1)', "1")
    assert constant != SHARED_DELAY
    assert np.array_equal(ran(tmp_path, constant, "-vec"), right)


def test_a_delay_that_a_loud_input_overruns(engine: Engine) -> None:
    def delay(source: str) -> int:
        inputs = np.full((2, 400), 2.0)
        inputs[0] = np.eye(1, 400)[0]
        output = engine.render(source, "loud.dsp", inputs=inputs, frames=400)[0]
        return int(np.flatnonzero(output)[0])

    assert delay(LOUD_INPUT) == 72
    assert delay(LOUD_INPUT.replace("abs(y)*100", "min(200, abs(y)*100)")) == 72
    assert delay(LOUD_INPUT.replace("abs(y)", "min(1, abs(y))")) == 100


def test_a_delay_that_is_too_short_by_rounding(engine: Engine) -> None:
    assert "fVec0[3]" in engine.cpp(ROUNDED_LENGTH, "short.dsp")
    assert "fVec0[4]" in engine.cpp(ROUNDED_LENGTH.replace("3 + ", "3.5 + "), "short.dsp")


def test_a_control_behind_a_delay(engine: Engine) -> None:
    with pytest.raises(EngineCrash, match="no vector name for"):
        engine.cpp(DELAYED_CONTROL, "control.dsp")
    way_out = """process(x) = (control(2*x, x > 0) + hslider("zero", 0, 0, 1, 1))';"""
    inputs = np.array([[1.0, -1.0, 3.0, 5.0]])
    output = engine.render(way_out, "control.dsp", inputs=inputs, frames=4)
    assert output.tolist() == [[0, 2, 2, 6]]


def test_bounds_that_are_asserted(engine: Engine) -> None:
    with pytest.raises(EngineCrash, match="sigAssertBounds"):
        engine.cpp(BOUNDS, "bounds.dsp")
    assert fad.transform(BOUNDS, wrt=["input:0"]).outputs


def test_constants_are_rounded_otherwise_than_signals(engine: Engine) -> None:
    inputs = np.array([[2.5, -2.5]])

    def rounded(source: str) -> NDArray[np.float64]:
        return engine.render(source, "halves.dsp", inputs=inputs, frames=2)

    assert np.array_equal(rounded(HALVES), [[3, -3], [2, 2]])
    assert np.array_equal(rounded(fad.expand(HALVES).source), [[3, -3], [2, 2]])
    assert np.array_equal(rounded(HALVES.replace("round", "rint")), [[2, -2], [2, 2]])


def test_a_library_that_defines_a_keyword(tmp_path: Path) -> None:
    (tmp_path / "basics.lib").write_text("round(x) = floor(x + 0.5);\n")
    program = 'ba = library("basics.lib"); process = ba.round;'
    with pytest.raises(fad.FadError, match="unexpected keyword `round`"):
        fad.expand(program, libraries=tmp_path)
