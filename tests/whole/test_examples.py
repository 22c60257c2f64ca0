"""The programs in `examples/`: what fad makes of them is right, and the README lists them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from tests.support.places import ROOT

README = (ROOT / "README.md").read_text("utf-8")
EXAMPLES = sorted((ROOT / "examples").glob("*.dsp"))


def example(name: str) -> Path:
    return ROOT / "examples" / name


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_derivatives_are_right(engine: Engine, path: Path) -> None:
    report = fad.check(path, seconds=0.01, engine=engine)
    assert report.primal_identical
    assert report.pairs
    # A table is read at whole positions: where there is a slope, no quotient can confirm it.
    good = {"agrees", "quantised"} if path.name == "table.dsp" else {"agrees"}
    assert {pair.verdict for pair in report.pairs} <= good


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_says_what_it_is(path: Path) -> None:
    assert path.read_text("utf-8").startswith("// ")


def test_the_readme_lists_all() -> None:
    _, _, section = README.partition("\n## Examples\n")
    listed = [
        line.partition("`examples/")[2].partition("`")[0]
        for line in section.partition("\n## ")[0].splitlines()
        if line.startswith("| `examples/")
    ]
    assert sorted(listed) == [path.name for path in EXAMPLES]


def test_estimate_is_what_dual_numbers_written_by_hand_compute(engine: Engine) -> None:
    """The multiplication and the addition of duals, each with its derivatives by gain and by dc."""
    by_hand = """
        mul(x, dx1, dx2, y, dy1, dy2) = x*y, x*dy1 + dx1*y, x*dy2 + dx2*y;
        add(x, dx1, dx2, y, dy1, dy2) = x + y, dx1 + dy1, dx2 + dy2;
        gain = hslider("gain", .5, 0, 1, .01), 1, 0;
        dc = hslider("dc", 0, -1, 1, .01), 0, 1;
        process = _, 0, 0, gain : mul, dc : add;
    """
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 64))
    ours, theirs = (
        engine.render(text, "estimate", inputs=noise, frames=64)
        for text in (fad.transform(example("estimate.dsp")).source, by_hand)
    )
    np.testing.assert_array_equal(ours, theirs)


#: The circuit of the paper's listing 9, around the derivatives that fad writes.
LEARNING = """
learning(dgain, ddc) = ["gain": +(gain), "dc": +(dc) -> gradients], gain, dc
with {
    gain = dgain : descent;
    dc = ddc : descent;
};
descent = *(-0.002) : + ~ _;
process = learning ~ (!, _, _);
"""


def test_the_gradient_of_the_loss_is_the_one_of_the_formula(engine: Engine) -> None:
    """|e| has the gradient sign(e)*(x, 1), for e = (gain - 0.8)*x + dc - 0.2."""
    program = fad.transform(example("learn.dsp"))
    assert [parameter.label for parameter in program.parameters] == ["gain", "dc"]
    frames = 200
    loss, by_gain, by_dc = engine.render(program.source, "learn", frames=frames)
    x = engine.render('import("stdfaust.lib"); process = no.noise;', "noise", frames=frames)[0]
    error = (0.5 - 0.8) * x + 0 - 0.2
    np.testing.assert_allclose(loss, np.abs(error), atol=1e-12)
    np.testing.assert_allclose(by_gain, np.sign(error) * x, atol=1e-12)
    np.testing.assert_allclose(by_dc, np.sign(error), atol=1e-12)


def test_an_estimate_learns_the_hidden_values(engine: Engine) -> None:
    """The gradients move the sliders that they belong to, in Faust alone."""
    gradients = fad.transform(example("learn.dsp")).source.replace("process =", "gradients =")
    loss, *_, gain, dc = engine.render(gradients + LEARNING, "learning", frames=4000)
    assert loss[:100].mean() > 0.1 and loss[-1000:].mean() < 0.005
    np.testing.assert_allclose(0.5 + gain[-1000:].mean(), 0.8, atol=0.01)
    np.testing.assert_allclose(0 + dc[-1000:].mean(), 0.2, atol=0.01)
