"""All that the documentation of `fad.lib` says is true, and programs find the library."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hatchling.builders.wheel import WheelBuilder

import fad
from fad.runtime.engine import Engine
from fad.syntax.libraries import Libraries
from tests.lib.running import LIBRARY, RATE, Signal, noise, render
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "fadlib.md"
TEXT = LIBRARY.read_text()
#: The title of each piece of documentation, and the piece.
DOCUMENTATION = re.findall(r"^(//-+`\(df\.\).*)\n((?://.*\n)+)", TEXT, re.MULTILINE)
#: Stands for the arguments in lines of usage.
ARGUMENTS = """
    si = library("signals.lib");
    activation = df.relu; bands = 3; beta = 0.9; beta1 = 0.9; beta2 = 0.999; damping = 0.01;
    decay = 0.9; delta = 0.5; direction = _; duration = 0.1; end_rate = 0.01; factor = 0.5;
    half_life = 0.1; k = 3; limit = 0.5; loss = df.l2(1); m = 2; memory = 0.9; n = 3; number = 2;
    period = 0.1; rate = 0.1;
    schedule = df.constant(0.1); slope = 0.1; smoothing = df.mean(3);

    estimate = df.estimate(model, parameters); high = 400; init = 200; low = 100; meter = _;
    model = *(hslider("gain", 200, 100, 400, 1)); optimizer = df.sgd(rate);
    parameters = df.learnable(init, low, high, scale, meter); scale = df.linear; target = _;

    residual(v) = v*v - 2; start = 1;
"""


def names(title: str) -> list[str]:
    return re.findall(r"`\(df\.\)(\w+)`", title)


def code(documentation: str, heading: str) -> str:
    """The code in a part of the documentation."""
    found = re.search(
        rf"^// #### {heading}\n(?://\n)?// ```\n((?:// .*\n|//\n)*?)// ```", documentation, re.M
    )
    assert found is not None, heading
    return re.sub("^// ?", "", found[1], flags=re.M)


def entries() -> list[object]:
    return [pytest.param(text, id=names(title)[0]) for title, text in DOCUMENTATION]


def run(engine: Engine, text: str) -> Signal:
    """A program on noise: by fad and the standard compiler and, where it can, by that alone."""
    source = fad.expand(text).source
    channels = engine.compile(source, "test.dsp").inputs
    inputs = noise(channels, 50)
    found = engine.render(source, "test.dsp", inputs=inputs, frames=50, sample_rate=RATE)
    if not re.search("estimate|learn_test|solve", text.partition("process")[2]):  # needs operators
        assert np.allclose(found, render(engine, text.partition(";")[2], inputs), atol=1e-12)
    return found


def test_every_definition_is_documented_once() -> None:
    module = Libraries().load("fad.lib")
    assert module.source.name == "fad.lib"
    libraries = re.findall(r"^(\w+) = library\(", TEXT, re.MULTILINE)
    documented = [name for title, _ in DOCUMENTATION for name in names(title)]
    assert sorted(documented) == sorted(set(module.names) - set(libraries))


@pytest.mark.parametrize("documentation", entries())
def test_the_usage_in_the_documentation(engine: Engine, documentation: str) -> None:
    for line in code(documentation, "Usage").splitlines():
        assert np.isfinite(
            run(engine, f'df = library("fad.lib"); {ARGUMENTS} process = {line};')
        ).all()


@pytest.mark.parametrize("documentation", entries())
def test_the_test_in_the_documentation(engine: Engine, documentation: str) -> None:
    text = code(documentation, "Test")
    tests = re.findall(r"^(\w+_test) = ", text, re.MULTILINE)
    assert tests
    for test in tests:
        assert np.isfinite(run(engine, f"{text}process = {test};")).all()


def test_the_page_has_every_function() -> None:
    rows = re.findall(r"^\| `(\w+)[^`]*` \|", PAGE.read_text(), re.MULTILINE)
    assert rows == [name for title, _ in DOCUMENTATION for name in names(title)]


@pytest.mark.parametrize("text", re.findall(r"^```faust\n(.*?)^```", PAGE.read_text(), re.M | re.S))
def test_the_examples_of_the_page(engine: Engine, text: str) -> None:
    source = fad.expand(text).source
    assert np.isfinite(engine.render(source, "test.dsp", frames=2000)).all()


# -- Where it is found ------------------------------------------------------------------------


def test_the_library_is_found_last(tmp_path: Path) -> None:
    assert Libraries().load("fad.lib").source.path == LIBRARY
    (tmp_path / "fad.lib").write_text("own = 1;")
    assert "own" in Libraries([tmp_path]).load("fad.lib").names


def test_the_library_can_be_imported() -> None:
    imported = fad.expand('import("fad.lib"); process = finite : clip(1);').source
    assert (
        imported == fad.expand('df = library("fad.lib"); process = df.finite : df.clip(1);').source
    )


def test_the_wheel_holds_the_library() -> None:
    files = WheelBuilder(str(ROOT)).recurse_included_files()
    assert "fad/lib/fad.lib" in {file.distribution_path for file in files}
