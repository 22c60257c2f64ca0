"""The learning examples: a few of them, quickly; `make learn` runs all."""

from __future__ import annotations

import subprocess
import sys

import pytest

from examples.learn.catalogue import EXAMPLES, Example
from examples.learn.trial import (
    PRECISIONS,
    automatic,
    judged,
    learning_program,
    record,
    target_of,
)
from fad.base.precision import NativePrecision
from fad.runtime.engine import Engine
from tests.support.native import needs_compiler
from tests.support.places import ROOT

LEARN = ROOT / "examples" / "learn"
#: Examples of labels, and of several signals at once; `fc_3` learns behind smoothers.
LABELS_AND_MORE = ("single_neuron", "train_multi", "fir_delay")
NAMES = [example.name for example in EXAMPLES]


@needs_compiler
@pytest.mark.parametrize("name", ["gain_offset", "sine", "lowpass", "neuron", *LABELS_AND_MORE])
def test_hidden_values_are_found(engine: Engine, name: str) -> None:
    example = EXAMPLES[NAMES.index(name)]
    program = learning_program(example, 0)
    trial = judged(example, program, record(example, program, "double", engine), "double")
    assert len(trial.phases) == 3
    assert trial.converges
    assert trial.final < example.tolerance


@needs_compiler
@pytest.mark.parametrize("name", NAMES[::2])
def test_hidden_values_are_found_behind_smoothers(engine: Engine, name: str) -> None:
    """`si.smoo` is behind each slider: the estimate must not swing around the values.

    Every other example: with more of them, the tests would take too long.
    """
    example = EXAMPLES[NAMES.index(name)]
    program = learning_program(example, 0, smooth=True)
    trial = judged(example, program, record(example, program, "double", engine), "double")
    assert trial.converges
    assert trial.final < example.tolerance


@needs_compiler
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", ["iir", "resonance", "compressor", "schedule", "single_neuron"])
def test_one_optimizer_needs_no_settings(
    engine: Engine, name: str, precision: NativePrecision
) -> None:
    """`auto` learns what takes settings of its own with Adam, and what is slow with it."""
    example = automatic(EXAMPLES[NAMES.index(name)])
    program = learning_program(example, 0)
    trial = judged(example, program, record(example, program, precision, engine), precision)
    assert trial.converges
    assert trial.final < example.tolerance


@needs_compiler
def test_values_that_are_not_found_are_told(engine: Engine) -> None:
    """A rate that is far too slow: the gain does not get where it should."""
    slow = Example("gain", "a gain", ({"gain": 0.8}, {"gain": 0.2}), options={"rate": 1e-9})
    program = learning_program(slow, 0)
    trial = judged(slow, program, record(slow, program, "double", engine), "double")
    assert not trial.converges
    assert trial.final > 0.05


@needs_compiler
@pytest.mark.parametrize("more", [[], ["--auto"]], ids=str)
def test_runs_as_a_program(more: list[str]) -> None:
    command = [sys.executable, "-m", "examples.learn.learn", "--quick", "--filter", "gain", *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "1 of 1 examples converge" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_complete(name: str) -> None:
    assert target_of(EXAMPLES[NAMES.index(name)]).read_text("utf-8").startswith("// ")
    assert (LEARN / "plots" / f"{name}.png").is_file()
    readme = (LEARN / "README.md").read_text("utf-8")
    assert f"`{name}.dsp`" in readme and f"(plots/{name}.png)" in readme


@pytest.mark.parametrize("name", NAMES)
def test_the_programs_are_what_is_written(name: str, update_golden: bool) -> None:
    written = learning_program(EXAMPLES[NAMES.index(name)], 0).source
    path = LEARN / "programs" / f"{name}.dsp"
    if update_golden:
        path.write_text(written, "utf-8")
    assert path.read_text("utf-8") == written


def test_most_examples_learn_with_the_usual_settings() -> None:
    assert len(EXAMPLES) == 22
    assert sum(not example.options for example in EXAMPLES) >= 15
